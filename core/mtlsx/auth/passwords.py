"""How passwords are stored and compared, by generation of EMQX: octets in, stored values or yes and no out.

``matches`` decides as EMQX 5 and 6 do, ``matches4`` as the plugins of 4.x; ``make`` and ``make4`` give the values
that they find right, ``new_salt`` a salt for them. ``CrashError`` stands for an exception in EMQX's own code.

Source: emqx_authn_password_hashing.erl and emqx_passwd.erl (6.3 and 5.0), emqx_passwd.erl and pbkdf2.erl (4.x);
vectors ``emqx-auth/hashing.json`` (kinds ``hash5`` and ``hash4``) and ``emqx-observed`` (``obs-hash-*``).
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from mtlsx.auth.dialects import EMQX_4_4, EMQX_6, Dialect
from mtlsx.auth.hashing import bcrypt_hash, bcrypt_setting, digest_size, hex_digest, pbkdf2
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
        hashed = bcrypt_hash(password, stored)
        return hashed is not None and hmac.compare_digest(hashed, stored)
    if isinstance(algorithm, Simple):
        made = _simple(algorithm, password, salt or b"")
        if algorithm.name == "plain":
            return hmac.compare_digest(made, stored)
    else:
        _check(algorithm, dialect)
        if len(stored) != 2 * _key_length(algorithm):
            return False  # nor is a key of gigabytes derived, however long the setting says it is
        made = _pbkdf2(algorithm, password, salt or b"", dialect)
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
    known = as_5(algorithm)
    if isinstance(known, Bcrypt):
        if unsalted and len(salt) < _SETTING_LENGTH:
            return False
        # What bcrypt refuses counts as an empty hash, which then matches where an empty one is stored.
        return hmac.compare_digest(bcrypt_hash(password, salt) or b"", stored)
    if isinstance(known, Pbkdf2) and len(stored) != 2 * _key_length(known):
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
    hashed = bcrypt_hash(password, salt or b"")
    if hashed is None:
        raise CrashError("bcrypt takes no such salt: it must be like $2b$10$ and 22 characters.")
    return hashed


def make4(algorithm: Algorithm4, password: bytes, salt: bytes | None) -> bytes:
    """The value to store for ``password`` in 4.x, which ``matches4`` together with ``salt``; see ``make``."""
    return make(as_5(algorithm), password, salt, dialect=EMQX_4_4)


def new_salt(algorithm: Algorithm) -> bytes:
    """A new random salt, as EMQX makes them: 128 bits in hex; a setting for bcrypt; empty where it has no use."""
    if isinstance(algorithm, Bcrypt):
        return bcrypt_setting(algorithm.salt_rounds)
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


def as_4(algorithm: Algorithm) -> Algorithm4:
    """What computes the same in 4.x."""
    if isinstance(algorithm, Bcrypt):
        return Algorithm4(("bcrypt",))
    if isinstance(algorithm, Pbkdf2):
        numbers = (algorithm.iterations, _key_length(algorithm))
        return Algorithm4(("pbkdf2", algorithm.mac_fun, *map(str, numbers)))
    if algorithm.salt_position == "disable":
        return Algorithm4((algorithm.name,))
    words = ("salt", algorithm.name)
    return Algorithm4(words if algorithm.salt_position == "prefix" else words[::-1])


def as_5(algorithm: Algorithm4) -> Algorithm:
    """What computes the same in EMQX 5 and 6; how bcrypt gets its salt is lost."""
    words = algorithm.words
    if words[0] == "pbkdf2":
        return Pbkdf2(cast("MacFun", words[1]), int(words[2]), int(words[3]))
    if "bcrypt" in words:
        return Bcrypt()
    if len(words) == 1:
        return Simple(cast("Digest", words[0]), "disable")
    if words[0] == "salt":
        return Simple(cast("Digest", words[1]), "prefix")
    return Simple(cast("Digest", words[0]), "suffix")


def needs_salt(algorithm: Algorithm | Algorithm4) -> bool:
    """Whether a salt is stored beside the stored value."""
    if isinstance(algorithm, Algorithm4):
        return len(algorithm.words) > 1
    if isinstance(algorithm, Simple):
        return algorithm.salt_position != "disable"
    return isinstance(algorithm, Pbkdf2)


def is_slow(algorithm: Algorithm | Algorithm4) -> bool:
    """Whether a comparison takes longer than handing it to a thread does, so that an event loop should."""
    known = as_5(algorithm) if isinstance(algorithm, Algorithm4) else algorithm
    if isinstance(known, Pbkdf2):
        blocks = -(-_key_length(known) // digest_size(known.mac_fun))
        return known.iterations * blocks > _QUICK
    return isinstance(known, Bcrypt)


_QUICK: Final = 500  # rounds of HMAC, about a quarter of a millisecond
_SETTING_LENGTH: Final = 29  # of $2b$10$ and 22 characters
_ALONE4: Final = "|".join((*get_args(Digest), "bcrypt"))
_TEXT4: Final = re.compile(
    rf"(?:salt,)?(?:{_ALONE4})|(?:{_ALONE4}),salt"
    rf"|pbkdf2,(?:{'|'.join(get_args(MacFun))}),[1-9][0-9]{{0,8}},[1-9][0-9]{{0,8}}"
)


def _salt4(algorithm: Algorithm4, stored: bytes, columns: Sequence[bytes | None]) -> bytes:
    """The salt that the plugin takes; for bcrypt alone, the beginning of the stored value."""
    if len(algorithm.words) == 1:
        return stored[:_SETTING_LENGTH]
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


def _simple(algorithm: Simple, password: bytes, salt: bytes) -> bytes:
    data = password
    if algorithm.salt_position == "prefix":
        data = salt + password
    elif algorithm.salt_position == "suffix":
        data = password + salt
    return data if algorithm.name == "plain" else hex_digest(algorithm.name, data)


def _pbkdf2(algorithm: Pbkdf2, password: bytes, salt: bytes, dialect: Dialect) -> bytes:
    _check(algorithm, dialect)
    length = _key_length(algorithm)
    try:
        return pbkdf2(algorithm.mac_fun, password, salt, algorithm.iterations, length)
    except ValueError as error:
        raise CrashError(str(error)) from error


def _check(algorithm: Pbkdf2, dialect: Dialect) -> None:
    if dialect.pbkdf2_macs == "sha" and not algorithm.mac_fun.startswith("sha"):
        # Without dk_length in emqx_passwd:dk_length/1, with it in OpenSSL.
        raise CrashError(
            f"EMQX raises, since its pbkdf2 has no {algorithm.mac_fun}: mac_fun must be one of the sha family."
        )


def _key_length(algorithm: Pbkdf2) -> int:
    return digest_size(algorithm.mac_fun) if algorithm.dk_length is None else algorithm.dk_length


def _shortened(text: str) -> str:
    shown = "".join(each if each.isprintable() else "�" for each in text[:60])
    return shown if len(text) <= 60 else f"{shown}…"
