"""A configuration as files for a real EMQX: they hold all of it, and secrets only when asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from mtlsx.auth.passwords import Algorithm4, Simple
from mtlsx.auth.rules import Rule
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    BuiltInDatabase,
    BuiltInUser,
    FileSource,
    Identity,
    JwtAuthentication,
    RedisAuthentication,
    RedisAuthentication4,
    RedisServer,
)
from mtlsx.configuration.emqx import emqx
from mtlsx.configuration.load import load
from mtlsx.configuration.model import Configuration, Listener, SslOptions
from mtlsx.configuration.seed import Entry
from mtlsx.errors import UsageError
from mtlsx.secret import Secret
from support.configurations import configurations, configurations_4

slow = settings(
    max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None
)  # large values, each


def read_back(files: Mapping[str, str]) -> Configuration:
    """What ``load`` makes of exported files."""
    with TemporaryDirectory() as directory:
        for name, content in files.items():
            path = Path(directory) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="")
        configs = ["emqx.conf", "plugins/emqx_auth_redis.conf"]
        return load([Path(directory) / name for name in configs if name in files])


@pytest.mark.parametrize("dialect", ["emqx6", "emqx5.0"])
def test_a_configuration_of_5_and_6_comes_back(dialect: str) -> None:
    @slow
    @given(configurations(dialect))
    def check(configuration: Configuration) -> None:
        found = read_back(emqx(configuration, with_secrets=True).files)
        assert found == configuration
        assert found.notes == ()

    check()


@pytest.mark.parametrize("dialect", ["emqx4.4", "emqx4.2"])
def test_a_configuration_of_4_comes_back(dialect: str) -> None:
    @slow
    @given(configurations_4(dialect))
    def check(configuration: Configuration) -> None:
        found = read_back(emqx(configuration, with_secrets=True).files)
        assert found == configuration
        assert found.notes == ()

    check()


SERVER = SslOptions(
    certfile="/tls/server.pem",
    keyfile="/tls/server.key",
    cacertfile="/tls/ca.pem",
    password=Secret("key-secret"),
    verify="verify_peer",
    fail_if_no_peer_cert=True,
)
SSL = Listener("ssl", "default", ("", 8883), ssl_options=SERVER)
USER = BuiltInUser("dev-1", password_hash="hash-secret", salt="salt-secret", is_superuser=True)
WITH_SECRETS = Configuration(
    listeners=(SSL,),
    auth=AuthSettings(
        authentication=(
            RedisAuthentication(
                RedisServer(password=Secret("redis-secret")),
                cmd="HMGET users:${username} password_hash salt is_superuser",
                password_hash_algorithm=Simple("sha256", "suffix"),
            ),
            BuiltInDatabase(users=(USER,)),
            JwtAuthentication(
                secret=Secret("jwt-secret"), verify_claims=(("secret", "${clientid}"),)
            ),
        )
    ),
)
SECRETS = ("key-secret", "redis-secret", "hash-secret", "salt-secret", "jwt-secret")
IN_4 = Configuration(
    listeners=(SSL,),
    auth=AuthSettings(
        dialect="emqx4.4",
        identity=Identity(peer_cert_as_username="cn"),
        authentication=(
            RedisAuthentication4(
                RedisServer(password=Secret("redis-secret")),
                auth_cmd="HMGET tls_domain:%C password salt",
                password_hash=Algorithm4(("salt", "sha256")),
            ),
        ),
    ),
)


def everything(files: Mapping[str, str]) -> str:
    return "".join(files.values())


@pytest.mark.parametrize("configuration", [WITH_SECRETS, IN_4])
def test_secrets_are_placeholders_unless_asked_for(configuration: Configuration) -> None:
    export = emqx(configuration)
    assert [secret for secret in SECRETS if secret in everything(export.files)] == []
    assert "Secrets are left out: fill in what is written as ${NAME}." in export.notes


def test_secrets_are_there_when_asked_for() -> None:
    export = emqx(WITH_SECRETS, with_secrets=True)
    assert [secret for secret in SECRETS if secret not in everything(export.files)] == []
    assert [secret for secret in SECRETS if secret in repr(export)] == []
    assert export.notes == ()


def test_a_placeholder_is_named_after_its_setting_and_a_claim_is_none() -> None:
    written = emqx(WITH_SECRETS).files["emqx.conf"]
    assert 'password = "${AUTHENTICATION_1_PASSWORD}"' in written
    assert 'password = "${LISTENERS_SSL_DEFAULT_SSL_OPTIONS_PASSWORD}"' in written
    assert 'secret = "${clientid}"' in written


def test_the_algorithm_of_4_is_no_secret() -> None:
    plugin = emqx(IN_4).files["plugins/emqx_auth_redis.conf"]
    assert "auth.redis.password_hash = salt,sha256\n" in plugin
    assert "auth.redis.password = ${AUTH_REDIS_PASSWORD}\n" in plugin


def test_users_go_into_a_file_that_emqx_imports() -> None:
    export = emqx(WITH_SECRETS, with_secrets=True)
    assert json.loads(export.files["users.json"]) == [
        {
            "user_id": "dev-1",
            "password_hash": "hash-secret",
            "salt": "salt-secret",
            "is_superuser": True,
        }
    ]
    assert 'bootstrap_file = "${EMQX_ETC_DIR}/users.json"' in export.files["emqx.conf"]


def test_users_are_seeded_in_redis_as_its_authenticator_looks_them_up() -> None:
    seeds = emqx(WITH_SECRETS, with_secrets=True).files["seed.redis"].splitlines()
    assert seeds[1] == (
        "HSET users:dev-1 password_hash hash-secret salt salt-secret is_superuser 1"
    )


def test_entries_are_seeded_where_the_key_can_be_made_of_them() -> None:
    entries = [
        Entry({"cert_common_name": b"my device"}, "hash", "salt"),
        Entry({"username": b"u"}, "hash"),
    ]
    assert emqx(IN_4, with_secrets=True, entries=entries).files["seed.redis"].splitlines() == [
        "# HMGET tls_domain:%C password salt",
        # 4.x splits the command behind the value, so the key ends at the blank.
        "HSET tls_domain:my password hash salt salt",
    ]


def test_without_entries_the_shape_of_a_key_is_shown() -> None:
    assert emqx(IN_4).files["seed.redis"].splitlines()[1] == (
        "# HSET tls_domain:%C password <password> salt <salt>"
    )


def test_what_emqx_does_not_have_is_a_comment_to_it_and_told() -> None:
    configuration = Configuration(
        auth=AuthSettings(
            security_profile="hardened",
            authentication=(
                RedisAuthentication(RedisServer(embedded=True), cmd="HGET u:${username} password"),
            ),
            authorization=Authorization(sources=(FileSource((Rule("deny", reason_code=0x80),)),)),
        )
    )
    export = emqx(configuration)
    assert '    #mtlsx server = "embedded"\n' in export.files["emqx.conf"]
    assert export.files["acl.conf"] == "%mtlsx {reason_code, 16#80}.\n{deny, all}.\n"
    assert export.files["emqx.env"] == "EMQX_SECURITY_PROFILE=hardened\n"
    assert [note.split(":")[0] for note in export.notes] == [
        "EMQX has no embedded store",
        "EMQX has no reason codes for rules",
    ]


def test_listeners_of_4_say_who_a_client_is() -> None:
    lines = emqx(IN_4).files["emqx.conf"].splitlines()
    assert "listener.ssl.default.peer_cert_as_username = cn" in lines
    assert "zone.external.use_username_as_clientid = false" in lines


@pytest.mark.parametrize(
    "command", ["HGET a#b password", "HGET a:%u password\n", " HGET a password"]
)
def test_what_a_line_of_4_cannot_hold_is_refused(command: str) -> None:
    configuration = Configuration(
        auth=AuthSettings(
            dialect="emqx4.4", authentication=(RedisAuthentication4(RedisServer(), command),)
        )
    )
    with pytest.raises(UsageError, match=r"^auth\.redis\.auth_cmd cannot be written for EMQX 4\.x"):
        emqx(configuration)


def test_a_zone_of_4_has_one_answer_to_use_username_as_clientid() -> None:
    inner = Listener("tcp", "a", ("", 1), zone="inner", use_username_as_clientid=True)
    outer = Listener("tcp", "b", ("", 2), zone="inner", use_username_as_clientid=False)
    configuration = Configuration(listeners=(inner, outer), auth=IN_4.auth)
    with pytest.raises(UsageError, match='The listeners of zone "inner" differ'):
        emqx(configuration)
