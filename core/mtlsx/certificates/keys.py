"""Private keys: whatever form the file has, unencrypted PKCS#8 DER comes out, or a sentence why not.

``cryptography`` does the decrypting and decoding; it is imported when there is a private key, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mtlsx.errors import MaterialError
from mtlsx.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_Reader: TypeAlias = "Callable[[bytes, bytes | None], PrivateKeyTypes]"


@dataclass(frozen=True, slots=True)
class PrivateKeyItem:
    """One private key.

    ``der`` is its unencrypted PKCS#8 DER; None where it is encrypted and no passphrase was given.
    ``encrypted`` says what the file holds. ``line`` is the line of its BEGIN, from 1; None outside PEM.
    """

    der: bytes | None = field(repr=False)
    encrypted: bool
    line: int | None = None


def key_from_der(encoded: bytes, *, where: str, line: int | None = None) -> PrivateKeyItem:
    """An unencrypted key: PKCS#8, PKCS#1 (RSA), SEC 1 (EC) or OpenSSL's DSA form.

    ``where`` (``"File x.key, line 3"``) begins the messages. Raises ``MaterialError`` ``not-a-key``.
    """
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return PrivateKeyItem(_read(load_der_private_key, encoded, None, where), False, line)


def key_from_encrypted_der(
    encoded: bytes, passphrase: Secret | None, *, where: str, line: int | None = None
) -> PrivateKeyItem:
    """An encrypted PKCS#8 key; without ``passphrase`` it stays closed.

    Raises ``MaterialError`` ``passphrase-wrong`` or ``not-a-key``.
    """
    if passphrase is None:
        return PrivateKeyItem(None, True, line)
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return PrivateKeyItem(_read(load_der_private_key, encoded, passphrase, where), True, line)


def key_from_encrypted_pem(
    text: bytes, passphrase: Secret | None, *, where: str, line: int
) -> PrivateKeyItem:
    """A traditional key whose PEM headers say that it is encrypted (``Proc-Type: 4,ENCRYPTED``).

    Raises ``MaterialError`` ``passphrase-wrong`` or ``not-a-key``.
    """
    if passphrase is None:
        return PrivateKeyItem(None, True, line)
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return PrivateKeyItem(_read(load_pem_private_key, text, passphrase, where), True, line)


def to_pkcs8(key: PrivateKeyTypes) -> bytes:
    """A loaded key as unencrypted PKCS#8 DER."""
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_half(key: bytes) -> bytes:
    """The SubjectPublicKeyInfo (DER) of an unencrypted PKCS#8 ``key`` that was loaded here."""
    from cryptography.hazmat.primitives import serialization

    private = serialization.load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True)
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def same_public_key(one: bytes, other: bytes) -> bool:
    """Whether two SubjectPublicKeyInfo hold the same key, compressed points and RSA-PSS labels included."""
    if one == other:
        return True
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return load_der_public_key(one) == load_der_public_key(other)
    except (ValueError, UnsupportedAlgorithm):
        return False


def _read(reader: _Reader, encoded: bytes, passphrase: Secret | None, where: str) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return to_pkcs8(reader(encoded, passphrase.reveal().encode() if passphrase else None))
    except UnsupportedAlgorithm as error:
        raise MaterialError(
            "not-a-key",
            f"{where}: the private key, or its encryption, is of a kind that is not supported.",
        ) from error
    except (ValueError, TypeError) as error:
        if passphrase is None:
            raise MaterialError("not-a-key", f"{where}: the private key is damaged.") from error
        # A wrong passphrase cannot be told from damaged ciphertext.
        raise MaterialError(
            "passphrase-wrong", f"{where}: the passphrase does not open the private key."
        ) from error
