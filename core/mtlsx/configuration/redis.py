"""The settings of EMQX 5 and 6 that say where Redis is; they stand among others, in one table with them.

Source: emqx_redis.erl, emqx_authn_redis_schema.erl (6.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mtlsx.auth.settings import RedisServer, RedisTls
from mtlsx.configuration.hocon_writer import Ours
from mtlsx.configuration.values import (
    duration,
    duration_value,
    secret,
    server,
    server_value,
    servers,
    servers_value,
)
from mtlsx.schema import Key, Reader, Table, WrongError, boolean, choice, integer, text
from mtlsx.secret import Secret

EMBEDDED = "embedded"
"""``server = "embedded"`` is a store of our own, inside this process."""
LONGEST_WAIT = 86_400.0  # seconds

_TLS_KEYS = (
    Key("cacertfile", text),
    Key("certfile", text),
    Key("keyfile", text),
    Key("server_name_indication", text),
    Key("verify", choice(("verify_peer", "verify_none")), always=True),
)


@dataclass(frozen=True, slots=True)
class _Switched(RedisTls):
    """TLS that can be switched off where it stands."""

    enable: bool = False


_TLS = Table(_Switched, Key("enable", boolean), *_TLS_KEYS)
TLS: Table[RedisTls] = Table(RedisTls, *_TLS_KEYS)


def read_ssl(value: object, path: str) -> RedisTls | None:
    """The table ``ssl``; None where it is not enabled. Raises WrongError."""
    ssl = _TLS.read(value, path)
    if not ssl.enable:
        return None
    return RedisTls(
        ssl.cacertfile, ssl.certfile, ssl.keyfile, ssl.server_name_indication, ssl.verify
    )


def write_ssl(ssl: RedisTls | None) -> dict[str, Any]:
    """What ``read_ssl`` gives back."""
    return {"enable": False} if ssl is None else {"enable": True, **TLS.write(ssl)}


def _server(value: object, path: str) -> tuple[tuple[str, int], ...]:
    return (server(value, path),)


_COMMON: tuple[Key, ...] = (
    Key("redis_type", choice(("single", "sentinel", "cluster")), always=True),
    Key("username", text),
    Key("password", secret, Secret.reveal),
    Key("pool_size", integer(1, 1024)),
    Key("ssl", read_ssl, write_ssl),
    Key(Ours("timeout"), duration(0.001, LONGEST_WAIT, number="s"), duration_value),
)
_DATABASE = Key("database", integer(0, 0xFFFF))
_SENTINEL = (
    Key("sentinel", text),
    Key("sentinel_username", text),
    Key("sentinel_password", secret, Secret.reveal),
)
_SERVERS = Key("servers", servers, servers_value, always=True)
TABLES: dict[str, Table[RedisServer]] = {
    "single": Table(
        RedisServer,
        *_COMMON,
        Key("server", _server, lambda one: server_value(one[0]), always=True, field="servers"),
        _DATABASE,
    ),
    "sentinel": Table(RedisServer, *_COMMON, _SERVERS, *_SENTINEL, _DATABASE),
    "cluster": Table(RedisServer, *_COMMON, _SERVERS),
}
"""The settings by ``redis_type``."""


def table_for(settings: dict[str, Any], path: str) -> Table[RedisServer]:
    """The table that belongs to the ``redis_type`` among ``settings``. Raises WrongError."""
    read_type: Reader = choice(TABLES)
    return TABLES[read_type(settings.get("redis_type", "single"), f"{path}.redis_type")]


def read(own: dict[str, Any], path: str) -> RedisServer:
    """Where Redis is, from the keys of ``table_for``. Raises WrongError."""
    kind = own.get("redis_type", "single")
    needed = {"single": ("server",), "sentinel": ("servers", "sentinel")}
    for name in needed.get(kind, ("servers",)):
        if name not in own:
            raise WrongError(f'{path}.{name} is missing (redis_type is "{kind}").')
    if own.get("server") == EMBEDDED:
        rest = {name: value for name, value in own.items() if name != "server"}
        return TABLES["single"].read(rest, path, embedded=True)
    return TABLES[kind].read(own, path)


def write(redis: RedisServer) -> dict[str, Any]:
    """What ``read`` gives back."""
    written = TABLES[redis.redis_type].write(redis)
    if redis.embedded:
        del written["server"]
        written[Ours("server")] = EMBEDDED
    return written
