"""Whether a key signed a certificate: fields and a public key in, yes, no or "cannot tell" out.

The certificate is taken apart by this room's own reader, so those that strict parsers refuse are checked too;
``cryptography`` does the arithmetic and is imported for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.algorithms import SignatureAlgorithm, read_signature_algorithm
from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import CertificateFields

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm


def verify_certificate(fields: CertificateFields, spki: bytes) -> bool | None:
    """Whether the key in ``spki`` (SubjectPublicKeyInfo DER) made the signature in ``fields``.

    None where it cannot be told: an algorithm or a key that is damaged or not supported.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        algorithm = read_signature_algorithm(fields.signature_algorithm)
        # The first octet of a BIT STRING counts its unused bits, none here.
        return _verify(spki, algorithm, fields.signature.value[1:], fields.tbs.raw)
    except InvalidSignature:
        return False
    except (DerError, ValueError, UnsupportedAlgorithm):
        return None


def _verify(
    spki: bytes, algorithm: SignatureAlgorithm, signature: bytes, content: bytes
) -> bool | None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = load_der_public_key(spki)
    scheme, hashed = algorithm.scheme, _hash(algorithm.hash)
    if isinstance(key, rsa.RSAPublicKey) and scheme == "RSA" and hashed:
        key.verify(signature, content, padding.PKCS1v15(), hashed)
    elif isinstance(key, rsa.RSAPublicKey) and scheme == "RSA-PSS" and hashed:
        pss = padding.PSS(padding.MGF1(hashed), algorithm.salt_length or 0)
        key.verify(signature, content, pss, hashed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ECDSA" and hashed:
        key.verify(signature, content, ec.ECDSA(hashed))
    elif (isinstance(key, ed25519.Ed25519PublicKey) and scheme == "Ed25519") or (
        isinstance(key, ed448.Ed448PublicKey) and scheme == "Ed448"
    ):
        key.verify(signature, content)
    else:
        # A key of another kind than the signature did not make it; of schemes not listed nothing is known.
        return False if scheme in _SCHEMES and (hashed or not algorithm.hash) else None
    return True


_SCHEMES = {"RSA", "RSA-PSS", "ECDSA", "Ed25519", "Ed448"}


def _hash(name: str | None) -> HashAlgorithm | None:
    from cryptography.hazmat.primitives import hashes

    kinds: dict[str | None, HashAlgorithm] = {
        "MD5": hashes.MD5(),  # noqa: S303  (old signatures are checked, none is made)
        "SHA-1": hashes.SHA1(),  # noqa: S303
        "SHA-224": hashes.SHA224(),
        "SHA-256": hashes.SHA256(),
        "SHA-384": hashes.SHA384(),
        "SHA-512": hashes.SHA512(),
    }
    return kinds.get(name)
