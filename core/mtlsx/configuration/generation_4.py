"""What only a configuration of EMQX 4.x has: ``[auth.redis]``, and the words at the top level.

Source: emqx.schema, emqx_auth_redis.schema and the plugin's emqx_auth_redis.conf (4.2 to 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mtlsx.auth.passwords import Algorithm4, parse4
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    FileSource,
    Identity,
    RedisAuthentication4,
    RedisServer,
    RedisSource4,
    RedisTls,
)
from mtlsx.configuration import acl_conf, files
from mtlsx.configuration.hocon_writer import Ours
from mtlsx.configuration.model import Listener
from mtlsx.configuration.redis import EMBEDDED, LONGEST_WAIT, read_ssl, write_ssl
from mtlsx.configuration.values import (
    duration,
    duration_value,
    secret,
    server,
    servers,
    servers_value,
)
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx.schema import (
    Key,
    Table,
    WrongError,
    boolean,
    choice,
    integer,
    shared,
    table,
    text,
    wrong,
)
from mtlsx.secret import Secret


def _password_hash(value: object, path: str) -> Algorithm4:
    try:
        return parse4(text(value, path))
    except UsageError as error:
        raise WrongError(f"{path}: {error}") from error


def _command(value: object, path: str) -> str:
    cmd = text(value, path)
    if len(cmd.split()) < 2:
        raise wrong(path, 'a Redis command such as "HMGET mqtt_user:%u password"', value)
    return cmd


def _sentinel(value: object, path: str) -> str | None:
    return text(value, path) or None


def _password(value: object, path: str) -> Secret | None:
    found = secret(value, path)
    return found if found.reveal() else None


@dataclass(frozen=True, slots=True)
class _Server:
    """Where Redis is, by the plugin's names."""

    server: str = "127.0.0.1:6379"
    type: Literal["single", "sentinel", "cluster"] = "single"
    pool: int = 8
    database: int = 0
    password: Secret | None = None
    sentinel: str | None = None
    query_timeout: float = 5.0
    ssl: RedisTls | None = None


@dataclass(frozen=True, slots=True)
class _Commands:
    """What the plugin asks Redis; what is not set it does not ask."""

    auth_cmd: str | None = None
    super_cmd: str | None = None
    acl_cmd: str | None = None
    password_hash: Algorithm4 = field(default_factory=Algorithm4)


@dataclass(frozen=True, slots=True)
class _TopLevel:
    """The words at the top level. The defaults are those of the emqx.conf that EMQX ships."""

    allow_anonymous: bool = True
    acl_nomatch: Literal["allow", "deny"] = "allow"
    acl_deny_action: Literal["ignore", "disconnect"] = "ignore"
    acl_file: str | None = None


_SERVER = Table(
    _Server,
    Key("server", text, always=True),
    Key("type", choice(("single", "sentinel", "cluster")), always=True),
    Key("pool", integer(1, 1024)),
    Key("database", integer(0, 0xFFFF)),
    Key("password", _password, Secret.reveal),
    Key("sentinel", _sentinel),
    Key("query_timeout", duration(0.001, LONGEST_WAIT, number="ms"), duration_value),
    Key("ssl", read_ssl, write_ssl),
)
_COMMANDS = Table(
    _Commands,
    Key("auth_cmd", _command),
    Key("super_cmd", _command),
    Key("acl_cmd", _command),
    Key("password_hash", _password_hash, lambda found: ",".join(found.words), always=True),
)
_TOP_LEVEL = Table(
    _TopLevel,
    Key("allow_anonymous", boolean, always=True),
    Key("acl_nomatch", choice(("allow", "deny")), always=True),
    Key("acl_deny_action", choice(("ignore", "disconnect")), always=True),
    Key("acl_file", text),
)
NAMES = (*_TOP_LEVEL.names, "auth")
"""The settings at the top level that only 4.x has."""


def read(document: dict[str, Any], dialect: Dialect, identity: Identity) -> AuthSettings:
    """The settings of the engine, from the keys in ``NAMES``. Raises WrongError and UsageError."""
    top = _TOP_LEVEL.read({name: document[name] for name in document if name in _TOP_LEVEL.names})
    redis, commands = _redis(document)
    authentication: tuple[RedisAuthentication4, ...] = ()
    sources: list[RedisSource4 | FileSource] = []
    if redis is not None and commands.auth_cmd is not None:
        authentication = (
            RedisAuthentication4(
                redis, commands.auth_cmd, commands.super_cmd, commands.password_hash
            ),
        )
    if redis is not None and commands.acl_cmd is not None:
        sources.append(RedisSource4(redis, commands.acl_cmd))
    if top.acl_file is not None:
        sources.append(_acl_file(top.acl_file, dialect))
    return AuthSettings(
        dialect=dialect,
        identity=identity,
        authentication=authentication,
        allow_anonymous=top.allow_anonymous,
        authorization=Authorization(
            no_match=top.acl_nomatch, deny_action=top.acl_deny_action, sources=tuple(sources)
        ),
    )


