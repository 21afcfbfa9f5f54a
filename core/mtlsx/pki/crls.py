"""Certificate revocation lists (RFC 5280, section 5): revoked serial numbers in, a signed list out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from mtlsx.pki.certify import authority_key_identifier
from mtlsx.pki.keys import signature_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.x509 import Certificate, CertificateRevocationList

    from mtlsx.pki.keys import PrivateKey


class Reason(StrEnum):
    """Why a certificate is revoked; RFC 5280's names (section 5.3.1), as ``openssl ca -crl_reason`` takes them."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


@dataclass(frozen=True, slots=True)
class Revoked:
    """One revoked certificate: its serial number, since when, and why."""

    serial: int
    since: datetime
    reason: Reason


def make_crl(
    revoked: Iterable[Revoked],
    *,
    number: int,
    issuer: Certificate,
    signing_key: PrivateKey,
    now: datetime,
    days: int,
) -> CertificateRevocationList:
    """The list with this CRL number, which says that a newer one will be there within ``days``."""
    from cryptography import x509

    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + timedelta(days=days))
        .add_extension(authority_key_identifier(issuer), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for each in revoked:
        entry = (
            x509.RevokedCertificateBuilder().serial_number(each.serial).revocation_date(each.since)
        )
        # RFC 5280 wants no entry that says "unspecified".
        if each.reason is not Reason.UNSPECIFIED:
            entry = entry.add_extension(
                x509.CRLReason(x509.ReasonFlags(each.reason)), critical=False
            )
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signing_key, signature_hash(signing_key))
