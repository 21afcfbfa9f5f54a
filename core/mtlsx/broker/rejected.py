"""What a refused handshake says to a person: which certificate it was, and what the two sides told each other."""

from __future__ import annotations

from mtlsx.broker.events import RejectedCertificate
from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import describe
from mtlsx.certificates.names import Name, format_name
from mtlsx.tls.alerts import alert_text
from mtlsx.tls.record import ServerHandshakeRecord

_UNREADABLE = "(unreadable)"


def rejected(record: ServerHandshakeRecord) -> RejectedCertificate | None:
    """The certificate that was objected to; None where it was not one."""
    objection = record.verify_error
    if objection is None:
        return None
    try:
        certificate = describe(objection.certificate)
    except DerError:
        unread = _UNREADABLE
        return RejectedCertificate(
            unread, unread, unread, unread, unread, objection.text, objection.depth
        )
    return RejectedCertificate(
        subject=_name(certificate.subject),
        issuer=_name(certificate.issuer),
        serial=f"{certificate.serial:x}",
        not_before=str(certificate.not_before),
        not_after=str(certificate.not_after),
        words=objection.text,
        depth=objection.depth,
    )


def alert_of(record: ServerHandshakeRecord) -> str | None:
    """The alert that ended it, as in "unknown_ca (48)": ours, or else the client's."""
    number = record.alert_sent if record.alert_sent is not None else record.alert_received
    return None if number is None else alert_text(number)


def _name(name: Name | None) -> str:
    return _UNREADABLE if name is None else format_name(name)
