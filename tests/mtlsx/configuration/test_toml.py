"""A configuration as TOML: what it means, and what is said where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlsx.auth.passwords import Algorithm4, Bcrypt, Pbkdf2
from mtlsx.auth.rules import Rule, Who
from mtlsx.auth.settings import (
    BuiltInDatabase,
    BuiltInUser,
    ClientAttribute,
    FileSource,
    JwtAuthentication,
    RedisAuthentication,
    RedisAuthentication4,
    RedisServer,
    RedisSource,
    RedisTls,
)
from mtlsx.configuration.load import load
from mtlsx.configuration.model import Configuration, Listener, Mqtt, SslOptions
from mtlsx.errors import MaterialError, UsageError
from mtlsx.secret import Secret

REDIS = """
[[authentication]]
mechanism = "password_based"
backend = "redis"
server = "127.0.0.1:6379"
cmd = "HMGET u:${username} password"
"""
SOURCE = """
[[authorization.sources]]
type = "redis"
server = "127.0.0.1:6379"
cmd = "HGETALL acl:${username}"
"""
SSL = """
[listeners.ssl.default.ssl_options]
certfile = "server.pem"
keyfile = "server.key"
"""
IN_4 = 'dialect = "emqx4.4"\n'
REDIS_4 = f"""{IN_4}
[auth.redis]
auth_cmd = "HMGET u:%u password"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "broker.toml"


def read(file: Path, text: str) -> Configuration:
    file.write_text(text)
    return load([file])


def wrong(file: Path, text: str) -> str:
    """The sentence that is said, without the name of the file."""
    with pytest.raises(UsageError) as error:
        read(file, text)
    prefix = f"Configuration file {file}: "
    assert str(error.value).startswith(prefix)
    return str(error.value).removeprefix(prefix)


def test_nothing_is_the_default(file: Path) -> None:
    assert read(file, "") == Configuration()


def test_a_listener(file: Path, tmp_path: Path) -> None:
    found = read(
        file,
        """
        [listeners.ssl.default]
        bind = "127.0.0.1:8883"
        max_connections = 10
        enable_authn = "quick_deny_anonymous"
        ssl_options = { cacertfile = "/ca.pem", certfile = "s.pem", keyfile = "s.key", password = "x",
                        verify = "verify_peer", fail_if_no_peer_cert = true, versions = ["tlsv1.2"] }
        """.replace(",\n", ","),
    )
    options = SslOptions(
        certfile=str(tmp_path / "s.pem"),
        keyfile=str(tmp_path / "s.key"),
        cacertfile="/ca.pem",
        password=Secret("x"),
        verify="verify_peer",
        fail_if_no_peer_cert=True,
        versions=("tlsv1.2",),
    )
    assert found.listeners == (
        Listener(
            "ssl",
            "default",
            ("127.0.0.1", 8883),
            ssl_options=options,
            max_connections=10,
            enable_authn="quick_deny_anonymous",
        ),
    )
    assert found.listeners[0].id == "ssl:default"
    assert "x" not in repr(found.listeners[0].ssl_options.password)


def test_each_type_of_listener_has_its_port(file: Path) -> None:
    found = read(file, "[listeners.tcp.a]\n[listeners.ws.b]\nwebsocket = { mqtt_path = '/x' }")
    assert [listener.bind for listener in found.listeners] == [("", 1883), ("", 8083)]
    assert found.listeners[1].websocket.mqtt_path == "/x"


def test_mqtt(file: Path) -> None:
    found = read(
        file,
        """
        [mqtt]
        idle_timeout = "infinity"
        server_keepalive = 60
        max_packet_size = "2MB"
        receive_maximum = 20
        session_expiry_interval = "1h"
        max_mqueue_len = "infinity"
        peer_cert_as_username = "cn"
        client_attrs_init = [{ expression = "username", set_as_attr = "group" }]
        """,
    )
    assert found.mqtt == Mqtt(
        idle_timeout=None,
        server_keepalive=60,
        max_packet_size=2 * 1024 * 1024,
        receive_maximum=20,
        session_expiry_interval=3600.0,
        max_mqueue_len=None,
    )
    assert found.auth.identity.peer_cert_as_username == "cn"
    assert found.auth.identity.client_attrs_init == (ClientAttribute("username", "group"),)


