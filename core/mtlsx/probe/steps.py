"""The words on the rungs of a ladder: pure functions from what was observed to one line, or to a ``Step``.

Every line is safe to show: what a server or a file says is made printable, and no secret is among it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import describe
from mtlsx.certificates.names import format_name
from mtlsx.certificates.strings import printable
from mtlsx.certificates.times import validity, validity_text
from mtlsx.packets.reason_codes import FAILURE, reason_code_text, return_code_text
from mtlsx.probe.evidence import short_issuer, short_subject
from mtlsx.probe.ladder import Step
from mtlsx.probe.verdicts import Stage
from mtlsx.tls.alerts import alert_text
from mtlsx.tls.record import Ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mtlsx.certificates.describe import CertificateDescription
    from mtlsx.packets.control_packets import Connack
    from mtlsx.probe.dialing import Address
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord

NO_TLS = "no TLS"
_IN_SHORT = {
    "connack-timeout": "no answer to CONNECT",
    "closed-without-connack": "the server hung up on CONNECT",
    "not-mqtt": "the server answered, but not in MQTT",
    "connection-lost": "the connection was lost",
}
_MOST_ADDRESSES = 4
_TLS_STAGES = (Stage.TLS, Stage.SERVER_CERTIFICATE, Stage.CLIENT_CERTIFICATE)


def material_detail(local: LocalSide) -> str:
    """What we bring: "key matches, 212 days left, clientAuth", or that we bring no certificate."""
    if not local.chain:
        return "no client certificate"
    own = _described(local.chain[0])
    if own is None:
        return "key matches; the certificate cannot be read in full"
    purposes = own.extensions.key_purposes
    use = "any use" if purposes is None else ", ".join(purposes)
    return printable(f"key matches, {_life(own, local.now)}, {use}")


def dns_detail(host: str, addresses: tuple[Address, ...]) -> str:
    """A name and its addresses: "broker.example → 192.0.2.7"."""
    ips = list(dict.fromkeys(address.ip for address in addresses))
    more = len(ips) - _MOST_ADDRESSES
    listed = ", ".join(ips[:_MOST_ADDRESSES]) + (f" and {more} more" if more > 0 else "")
    return printable(f"{host} → {listed}")


def handshake_steps(
    record: HandshakeRecord, local: LocalSide, verdict: Verdict | None = None
) -> tuple[Step, ...]:
    """The rungs of a TLS handshake: TLS, the server's certificate, ours. ``verdict``: on one of them it ended.

    A verdict on a stage behind them changes nothing here; one on a stage before them has no such rungs.
    """
    failed = verdict.stage if verdict is not None and verdict.stage in _TLS_STAGES else None
    hello = _or(record.hello_seconds, record.seconds)
    judged = max(_or(record.server_seconds, record.seconds), hello)
    begins = dict(zip(_TLS_STAGES, (0.0, hello, judged), strict=True))
    ends = dict(zip(_TLS_STAGES, (hello, judged, record.seconds), strict=True))
    steps = []
    for stage in _TLS_STAGES:
        if stage is failed and verdict is not None:
            detail = handshake_failure(record, verdict)
            steps.append(Step(stage, False, record.seconds - begins[stage], detail))
            break
        ok, detail = _shown(stage, record, local)
        seconds = ends[stage] - begins[stage]
        steps.append(Step(stage, ok, None if ok is None else seconds, detail))
    return tuple(steps)


def plain_steps() -> tuple[Step, ...]:
    """The same rungs where there is no TLS."""
    return tuple(Step(stage, None, None, NO_TLS) for stage in _TLS_STAGES)


def network_failure(error: OSError, host: str, addresses: tuple[Address, ...]) -> str:
    """Why there is no address or no connection: "192.0.2.7:8883: connection refused"."""
    where = ", ".join(str(address) for address in addresses[:_MOST_ADDRESSES]) or host
    why = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
    return printable(f"{where}: {why[:1].lower()}{why[1:]}")


def failure_detail(verdict: Verdict, record: HandshakeRecord | None) -> str:
    """How a connection ended that TCP had made: in TLS, perhaps late, or above it."""
    if record is not None and verdict.stage in _TLS_STAGES:
        return handshake_failure(record, verdict)
    return _IN_SHORT.get(verdict.id, verdict.summary)


def handshake_failure(record: HandshakeRecord, verdict: Verdict) -> str:
    """How a handshake ended: "refused by the server: unknown_ca (48)"."""
    if record.alert_received is not None:
        return f"refused by the server: {alert_text(record.alert_received)}"
    if verdict.stage is Stage.SERVER_CERTIFICATE:
        return printable(f"refused by us: {'; '.join(_objections(record)) or record.error}")
    match record.ended:
        case Ended.REFUSED_BY_US:
            return printable(f"refused by us: {record.error}")
        case Ended.NOT_TLS:
            return "the server answered, but not in TLS"
        case Ended.TIMEOUT:
            return "no answer"
        case _:
            return "the server hung up"


def connack_detail(connack: Connack, version: str, client_id: str) -> str:
    """An accepting CONNACK: "MQTT 5 accepted, client id dev-1, new session"."""
    session = "session continued" if connack.session_present else "new session"
    known = f"client id {client_id}" if client_id else "a client id that the server does not tell"
    return printable(f"MQTT {version} accepted, {known}, {session}")


def refusal_detail(connack: Connack, *, version5: bool) -> str:
    """A CONNACK that refuses: "refused by the server: Not authorized (0x87)"."""
    in_5 = version5 and connack.code >= FAILURE
    words = reason_code_text(connack.code) if in_5 else return_code_text(connack.code)
    return f"refused by the server: {words}"


def server_name_and_issuer(chain: tuple[bytes, ...]) -> str:
    """A server's own certificate with who issued it: "CN=broker.example ← Demo CA"."""
    own = _described(chain[0])
    if own is None or own.subject is None:
        return "(unreadable)"
    by = "self-signed" if own.self_issued else f"← {short_issuer(chain[0])}"
    return f"{format_name(own.subject)} {by}"


