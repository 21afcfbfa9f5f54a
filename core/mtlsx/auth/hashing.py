"""The computations behind stored passwords, as EMQX makes them: names and octets in, stored values out.

Digests have EMQX's names, ``sha`` being SHA-1. Source: emqx_passwd.erl (6.3, 4.x), erlang-bcrypt's bcrypt.c;
vectors ``emqx-auth/hashing.json``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

BCRYPT_COUNTS: Final = 72
"""How many octets of a password bcrypt looks at; EMQX's also stops at the first NUL."""


def hex_digest(name: str, data: bytes) -> bytes:
    """The digest md5, sha, sha256 or sha512 of ``data`` in lower-case hex."""
    return _DIGESTS[name](data, usedforsecurity=False).hexdigest().encode()


def digest_size(name: str) -> int:
    """How long a digest is, in octets."""
    return _HASHLIB[name][1]


def pbkdf2(name: str, password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    """The key that PBKDF2 (RFC 8018, section 5.2) derives with HMAC, ``length`` octets in lower-case hex.

    Raises ``ValueError``: a digest that this machine's OpenSSL does not have, numbers that are too small or large.
    """
    try:
        key = hashlib.pbkdf2_hmac(_HASHLIB[name][0], password, salt, iterations, length)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"PBKDF2 with {name}, {iterations} iterations and {length} octets cannot be computed."
        ) from error
    return key.hex().encode()


def bcrypt_setting(salt_rounds: int) -> bytes:
    """A new random setting for ``bcrypt_hash``, of the version that every generation of EMQX takes."""
    import bcrypt

    return bcrypt.gensalt(salt_rounds, b"2a")


def bcrypt_hash(password: bytes, setting: bytes) -> bytes | None:
    """The bcrypt hash that begins with its setting; None where ``setting`` is none.

    A setting is like ``$2b$10$`` and 22 characters; what follows them, as in a whole hash, does not count.
    """
    found = _SETTING.match(setting)
    if found is None:
        return None
    import bcrypt

    # Of the last character only two bits are salt. EMQX drops the others, bcrypt refuses them.
    last = _ALPHABET[_ALPHABET.index(found[2]) & 0b110000]
    counted = password.partition(b"\0")[0][:BCRYPT_COUNTS]
    try:
        return bcrypt.hashpw(counted, found[1] + bytes([last]))
    except ValueError:  # a cost below 4 or above 31
        return None


_DIGESTS: Final = {
    "md5": hashlib.md5,
    "sha": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}
_HASHLIB: Final[Mapping[str, tuple[str, int]]] = {
    "md4": ("md4", 16),  # which OpenSSL 3 has no more
    "md5": ("md5", 16),
    "ripemd160": ("ripemd160", 20),
    "sha": ("sha1", 20),
    "sha224": ("sha224", 28),
    "sha256": ("sha256", 32),
    "sha384": ("sha384", 48),
    "sha512": ("sha512", 64),
}
_SETTING: Final = re.compile(rb"(\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{21})([./A-Za-z0-9])")
_ALPHABET: Final = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