def test_redis_behind_a_sentinel_with_tls(file: Path, tmp_path: Path) -> None:
    found = read(
        file,
        """
        security_profile = "hardened"
        [[authentication]]
        mechanism = "password_based"
        backend = "redis"
        redis_type = "sentinel"
        servers = "a:1,b:2"
        sentinel = "mymaster"
        username = "emqx"
        password = "secret"
        database = 3
        timeout = "2s"
        cmd = "HMGET u:${username} password_hash"
        password_hash_algorithm = { name = "bcrypt" }
        ssl = { enable = true, cacertfile = "ca.pem", verify = "verify_peer" }
        """,
    )
    assert found.auth.security_profile == "hardened"
    assert found.auth.authentication == (
        RedisAuthentication(
            RedisServer(
                redis_type="sentinel",
                servers=(("a", 1), ("b", 2)),
                sentinel="mymaster",
                username="emqx",
                password=Secret("secret"),
                database=3,
                timeout=2.0,
                ssl=RedisTls(cacertfile=str(tmp_path / "ca.pem"), verify="verify_peer"),
            ),
            "HMGET u:${username} password_hash",
            Bcrypt(),
        ),
    )


def test_the_embedded_store(file: Path) -> None:
    found = read(file, REDIS.replace("127.0.0.1:6379", "embedded"))
    (settings,) = found.auth.authentication
    assert isinstance(settings, RedisAuthentication)
    assert settings.redis == RedisServer(embedded=True)


def test_a_built_in_database(file: Path) -> None:
    found = read(
        file,
        """
        [[authentication]]
        mechanism = "password_based"
        backend = "built_in_database"
        password_hash_algorithm = { name = "pbkdf2", mac_fun = "sha512", dk_length = 20 }
        users = [{ user_id = "a", password_hash = "00", is_superuser = true }]
        """,
    )
    assert found.auth.authentication == (
        BuiltInDatabase(
            (BuiltInUser("a", password_hash="00", is_superuser=True),),
            password_hash_algorithm=Pbkdf2("sha512", dk_length=20),
        ),
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("users.json", '[{"user_id": "a", "password_hash": "00", "is_superuser": true}]'),
        ("users.csv", "user_id,password_hash,is_superuser\na,00,true\n"),
    ],
)
def test_users_may_stand_in_a_file(file: Path, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    found = read(
        file,
        f"""
        [[authentication]]
        mechanism = "password_based"
        backend = "built_in_database"
        bootstrap_file = "{name}"
        """,
    )
    assert found.auth.authentication == (
        BuiltInDatabase((BuiltInUser("a", password_hash="00", is_superuser=True),)),
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            'secret = "s"\nfrom = "username"\nverify_claims = { sub = "${username}" }',
            JwtAuthentication(
                secret=Secret("s"), from_field="username", verify_claims=(("sub", "${username}"),)
            ),
        ),
        (
            'algorithm = "public-key"\npublic_key = "-----BEGIN PUBLIC KEY-----"\nverify_claims = []',
            JwtAuthentication(public_key="-----BEGIN PUBLIC KEY-----"),
        ),
        (
            'use_jwks = true\nendpoint = "https://127.0.0.1/k"\nrefresh_interval = 60',
            JwtAuthentication(endpoint="https://127.0.0.1/k", refresh_interval=60.0),
        ),
    ],
)
def test_tokens(file: Path, settings: str, expected: JwtAuthentication) -> None:
    found = read(file, f'[[authentication]]\nmechanism = "jwt"\n{settings}')
    assert found.auth.authentication == (expected,)


def test_a_public_key_may_stand_in_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN PUBLIC KEY-----\n")
    text = '[[authentication]]\nmechanism = "jwt"\nalgorithm = "public-key"\npublic_key = "{}"'
    (found,) = read(file, text.format("key.pem")).auth.authentication
    assert found == JwtAuthentication(public_key="-----BEGIN PUBLIC KEY-----\n")
    with pytest.raises(MaterialError, match=r"authentication\[0\]\.public_key: .* cannot be read"):
        read(file, text.format("other.pem"))


def test_sources_of_rules(file: Path, tmp_path: Path) -> None:
    (tmp_path / "acl.conf").write_text("{deny, all}.")
    found = read(
        file,
        SOURCE
        + """
        [[authorization.sources]]
        type = "file"
        rules = [
            { permission = "allow", action = "publish", topics = ["a/${username}"], username = "x", qos = 1 },
            { permission = "deny", clientids = ["a", "b"], ipaddr = "10.0.0.0/8", retain = true, reason_code = 0x80 },
        ]
        [[authorization.sources]]
        type = "file"
        path = "acl.conf"
        """,
    )
    redis, rules, acl = found.auth.authorization.sources
    assert redis == RedisSource(RedisServer(), "HGETALL acl:${username}")
    assert rules == FileSource(
        (
            Rule(
                "allow",
                "publish",
                (b"a/${username}",),
                Who(usernames=(b"x",)),
                qos=frozenset({1}),
            ),
            Rule(
                "deny",
                who=Who(client_ids=(b"a", b"b"), networks=("10.0.0.0/8",)),
                retain=True,
                reason_code=0x80,
            ),
        )
    )
    assert acl == FileSource((Rule("deny"),))
    assert isinstance(rules, FileSource)
    assert isinstance(acl, FileSource)
    assert (rules.name, acl.name) == (
        "authorization.sources[1].rules",
        str(tmp_path / "acl.conf"),
    )


