"""Private keys: made by kind, written as PKCS#8, opened again.

In: a kind by the name that commands use, a passphrase or none. Out: cryptography's key, or PEM and DER bytes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from mtlsx.certificates.load import load_bytes
from mtlsx.errors import MaterialError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384
    from cryptography.hazmat.primitives.serialization import KeySerializationEncryption

    from mtlsx.secret import Secret

    PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


class KeyKind(StrEnum):
    """The kinds of key that can be made."""

    RSA_2048 = "rsa2048"
    RSA_4096 = "rsa4096"
    P256 = "p256"
    P384 = "p384"
    ED25519 = "ed25519"


_LONGEST_PASSPHRASE = (
    1023  # bytes; OpenSSL's PEM_BUFSIZE less its NUL: a longer one opens nothing there
)


def generate(kind: KeyKind) -> PrivateKey:
    """A new private key of this kind, from the system's randomness."""
    return generator(kind)()


def generator(kind: KeyKind) -> Callable[[], PrivateKey]:
    """What makes one new key of this kind after the other."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match kind:
        case KeyKind.RSA_2048:
            return lambda: rsa.generate_private_key(65537, 2048)
        case KeyKind.RSA_4096:
            return lambda: rsa.generate_private_key(65537, 4096)
        case KeyKind.P256 | KeyKind.P384:
            curve = ec.SECP256R1() if kind is KeyKind.P256 else ec.SECP384R1()
            return lambda: ec.generate_private_key(curve)
        case KeyKind.ED25519:
            return ed25519.Ed25519PrivateKey.generate


def kind_of(key: PrivateKey) -> KeyKind:
    """The kind of a key; raises UsageError for one that is not made here (DSA, RSA 1024, other curves)."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return KeyKind.ED25519
    if isinstance(key, rsa.RSAPrivateKey):
        name = f"rsa{key.key_size}"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        name = {"secp256r1": "p256", "secp384r1": "p384"}.get(key.curve.name, key.curve.name)
    else:
        name = type(key).__name__
    try:
        return KeyKind(name)
    except ValueError:
        raise UsageError(
            f"A key of the kind {name} is not supported.", fix=f"Use one of {', '.join(KeyKind)}."
        ) from None


def to_pem(key: PrivateKey, passphrase: Secret | None = None) -> bytes:
    """PKCS#8 in PEM, encrypted where there is a passphrase. Raises UsageError for an unusable passphrase."""
    return pem_writer(passphrase)(key)


def pem_writer(passphrase: Secret | None) -> Callable[[PrivateKey], bytes]:
    """What does the same to one key after the other."""
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

    form, closed = PrivateFormat.PKCS8, encryption(passphrase)
    return lambda key: key.private_bytes(Encoding.PEM, form, closed)


def to_der(key: PrivateKey, passphrase: Secret | None = None) -> bytes:
    """PKCS#8 in DER, encrypted where there is a passphrase. Raises UsageError for an unusable passphrase."""
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption(passphrase))


def encryption(passphrase: Secret | None) -> KeySerializationEncryption:
    """How a key is encrypted on its way into a file.

    Raises UsageError for a passphrase that is empty or longer than OpenSSL can be given.
    """
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        NoEncryption,
    )

    if passphrase is None:
        return NoEncryption()
    encoded = passphrase.reveal().encode()
    if not 0 < len(encoded) <= _LONGEST_PASSPHRASE:
        raise UsageError(
            f"A passphrase has 1 to {_LONGEST_PASSPHRASE} bytes; this one has {len(encoded)}."
        )
    return BestAvailableEncryption(encoded)


def open_key(
    data: bytes,
    passphrase: Secret | None,
    *,
    source: str,
    given_with: str = "--passphrase-file or MTLSX_PASSPHRASE",
) -> PrivateKey:
    """The private key in the file ``source`` that holds ``data``, in any form that ``load_bytes`` knows.

    ``given_with``: how a person gives the passphrase, for the message that asks for it.
    Raises MaterialError: ``not-a-key``, ``key-encrypted``, ``passphrase-wrong``; UsageError for other kinds.
    """
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    found = load_bytes(data, source=source, passphrase=passphrase).keys
    if not found:
        raise MaterialError("not-a-key", f"File {source} holds no private key.")
    if found[0].der is None:
        raise MaterialError(
            "key-encrypted",
            f"The private key in {source} is encrypted, and no passphrase was given.",
            fix=f"Give its passphrase with {given_with}.",
        )
    # Loading has validated the key; once more would cost 40 ms for RSA 2048.
    key: PrivateKey = load_der_private_key(  # type: ignore[assignment]  # kind_of refuses the others
        found[0].der, None, unsafe_skip_rsa_key_validation=True
    )
    kind_of(key)
    return key


def signature_hash(key: PrivateKey) -> SHA256 | SHA384 | None:
    """The hash that a signature with ``key`` uses; None for Ed25519, which has its own."""
    from cryptography.hazmat.primitives import hashes

    match kind_of(key):
        case KeyKind.ED25519:
            return None
        case KeyKind.P384:
            return hashes.SHA384()
        case _:
            return hashes.SHA256()
