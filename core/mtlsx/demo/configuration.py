"""The demo's ``broker.toml``: mutual TLS, the username from the certificate, passwords and rules in Redis.

In: the dialect, a port, where Redis is, and the commands that ``mtlsx.pki.seed`` stores for. Out: TOML with comments,
which ``mtlsx.configuration.load`` reads. File names in it are those of ``mtlsx.demo.folder``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.passwords import Simple
from mtlsx.errors import UsageError
from mtlsx.pki.seed import ACL_COMMAND_4, ACL_COMMAND_5, AccessRule, Settings, default_mapping

if TYPE_CHECKING:
    from mtlsx.demo.redis import RedisAddress
    from mtlsx.identity.mapping import Dialect

CA, CRL = "pki/demo/ca.crt", "pki/demo/ca.crl"
CERTIFICATE, KEY = "server/localhost.crt", "server/localhost.key"
LOOPBACK = "127.0.0.1"

_HEAD: Final = """\
# The broker of mtlsx demo. The names are EMQX's own, what is ours is marked so; relative paths count from here.

dialect = "{dialect}"    # ours: which EMQX to be
"""
_TLS: Final = f"""\
cacertfile = "{CA}"    # the CAs that issue client certificates
certfile = "{CERTIFICATE}"
keyfile = "{KEY}"
verify = "verify_peer"
fail_if_no_peer_cert = true    # mutual TLS: no certificate, no connection
crlfile = "{CRL}"    # ours: what is revoked
"""
_NEWER: Final = """\
{head}{profile}
[listeners.ssl.default]
bind = "{bind}"

[listeners.ssl.default.ssl_options]
{tls}
[mqtt]
peer_cert_as_username = "cn"    # disabled, cn, dn, crt, pem or md5

[[authentication]]
mechanism = "password_based"
backend = "redis"
redis_type = "single"
{server}cmd = "{command}"
password_hash_algorithm = {{ name = "sha256", salt_position = "prefix" }}

[authorization]
no_match = "deny"

[[authorization.sources]]
type = "redis"
redis_type = "single"
{server}cmd = "{acl_command}"
""".replace("[mqtt]", "[mqtt]")
_OLDER: Final = """\
{head}
allow_anonymous = false
acl_nomatch = "deny"

[listeners.ssl.external]
bind = "{bind}"
peer_cert_as_username = "cn"    # disabled, cn, dn, crt, pem or md5

[listeners.ssl.external.ssl_options]
{tls}
# %C: common name of the certificate, %u: username
[auth.redis]
{server}auth_cmd = "{command}"
password_hash = "salt,sha256"
acl_cmd = "{acl_command}"
"""
_HARDENED: Final = """\
security_profile = "hardened"    # what EMQX reads from EMQX_SECURITY_PROFILE
"""
_EMBEDDED: Final = """\
server = "embedded"    # ours: a store inside the broker's process, for demos
"""


def seed_settings(dialect: Dialect) -> Settings:
    """What the broker asks its store about a device, and what is stored: a salted SHA-256, and rules for its topics."""

    four = is_4(dialect)
    algorithm = Simple("sha256", "prefix")
    mapping = default_mapping("cn", algorithm, four=four, superuser=False)
    return Settings(
        mapping=replace(mapping, dialect=dialect),
        algorithm=algorithm,
        acl_command=ACL_COMMAND_4 if four else ACL_COMMAND_5,
        rules=(AccessRule("all", f"devices/{'%u' if four else '${username}'}/#"),),
    )


def broker_toml(dialect: Dialect, port: int, redis: RedisAddress | None) -> str:
    """The configuration of a broker that listens at ``port`` of the loopback; ``redis`` None: the embedded store.

    Raises UsageError for a Redis that this generation of EMQX cannot be told of.
    """
    settings = seed_settings(dialect)
    return (_OLDER if is_4(dialect) else _NEWER).format(
        head=_HEAD.format(dialect=dialect),
        profile=_HARDENED if DIALECTS[dialect].security_profiles else "",
        bind=f"{LOOPBACK}:{port}",
        tls=_TLS,
        server=_EMBEDDED if redis is None else _server(dialect, redis),
        command=settings.mapping.command,
        acl_command=settings.acl_command,
    )


def is_4(dialect: Dialect) -> bool:
    """Whether this is EMQX 4.x, whose configuration and placeholders are of another kind."""
    return DIALECTS[dialect].placeholders == "%"


def _server(dialect: Dialect, redis: RedisAddress) -> str:
    import tomli_w

    settings: dict[str, Any] = redis.settings()
    if is_4(dialect) and "username" in settings:
        raise UsageError(
            "EMQX 4.x gives Redis no username, only a password.",
            fix="Leave the username out of --redis.",
        )
    ssl = settings.pop("ssl", None)
    lines = tomli_w.dumps(settings)
    return lines if ssl is None else f'{lines}ssl = {{ enable = true, verify = "verify_peer" }}\n'
