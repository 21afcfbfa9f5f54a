"""How passwords are stored and compared, by generation of EMQX: octets in, stored values or yes and no out.

``matches`` decides as EMQX 5 and 6 do, ``matches4`` as the plugins of 4.x; ``make`` and ``make4`` give the values
that they find right, ``new_salt`` a salt for them. ``CrashError`` stands for an exception in EMQX's own code.

Source: emqx_authn_password_hashing.erl and emqx_passwd.erl (6.3 and 5.0), emqx_passwd.erl and pbkdf2.erl (4.x),
erlang-bcrypt's bcrypt.c; vectors ``emqx-auth/hashing.json`` (kinds ``hash5`` and ``hash4``) and ``emqx-observed``
(``obs-hash-*``).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from mtlsx.auth.dialects import EMQX_4_4, EMQX_6, Dialect
from mtlsx.errors import UsageError

Digest: TypeAlias = Literal["plain", "md5", "sha", "sha256", "sha512"]
SaltPosition: TypeAlias = Literal["prefix", "suffix", "disable"]
MacFun: TypeAlias = Literal[
    "md4", "md5", "ripemd160", "sha", "sha224", "sha256", "sha384", "sha512"
]


@dataclass(frozen=True, slots=True)
class Simple:
    """A digest of salt and password in hex; ``plain`` is no digest. The defaults are EMQX's."""

    name: Digest = "sha256"
    salt_position: SaltPosition = "prefix"


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """bcrypt; the salt is in the stored value. ``salt_rounds`` is the cost of values that are made."""

    salt_rounds: int = 10


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2. ``dk_length`` in octets, None: as long as the digest. Not every EMQX can compute every ``mac_fun``."""

    mac_fun: MacFun = "sha256"
    iterations: int = 4096
    dk_length: int | None = None


Algorithm: TypeAlias = Simple | Bcrypt | Pbkdf2
"""``password_hash_algorithm`` of EMQX 5 and 6."""


@dataclass(frozen=True, slots=True)
class Algorithm4:
    """``auth.redis.password_hash`` of 4.x, as words: those of a text that ``parse4`` takes."""

    words: tuple[str, ...] = ("plain",)


class CrashError(Exception):
    """EMQX's code raises here and decides nothing; the message is a sentence without secrets."""


BCRYPT_COUNTS: Final = 72
"""How many octets of a password bcrypt looks at; in EMQX it also stops at the first NUL."""


def matches(
    algorithm: Algorithm,
    stored: bytes,
    password: bytes | None,
    salt: bytes | None,
    *,
    dialect: Dialect = EMQX_6,
) -> bool:
    """Whether ``password`` is the one that was ``stored`` with ``salt``, as EMQX 5 and 6 decide.

    ``stored`` and ``salt`` are the fields as Redis has them; a salt that is None is empty. A password that is None
    never matches. The comparison takes the same time wherever the two differ. Raises ``CrashError``.
    """
    if password is None:
        return False
    if isinstance(algorithm, Bcrypt):
        hashed = _bcrypt(password, stored)
        return hashed is not None and hmac.compare_digest(hashed, stored)
    if isinstance(algorithm, Pbkdf2):
        _check(algorithm, dialect)
        if len(stored) != 2 * _key_length(algorithm):
            return False  # nor is a key of gigabytes derived, however long the setting says it is
    elif algorithm.name == "plain":
        return hmac.compare_digest(_simple(algorithm, password, salt or b""), stored)
    made = make(algorithm, password, salt, dialect=dialect)
    return hmac.compare_digest(made, stored.lower() if dialect.hex_case == "any" else stored)


