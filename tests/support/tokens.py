"""Keys of every kind that tokens are signed with, and tokens signed with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization import PublicFormat as Format
from jwt import PyJWS
from jwt.algorithms import get_default_algorithms

_KINDS = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
    "ES256K": lambda: ec.generate_private_key(ec.SECP256K1()),
}
ALGORITHM_OF = {"Ed448": "EdDSA"}


@dataclass(frozen=True)
class Signer:
    """A private key and the algorithm it signs with."""

    private: Any
    algorithm: str

    @property
    def public_pem(self) -> str:
        public = self.private.public_key()
        return public.public_bytes(Encoding.PEM, Format.SubjectPublicKeyInfo).decode()

    @property
    def private_pem(self) -> str:
        form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        return self.private.private_bytes(*form).decode()

    def jwk(self, kid: str | None = None, *, private: bool = False) -> dict[str, Any]:
        """Its JWK: the public one, or the whole."""
        key = self.private if private else self.private.public_key()
        whole = get_default_algorithms()[self.algorithm].to_jwk(key, as_dict=True)
        return whole if kid is None else {**whole, "kid": kid}

    def sign(
        self, claims: object, *, kid: str | None = None, algorithm: str | None = None
    ) -> bytes:
        """A token; ``claims`` may be octets, which then stand for the JSON."""
        headers = {} if kid is None else {"kid": kid}
        return signed(claims, self.private, algorithm or self.algorithm, headers)


@cache
def signer(kind: str = "ES256", number: int = 0) -> Signer:
    """A key of ``kind``; others by other numbers."""
    return Signer(_KINDS[kind](), ALGORITHM_OF.get(kind, kind))


def signed(
    claims: object, key: Any, algorithm: str, headers: dict[str, Any] | None = None
) -> bytes:
    """A token signed with what PyJWT takes as a key."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return PyJWS().encode(payload, key, algorithm, headers).encode()


def jwks(*keys: dict[str, Any]) -> bytes:
    """A JWKS as a document."""
    return json.dumps({"keys": keys}).encode()
