"""What kind of key and what kind of signature: DER in, a few facts out; no cryptography needed.

Structures: RFC 5280, sections 4.1.1.2 and 4.1.2.7; RFC 3279, RFC 4055, RFC 5480, RFC 8410.
"""

from __future__ import annotations

from dataclasses import dataclass

from mtlsx.certificates import der, oids
from mtlsx.certificates.der import DerError, Tlv

EXPLICIT = "with explicit parameters"
"""The ``curve`` of an EC key whose curve is written out instead of named."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """``algorithm``: ``"RSA"``, ``"EC"``, ``"Ed25519"`` …, or the dotted identifier of one that is not known.

    ``bits``: the size of RSA and DSA moduli and of curves; None where the algorithm fixes it. ``curve``: its
    name, ``"P-256"``, for EC alone.
    """

    algorithm: str
    bits: int | None = None
    curve: str | None = None

    def __str__(self) -> str:
        if self.algorithm == "EC":
            return f"EC {self.curve}"
        return self.algorithm if self.bits is None else f"{self.algorithm} {self.bits}"


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """``scheme``: ``"RSA"``, ``"RSA-PSS"``, ``"ECDSA"``, ``"Ed25519"`` …, or the dotted identifier of an unknown one.

    ``hash``: ``"SHA-256"`` …, None where the scheme fixes it; ``salt_length`` in bytes, for RSA-PSS alone.
    """

    scheme: str
    hash: str | None
    salt_length: int | None = None

    def __str__(self) -> str:
        return self.scheme if self.hash is None else f"{self.scheme} with {self.hash}"


def read_public_key(spki: Tlv) -> PublicKey:
    """Read a SubjectPublicKeyInfo, or an RSA public key that stands alone (PKCS#1); raises ``DerError``."""
    parts = der.expect(spki, der.SEQUENCE, "public key").children()
    if [part.tag for part in parts] == [der.INTEGER, der.INTEGER]:
        return PublicKey("RSA", _bits(parts[0]))
    if len(parts) != 2:
        raise DerError(f"public key: {len(parts)} parts, not an algorithm and a key")
    algorithm = parts[0].children()
    if not algorithm or algorithm[0].tag != der.OBJECT_IDENTIFIER:
        raise DerError("public key: no algorithm")
    oid = der.decode_oid(algorithm[0].value)
    if oid in (oids.RSA, oids.RSA_PSS):
        return PublicKey("RSA" if oid == oids.RSA else "RSA-PSS", _rsa_bits(parts[1]))
    if oid == oids.EC:
        return _curve(algorithm[1:])
    if oid == oids.DSA:
        numbers = algorithm[1].children() if len(algorithm) > 1 else []
        return PublicKey("DSA", _bits(numbers[0]) if numbers else None)
    return PublicKey(oids.KEYS.get(oid, oid))


def read_signature_algorithm(algorithm: Tlv) -> SignatureAlgorithm:
    """Read the AlgorithmIdentifier of a signature; raises ``DerError``."""
    parts = der.expect(algorithm, der.SEQUENCE, "signature algorithm").children()
    if not parts:
        raise DerError("signature algorithm: empty")
    oid = der.decode_oid(der.expect(parts[0], der.OBJECT_IDENTIFIER, "signature algorithm").value)
    if oid == oids.RSA_PSS:
        return _pss(parts[1:])
    return SignatureAlgorithm(*oids.SIGNATURES.get(oid, (oids.KEYS.get(oid, oid), None)))


def _pss(parameters: list[Tlv]) -> SignatureAlgorithm:
    """RSASSA-PSS-params, with the defaults of RFC 4055, section 3.1."""
    fields = parameters[0].children() if parameters else []
    by_tag = {field.tag: der.read(field.value) for field in fields}
    hashed, salt = "SHA-1", 20
    if 0xA0 in by_tag:
        oid = der.decode_oid(der.read(by_tag[0xA0].value).value)
        hashed = oids.HASHES.get(oid, oid)
    if 0xA2 in by_tag:
        salt = der.decode_integer(by_tag[0xA2].value)
    return SignatureAlgorithm("RSA-PSS", hashed, salt)


def _rsa_bits(key: Tlv) -> int:
    # The first octet of a BIT STRING counts its unused bits, none here.
    numbers = der.expect(der.read(key.value, 1), der.SEQUENCE, "RSA key").children()
    if not numbers:
        raise DerError("RSA key: no modulus")
    return _bits(numbers[0])


def _curve(parameters: list[Tlv]) -> PublicKey:
    if parameters and parameters[0].tag == der.OBJECT_IDENTIFIER:
        oid = der.decode_oid(parameters[0].value)
        name, bits = oids.CURVES.get(oid, (oid, None))
        return PublicKey("EC", bits, name)
    return PublicKey("EC", None, EXPLICIT)


def _bits(number: Tlv) -> int:
    return der.decode_integer(number.value).bit_length()