def _shown(stage: Stage, record: HandshakeRecord, local: LocalSide) -> tuple[bool | None, str]:
    """Whether a stage of the handshake was passed, and what it showed."""
    if stage is Stage.TLS:
        alpn = f", ALPN {record.alpn}" if record.alpn else ""
        if local.settings.alpn and not record.alpn:
            alpn = ", no ALPN agreed"
        return True, printable(f"{record.version}, {record.cipher}{alpn}")
    if stage is Stage.SERVER_CERTIFICATE:
        return _server_shown(record, local)
    return _client_shown(record, local)


def _server_shown(record: HandshakeRecord, local: LocalSide) -> tuple[bool | None, str]:
    if not record.server_chain:
        return None, "the server showed no certificate"
    own = _described(record.server_chain[0])
    parts = [server_name_and_issuer(record.server_chain)]
    if own is not None:
        parts.append(_life(own, local.now))
    objections = tuple(_objections(record))
    if objections:
        return None, printable(f"{', '.join(parts)}; not checked: {'; '.join(objections)}")
    return True, printable(", ".join((*parts, "name matches")))


def _client_shown(record: HandshakeRecord, local: LocalSide) -> tuple[bool | None, str]:
    if not record.certificate_requested:
        brought = "; ours was not sent" if local.chain else ""
        return None, f"the server asked for no certificate{brought}"
    if not record.certificate_sent:
        return None, "the server asked for a certificate, and goes on without one"
    own = printable(short_subject(local.chain[0])) if local.chain else "ours"
    if record.judged:
        return True, f"{own} accepted"
    return True, f"{own} sent, no objection so far"


def _objections(record: HandshakeRecord) -> Iterator[str]:
    yield from dict.fromkeys(error.text for error in record.verify_errors)
    if record.name_error is not None:
        yield record.name_error


def _described(certificate: bytes) -> CertificateDescription | None:
    try:
        return describe(certificate)
    except DerError:
        return None


def _life(certificate: CertificateDescription, now: datetime) -> str:
    return validity_text(validity(certificate.not_before, certificate.not_after, now))


def _or(seconds: float | None, otherwise: float) -> float:
    return otherwise if seconds is None else seconds
