"""A failed handshake in words: the lines of evidence in the failure panel.

Loads the certificate rooms, so it is imported where it is needed, in a worker.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import describe
from mtlsx.certificates.names import format_name, parse_name
from mtlsx.certificates.times import validity, validity_text
from mtlsx.tls.alerts import alert_text

if TYPE_CHECKING:
    from mtlsx.tls.record import HandshakeRecord

_MOST_NAMES = 4


def read_evidence(record: HandshakeRecord, *, now: float) -> tuple[tuple[str, str], ...]:
    """What the handshake showed, as lines of a name and a text. ``now``: seconds since the epoch."""
    lines: list[tuple[str, str]] = []
    if record.alert_received is not None:
        lines.append(("alert", f"{alert_text(record.alert_received)}, sent by the server"))
    if record.alert_sent is not None:
        lines.append(("alert", f"{alert_text(record.alert_sent)}, sent by us"))
    if record.version is not None:
        agreed = (record.version, record.cipher, record.alpn and f"ALPN {record.alpn}")
        lines.append(("TLS", ", ".join(part for part in agreed if part)))
    at = datetime.fromtimestamp(now, UTC)
    for depth, certificate in enumerate(record.server_chain):
        lines.append(("" if depth else "server", _certificate(certificate, at)))
    lines += [("objection", error.text) for error in record.verify_errors]
    if record.name_error is not None:
        lines.append(("name", record.name_error))
    if record.server_chain:
        lines.append(("asked for", _request(record)))
    if record.first_bytes:
        lines.append(("it said", repr(record.first_bytes)[1:]))
    if record.error is not None:
        lines.append(("OpenSSL", record.error))
    return tuple(lines)


def _certificate(encoded: bytes, now: datetime) -> str:
    try:
        certificate = describe(encoded)
    except DerError:
        return "a certificate that cannot be read"
    subject = "(unreadable)" if certificate.subject is None else format_name(certificate.subject)
    issuer = "(unreadable)" if certificate.issuer is None else format_name(certificate.issuer)
    by = "self-signed" if certificate.self_issued else f"← {issuer}"
    life = validity_text(validity(certificate.not_before, certificate.not_after, now))
    return f"{subject} {by}, {life}"


def _request(record: HandshakeRecord) -> str:
    if not record.certificate_requested:
        return "no client certificate"
    sent = "we sent one" if record.certificate_sent else "we sent none"
    if record.accepted_cas is None:
        return f"a client certificate, of any CA it trusts; {sent}"
    names = [_name(encoded) for encoded in record.accepted_cas[:_MOST_NAMES]]
    more = len(record.accepted_cas) - len(names)
    listed = "; ".join(names) + (f" and {more} more" if more > 0 else "")
    return f"a client certificate issued by {listed}; {sent}"


def _name(encoded: bytes) -> str:
    try:
        return format_name(parse_name(encoded))
    except DerError:
        return "(unreadable)"
