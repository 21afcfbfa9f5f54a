"""The local evidence: what our own files and our clock say, which decides where the server's answer does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.certificates import oids
from mtlsx.certificates.der import DerError
from mtlsx.certificates.extensions import extended_key_usage
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.names import common_names, format_name, parse_name
from mtlsx.certificates.times import Validity, ValidityState, read_moment, validity

if TYPE_CHECKING:
    from datetime import datetime

    from mtlsx.certificates.der import Tlv
    from mtlsx.certificates.fields import CertificateFields
    from mtlsx.tls.settings import TlsSettings

_CLIENT_PURPOSES = {"1.3.6.1.5.5.7.3.2", "2.5.29.37.0"}  # clientAuth, anyExtendedKeyUsage


@dataclass(frozen=True, slots=True)
class LocalSide:
    """What we brought to a connection.

    ``chain``: our certificates (DER), our own first, empty where we have none; ``anchors``: the CA file's
    (DER), None where the system's trust store was used; ``now``: this machine's clock, aware.
    """

    host: str
    port: int
    settings: TlsSettings
    chain: tuple[bytes, ...]
    anchors: tuple[bytes, ...] | None
    now: datetime

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"


def period(certificate: bytes, now: datetime) -> Validity:
    """Where ``now`` lies in the validity of a certificate (DER)."""
    fields = _fields(certificate)
    if fields is None:
        return Validity(ValidityState.UNKNOWN, None)
    return validity(read_moment(fields.not_before), read_moment(fields.not_after), now)


def end_of_validity(certificate: bytes, now: datetime) -> str:
    """When a certificate expired, for a sentence: "on 2025-01-31, 12 days ago"."""
    fields = _fields(certificate)
    if fields is None:
        return "at an unreadable time"
    return f"on {_date(fields.not_after)}, {_days(period(certificate, now).days)} ago"


def start_of_validity(certificate: bytes, now: datetime) -> str:
    """When a certificate becomes valid, for a sentence: "on 2045-01-31, in 12 days"."""
    fields = _fields(certificate)
    if fields is None:
        return "at an unreadable time"
    return f"on {_date(fields.not_before)}, in {_days(period(certificate, now).days)}"


def self_issued(certificate: bytes) -> bool:
    """Whether subject and issuer are the same name."""
    fields = _fields(certificate)
    return fields is not None and fields.subject_element.raw == fields.issuer_element.raw


def lacks_client_purpose(certificate: bytes) -> bool:
    """Whether its extended key usage leaves out clientAuth; without that extension any use is allowed."""
    fields = _fields(certificate)
    try:
        for extension in fields.extensions if fields else ():
            if extension.oid == oids.EXTENDED_KEY_USAGE:
                return _CLIENT_PURPOSES.isdisjoint(extended_key_usage(extension.value))
    except DerError:
        return False
    return False


def lacks_common_name(certificate: bytes) -> bool:
    """Whether its subject can be read and holds no CN, from which most brokers take the username."""
    fields = _fields(certificate)
    try:
        return fields is not None and not common_names(parse_name(fields.subject_element.raw))
    except DerError:
        return False


def issuer_at_hand(chain: tuple[bytes, ...], at_hand: tuple[bytes, ...]) -> bytes | None:
    """The intermediate certificate that ``chain`` lacks, where it is among ``at_hand``; all DER."""
    last = _fields(chain[-1]) if chain else None
    if last is None:
        return None
    for candidate in at_hand:
        fields = _fields(candidate)
        if (
            fields is not None
            and candidate not in chain
            and fields.subject_element.raw == last.issuer_element.raw
            and fields.subject_element.raw != fields.issuer_element.raw
        ):
            return candidate
    return None


def holds_namesake(anchors: tuple[bytes, ...], certificate: bytes) -> bool:
    """Whether a root among ``anchors`` bears the name of the issuer of ``certificate``; all DER."""
    wanted = _fields(certificate)
    roots = (_fields(anchor) for anchor in anchors if self_issued(anchor))
    return wanted is not None and any(
        root is not None and root.subject_element.raw == wanted.issuer_element.raw for root in roots
    )


def short_subject(certificate: bytes) -> str:
    """A certificate's common name, or its whole subject where it has none; safe to show."""
    fields = _fields(certificate)
    return "(unreadable)" if fields is None else short_name(fields.subject_element.raw)


def short_issuer(certificate: bytes) -> str:
    """The common name of a certificate's issuer, or its whole name."""
    fields = _fields(certificate)
    return "(unreadable)" if fields is None else short_name(fields.issuer_element.raw)


def short_name(encoded: bytes) -> str:
    """The common name in a DER name, or all of it where it has none; safe to show."""
    try:
        name = parse_name(encoded)
    except DerError:
        return "(unreadable)"
    return ", ".join(common_names(name)) or format_name(name)


def _date(element: Tlv) -> str:
    moment = read_moment(element)
    return moment.text if moment.at is None else f"{moment.at:%Y-%m-%d}"


def _days(count: int | None) -> str:
    if not count:
        return "less than a day"
    return "1 day" if count == 1 else f"{count:,} days"


def _fields(certificate: bytes) -> CertificateFields | None:
    try:
        return parse_certificate(certificate)
    except DerError:
        return None
