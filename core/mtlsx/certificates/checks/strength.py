"""Whether keys and signatures are strong enough for those who verify.

The measure is OpenSSL's security level 2, 112 bits (SSL_CTX_set_security_level(3)): the default of Debian's and
Ubuntu's builds, and of OpenSSL itself from 3.2 on. The signature of a self-signed certificate counts for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from mtlsx.certificates.algorithms import EXPLICIT, PublicKey
from mtlsx.certificates.checks.finding import Finding, Level, Role
from mtlsx.certificates.describe import CertificateDescription

_FEWEST_BITS = {"RSA": 2048, "RSA-PSS": 2048, "DSA": 2048, "EC": 224}
_WEAK_HASHES = {"MD2", "MD5", "SHA-1"}
# RFC 8446, section 4.2.3: the curves that can sign in TLS 1.3.
_CURVES_OF_1_3 = {"P-256", "P-384", "P-521"}


def check_strength(about: CertificateDescription, role: Role) -> Iterator[Finding]:
    """What is too weak in one certificate; where nothing is, one line that says so."""
    topic = role.topic or "strength"
    faults = list(_faults(about, role, topic))
    yield from faults
    if not faults:
        key, signature = (
            each or "unknown" for each in (about.public_key, about.signature_algorithm)
        )
        whose = f"{role.name}: key" if role.topic else "Key"
        yield Finding(
            f"{role.prefix}-strong", Level.OK, topic, f"{whose} {key}, signed by {signature}."
        )


def _faults(about: CertificateDescription, role: Role, topic: str) -> Iterator[Finding]:
    key, signature = about.public_key, about.signature_algorithm
    weak = f"{role.prefix}-weak"
    if key is not None and is_weak_key(key):
        yield Finding(
            weak, Level.FAILURE, topic,
            f"{role.name} has a key that is too short: {key}.",
            "OpenSSL refuses it at security level 2, the default of Debian, Ubuntu and OpenSSL 3.2.",
            "Make a key of RSA 2048 or EC P-256 and issue the certificate anew.",
        )  # fmt: skip
    if signature is not None and signature.hash in _WEAK_HASHES and not about.self_issued:
        yield Finding(
            weak, Level.FAILURE, topic,
            f"{role.name} is signed with {signature.hash} ({signature}).",
            "OpenSSL refuses such signatures at security level 1 already; forgeries are practical.",
            "Let the CA sign it anew with SHA-256.",
        )  # fmt: skip
    if key is not None and key.algorithm == "EC":
        yield from _curve(key, role, topic)


def _curve(key: PublicKey, role: Role, topic: str) -> Iterator[Finding]:
    if key.curve == EXPLICIT:
        yield Finding(
            f"{role.prefix}-explicit-curve", Level.FAILURE, topic,
            f"{role.name} has an EC key whose curve is written out instead of named.",
            "OpenSSL from 3.0 on refuses it (error 94), as RFC 5480, section 2.1.1, demands.",
            "Make a key on a named curve: openssl ecparam -name prime256v1 -genkey -noout",
        )  # fmt: skip
    elif key.curve not in _CURVES_OF_1_3:
        yield Finding(
            f"{role.prefix}-curve", Level.WARNING, topic,
            f"{role.name} has an EC key on the curve {key.curve}.",
            "TLS 1.3 has no signature for it (RFC 8446, section 4.2.3).",
            "Use P-256 or P-384.",
        )  # fmt: skip


def is_weak_key(key: PublicKey) -> bool:
    """Whether security level 2 refuses a key of this kind and size."""
    fewest = _FEWEST_BITS.get(key.algorithm)
    return fewest is not None and key.bits is not None and key.bits < fewest
