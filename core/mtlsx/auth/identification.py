"""From a peer certificate and a CONNECT packet to the client that EMQX takes it for.

The username comes from the certificate where it has one, else from CONNECT. Of the client ids the strongest
wins: use_username_as_clientid, then peer_cert_as_clientid, then CONNECT's, then a random one; the expression
``clientid_override`` replaces whichever it was. (A store's clientid_override replaces that again, after
authentication.)

Source: emqx_channel.erl (6.3; set_peercert_infos, enrich_client); vectors ``emqx-auth`` (kind ``connect``) and
``emqx-observed``.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mtlsx.auth import connect as packet
from mtlsx.auth.client import ClientInfo
from mtlsx.auth.connect import Peer
from mtlsx.auth.dialects import Dialect
from mtlsx.auth.expressions.evaluate import evaluate
from mtlsx.auth.expressions.parse import Expression, parse
from mtlsx.auth.expressions.values import ExpressionError
from mtlsx.auth.reasons import Reason, packet_code
from mtlsx.auth.settings import Identity
from mtlsx.auth.trace import CertificateRead, Checked, Mapped, Trace, Warned
from mtlsx.identity import emqx
from mtlsx.identity.emqx import EmqxIdentity
from mtlsx.identity.mapping import CertificatePart, certificate_part
from mtlsx.identity.otp_generations import GENERATIONS
from mtlsx.packets.control_packets import Connect


@dataclass(frozen=True, slots=True)
class Refused:
    """A client that EMQX does not take as far as authentication.

    ``code`` is the one in CONNACK; None where the connection is closed without one.
    """

    reason: Reason | None
    code: int | None
    detail: str


def random_client_id() -> bytes:
    """A client id as EMQX 6 makes them up: 16 letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(16)).encode()


_LETTERS = string.ascii_letters + string.digits


class Identifier:
    """Identifies clients by one set of settings."""

    def __init__(
        self,
        settings: Identity,
        dialect: Dialect,
        *,
        make_client_id: Callable[[], bytes] = random_client_id,
    ) -> None:
        self._settings = settings
        self._dialect = dialect
        self._make_client_id = make_client_id
        self._override = parse(settings.clientid_override) if settings.clientid_override else None
        self._attributes = [
            (attribute.set_as_attr, parse(attribute.expression))
            for attribute in settings.client_attrs_init
        ]

    def identify(self, connect: Connect, peer: Peer, trace: Trace) -> ClientInfo | Refused:
        """Whom EMQX takes the client for, or why it goes no further; appends what it looked at to ``trace``."""
        certificate = self._read(peer.certificate, trace)
        if isinstance(certificate, Refused):
            return certificate
        refusal = packet.check(connect, self._settings)
        if refusal is not None:
            return _refused(connect, *refusal, trace)
        username = self._username(connect, certificate, trace)
        if (
            self._settings.use_username_as_clientid
            and username == b""
            and self._dialect.empty_username_as_clientid == "refuse"
        ):
            return _refused(
                connect,
                Reason.CLIENT_IDENTIFIER_NOT_VALID,
                "use_username_as_clientid is on and the username is empty.",
                trace,
            )
        client = ClientInfo(
            client_id=self._client_id(connect, certificate, username, trace),
            username=username,
            version=connect.version,
            cert_common_name=None if certificate is None else certificate.cn,
            cert_subject=None if certificate is None else certificate.dn,
            cert_pem=None if certificate is None else certificate.pem.encode(),
            peer_host=peer.host,
            peer_port=peer.port,
            zone=peer.zone,
            listener=peer.listener,
        )
        return self._with_expressions(client, connect, certificate, trace)

    def _read(self, der: bytes | None, trace: Trace) -> EmqxIdentity | Refused | None:
        if der is None:
            trace.append(CertificateRead(None, None, None))
            return None
        identity = emqx.identify(der, GENERATIONS[self._dialect.name])
        refused = identity.refused
        if refused is emqx.Refusal.INVALID_CN and not self._dialect.refuses_control_characters:
            refused = None
        trace.append(
            CertificateRead(
                identity.cn, identity.dn, identity.md5, identity.because if refused else None
            )
        )
        if refused is None:
            return identity
        return Refused(None, None, f"The connection is closed without CONNACK: {identity.because}.")

    def _username(
        self, connect: Connect, certificate: EmqxIdentity | None, trace: Trace
    ) -> bytes | None:
        part = self._settings.peer_cert_as_username
        mapped = _part(certificate, part)
        if mapped is not None:
            trace.append(Mapped("username", mapped, part))
            if connect.username not in (None, b"", mapped):
                trace.append(Warned("The username in CONNECT is another one; it does not count."))
            return mapped
        trace.append(
            Mapped("username", connect.username, None if connect.username is None else "CONNECT")
        )
        if part != "disabled" and connect.username is not None:
            lacks = "there is no certificate" if certificate is None else "the certificate has none"
            trace.append(
                Warned(
                    f"peer_cert_as_username is {part}, but {lacks}: the client is whoever it says it is."
                )
            )
        return connect.username

    def _client_id(
        self,
        connect: Connect,
        certificate: EmqxIdentity | None,
        username: bytes | None,
        trace: Trace,
    ) -> bytes:
        part = self._settings.peer_cert_as_clientid
        mapped = _part(certificate, part)
        if self._settings.use_username_as_clientid and username is not None:
            client_id, source = username, "the username"
        elif mapped is not None:
            client_id, source = mapped, part
        elif connect.client_id:
            client_id, source = connect.client_id, "CONNECT"
        else:
            client_id, source = self._make_client_id(), "chance, since CONNECT has none"
        trace.append(Mapped("client id", client_id, source))
        return client_id

    def _with_expressions(
        self,
        client: ClientInfo,
        connect: Connect,
        certificate: EmqxIdentity | None,
        trace: Trace,
    ) -> ClientInfo | Refused:
        if self._attributes:
            refused = self._bad_alternative_name(certificate)
            if refused is not None:
                trace.append(Checked("subject alternative names", False, refused.detail))
                return refused
            variables = _more_variables(client, connect, certificate)
            values = {
                name: value
                for name, expression in self._attributes
                if (value := _attribute(name, expression, variables, trace)) is not None
            }
            client = client._replace(client_attrs=values)
        if self._override is not None:
            client_id = _overridden(self._override, _variables(client), trace)
            if client_id is not None:
                trace.append(Mapped("client id", client_id, "clientid_override"))
                client = client._replace(client_id=client_id)
        return client

    def _bad_alternative_name(self, certificate: EmqxIdentity | None) -> Refused | None:
        """EMQX looks at these names only where an expression could use them (``client_attrs_san_check``)."""
        if not self._dialect.refuses_control_characters or certificate is None:
            return None
        for kind, names in (certificate.san or {}).items():
            for name in names:
                violation = emqx.text_violation(name)
                if violation is not None:
                    what = violation.replace("the CN", f"a subject alternative name ({kind})")
                    return Refused(None, None, f"The connection is closed without CONNACK: {what}.")
        return None


