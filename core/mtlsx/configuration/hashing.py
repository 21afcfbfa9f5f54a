"""``password_hash_algorithm`` of EMQX 5 and 6.

Source: emqx_authn_password_hashing.erl (6.3).
"""

from __future__ import annotations

from typing import Any, get_args

from mtlsx.auth.passwords import Algorithm, Bcrypt, Digest, Pbkdf2, SaltPosition, Simple
from mtlsx.schema import Key, Table, choice, integer, table

_DIGESTS = get_args(Digest)
_MACS = ("md4", "md5", "ripemd160", "sha", "sha224", "sha256", "sha384", "sha512")
_NAME = Key("name", choice((*_DIGESTS, "bcrypt", "pbkdf2")))

_SIMPLE = Table(
    Simple,
    Key("name", choice(_DIGESTS), always=True),
    Key("salt_position", choice(get_args(SaltPosition)), always=True),
)
_BCRYPT = Table(Bcrypt, Key("salt_rounds", integer(4, 31)))
_PBKDF2 = Table(
    Pbkdf2,
    Key("mac_fun", choice(_MACS), always=True),
    Key("iterations", integer(1, 100_000_000), always=True),
    Key("dk_length", integer(1, 1024)),
)


def read(value: object, path: str) -> Algorithm:
    """The algorithm that the table ``value`` stands for. Raises WrongError."""
    settings = table(value, path)
    name = _NAME.read(settings.get("name", "sha256"), f"{path}.name")
    if name in _DIGESTS:
        return _SIMPLE.read(settings, path)
    rest = {key: item for key, item in settings.items() if key != "name"}
    return _BCRYPT.read(rest, path) if name == "bcrypt" else _PBKDF2.read(rest, path)


def write(algorithm: Algorithm) -> dict[str, Any]:
    """What ``read`` gives back."""
    if isinstance(algorithm, Simple):
        return _SIMPLE.write(algorithm)
    if isinstance(algorithm, Bcrypt):
        return {"name": "bcrypt", **_BCRYPT.write(algorithm)}
    return {"name": "pbkdf2", **_PBKDF2.write(algorithm)}