def test_4(file: Path, tmp_path: Path) -> None:
    found = read(
        file,
        f"""{IN_4}
        allow_anonymous = false
        acl_nomatch = "deny"
        [auth.redis]
        server = "10.0.0.1"
        password = "secret"
        auth_cmd = "HMGET u:%u password salt"
        password_hash = "salt,sha256"
        query_timeout = "3s"
        """,
    )
    assert found.auth.authentication == (
        RedisAuthentication4(
            RedisServer(servers=(("10.0.0.1", 6379),), password=Secret("secret"), timeout=3.0),
            "HMGET u:%u password salt",
            None,
            Algorithm4(("salt", "sha256")),
        ),
    )
    assert found.auth.allow_anonymous is False
    assert found.auth.authorization.no_match == "deny"


def test_listeners_of_4_that_differ_keep_what_each_says(file: Path) -> None:
    found = read(
        file,
        IN_4
        + SSL
        + SSL.replace("default", "other")
        + '[mqtt]\npeer_cert_as_username = "cn"\n[listeners.ssl.other]\npeer_cert_as_username = "dn"\n',
    )
    assert found.auth.identity.peer_cert_as_username == "disabled"
    assert [found.auth_for(one).identity.peer_cert_as_username for one in found.listeners] == [
        "cn",
        "dn",
    ]


