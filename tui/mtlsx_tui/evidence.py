"""What an attempt to connect showed, in words: TLS, the certificates of both sides, who objected to what.

Opens our certificate's file, and loads the certificate rooms: it is imported where it is needed, in a worker.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mtlsx.certificates.algorithms import PublicKey
from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import CertificateDescription, describe
from mtlsx.certificates.load import load_file
from mtlsx.certificates.names import common_names, format_name, parse_name
from mtlsx.certificates.times import ValidityState, validity, validity_text
from mtlsx.errors import MaterialError
from mtlsx.preflight.connection import material_warnings
from mtlsx.probe.trust import UNTRUSTED, root_of
from mtlsx.tls.alerts import alert_text
from mtlsx.tls.material import load_material
from mtlsx_tui.attempted import SERVER, Anchor, Evidence, Line, Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.tls.record import HandshakeRecord
    from mtlsx_tui.attempted import Attempted

_UNREADABLE = "(unreadable)"


def read_evidence(attempted: Attempted, *, now: float) -> Evidence:
    """The evidence of one attempt. ``now``: seconds since the epoch."""
    at = datetime.fromtimestamp(now, UTC)
    record, sections = attempted.handshake, [Section("VERDICT", tuple(_verdict(attempted)))]
    anchor = None
    if record is not None:
        sections += [
            Section("TLS", tuple(_tls(record))),
            Section(SERVER, tuple(_server(record, at))),
        ]
        anchor, lines = _trust(attempted, record)
        sections += [Section("TRUST", lines)] if lines else []
        sections.append(Section("WHAT THE SERVER ASKED FOR", tuple(_request(record))))
    if attempted.settings.transport.uses_tls:
        sections.append(Section("OUR CERTIFICATE", tuple(_own(attempted.settings, at))))
    sections.append(Section("THIS MACHINE", (Line("clock", f"{at:%Y-%m-%d %H:%M:%S} UTC"),)))
    return Evidence(tuple(each for each in sections if each.lines), anchor)


def _verdict(attempted: Attempted) -> Iterator[Line]:
    verdict = attempted.verdict
    if verdict is None:
        yield Line("id", "ok", good=True)
        return
    yield Line("id", verdict.id, good=False)
    yield Line("refused by", str(verdict.refused_by))
    yield Line("exit code", f"{verdict.exit_code} in scripts")


def _tls(record: HandshakeRecord) -> Iterator[Line]:
    if record.version is not None:
        yield Line("agreed", f"{record.version}, {record.cipher}")
    if record.alpn:
        yield Line("ALPN", record.alpn)
    if record.alert_received is not None:
        yield Line("alert", f"{alert_text(record.alert_received)}, sent by the server", good=False)
    if record.alert_sent is not None:
        yield Line("alert", f"{alert_text(record.alert_sent)}, sent by us", good=False)
    if record.first_bytes:
        yield Line("it said", repr(record.first_bytes)[1:])
    if record.error is not None:
        yield Line("OpenSSL", record.error)
    yield Line("time", f"{record.seconds * 1000:.0f} ms")


def _server(record: HandshakeRecord, now: datetime) -> Iterator[Line]:
    for depth, encoded in enumerate(record.server_chain):
        yield from _certificate(encoded, now)
        for error in record.verify_errors:
            if error.certificate == encoded or (not error.certificate and error.depth == depth):
                yield Line("objection", error.text, good=False)
        if not depth and record.name_error is not None:
            yield Line("objection", record.name_error, good=False)
        if depth + 1 < len(record.server_chain):
            yield Line("", "")
    known = set(record.server_chain)
    for error in record.verify_errors:
        if error.certificate and error.certificate not in known:
            yield Line("objection", f"{error.text}, at depth {error.depth}", good=False)


def _trust(attempted: Attempted, record: HandshakeRecord) -> tuple[Anchor | None, tuple[Line, ...]]:
    """What a person can do where the server's CA is not trusted here, and the certificate that would mend it."""
    verdict = attempted.verdict
    if verdict is None or verdict.id not in UNTRUSTED or not record.server_chain:
        return None, ()
    root = root_of(record.server_chain)
    if root is None:
        return None, tuple(_no_root(record.server_chain[-1]))
    about = describe(root)
    anchor = Anchor(root, _short(about), _fingerprint(about), _dates(about))
    what = "this certificate" if root == record.server_chain[0] else "the CA that the server sent"
    how = (
        f'"{anchor.name}" can become the CA file of this profile: {what}.'
        " That the server sent it proves nothing: somebody in the way could have sent it."
    )
    compare = (
        "Compare its SHA-256 with what the owner of the broker reads to you, by telephone or from the broker's"
        " own machine: openssl x509 -in ca.pem -noout -fingerprint -sha256"
    )
    return anchor, (
        Line("what", how),
        Line("first", compare),
        Line("SHA-256", anchor.sha256),
    )