def matches4(
    algorithm: Algorithm4, columns: Sequence[bytes | None], password: bytes | None
) -> bool:
    """Whether ``password`` is the stored one, as the plugin of EMQX 4.x decides.

    ``columns`` are the values that auth_cmd returned: the stored value, and the salt where it asks for one; None is
    a field that is missing. Raises ``CrashError``.
    """
    stored = columns[0] if columns else None
    unsalted = len(algorithm.words) == 1
    if stored is None or (unsalted and len(columns) > 1):
        return False
    if password is None and algorithm.words == ("plain",):
        return False
    salt = _salt4(algorithm, stored, columns)
    if password is None:
        raise CrashError(
            "EMQX's plugin raises, since CONNECT has no password and password_hash is not plain."
        )
    as_5 = _as_5(algorithm)
    if isinstance(as_5, Bcrypt):
        # What bcrypt refuses counts as an empty hash, which then matches where an empty one is stored.
        return hmac.compare_digest(_bcrypt(password, salt) or b"", stored)
    if isinstance(as_5, Pbkdf2) and len(stored) != 2 * _key_length(as_5):
        return False
    return hmac.compare_digest(make4(algorithm, password, salt), stored)


def make(
    algorithm: Algorithm, password: bytes, salt: bytes | None, *, dialect: Dialect = EMQX_6
) -> bytes:
    """The value to store for ``password``, which ``matches`` together with ``salt``.

    A ``salt`` that is None is empty. For bcrypt it is a setting like ``$2b$10$`` and 22 characters, or a whole
    stored value. Raises ``CrashError`` for what EMQX cannot compute either.
    """
    if isinstance(algorithm, Simple):
        return _simple(algorithm, password, salt or b"")
    if isinstance(algorithm, Pbkdf2):
        return _pbkdf2(algorithm, password, salt or b"", dialect)
    hashed = _bcrypt(password, salt or b"")
    if hashed is None:
        raise CrashError("bcrypt takes no such salt: it must be like $2b$10$ and 22 characters.")
    return hashed


def make4(algorithm: Algorithm4, password: bytes, salt: bytes | None) -> bytes:
    """The value to store for ``password`` in 4.x, which ``matches4`` together with ``salt``; see ``make``."""
    return make(_as_5(algorithm), password, salt, dialect=EMQX_4_4)


def new_salt(algorithm: Algorithm | Algorithm4) -> bytes:
    """A new random salt, as EMQX makes them: 128 bits in hex; for bcrypt a setting; empty where it has no use."""
    as_5 = _as_5(algorithm) if isinstance(algorithm, Algorithm4) else algorithm
    if isinstance(as_5, Bcrypt):
        import bcrypt

        # 4.x also runs on a bcrypt that knows 2a only.
        prefix = b"2a" if isinstance(algorithm, Algorithm4) else b"2b"
        return bcrypt.gensalt(as_5.salt_rounds, prefix)
    return secrets.token_hex(16).encode() if needs_salt(algorithm) else b""


def parse4(text: str) -> Algorithm4:
    """The algorithm that a text like ``salt,sha256`` names in 4.x; raises ``UsageError`` for any other text."""
    if not _TEXT4.fullmatch(text):
        raise UsageError(
            f'"{_shortened(text)}" is no password_hash of EMQX 4.x.',
            fix="It is plain, md5, sha, sha256, sha512 or bcrypt; with salt, before or behind a comma: salt,sha256 or"
            " sha256,salt; or pbkdf2,MAC,ITERATIONS,LENGTH, like pbkdf2,sha256,1000,20. Without spaces.",
        )
    return Algorithm4(tuple(text.split(",")))


def needs_salt(algorithm: Algorithm | Algorithm4) -> bool:
    """Whether a salt is stored beside the stored value."""
    if isinstance(algorithm, Algorithm4):
        return len(algorithm.words) > 1
    if isinstance(algorithm, Simple):
        return algorithm.salt_position != "disable"
    return isinstance(algorithm, Pbkdf2)