def write(auth: AuthSettings) -> dict[str, Any]:
    """What ``read`` gives back, but for the rules of a file, which stand in the file of ``acl_file``."""
    authorization = auth.authorization
    written = _TOP_LEVEL.write(
        _TopLevel(auth.allow_anonymous, authorization.no_match, authorization.deny_action)
    )
    redis, commands = _parts(auth)
    if redis is not None:
        written["auth"] = {"redis": {**_written(redis), **_COMMANDS.write(commands)}}
    return written


def settled(
    listeners: tuple[Listener, ...], identity: Identity
) -> tuple[tuple[Listener, ...], Identity]:
    """The one form of what listeners and ``[mqtt]`` say about who a client is.

    What all listeners agree on stands in the identity, else in each listener that it means something to. The
    zone ``external``, which 4.x takes where none is named, is ``default`` here.
    """
    listeners = tuple(
        replace(listener, zone="default") if listener.zone == "external" else listener
        for listener in listeners
    )
    for name in _PER_LISTENER:
        # Without TLS there is no certificate to take a name from.
        concerned = [
            listener
            for listener in listeners
            if name == "use_username_as_clientid" or listener.ssl_options is not None
        ]
        given = [getattr(listener, name) for listener in concerned]
        values = [getattr(identity, name) if value is None else value for value in given]
        agreed = len(set(values)) == 1
        if agreed:
            identity = replace(identity, **{name: values[0]})
        elif values:
            identity = replace(identity, **{name: getattr(Identity(), name)})
        own: dict[str, Any] = {
            listener.id: None if agreed else value
            for listener, value in zip(concerned, values, strict=True)
        }
        for_each: list[dict[str, Any]] = [{name: own.get(one.id)} for one in listeners]
        listeners = tuple(
            replace(one, **said) for one, said in zip(listeners, for_each, strict=True)
        )
    return listeners, identity


_PER_LISTENER = ("peer_cert_as_username", "peer_cert_as_clientid", "use_username_as_clientid")


def _redis(document: dict[str, Any]) -> tuple[RedisServer | None, _Commands]:
    backends = table(document.get("auth", {}), "auth")
    for name in backends:
        if name != "redis":
            raise WrongError(f"auth.{name} is not supported; in EMQX 4.x only auth.redis is.")
    if "redis" not in backends:
        return None, _Commands()
    path = "auth.redis"
    of_server, of_commands = shared(backends["redis"], path, _SERVER, _COMMANDS)
    commands = _COMMANDS.read(of_commands, path)
    if commands.super_cmd is not None and commands.auth_cmd is None:
        raise WrongError(f"{path}.auth_cmd is missing; super_cmd alone is never asked.")
    return _server(_SERVER.read(of_server, path), path), commands


def _server(found: _Server, path: str) -> RedisServer:
    common: dict[str, Any] = {
        "redis_type": found.type,
        "database": found.database,
        "password": found.password,
        "pool_size": found.pool,
        "ssl": found.ssl,
        "timeout": found.query_timeout,
    }
    if found.server == EMBEDDED:
        return RedisServer(embedded=True, **common)
    if found.type == "single":
        return RedisServer(servers=(server(found.server, f"{path}.server"),), **common)
    if found.type == "sentinel" and found.sentinel is None:
        raise WrongError(f'{path}.sentinel is missing (type is "sentinel").')
    addresses = servers(found.server, f"{path}.server")
    sentinel = found.sentinel if found.type == "sentinel" else None
    return RedisServer(servers=addresses, sentinel=sentinel, **common)


def _acl_file(path: str, dialect: Dialect) -> FileSource:
    rules = acl_conf.read(
        files.read(Path(path), "ACL file"), source=f"ACL file {path}", dialect=dialect
    )
    return FileSource(rules, name=path)


def _parts(auth: AuthSettings) -> tuple[RedisServer | None, _Commands]:
    redis: RedisServer | None = None
    commands: dict[str, Any] = {}
    for settings in auth.authentication:
        if isinstance(settings, RedisAuthentication4):
            redis = settings.redis
            commands |= {
                "auth_cmd": settings.auth_cmd,
                "super_cmd": settings.super_cmd,
                "password_hash": settings.password_hash,
            }
    for source in auth.authorization.sources:
        if isinstance(source, RedisSource4):
            redis = source.redis
            commands["acl_cmd"] = source.acl_cmd
    return redis, _Commands(**commands)


def _written(redis: RedisServer) -> dict[str, Any]:
    written = _SERVER.write(
        _Server(
            server=servers_value(redis.servers),
            type=redis.redis_type,
            pool=redis.pool_size,
            database=redis.database,
            password=redis.password,
            sentinel=redis.sentinel,
            query_timeout=redis.timeout,
            ssl=redis.ssl,
        )
    )
    if redis.embedded:
        del written["server"]
        written[Ours("server")] = EMBEDDED
    return written