def _no_root(last: bytes) -> Iterator[Line]:
    try:
        about = describe(last)
    except DerError:
        return
    issuer = about.issuer
    name = _UNREADABLE if issuer is None else ", ".join(common_names(issuer)) or format_name(issuer)
    yield Line("what", f'The server does not send "{name}", the CA that would have to be trusted.')
    where = "; ".join(about.extensions.issuer_addresses)
    yield Line(
        "fix",
        "Ask the owner of the broker for that certificate, and choose it as CA file (e edits the profile)."
        + (f" Its certificate says that it is at {where}." if where else ""),
    )


def _request(record: HandshakeRecord) -> Iterator[Line]:
    if not record.server_chain:
        return
    if not record.certificate_requested:
        yield Line("asked for", "no client certificate")
        return
    yield Line("asked for", "a client certificate")
    if record.accepted_cas is None:
        yield Line("issued by", "any CA that it trusts; it does not say which")
    for number, encoded in enumerate(record.accepted_cas or ()):
        yield Line("" if number else "issued by", _name(encoded))
    if record.certificate_sent:
        yield Line("we sent", "ours", good=None)
    else:
        yield Line("we sent", "none", good=False)


def _own(settings: ConnectionSettings, now: datetime) -> Iterator[Line]:
    if settings.tls.certificate_file is None:
        yield Line("file", "none is set")
        return
    yield Line("file", settings.tls.certificate_file)
    try:
        material = load_material(settings.tls)
    except MaterialError as error:
        yield Line("objection", str(error), good=False)
        yield from _public_part(settings.tls.certificate_file, now)
        return
    for depth, encoded in enumerate(material.chain):
        if depth:
            yield Line("", "")
        yield from _certificate(encoded, now)
    for finding in material_warnings(settings.tls, material, now):
        yield Line("warning", finding.what, good=False)


def _public_part(path: str, now: datetime) -> Iterator[Line]:
    try:
        certificates: Sequence[bytes] = load_file(path).certificates
    except MaterialError:
        return
    for encoded in certificates[:1]:
        yield from _certificate(encoded, now)


def _certificate(encoded: bytes, now: datetime) -> Iterator[Line]:
    try:
        about = describe(encoded)
    except DerError:
        yield Line("subject", "a certificate that cannot be read", good=False)
        return
    yield Line("subject", _UNREADABLE if about.subject is None else format_name(about.subject))
    if about.self_issued:
        yield Line("issuer", "itself: self-signed")
    else:
        yield Line("issuer", _UNREADABLE if about.issuer is None else format_name(about.issuer))
    period = validity(about.not_before, about.not_after, now)
    good = False if period.state in {ValidityState.EXPIRED, ValidityState.NOT_YET_VALID} else None
    yield Line("valid", f"{_dates(about)}, {validity_text(period)}", good=good)
    yield Line("key", f"{_key(about.public_key)}, {_signed(about)}")
    names = ", ".join(str(name) for name in about.extensions.alternative_names)
    if names:
        yield Line("names", names)
    if (purposes := about.extensions.key_purposes) is not None:
        yield Line("usage", ", ".join(purposes))
    yield Line("SHA-256", _fingerprint(about))


def _short(about: CertificateDescription) -> str:
    if about.subject is None:
        return _UNREADABLE
    return ", ".join(common_names(about.subject)) or format_name(about.subject)


def _dates(about: CertificateDescription) -> str:
    moments = (about.not_before, about.not_after)
    return " to ".join(each.text if each.at is None else f"{each.at:%Y-%m-%d}" for each in moments)


def _key(key: PublicKey | None) -> str:
    return "a key that cannot be read" if key is None else str(key)


def _signed(about: CertificateDescription) -> str:
    algorithm = about.signature_algorithm
    return f"signed with {_UNREADABLE if algorithm is None else algorithm}"


def _fingerprint(about: CertificateDescription) -> str:
    """As ``openssl x509 -fingerprint -sha256`` prints it."""
    hexadecimal = about.sha256.upper()
    return ":".join(hexadecimal[at : at + 2] for at in range(0, len(hexadecimal), 2))


def _name(encoded: bytes) -> str:
    try:
        return format_name(parse_name(encoded))
    except DerError:
        return _UNREADABLE
