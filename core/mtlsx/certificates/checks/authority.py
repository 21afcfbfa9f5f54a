"""Whether a certificate of the chain may sign what stands below it (RFC 5280, sections 4.2.1.3, 4.2.1.9, 6.1.4).

Rules as OpenSSL applies them (crypto/x509/v3_purp.c, check_ca; x509_vfy.c, check_extensions), which lets some
old kinds of root pass that strict verifiers refuse (``strict``).
"""

from __future__ import annotations

from collections.abc import Iterator

from mtlsx.certificates.checks.finding import Finding, Level, Role
from mtlsx.certificates.checks.usage import Purpose
from mtlsx.certificates.describe import CertificateDescription


def check_authority(
    about: CertificateDescription, below: int, purpose: Purpose, role: Role
) -> Iterator[Finding]:
    """What keeps a CA certificate from signing here.

    ``below``: how many CA certificates stand between it and the end certificate; ``purpose``: of the latter.
    """
    topic = role.topic or "issuers"
    extensions = about.extensions
    constraints, usages, purposes = (
        extensions.basic_constraints,
        extensions.key_usage,
        extensions.key_purposes,
    )
    if usages is not None and "keyCertSign" not in usages:
        yield Finding(
            "issuer-cannot-sign", Level.FAILURE, topic,
            f"{role.name} has a key usage ({', '.join(usages) or 'empty'}) without keyCertSign.",
            "What it signs is refused.",
            "Issue it anew with keyUsage keyCertSign.",
        )  # fmt: skip
    elif not is_taken_for_ca(about):
        yield Finding(
            "issuer-not-a-ca", Level.FAILURE, topic,
            f"{role.name} is no CA certificate: its basic constraints do not say CA:TRUE.",
            "What it signs is refused.",
            "Issue it anew with basicConstraints=critical,CA:TRUE.",
        )  # fmt: skip
    longest = None if constraints is None else constraints.path_length
    if longest is not None and below > longest:
        yield Finding(
            "issuer-path-too-long", Level.FAILURE, topic,
            f"{role.name} allows {longest} CAs below it, and there {'is' if below == 1 else 'are'} {below}.",
            "The chain is refused.",
            "Issue it anew with a longer pathlen, or sign with a CA that stands higher.",
        )  # fmt: skip
    if purposes is not None and purpose.key_purpose not in purposes:
        yield Finding(
            "issuer-wrong-usage", Level.FAILURE, topic,
            f"{role.name} has an extended key usage ({', '.join(purposes)}) without {purpose.key_purpose}.",
            f"OpenSSL refuses a {purpose} certificate below it.",
            "Issue it anew without extendedKeyUsage.",
        )  # fmt: skip


def is_taken_for_ca(about: CertificateDescription) -> bool:
    """Whether OpenSSL takes a certificate whose key usage allows it for a CA's.

    Without basic constraints it takes only roots: of version 1, or with a key usage.
    """
    constraints = about.extensions.basic_constraints
    if constraints is not None:
        return constraints.ca
    return about.self_issued and (about.version == 1 or about.extensions.key_usage is not None)
