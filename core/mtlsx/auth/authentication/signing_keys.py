"""The keys that tokens are signed with: from a secret, from a PEM file's text, from a JWKS (RFC 7517).

A key comes with the algorithms that it may be used with, which follow from its kind and never from the token: a
public key is no HMAC secret, and ``none`` is no algorithm.

Source: emqx_authn_jwt.erl (6.3).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mtlsx.errors import UsageError
from mtlsx.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

HMAC: Final = frozenset({"HS256", "HS384", "HS512"})
"""The algorithms of ``hmac-based`` authentication."""
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Final[Mapping[str, str]] = {
    "secp256r1": "ES256",
    "secp384r1": "ES384",
    "secp521r1": "ES512",
}
PUBLIC: Final = _RSA | {*_CURVES.values(), "EdDSA"}
"""The algorithms of ``public-key`` authentication."""


class KeysError(Exception):
    """Keys that cannot be had; the text goes on after a colon, without a full stop, and holds no secret."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key, the names (RFC 7518) of the algorithms that it may be used with, and its ``kid``, where it has one.

    ``material`` is what PyJWT takes: octets for HMAC, else a public key of cryptography.
    """

    material: object = field(repr=False)
    algorithms: frozenset[str]
    kid: str | None = None


def secret_key(secret: Secret, *, base64_encoded: bool) -> SigningKey:
    """The key that ``secret`` is. Raises ``UsageError``."""
    octets = secret.reveal().encode()
    if base64_encoded:
        try:
            octets = base64.b64decode(octets.translate(None, b" \t\r\n"), validate=True)
        except binascii.Error as error:
            raise UsageError(
                "The secret of the JWT authenticator is not base64.",
                fix="Encode it, or set secret_base64_encoded = false.",
            ) from error
    if not octets:
        raise UsageError("The secret of the JWT authenticator is empty: everybody could sign.")
    if octets.lstrip().startswith(b"-----BEGIN"):
        raise UsageError(
            "The secret of the JWT authenticator is a PEM text, which is no secret where it is public.",
            fix='Give a public key as public_key, with algorithm = "public-key".',
        )
    return SigningKey(octets, HMAC)


def pem_key(text: str) -> SigningKey:
    """The public key that the PEM ``text`` holds, or its certificate. Raises ``UsageError``."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    encoded = text.encode()
    if b"PRIVATE KEY-----" in encoded:
        raise UsageError(
            "The public_key of the JWT authenticator is a private key.",
            fix="Give the public one, as `openssl pkey -pubout` prints it, and keep the private one safe.",
        )
    try:
        if b"-----BEGIN CERTIFICATE-----" in encoded:
            public: PublicKeyTypes = load_pem_x509_certificate(encoded).public_key()
        else:
            public = load_pem_public_key(encoded)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(
            "The public_key of the JWT authenticator is no public key and no certificate in PEM.",
            fix="Give the text of the file, from -----BEGIN to -----END.",
        ) from error
    algorithms = _algorithms(public)
    if not algorithms:
        raise UsageError(
            "The public_key of the JWT authenticator is of a kind that signs no tokens.",
            fix="EMQX takes RSA, EC on P-256, P-384 or P-521, Ed25519 and Ed448.",
        )
    return SigningKey(public, algorithms)


def jwks_keys(document: bytes) -> tuple[SigningKey, ...]:
    """The public keys in a JWKS; those of other kinds are passed over. Raises ``KeysError``."""
    try:
        decoded = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise KeysError("what was read is not JSON") from error
    entries = decoded.get("keys") if isinstance(decoded, dict) else None
    if not isinstance(entries, list):
        raise KeysError("what was read is no JWKS, as it has no array of keys")
    found = tuple(key for key in map(_jwk_key, entries) if key is not None)
    if not found:
        raise KeysError("the JWKS holds no public key that signs tokens")
    return found


def _jwk_key(entry: object) -> SigningKey | None:
    if not isinstance(entry, dict):
        return None
    from cryptography.exceptions import UnsupportedAlgorithm
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
    from jwt.exceptions import PyJWTError

    readers = {
        "RSA": RSAAlgorithm.from_jwk,
        "EC": ECAlgorithm.from_jwk,
        "OKP": OKPAlgorithm.from_jwk,
    }
    kind, kid = entry.get("kty"), entry.get("kid")
    if not isinstance(kind, str) or kind not in readers:
        return None
    # Without the private parts, which have no business there: only a public key comes out.
    public = {
        name: value
        for name, value in entry.items()
        if isinstance(value, str) and name in ("kty", "n", "e", "crv", "x", "y")
    }
    try:
        material = readers[kind](public)
    except (PyJWTError, UnsupportedAlgorithm, ValueError, KeyError, OverflowError):
        return None
    algorithms = _algorithms(material)
    if not algorithms:
        return None
    return SigningKey(material, algorithms, kid if isinstance(kid, str) else None)


def _algorithms(key: object) -> frozenset[str]:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if isinstance(key, RSAPublicKey):
        return _RSA
    if isinstance(key, EllipticCurvePublicKey):
        return frozenset({_CURVES[key.curve.name]} if key.curve.name in _CURVES else ())
    if isinstance(key, Ed25519PublicKey | Ed448PublicKey):
        return frozenset({"EdDSA"})
    return frozenset()