def test_a_listener_may_ask_nobody(file: Path) -> None:
    found = read(file, "[listeners.tcp.a]\nenable_authn = false\n[listeners.tcp.b]")
    assert [found.auth_for(one).enable_authn for one in found.listeners] == ["false", "true"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("listener = 1", "listener is not a setting (did you mean listeners?); allowed here: dialect,"),
        ("mqtt = 1", "mqtt must be a table, not 1."),
        ("[mqtt]\nmax_qos = 1", "mqtt.max_qos is not a setting (did you mean max_qos_allowed?);"),
        ("[mqtt]\nmax_qos_allowed = 3", "mqtt.max_qos_allowed must be a whole number from 0 to 2, not 3."),
        ('[mqtt]\npeer_cert_as_username = "CN"', 'mqtt.peer_cert_as_username must be one of "disabled", "cn"'),
        ('[mqtt]\nidle_timeout = "1y"', "mqtt.idle_timeout must be a duration such as"),
        ('[mqtt]\nclientid_override = "concat("', "mqtt.clientid_override: "),
        ('dialect = "emqx7"', 'dialect must be one of "emqx6", "emqx5.0", "emqx4.4", "emqx4.2", not "emqx7".'),
        ('security_profile = "soft"', 'security_profile must be one of "legacy", "hardened", not "soft".'),
        ("[listeners.quic.a]", "listeners.quic is no type of listener here; there is tcp, ssl, ws, wss."),
        ('[listeners.tcp."a b"]', "listeners.tcp.a b: a listener's name has letters, digits, - and _"),
        ("[listeners.ssl.a]", "listeners.ssl.a.ssl_options is missing; it needs at least certfile and keyfile."),
        ("[listeners.tcp.a]\nssl_options = {}", "listeners.tcp.a.ssl_options is not a setting"),
        ('[listeners.ssl.a]\nssl_options = { certfile = "x" }', "listeners.ssl.a.ssl_options.keyfile is missing."),
        (SSL + 'verify = "verify_peer"', "listeners.ssl.default.ssl_options.cacertfile is missing: verify ="),
        (SSL + "fail_if_no_peer_cert = true", "listeners.ssl.default.ssl_options.fail_if_no_peer_cert = true needs"),
        (SSL + 'versions = ["tlsv1.1"]', 'listeners.ssl.default.ssl_options.versions[0] must be one of "tlsv1.3"'),
        (SSL + "password = [1]", "listeners.ssl.default.ssl_options.password must be a text in quotes; what stands"),
        ("[listeners.ws.a.websocket]\nmqtt_path = 'x'", "listeners.ws.a.websocket.mqtt_path must be the path of a URL"),
        ("[listeners.tcp.a]\nenable_authn = 1", "listeners.tcp.a.enable_authn must be true, false or"),
        ("authentication = 1", "authentication must be an array of tables, not 1."),
        ("[[authentication]]", "authentication[0].mechanism is missing; supported is mechanism ="),
        ('[[authentication]]\nmechanism = "scram"', 'authentication[0].mechanism = "scram": SCRAM is not supported; supported is'),
        ('[[authentication]]\nmechanism = "gssapi"', 'authentication[0].mechanism = "gssapi": Kerberos (GSSAPI) is not'),
        ('[[authentication]]\nmechanism = "cinfo"', 'authentication[0].mechanism = "cinfo": client information (cinfo)'),
        ('[[authentication]]\nmechanism = "psk"', 'authentication[0].mechanism = "psk": TLS-PSK is not supported;'),
        (REDIS.replace('"redis"', '"mysql"'), 'authentication[0].backend = "mysql": MySQL is not supported; supported'),
        (REDIS.replace('"redis"', '"x"'), 'authentication[0].backend = "x" is not known; supported is'),
        (REDIS.replace("server =", "servers ="), "authentication[0].servers is not a setting (did you mean server?)"),
        (REDIS + 'redis_type = "sentinel"', "authentication[0].server is not a setting (did you mean servers?)"),
        (REDIS.replace("server =", "servers =") + 'redis_type = "sentinel"', "authentication[0].sentinel is missing (redis_type is"),
        (REDIS + 'redis_type = "x"', 'authentication[0].redis_type must be one of "single", "sentinel", "cluster"'),
        (REDIS.replace("HMGET", "GET"), "authentication[0].cmd: The Redis command 'GET u:${username} password' must be HGET"),
        (REDIS + "password_hash_algorithm = { name = 'x' }", 'authentication[0].password_hash_algorithm.name must be one of "plain"'),
        (REDIS + "password_hash_algorithm = { name = 'bcrypt', salt_position = 'x' }", "authentication[0].password_hash_algorithm.salt_position is not a setting"),
        ('[[authentication]]\nmechanism = "jwt"', "authentication[0].secret is missing."),
        ('[[authentication]]\nmechanism = "jwt"\nalgorithm = "hmac-based"\nuse_jwks = true', 'authentication[0].use_jwks = true needs algorithm = "public-key".'),
        ('[[authentication]]\nmechanism = "jwt"\nuse_jwks = true\nendpoint = "x"', "authentication[0].endpoint must be a URL of http, https or file:"),
        ("authorization = { no_match = 'ask' }", 'authorization.no_match must be one of "allow", "deny", not "ask".'),
        ("[[authorization.sources]]", 'authorization.sources[0].type is missing; supported is type = "redis"'),
        ('[[authorization.sources]]\ntype = "http"', 'authorization.sources[0].type = "http": HTTP is not supported; supported'),
        (SOURCE.replace("HGETALL", "HGET"), "authorization.sources[0].cmd: "),
        ('[[authorization.sources]]\ntype = "file"', "authorization.sources[0].rules is missing."),
        ('[[authorization.sources]]\ntype = "file"\nrules = [{}]', "authorization.sources[0].rules[0].permission is missing."),
        ('[[authorization.sources]]\ntype = "file"\nrules = [{ permission = "allow", topic = "a" }]', "authorization.sources[0].rules[0].topic is not a setting (did you mean topics?)"),
        ('[[authorization.sources]]\ntype = "file"\nrules = [{ permission = "allow", username = "a", usernames = ["b"] }]', "authorization.sources[0].rules[0]: username and usernames cannot stand together."),
        ('[[authorization.sources]]\ntype = "file"\nrules = [{ permission = "allow", ipaddr = "x" }]', "authorization.sources[0].rules[0]: 'x' is not an IP address"),
        ('[[authorization.sources]]\ntype = "file"\nrules = []\npath = "x"', "authorization.sources[0]: rules stand here or in the file of path"),
        ("[authorization.topic_template_allow]\nstar = true", "authorization.topic_template_allow.star is not a setting; allowed here: plus, hash, slash."),
        ("[psk_authentication]\nenable = true", "psk_authentication: TLS-PSK is not supported; use certificates."),
        (SSL + 'ciphers = ["PSK-AES128-GCM-SHA256"]', "listeners.ssl.default.ssl_options.ciphers names suites of TLS-PSK"),
        (SSL + 'psk_ciphers = "x"', "listeners.ssl.default.ssl_options.psk_ciphers: TLS-PSK is not supported"),
        ("allow_anonymous = true", 'allow_anonymous is a setting of "emqx4.2" and "emqx4.4", not of "emqx6"; in "emqx6" it is authentication.'),
        ('acl_nomatch = "deny"', 'acl_nomatch is a setting of "emqx4.2" and "emqx4.4", not of "emqx6"; in "emqx6" it is authorization.no_match.'),
        ('[auth.redis]\nserver = "x"', 'auth is a setting of "emqx4.2" and "emqx4.4", not of "emqx6";'),
        ('[listeners.tcp.a]\npeer_cert_as_username = "cn"', "listeners.tcp.a.peer_cert_as_username is a setting of"),
        (IN_4 + REDIS, 'authentication is a setting of "emqx5.0" and "emqx6", not of "emqx4.4"; in "emqx4.4" it is auth.redis.'),
        (IN_4 + 'security_profile = "hardened"', 'security_profile is a setting of "emqx6", not of "emqx4.4".'),
        ('dialect = "emqx5.0"\nsecurity_profile = "legacy"', 'security_profile is a setting of "emqx6", not of "emqx5.0".'),
        ('dialect = "emqx5.0"\n' + SOURCE + 'compatibility_mode = "v4"', 'authorization.sources[0].compatibility_mode is a setting of "emqx6"'),
        (REDIS_4 + 'password_hash = "sha3"', 'auth.redis.password_hash: "sha3" is no password_hash of EMQX 4.x.'),
        (REDIS_4 + 'type = "sentinel"', 'auth.redis.sentinel is missing (type is "sentinel").'),
        (REDIS_4 + 'acl_query = "x"', "auth.redis.acl_query is not a setting"),
        (IN_4 + '[auth.redis]\nsuper_cmd = "HGET a b"', "auth.redis.auth_cmd is missing; super_cmd alone is never asked."),
        (IN_4 + '[auth.redis]\nauth_cmd = "HGET"', "auth.redis.auth_cmd must be a Redis command such as"),
        (IN_4 + "[auth.mysql]", "auth.mysql is not supported; in EMQX 4.x only auth.redis is."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_key_path(file: Path, text: str, sentence: str) -> None:
    assert wrong(file, text).startswith(sentence)


@pytest.mark.parametrize("name", ["bootstrap.json", "bootstrap.csv"])
@pytest.mark.parametrize("content", ["{", "\xff", '"x"', "[1]", '[{"user_id": 1}]', "[" * 9999])
def test_a_file_of_users_that_is_none(file: Path, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    sentence = wrong(
        file,
        f"""
        [[authentication]]
        mechanism = "password_based"
        backend = "built_in_database"
        bootstrap_file = "{name}"
        """,
    )
    assert sentence.startswith("authentication[0]")


def test_users_stand_in_one_place_and_once(file: Path) -> None:
    users = '[[authentication]]\nmechanism = "password_based"\nbackend = "built_in_database"\n'
    twice = (
        users
        + 'users = [{ user_id = "a", password_hash = "" }, { user_id = "a", password_hash = "" }]'
    )
    assert wrong(file, twice) == "authentication[0].users: a stands there twice."
    both = users + 'users = []\nbootstrap_file = "x"'
    assert wrong(file, both).startswith("authentication[0]: users stand here or in bootstrap_file")


def test_a_missing_acl_file_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^ACL file .*/none\.conf does not exist\.$"):
        read(file, '[[authorization.sources]]\ntype = "file"\npath = "none.conf"')


def test_a_wrong_acl_file_is_named_with_its_line(file: Path, tmp_path: Path) -> None:
    (tmp_path / "acl.conf").write_text("\n{allow}.")
    with pytest.raises(UsageError, match=r"^ACL file .*/acl\.conf: line 2: a rule is"):
        read(file, IN_4 + 'acl_file = "acl.conf"')


def test_what_is_no_toml_is_named_with_its_line(file: Path) -> None:
    file.write_text("[mqtt]\na = \n")
    with pytest.raises(UsageError, match=r"^Configuration file .* is not TOML: .*line 2"):
        load([file])


@pytest.mark.parametrize("name", ["password_hash", "salt"])
def test_what_is_stored_for_users_is_not_shown(file: Path, name: str) -> None:
    user = f'{{ user_id = "a", {name} = 12.34 }}'
    text = f'[[authentication]]\nmechanism = "password_based"\nbackend = "built_in_database"\nusers = [{user}]'
    assert wrong(file, text) == (
        f"authentication[0].users[0].{name} must be a text in quotes; what stands there is not shown."
    )


def test_secrets_are_not_shown_where_something_is_wrong(file: Path) -> None:
    sentence = wrong(file, REDIS + 'password = "hidden-secret"\nhost = "x"')
    assert "hidden-secret" not in sentence
