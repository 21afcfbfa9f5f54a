"""What is configured for authentication and authorization, by EMQX's own names, whatever file it came from.

The settings of EMQX 4.x are here too where they mean something else than those of 5 and 6; which of them a
dialect has is told by ``dialects``.

Source: EMQX 6.3's schema (emqx_authn_schema.erl, emqx_authz_schema.erl, emqx_redis.erl, emqx_schema.erl) and
the 4.x plugin's emqx_auth_redis.conf.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from mtlsx.auth.passwords import Algorithm, Algorithm4, Simple
from mtlsx.auth.rules import Rule
from mtlsx.identity.mapping import CertificatePart, Dialect
from mtlsx.secret import Secret

SecurityProfile: TypeAlias = Literal["legacy", "hardened"]
EnableAuthn: TypeAlias = Literal["true", "false", "quick_deny_anonymous"]


@dataclass(frozen=True, slots=True)
class RedisTls:
    """TLS towards Redis. The files are PEM, as paths; ``verify`` is EMQX's word."""

    cacertfile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    server_name_indication: str | None = None
    verify: Literal["verify_none", "verify_peer"] = "verify_none"


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Where Redis is. One connection pool is opened for all settings that are equal.

    ``servers`` are (host, port). ``embedded`` stands for ``server = "embedded"``: a store of our own, inside this
    process. ``timeout`` is in seconds, for connecting and for each answer.
    """

    redis_type: Literal["single", "sentinel", "cluster"] = "single"
    servers: tuple[tuple[str, int], ...] = (("127.0.0.1", 6379),)
    embedded: bool = False
    sentinel: str | None = None
    sentinel_username: str | None = None
    sentinel_password: Secret | None = None
    database: int = 0
    username: str | None = None
    password: Secret | None = None
    pool_size: int = 8
    ssl: RedisTls | None = None
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class ClientAttribute:
    """One entry of ``mqtt.client_attrs_init``: an expression, and the attribute that takes its value."""

    expression: str
    set_as_attr: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The settings under ``[mqtt]`` that decide who a client is.

    ``empty_clientid_needs_clean_start`` is ours: False lets MQTT 5 clients without a client id ask for a session
    that outlasts the connection, which EMQX refuses and the standard does not (section 3.1.3.1).
    """

    peer_cert_as_username: CertificatePart = "disabled"
    peer_cert_as_clientid: CertificatePart = "disabled"
    use_username_as_clientid: bool = False
    max_clientid_len: int = 65535
    empty_clientid_needs_clean_start: bool = True
    clientid_override: str = ""
    client_attrs_init: tuple[ClientAttribute, ...] = ()


@dataclass(frozen=True, slots=True)
class RedisAuthentication:
    """``mechanism = password_based``, ``backend = redis`` of EMQX 5 and 6."""

    redis: RedisServer
    cmd: str
    password_hash_algorithm: Algorithm = field(default_factory=Simple)
    enable: bool = True


@dataclass(frozen=True, slots=True)
class RedisAuthentication4:
    """The authentication of the 4.x plugin: ``auth.redis.auth_cmd``, ``super_cmd`` and ``password_hash``."""

    enable: ClassVar = True  # a plugin that is not loaded is not configured either
    redis: RedisServer
    auth_cmd: str
    super_cmd: str | None = None
    password_hash: Algorithm4 = field(default_factory=Algorithm4)


@dataclass(frozen=True, slots=True)
class BuiltInUser:
    """One user of the built-in database. ``password_hash`` is what would stand in EMQX's database."""

    user_id: str
    password_hash: str = field(repr=False)
    salt: str = field(default="", repr=False)
    is_superuser: bool = False


@dataclass(frozen=True, slots=True)
class BuiltInDatabase:
    """``mechanism = password_based``, ``backend = built_in_database``."""

    users: tuple[BuiltInUser, ...] = ()
    user_id_type: Literal["username", "clientid"] = "username"
    password_hash_algorithm: Algorithm = field(default_factory=Simple)
    enable: bool = True


@dataclass(frozen=True, slots=True)
class JwtAuthentication:
    """``mechanism = jwt``. Exactly one of ``secret``, ``public_key`` and ``endpoint`` is set.

    ``secret`` is for ``hmac-based``; ``public_key`` is the PEM of a key or certificate as text; ``endpoint`` is
    where the JWKS is: a URL, or ``file:`` and a path. ``refresh_interval`` is in seconds. ``verify_claims`` maps
    claims to what they must be, with placeholders. ``disconnect_after_expire`` is the broker's to keep.
    """

    secret: Secret | None = None
    secret_base64_encoded: bool = False
    public_key: str | None = None
    endpoint: str | None = None
    refresh_interval: float = 300.0
    from_field: Literal["password", "username"] = "password"
    verify_claims: tuple[tuple[str, str], ...] = ()
    acl_claim_name: str = "acl"
    disconnect_after_expire: bool = True
    on_missing_jwt: Literal["ignore", "deny"] | None = None
    enable: bool = True


AuthenticatorSettings: TypeAlias = (
    RedisAuthentication | RedisAuthentication4 | BuiltInDatabase | JwtAuthentication
)


@dataclass(frozen=True, slots=True)
class RedisSource:
    """``type = redis`` of EMQX 5 and 6. ``compatibility_mode`` ``v4`` also takes ``%u``, ``%c`` and numbers."""

    redis: RedisServer
    cmd: str
    compatibility_mode: Literal["none", "v4"] = "none"
    enable: bool = True


@dataclass(frozen=True, slots=True)
class RedisSource4:
    """The authorization of the 4.x plugin: ``auth.redis.acl_cmd``."""

    enable: ClassVar = True
    redis: RedisServer
    acl_cmd: str


@dataclass(frozen=True, slots=True)
class FileSource:
    """``type = file``: rules in order. ``name`` is what traces call it, a path or where the rules stand; it decides
    nothing."""

    rules: tuple[Rule, ...]
    name: str = field(default="file", compare=False)
    enable: bool = True


SourceSettings: TypeAlias = RedisSource | RedisSource4 | FileSource


@dataclass(frozen=True, slots=True)
class Authorization:
    """``[authorization]``; in 4.x ``acl_nomatch`` and ``acl_deny_action``.

    ``topic_template_allow`` holds the characters, of ``+``, ``#`` and ``/``, that a value may bring into a topic
    filter.
    """

    no_match: Literal["allow", "deny"] = "deny"
    deny_action: Literal["ignore", "disconnect"] = "ignore"
    ignore_backend_failures: bool = False
    topic_template_allow: frozenset[str] = frozenset()
    sources: tuple[SourceSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """All that the engine is told.

    ``enable_authn`` and ``ignore_backend_failures`` are the listener's and authentication's settings of EMQX 5
    and 6; ``allow_anonymous`` is of 4.x, where it decides over clients of whom no authenticator has an opinion.
    """

    dialect: Dialect = "emqx6"
    security_profile: SecurityProfile = "legacy"
    identity: Identity = Identity()
    authentication: tuple[AuthenticatorSettings, ...] = ()
    enable_authn: EnableAuthn = "true"
    ignore_backend_failures: bool = False
    allow_anonymous: bool = True
    authorization: Authorization = Authorization()
