"""The array ``[[authentication]]`` of EMQX 5 and 6: the authenticators, in the order in which they are asked.

Source: emqx_authn_schema.erl, emqx_authn_redis_schema.erl, emqx_authn_mnesia_schema.erl,
emqx_authn_jwt_schema.erl (6.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mtlsx.auth.authentication.commands import parse_command
from mtlsx.auth.passwords import Algorithm, Simple
from mtlsx.auth.settings import (
    AuthenticatorSettings,
    BuiltInDatabase,
    BuiltInUser,
    JwtAuthentication,
    RedisAuthentication,
)
from mtlsx.configuration import bootstrap, hashing, redis
from mtlsx.configuration.hocon_writer import Ours
from mtlsx.configuration.unsupported import refuse
from mtlsx.configuration.values import duration, duration_value, secret
from mtlsx.errors import MaterialError, UsageError
from mtlsx.schema import (
    Key,
    Table,
    WrongError,
    array,
    boolean,
    choice,
    clipped,
    shared,
    table,
    tables,
    text,
    wrong,
)
from mtlsx.secret import Secret

_SUPPORTED = 'mechanism = "password_based" with backend = "redis" or "built_in_database", and mechanism = "jwt"'
_BACKENDS = ("redis", "built_in_database")


def _command(value: object, path: str) -> str:
    cmd = text(value, path)
    try:
        parse_command(cmd)
    except UsageError as error:
        raise WrongError(f"{path}: {error}") from error
    return cmd


@dataclass(frozen=True, slots=True)
class _Redis:
    """What an authenticator on Redis has besides its server."""

    cmd: str
    password_hash_algorithm: Algorithm = field(default_factory=Simple)
    enable: bool = True


_HASHING = Key("password_hash_algorithm", hashing.read, hashing.write, always=True)
_ENABLE = Key("enable", boolean)
_REDIS = Table(_Redis, _ENABLE, Key("cmd", _command), _HASHING)


def _stored(value: object, path: str) -> str:
    """A text that no message shows."""
    return secret(value, path).reveal()


_USER = Table(
    BuiltInUser,
    Key("user_id", text),
    Key("password_hash", _stored),
    Key("salt", _stored),
    Key("is_superuser", boolean),
)
_BUILT_IN = Table(
    BuiltInDatabase,
    _ENABLE,
    Key("user_id_type", choice(("username", "clientid")), always=True),
    _HASHING,
    Key(Ours("users"), **tables(_USER)),
)


@dataclass(frozen=True, slots=True)
class _Bootstrap:
    """Users in a file beside the configuration, as EMQX imports them at its first start."""

    bootstrap_file: str | None = None
    bootstrap_type: Literal["hash"] = "hash"


_BOOTSTRAP = Table(
    _Bootstrap, Key("bootstrap_file", text), Key("bootstrap_type", choice(("hash",)))
)


def _claims(value: object, path: str) -> tuple[tuple[str, str], ...]:
    if value == []:  # how EMQX 5.0 writes that there are none
        return ()
    return tuple(
        (name, text(item, f"{path}.{clipped(name)}")) for name, item in table(value, path).items()
    )


def _public_key(value: object, path: str) -> str:
    """The PEM itself, or where it is."""
    written = text(value, path)
    if "-----BEGIN" in written:
        return written
    try:
        return Path(written).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        reason = "it is not PEM" if isinstance(error, UnicodeDecodeError) else "it cannot be read"
        raise MaterialError(
            "file-unreadable",
            f"{path}: {clipped(written)} is no PEM and no file of one: {reason}.",
        ) from error


def _endpoint(value: object, path: str) -> str:
    found = text(value, path)
    if not found.startswith(("http://", "https://", "file:")) or not found.isprintable():
        raise wrong(path, "a URL of http, https or file:", value)
    return found


_COMMON = (
    _ENABLE,
    Key("from", choice(("password", "username")), field="from_field"),
    Key("verify_claims", _claims, dict),
    Key("acl_claim_name", text),
    Key("disconnect_after_expire", boolean),
    Key("on_missing_jwt", choice(("ignore", "deny"))),
)
_JWT = {
    ("hmac-based", False): Table(
        JwtAuthentication,
        Key("secret", secret, Secret.reveal),
        Key("secret_base64_encoded", boolean),
        *_COMMON,
    ),
    ("public-key", False): Table(JwtAuthentication, Key("public_key", _public_key), *_COMMON),
    ("public-key", True): Table(
        JwtAuthentication,
        Key("endpoint", _endpoint),
        Key("refresh_interval", duration(0.001, 604_800, number="s"), duration_value),
        *_COMMON,
    ),
}


def read(value: object, path: str) -> tuple[AuthenticatorSettings, ...]:
    """The authenticators. Raises WrongError and UsageError."""
    return array(_authenticator, "an array of tables")(value, path)


def write(authenticators: Sequence[AuthenticatorSettings]) -> list[dict[str, Any]]:
    """What ``read`` gives back."""
    return [_written(settings) for settings in authenticators]


def _authenticator(value: object, path: str) -> AuthenticatorSettings:
    settings = dict(table(value, path))
    mechanism = settings.pop("mechanism", None)
    if mechanism == "jwt":
        return _jwt(settings, path)
    if mechanism != "password_based":
        raise refuse(f"{path}.mechanism", mechanism, _SUPPORTED)
    backend = settings.pop("backend", None)
    if backend not in _BACKENDS:
        raise refuse(f"{path}.backend", backend, _SUPPORTED)
    if backend == "built_in_database":
        return _built_in(settings, path)
    server, own = shared(settings, path, redis.table_for(settings, path), _REDIS)
    found = _REDIS.read(own, path)
    return RedisAuthentication(
        redis.read(server, path), found.cmd, found.password_hash_algorithm, found.enable
    )


def _built_in(settings: dict[str, Any], path: str) -> BuiltInDatabase:
    own, beside = shared(settings, path, _BUILT_IN, _BOOTSTRAP)
    file = _BOOTSTRAP.read(beside, path).bootstrap_file
    if file is not None:
        if "users" in own:
            raise WrongError(f"{path}: users stand here or in bootstrap_file, not in both.")
        own["users"] = bootstrap.read(file, f"{path}.bootstrap_file")
    database = _BUILT_IN.read(own, path)
    ids = [user.user_id for user in database.users]
    if twice := next((name for name in ids if ids.count(name) > 1), None):
        raise WrongError(f"{path}.users: {clipped(twice)} stands there twice.")
    return database


def _jwt(settings: dict[str, Any], path: str) -> JwtAuthentication:
    use_jwks = boolean(settings.pop("use_jwks", False), f"{path}.use_jwks")
    algorithm = choice(("hmac-based", "public-key"))(
        settings.pop("algorithm", "public-key" if use_jwks else "hmac-based"), f"{path}.algorithm"
    )
    if (algorithm, use_jwks) not in _JWT:
        raise WrongError(f'{path}.use_jwks = true needs algorithm = "public-key".')
    found = _JWT[algorithm, use_jwks].read(settings, path)
    needed = "endpoint" if use_jwks else "public_key" if algorithm == "public-key" else "secret"
    if getattr(found, needed) is None:
        raise WrongError(f"{path}.{needed} is missing.")
    return found


def _written(settings: AuthenticatorSettings) -> dict[str, Any]:
    if isinstance(settings, RedisAuthentication):
        own = _Redis(settings.cmd, settings.password_hash_algorithm, settings.enable)
        return {
            "mechanism": "password_based",
            "backend": "redis",
            **redis.write(settings.redis),
            **_REDIS.write(own),
        }
    if isinstance(settings, BuiltInDatabase):
        return {
            "mechanism": "password_based",
            "backend": "built_in_database",
            **_BUILT_IN.write(settings),
        }
    if isinstance(settings, JwtAuthentication):
        use_jwks = settings.endpoint is not None
        algorithm = "hmac-based" if settings.secret is not None else "public-key"
        return {
            "mechanism": "jwt",
            "algorithm": algorithm,
            "use_jwks": use_jwks,
            **_JWT[algorithm, use_jwks].write(settings),
        }
    raise TypeError(f"{type(settings).__name__} is of EMQX 4.x")