def _refused(connect: Connect, reason: Reason, detail: str, trace: Trace) -> Refused:
    trace.append(Checked("CONNECT", passed=False, detail=detail))
    return Refused(reason, packet_code(reason, connect.version), detail)


def _part(certificate: EmqxIdentity | None, part: CertificatePart) -> bytes | None:
    return None if certificate is None else certificate_part(certificate, part)


def _variables(client: ClientInfo) -> dict[str, object]:
    """What ``clientid_override`` can name, as emqx_channel.erl binds it; names that are missing fail."""
    variables: dict[str, object] = {
        "clientid": client.client_id,
        "username": client.username,
        # An Erlang tuple, of which no function makes text.
        "peerhost": tuple(client.peer_host.split(".")),
        "zone": client.zone.encode(),
        "listener": client.listener.encode(),
        "client_attrs": client.client_attrs,
    }
    if client.cert_pem is not None:
        variables |= {"cn": client.cert_common_name, "dn": client.cert_subject}
    return variables


def _more_variables(
    client: ClientInfo, connect: Connect, certificate: EmqxIdentity | None
) -> dict[str, object]:
    """What ``client_attrs_init`` can name."""
    variables = _variables(client)
    san = {} if certificate is None else certificate.san or {}
    variables |= {
        "user_property": {
            name.decode(errors="replace"): value
            for name, value in connect.properties.user_properties
        },
        "cert_san": {kind: list(san.get(kind, ())) for kind in ("dns", "ip", "email", "uri")},
        "password": connect.password,
    }
    if certificate is not None:
        variables |= {"cert_common_name": certificate.cn, "cert_subject": certificate.dn}
    return variables


def _attribute(
    name: str, expression: Expression, variables: Mapping[str, object], trace: Trace
) -> bytes | None:
    try:
        value = evaluate(expression, variables)
    except ExpressionError as error:
        trace.append(Warned(f"The client attribute {name} is not set: {error}"))
        return None
    if not value or emqx.text_violation(value) is not None:
        trace.append(
            Warned(f"The client attribute {name} is not set: its expression gives no usable text.")
        )
        return None
    # Its value may come from the password, so it is not told.
    trace.append(Checked("client attribute", True, f"The client attribute {name} is set."))
    return value


def _overridden(
    expression: Expression, variables: Mapping[str, object], trace: Trace
) -> bytes | None:
    try:
        client_id = evaluate(expression, variables)
    except ExpressionError as error:
        trace.append(Warned(f"clientid_override fails and the client id stays: {error}"))
        return None
    if not client_id:
        trace.append(Warned("clientid_override gives an empty text and the client id stays."))
        return None
    return client_id
