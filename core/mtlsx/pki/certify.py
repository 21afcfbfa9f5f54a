"""Certificates from values: what is to be certified and who signs in, a signed certificate out; no files.

The extensions are those that strict verifiers ask for (RFC 5280, section 4.2; ``openssl verify -x509_strict``,
Go's crypto/x509, Python's VERIFY_X509_STRICT): key usages by kind of key, both key identifiers, basic constraints
critical, subject alternative names critical where the subject is empty.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from mtlsx.errors import UsageError
from mtlsx.pki.keys import signature_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
    from cryptography.x509 import (
        AuthorityKeyIdentifier,
        Certificate,
        ExtensionType,
        GeneralName,
        KeyUsage,
        Name,
    )

    from mtlsx.pki.keys import PrivateKey


class Kind(StrEnum):
    """What a certificate is for."""

    CA = "ca"
    SERVER = "server"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be certified.

    ``days``: how long it is valid, at most until its issuer ends. ``path_length``: for a CA, how many CAs may
    follow below it; None: any number. ``period``: from when to when it is valid, instead of ``days`` and whatever the
    issuer's end; for certificates that somebody is to refuse.
    """

    kind: Kind
    subject: Name
    alternative_names: tuple[GeneralName, ...] = ()
    days: int
    path_length: int | None = None
    period: tuple[datetime, datetime] | None = None


_BACKDATED = timedelta(minutes=5)  # for devices whose clocks are a little behind
_END_OF_TIME = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # RFC 5280, section 4.1.2.5
_MOST_DAYS = 365 * 8000


def new_serial() -> int:
    """A serial number that nobody can guess: 158 random bits, always 20 octets, 40 hexadecimal digits."""
    return secrets.randbits(158) | 1 << 158


def serial_text(serial: int) -> str:
    """A serial number as ``openssl x509 -serial`` prints it."""
    digits = f"{serial:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def certify(
    wanted: Wanted,
    public_key: CertificatePublicKeyTypes,
    *,
    issuer: Certificate | None,
    signing_key: PrivateKey,
    now: datetime,
) -> Certificate:
    """Sign a certificate for ``public_key``; without ``issuer`` it is self-signed, and ``signing_key`` its own key.

    Raises UsageError where the issuer is no CA, may have no CA below it, or has ended, and where a subject and
    alternative names are both empty.
    """
    from cryptography import x509

    not_before, not_after = _validity(wanted, issuer, now)
    if issuer is not None:
        require_issuer(issuer, wanted.kind)
    if not wanted.subject.rdns and not wanted.alternative_names:
        raise UsageError("A certificate needs a subject or an alternative name.")
    builder = (
        x509.CertificateBuilder()
        .subject_name(wanted.subject)
        .issuer_name(wanted.subject if issuer is None else issuer.subject)
        .public_key(public_key)
        .serial_number(new_serial())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for extension, critical in _extensions(wanted, public_key, issuer):
        builder = builder.add_extension(extension, critical)
    return builder.sign(signing_key, signature_hash(signing_key))


def require_issuer(issuer: Certificate, kind: Kind) -> None:
    """Raise UsageError where ``issuer`` may not sign a certificate of this kind."""
    from cryptography import x509

    name = issuer.subject.rfc4514_string()
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        constraints = x509.BasicConstraints(ca=False, path_length=None)
    if not constraints.ca:
        raise UsageError(f"{name} is not a CA: what it signs, no verifier accepts.")
    if kind is Kind.CA and constraints.path_length == 0:
        raise UsageError(f"{name} has path length 0: no CA may stand below it.")


def path_length_of(certificate: Certificate) -> int | None:
    """How many CAs may follow below a CA; None: any number. Raises UsageError where it is no CA's."""
    from cryptography import x509

    require_issuer(certificate, Kind.DEVICE)
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length


def _validity(
    wanted: Wanted, issuer: Certificate | None, now: datetime
) -> tuple[datetime, datetime]:
    if wanted.period is not None:
        return wanted.period
    if not 1 <= wanted.days <= _MOST_DAYS:
        raise UsageError(f"{wanted.days} days is no validity; give 1 to {_MOST_DAYS}.")
    now = now.replace(microsecond=0)
    last = _END_OF_TIME if issuer is None else issuer.not_valid_after_utc
    if last <= now:
        raise UsageError(f"The issuer's certificate ended at {last:%Y-%m-%d %H:%M} UTC.")
    first = now - _BACKDATED
    if issuer is not None:
        first = max(first, issuer.not_valid_before_utc)
    # A certificate that outlives its issuer is of no use then; better that both dates say so.
    room = (last - now).days
    return first, now + timedelta(days=wanted.days) if wanted.days <= room else last


def _extensions(
    wanted: Wanted, public_key: CertificatePublicKeyTypes, issuer: Certificate | None
) -> Iterator[tuple[ExtensionType, bool]]:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    is_ca = wanted.kind is Kind.CA
    yield x509.BasicConstraints(ca=is_ca, path_length=wanted.path_length if is_ca else None), True
    yield _key_usage(wanted.kind, public_key), True
    if not is_ca:
        usage = (
            ExtendedKeyUsageOID.SERVER_AUTH
            if wanted.kind is Kind.SERVER
            else ExtendedKeyUsageOID.CLIENT_AUTH
        )
        yield x509.ExtendedKeyUsage([usage]), False
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False
    if issuer is not None:
        yield authority_key_identifier(issuer), False
    if wanted.alternative_names:
        yield x509.SubjectAlternativeName(wanted.alternative_names), not wanted.subject.rdns


def authority_key_identifier(issuer: Certificate) -> AuthorityKeyIdentifier:
    """What points to ``issuer``: its own subject key identifier, or one made from its key (RFC 5280, 4.2.1.1)."""
    from cryptography import x509

    try:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]  # a CA's key signs
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _key_usage(kind: Kind, public_key: CertificatePublicKeyTypes) -> KeyUsage:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    is_ca = kind is Kind.CA
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        # Only the RSA key exchange of TLS 1.2 encrypts with the certificate's key (RFC 5246, 7.4.2).
        key_encipherment=not is_ca and isinstance(public_key, RSAPublicKey),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