def is_slow(algorithm: Algorithm | Algorithm4) -> bool:
    """Whether a comparison takes longer than handing it to a thread does, so that an event loop should."""
    as_5 = _as_5(algorithm) if isinstance(algorithm, Algorithm4) else algorithm
    if isinstance(as_5, Pbkdf2):
        blocks = -(-_key_length(as_5) // _size(as_5))
        return as_5.iterations * blocks > _QUICK
    return isinstance(as_5, Bcrypt)


_QUICK: Final = 500  # rounds of HMAC, about a quarter of a millisecond
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
"""EMQX's names for digests: how hashlib calls them, and their size in octets."""
_ALONE4: Final = "|".join((*get_args(Digest), "bcrypt"))
_TEXT4: Final = re.compile(
    rf"(?:salt,)?(?:{_ALONE4})|(?:{_ALONE4}),salt"
    rf"|pbkdf2,(?:{'|'.join(get_args(MacFun))}),[1-9][0-9]{{0,8}},[1-9][0-9]{{0,8}}"
)


def _salt4(algorithm: Algorithm4, stored: bytes, columns: Sequence[bytes | None]) -> bytes:
    """The salt that the plugin takes; for bcrypt alone, the beginning of the stored value."""
    if len(algorithm.words) == 1:
        return stored[:29]
    if len(columns) == 1:
        raise CrashError(
            "EMQX's plugin raises, since password_hash needs a salt and auth_cmd asks for one field only."
        )
    salt = columns[1]
    if salt is None:
        raise CrashError(
            "EMQX's plugin raises, since password_hash needs a salt and none is stored."
        )
    return salt


def _as_5(algorithm: Algorithm4) -> Algorithm:
    """What computes the same in EMQX 5 and 6."""
    words = algorithm.words
    if words[0] == "pbkdf2":
        return Pbkdf2(cast("MacFun", words[1]), int(words[2]), int(words[3]))
    if "bcrypt" in words:
        return Bcrypt()
    position: SaltPosition = (
        "disable" if len(words) == 1 else "prefix" if words[0] == "salt" else "suffix"
    )
    return Simple(cast("Digest", words[position == "prefix"]), position)


def _simple(algorithm: Simple, password: bytes, salt: bytes) -> bytes:
    data = password
    if algorithm.salt_position == "prefix":
        data = salt + password
    elif algorithm.salt_position == "suffix":
        data = password + salt
    if algorithm.name == "plain":
        return data
    name, _ = _HASHLIB[algorithm.name]
    return hashlib.new(name, data, usedforsecurity=False).hexdigest().encode()


def _pbkdf2(algorithm: Pbkdf2, password: bytes, salt: bytes, dialect: Dialect) -> bytes:
    _check(algorithm, dialect)
    name, _ = _HASHLIB[algorithm.mac_fun]
    try:
        key = hashlib.pbkdf2_hmac(
            name, password, salt, algorithm.iterations, _key_length(algorithm)
        )
    except (ValueError, OverflowError) as error:
        raise CrashError(
            f"pbkdf2 cannot be computed with {algorithm.mac_fun}, {algorithm.iterations} iterations and"
            f" {_key_length(algorithm)} octets."
        ) from error
    return key.hex().encode()


def _check(algorithm: Pbkdf2, dialect: Dialect) -> None:
    if dialect.pbkdf2_macs == "sha" and not algorithm.mac_fun.startswith("sha"):
        # Without dk_length in emqx_passwd:dk_length/1, with it in OpenSSL.
        raise CrashError(
            f"EMQX raises, since its pbkdf2 has no {algorithm.mac_fun}: mac_fun must be one of the sha family."
        )


def _size(algorithm: Pbkdf2) -> int:
    return _HASHLIB[algorithm.mac_fun][1]


def _key_length(algorithm: Pbkdf2) -> int:
    return _size(algorithm) if algorithm.dk_length is None else algorithm.dk_length


_SETTING: Final = re.compile(rb"(\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{21})([./A-Za-z0-9])")
_ALPHABET: Final = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _bcrypt(password: bytes, setting: bytes) -> bytes | None:
    """The bcrypt hash by the setting at the beginning of ``setting``; None where that is none."""
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


def _shortened(text: str) -> str:
    shown = "".join(each if each.isprintable() else "�" for each in text[:60])
    return shown if len(text) <= 60 else f"{shown}…"
