"""The local evidence: what our own files and our clock say, which decides where the server's answer does not.

Certificates are DER bytes. The functions look at one certificate each and never raise: what cannot be read says
nothing against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mtlsx.certificates.algorithms import read_public_key, read_signature_algorithm
from mtlsx.certificates.der import DerError
from mtlsx.certificates.extension_facts import read_extensions
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.names import common_names, format_name, parse_name
from mtlsx.certificates.times import Validity, ValidityState, read_moment, validity
from mtlsx.probe.dialing import host_and_port

if TYPE_CHECKING:
    from datetime import datetime

    from mtlsx.certificates.algorithms import PublicKey
    from mtlsx.certificates.der import Tlv
    from mtlsx.certificates.extension_facts import ExtensionFacts
    from mtlsx.certificates.fields import CertificateFields
    from mtlsx.identity.mapping import Dialect
    from mtlsx.tls.settings import TlsSettings

CLOCKS_DIFFER = timedelta(days=1)
"""A certificate that began or ends within this time may be judged differently by a clock that is wrong."""

# OpenSSL's security level 2, 112 bits (SSL_CTX_set_security_level(3)), its default from 3.2 on.
_FEWEST_BITS = {"RSA": 2048, "RSA-PSS": 2048, "DSA": 2048, "EC": 224}
_WEAK_HASHES = {"MD2", "MD5", "SHA-1"}
# RFC 8446, section 4.2.3; RFC 8734 adds the Brainpool curves.
_CURVES_OF_1_3 = {
    "P-256",
    "P-384",
    "P-521",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
}


@dataclass(frozen=True, slots=True)
class LocalSide:
    """What we brought to a connection.

    ``chain``: our certificates (DER), our own first, empty where we have none; ``anchors``: the CA file's
    (DER), None where the system's trust store was used; ``now``: this machine's clock, aware. ``fetched``:
    issuers that were fetched from where the certificates say (``issuers``), DER. ``dialect``: which broker
    the person says it is, None where nobody said; ``sends_password``: whether CONNECT holds one, None where
    that is not known.
    """

    host: str
    port: int
    settings: TlsSettings
    chain: tuple[bytes, ...]
    anchors: tuple[bytes, ...] | None
    now: datetime
    fetched: tuple[bytes, ...] = ()
    dialect: Dialect | None = None
    sends_password: bool | None = None

    @property
    def target(self) -> str:
        return host_and_port(self.host, self.port)


# ------------------------------------------------------------------ dates


def period(certificate: bytes, now: datetime) -> Validity:
    """Where ``now`` lies in the validity of a certificate."""
    fields = _fields(certificate)
    if fields is None:
        return Validity(ValidityState.UNKNOWN, None)
    return validity(read_moment(fields.not_before), read_moment(fields.not_after), now)


def expired(certificate: bytes, now: datetime) -> bool:
    return period(certificate, now).state is ValidityState.EXPIRED


def not_yet_valid(certificate: bytes, now: datetime) -> bool:
    return period(certificate, now).state is ValidityState.NOT_YET_VALID


def just_begun(certificate: bytes, now: datetime) -> bool:
    """Whether it became valid so lately that a clock that is slow takes it for not yet valid."""
    fields = _fields(certificate)
    began = None if fields is None else read_moment(fields.not_before).at
    return began is not None and began <= now <= began + CLOCKS_DIFFER


def about_to_end(certificate: bytes, now: datetime) -> bool:
    """Whether it ends so soon that a clock that is fast takes it for expired."""
    fields = _fields(certificate)
    ends = None if fields is None else read_moment(fields.not_after).at
    return ends is not None and ends - CLOCKS_DIFFER <= now <= ends


def end_of_validity(certificate: bytes, now: datetime) -> str:
    """When a certificate expired, for a sentence: "on 2025-01-31, 12 days ago"."""
    fields = _fields(certificate)
    if fields is None:
        return "at an unreadable time"
    return f"on {_date(fields.not_after)}, {_ago(read_moment(fields.not_after).at, now)} ago"


def start_of_validity(certificate: bytes, now: datetime) -> str:
    """When a certificate becomes valid, for a sentence: "on 2045-01-31, in 12 days"."""
    fields = _fields(certificate)
    if fields is None:
        return "at an unreadable time"
    return f"on {_date(fields.not_before)}, in {_ago(read_moment(fields.not_before).at, now)}"


# ------------------------------------------------------------------ usage and strength


def lacks_client_purpose(certificate: bytes) -> bool:
    """Whether its extended key usage leaves out clientAuth; without that extension any use is allowed.

    anyExtendedKeyUsage does not do: OpenSSL's check_purpose_ssl_client (crypto/x509/v3_purp.c) ignores it.
    """
    purposes = _extensions(certificate).key_purposes
    return purposes is not None and "clientAuth" not in purposes


def cannot_sign(certificate: bytes) -> bool:
    """Whether its key usage leaves out digitalSignature, which TLS needs of a client (RFC 8446, section 4.4.2.2)."""
    usages = _extensions(certificate).key_usage
    return usages is not None and "digitalSignature" not in usages


def usages(certificate: bytes) -> str:
    """What its extended key usage and its key usage allow, for a sentence: "serverAuth, keyEncipherment"."""
    extensions = _extensions(certificate)
    named = [*(extensions.key_purposes or ()), *(extensions.key_usage or ())]
    return ", ".join(named) or "nothing"


def weakness(certificate: bytes) -> str | None:
    """What is too weak in it by OpenSSL's security level 2, for a sentence after "it has"; None: nothing.

    The signature of a self-issued certificate counts for nobody.
    """
    fields = _fields(certificate)
    if fields is None:
        return None
    key = _public_key(fields)
    if key is not None and (key.bits or _LARGE) < _FEWEST_BITS.get(key.algorithm, 0):
        return f"a key of {key} only"
    if key is not None and key.algorithm == "EC" and key.curve not in _CURVES_OF_1_3:
        return f"an EC key {key.curve or ''}, for which TLS 1.3 has no signature"
    hashed = _signature_hash(fields)
    if hashed in _WEAK_HASHES and not self_issued(certificate):
        return f"a signature made with {hashed}"
    return None


_LARGE = 1 << 16


# ------------------------------------------------------------------ names


def self_issued(certificate: bytes) -> bool:
    """Whether subject and issuer are the same name."""
    fields = _fields(certificate)
    return fields is not None and fields.subject_element.raw == fields.issuer_element.raw


def lacks_common_name(certificate: bytes) -> bool:
    """Whether its subject can be read and holds no CN, from which most brokers take the username."""
    fields = _fields(certificate)
    try:
        return fields is not None and not common_names(parse_name(fields.subject_element.raw))
    except DerError:
        return False


def common_name(certificate: bytes) -> str | None:
    """Its common names, safe to show, or None where it has none that can be read."""
    fields = _fields(certificate)
    try:
        names = () if fields is None else common_names(parse_name(fields.subject_element.raw))
    except DerError:
        return None
    return ", ".join(names) or None


def has_alternative_name(certificate: bytes) -> bool:
    """Whether it has a subject alternative name that can be read."""
    return bool(_extensions(certificate).alternative_names)


def issuer_addresses(certificate: bytes) -> tuple[str, ...]:
    """Where it says that its issuer can be fetched (RFC 5280, section 4.2.2.1: caIssuers); safe to show."""
    return _extensions(certificate).issuer_addresses


def authority_key(certificate: bytes) -> str | None:
    """The key identifier of its issuer as ``openssl x509`` prints it, "0A:1B:2C"; None where it names none."""
    identifier = _extensions(certificate).authority_key_identifier
    return None if identifier is None or not identifier.key else identifier.key.hex(":").upper()


def issuer_name(certificate: bytes) -> bytes | None:
    """The name of its issuer (DER)."""
    fields = _fields(certificate)
    return None if fields is None else fields.issuer_element.raw


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


# ------------------------------------------------------------------ reading


def _date(element: Tlv) -> str:
    moment = read_moment(element)
    return moment.text if moment.at is None else f"{moment.at:%Y-%m-%d}"


def _ago(moment: datetime | None, now: datetime) -> str:
    """How far apart two moments are: "12 days", "3 hours", "less than a minute"."""
    if moment is None:
        return "an unknown time"
    seconds = int(abs(now - moment).total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"1 {unit}" if count == 1 else f"{count:,} {unit}s"
    return "less than a minute"


def _fields(certificate: bytes) -> CertificateFields | None:
    try:
        return parse_certificate(certificate)
    except DerError:
        return None


def _extensions(certificate: bytes) -> ExtensionFacts:
    fields = _fields(certificate)
    try:
        return read_extensions(() if fields is None else fields.extensions)
    except DerError:
        return read_extensions(())


def _public_key(fields: CertificateFields) -> PublicKey | None:
    try:
        return read_public_key(fields.spki)
    except DerError:
        return None


def _signature_hash(fields: CertificateFields) -> str | None:
    try:
        return read_signature_algorithm(fields.signature_algorithm).hash
    except DerError:
        return None
