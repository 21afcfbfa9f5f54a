"""The flat files of EMQX 4.x."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlsx.auth.passwords import Algorithm4
from mtlsx.auth.settings import RedisAuthentication4, RedisServer, RedisSource4, RedisTls
from mtlsx.configuration.load import load
from mtlsx.configuration.model import Configuration
from mtlsx.errors import UsageError
from mtlsx.secret import Secret

# In the manner of the files that EMQX 4.4 ships.
BROKER = """\
## EMQ X Configuration
node.name = emqx@127.0.0.1
node.cookie = emqxsecretcookie
log.to = file
allow_anonymous = false
acl_nomatch = deny
acl_file = etc/acl.conf
enable_acl_cache = on
mqtt.max_packet_size = 1MB
zone.external.idle_timeout = 15s
zone.external.enable_acl = on
zone.external.acl_deny_action = disconnect
zone.external.server_keepalive = 0
zone.external.keepalive_backoff = 0.75
zone.external.max_subscriptions = 0
zone.external.max_inflight = 16
zone.external.use_username_as_clientid = true
zone.internal.max_inflight = 128
listener.tcp.external = 0.0.0.0:1883
listener.tcp.external.acceptors = 8
listener.tcp.external.max_connections = 1024000
listener.tcp.external.zone = external
listener.tcp.external.access.1 = allow all
listener.ssl.external = 8883   # TLS
listener.ssl.external.zone = external
listener.ssl.external.tls_versions = tlsv1.3,tlsv1.2,tlsv1.1,tlsv1
listener.ssl.external.keyfile = etc/certs/key.pem
listener.ssl.external.certfile = etc/certs/cert.pem
listener.ssl.external.cacertfile = etc/certs/cacert.pem
listener.ssl.external.verify = verify_peer
listener.ssl.external.fail_if_no_peer_cert = true
listener.ssl.external.peer_cert_as_username = cn
listener.wss.external = 8084
listener.wss.external.zone = external
listener.wss.external.mqtt_path = /mqtt
listener.wss.external.keyfile = etc/certs/key.pem
listener.wss.external.certfile = etc/certs/cert.pem
"""
PLUGIN = """\
auth.redis.type = single
auth.redis.server = 127.0.0.1:6379
auth.redis.pool = 8
auth.redis.database = 0
auth.redis.password = public
auth.redis.query_timeout = 5s
auth.redis.auth_cmd = HMGET tls_domain:%C password
auth.redis.password_hash = salt,sha256
auth.redis.super_cmd = HGET tls_domain:%C is_superuser
auth.redis.acl_cmd = HGETALL mqtt_acl:%u
"""


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "acl.conf").write_text("{allow, all}.")
    return tmp_path


def read(etc: Path, broker: str, plugin: str | None = None) -> Configuration:
    paths = [etc / "emqx.conf"]
    paths[0].write_text(broker)
    if plugin is not None:
        paths.append(etc / "plugins" / "emqx_auth_redis.conf")
        paths[1].write_text(plugin)
    return load(paths)


def test_both_files(etc: Path) -> None:
    found = read(etc, BROKER, PLUGIN)
    tcp, ssl, wss = found.listeners
    assert (tcp.bind, tcp.max_connections) == (("0.0.0.0", 1883), 1_024_000)  # noqa: S104  (only read)
    assert ssl.ssl_options is not None
    assert ssl.ssl_options.certfile == str(etc / "certs/cert.pem")
    assert ssl.ssl_options.versions == ("tlsv1.3", "tlsv1.2")
    assert wss.websocket.mqtt_path == "/mqtt"
    assert [found.auth_for(one).identity.peer_cert_as_username for one in (ssl, wss)] == [
        "cn",
        "disabled",
    ]
    assert found.auth.identity.use_username_as_clientid is True
    assert (found.mqtt.max_inflight, found.mqtt.max_subscriptions) == (16, None)
    assert (found.mqtt.server_keepalive, found.mqtt.keepalive_multiplier) == (None, 1.5)
    auth = found.auth
    assert (auth.dialect, auth.allow_anonymous) == ("emqx4.4", False)
    redis = RedisServer(password=Secret("public"))
    assert auth.authentication == (
        RedisAuthentication4(
            redis,
            "HMGET tls_domain:%C password",
            "HGET tls_domain:%C is_superuser",
            Algorithm4(("salt", "sha256")),
        ),
    )
    assert auth.authorization.sources[0] == RedisSource4(redis, "HGETALL mqtt_acl:%u")
    assert len(auth.authorization.sources) == 2
    assert (auth.authorization.no_match, auth.authorization.deny_action) == ("deny", "disconnect")


def test_what_is_passed_over_is_told(etc: Path) -> None:
    first, passed = read(etc, BROKER).notes
    assert first == "TLS 1.0 and 1.1 are not offered."
    assert passed == (
        "Passed over, as nothing here depends on it: node, log, enable_acl_cache,"
        " zone.external.enable_acl, listener.tcp.external.acceptors,"
        " listener.tcp.external.access.1, zone.internal.max_inflight."
    )


def test_tls_towards_redis_by_its_new_and_its_old_names(etc: Path) -> None:
    new = read(etc, PLUGIN + "auth.redis.ssl = on\nauth.redis.ssl.cacertfile = etc/ca.pem\n")
    old = read(etc, PLUGIN + "auth.redis.ssl = on\nauth.redis.cafile = etc/ca.pem\n")
    expected = RedisTls(cacertfile=str(etc / "ca.pem"))
    for found in (new, old):
        (settings,) = found.auth.authentication
        assert isinstance(settings, RedisAuthentication4)
        assert settings.redis.ssl == expected


def test_the_dialect_may_be_given_or_stand_in_a_comment(etc: Path) -> None:
    assert read(etc, "#mtlsx dialect = emqx4.2\n" + PLUGIN).auth.dialect == "emqx4.2"
    (etc / "emqx.conf").write_text(PLUGIN)
    assert load([etc / "emqx.conf"], dialect="emqx4.2").auth.dialect == "emqx4.2"


def test_of_two_settings_with_one_name_the_later_counts(etc: Path) -> None:
    assert (
        read(etc, "allow_anonymous = true\nallow_anonymous = false").auth.allow_anonymous is False
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("allow_anonymous = true\nacl_nomatch", ": line 2 is not NAME = VALUE."),
        ("acl_nomatch = maybe", ': acl_nomatch must be one of "allow", "deny", not "maybe".'),
        ("allow_anonymous = yes", ': allow_anonymous must be true or false, not "yes".'),
        ("auth.redis.serer = x", ": line 1: auth.redis.serer is not a setting; allowed here: type,"),
        ("auth.redis.pool = x", ': auth.redis.pool must be a whole number from 1 to 1024, not "x".'),
        ("auth.mysql.server = x", ": line 1: auth.mysql is not supported; in EMQX 4.x only auth.redis"),
        ("listener.tcp.a = 1\nlistener.tcp.a.proxy_protocol = on", ": line 2: listener.tcp.a.proxy_protocol = on is not supported."),
        ("zone.external.enable_acl = off", ": line 1: zone.external.enable_acl = off is not supported."),
        ("listener.tcp.a.access.1 = deny all", ": line 1: listener.tcp.a.access.1 = deny all is not supported."),
        ("listener.ssl.a = 1\nlistener.ssl.a.psk_ciphers = PSK-AES128-CBC-SHA", ": listeners.ssl.a.ssl_options.psk_ciphers: TLS-PSK is not supported"),
        ("listener.ssl.a = 1\nlistener.ssl.a.ciphers = PSK-AES128-CBC-SHA", ": listeners.ssl.a.ssl_options.ciphers names suites of TLS-PSK"),
        ("listener.ssl.a = 1", ": listeners.ssl.a.ssl_options is missing; it needs at least certfile"),
        ("listener.sctp.a = 1", ": listeners.sctp is no type of listener here"),
        ("zone.external.max_inflight = 0", ": mqtt.max_inflight must be a whole number from 1 to 65535, not 0."),
        ("#mtlsx dialect = emqx6\nallow_anonymous = true", ': allow_anonymous is a setting of "emqx4.2"'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(etc: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        read(etc, text)
    assert str(error.value).startswith(f"Configuration file {etc / 'emqx.conf'}{sentence}")
