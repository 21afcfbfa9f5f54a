"""How passwords are stored and compared, by generation of EMQX.

Source: emqx_authn_password_hashing.erl and emqx_passwd.erl (6.3), emqx_passwd.erl (4.x); vectors
``emqx-auth/hashing.json`` (kinds ``hash5`` and ``hash4``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Digest: TypeAlias = Literal["plain", "md5", "sha", "sha256", "sha512"]
SaltPosition: TypeAlias = Literal["prefix", "suffix", "disable"]


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
    """PBKDF2. ``mac_fun`` is one of EMQX's names; ``dk_length`` in octets, None: as long as the digest."""

    mac_fun: str = "sha256"
    iterations: int = 4096
    dk_length: int | None = None


Algorithm: TypeAlias = Simple | Bcrypt | Pbkdf2
"""``password_hash_algorithm`` of EMQX 5 and 6."""


@dataclass(frozen=True, slots=True)
class Algorithm4:
    """``auth.redis.password_hash`` of 4.x: ``sha256``, ``salt,sha256``, ``sha256,salt``, ``bcrypt`` …, as words."""

    words: tuple[str, ...] = ("plain",)
