"""What a comparison of passwords tells: whether it matched, and if not, what else may be the matter.

Nothing here shows a password, a hash, a salt or their lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, get_args

from mtlsx.auth.passwords import (
    Algorithm,
    Bcrypt,
    CrashError,
    Digest,
    Pbkdf2,
    SaltPosition,
    Simple,
    matches,
)
from mtlsx.auth.trace import Compared, Hinted, Step


def compared(
    algorithm: Algorithm, stored: bytes, password: bytes | None, salt: bytes, *, matched: bool
) -> list[Step]:
    """The steps that tell of a comparison as EMQX 5 and 6 make it."""
    name = text_of(algorithm)
    if matched:
        return [Compared(name, True, f"The password in CONNECT is the stored one ({name}).")]
    if password is None:
        return [Compared(name, False, "CONNECT has no password, which is never the stored one.")]
    return [
        Compared(name, False, f"The password in CONNECT is not the stored one ({name})."),
        *map(Hinted, hints(algorithm, stored, password, salt)),
    ]


def text_of(algorithm: Algorithm) -> str:
    """An algorithm in a few words: ``sha256 with the salt before the password``."""
    if isinstance(algorithm, Simple):
        return f"{algorithm.name}{_POSITIONS[algorithm.salt_position]}"
    if isinstance(algorithm, Bcrypt):
        return "bcrypt"
    return f"pbkdf2 with {algorithm.mac_fun}, {algorithm.iterations} iterations"


def hints(algorithm: Algorithm, stored: bytes, password: bytes, salt: bytes) -> list[str]:
    """Sentences on why ``password`` may not be the stored one, as far as the two tell; most likely first."""
    found = [
        f"The password is right if it was stored as {text_of(other)}: configure that."
        for other in _others(algorithm, salt)
        if _would_match(other, stored, password, salt)
    ]
    if found:
        return found[:1]
    if isinstance(algorithm, Simple) and algorithm.name == "plain":
        return _plain_hints(stored, password)
    return _digest_hints(algorithm, stored)


_POSITIONS: Final = {
    "prefix": " with the salt before the password",
    "suffix": " with the salt after the password",
    "disable": " without salt",
}


def _others(algorithm: Algorithm, salt: bytes) -> Iterator[Algorithm]:
    positions: tuple[SaltPosition, ...] = ("prefix", "suffix", "disable") if salt else ("disable",)
    for name in get_args(Digest):
        for position in positions:
            other = Simple(name, position)
            if other != algorithm:
                yield other


def _would_match(algorithm: Algorithm, stored: bytes, password: bytes, salt: bytes) -> bool:
    try:
        return matches(algorithm, stored, password, salt)
    except CrashError:
        return False


def _plain_hints(stored: bytes, password: bytes) -> list[str]:
    if stored.strip() == password.strip():
        return ["They differ only in white space at an end."]
    if stored.lower() == password.lower():
        return ["They differ only in upper and lower case."]
    kind = _kind_of(stored)
    if kind is not None:
        return [f"What is stored looks like {kind}, but plain is configured."]
    return ["Another password is stored; it is compared octet for octet."]


def _digest_hints(algorithm: Algorithm, stored: bytes) -> list[str]:
    kind = _kind_of(stored)
    wanted = _KINDS.get("bcrypt" if isinstance(algorithm, Bcrypt) else _digest_of(algorithm))
    if kind == wanted or wanted is None:
        return ["It was stored for another password, salt or number of iterations."]
    looks = kind or "no digest at all"
    return [f"What is stored looks like {looks}, and {wanted} was expected."]


def _digest_of(algorithm: Simple | Pbkdf2) -> str:
    return algorithm.name if isinstance(algorithm, Simple) else "pbkdf2"


_KINDS: Final = {
    "md5": "an md5 digest",
    "sha": "a sha1 digest",
    "sha256": "a sha256 digest",
    "sha512": "a sha512 digest",
    "bcrypt": "a bcrypt hash",
}
_LENGTHS: Final = {32: "md5", 40: "sha", 64: "sha256", 128: "sha512"}
_HEX: Final = re.compile(rb"[0-9A-Fa-f]+")
_BCRYPT: Final = re.compile(rb"\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}")


def _kind_of(stored: bytes) -> str | None:
    if _BCRYPT.fullmatch(stored):
        return _KINDS["bcrypt"]
    if _HEX.fullmatch(stored):
        return _KINDS.get(_LENGTHS.get(len(stored), ""))
    return None
