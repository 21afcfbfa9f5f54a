"""An ``emqx.conf`` of EMQX 5 and 6."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlsx.auth.rules import Rule
from mtlsx.auth.settings import FileSource, RedisAuthentication, RedisServer
from mtlsx.configuration.load import load
from mtlsx.configuration.model import Configuration
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect

# In the manner of the file that EMQX ships, with what its dashboard writes.
STOCK = """\
## NOTE:
node {
  name = "emqx@127.0.0.1"
  cookie = "emqxsecretcookie"
  data_dir = "data"
}

cluster {
  name = emqxcl
  discovery_strategy = manual
}

dashboard {
    listeners {
        http.bind = 18083
    }
}

listeners.tcp.default {
  bind = "0.0.0.0:1883"
  acceptors = 16
  max_connections = infinity
  tcp_options { active_n = 100, backlog = 1024 }
}
listeners.ssl.default {
  bind = 8883
  access_rules = ["allow all"]
  proxy_protocol = false
  mountpoint = ""
  ssl_options {
    cacertfile = "${EMQX_ETC_DIR}/certs/cacert.pem"
    certfile = "${EMQX_ETC_DIR}/certs/cert.pem"
    keyfile = ${EMQX_ETC_DIR}/certs/key.pem
    verify = verify_peer
    fail_if_no_peer_cert = true
    ciphers = []
    versions = [tlsv1.3, tlsv1.2, tlsv1.1]
    enable_crl_check = false
    ocsp { enable_ocsp_stapling = false, refresh_interval = 5m }
  }
}

mqtt.peer_cert_as_username = cn
mqtt { max_packet_size = 2MB, retry_interval = 30s }

authentication = [
  {
    mechanism = password_based
    backend = redis
    server = "127.0.0.1:6379"
    auto_reconnect = true
    ssl { enable = false, depth = 10 }
    cmd = "HMGET mqtt_user:${username} password_hash salt"
  }
]

authorization {
  deny_action = ignore
  no_match = deny
  cache { enable = true, ttl = 1m }
  sources = [
    { type = file, enable = true, path = "${EMQX_ETC_DIR}/acl.conf" }
  ]
}
psk_authentication { enable = false }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "emqx.conf"


def read(file: Path, text: str) -> Configuration:
    file.write_text(text)
    return load([file])


def test_a_whole_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "acl.conf").write_text("{allow, all}.")
    found = read(file, STOCK)
    tcp, ssl = found.listeners
    assert (tcp.id, tcp.bind, tcp.max_connections) == ("tcp:default", ("0.0.0.0", 1883), None)  # noqa: S104  (only read)
    assert ssl.ssl_options is not None
    assert ssl.ssl_options.keyfile == str(tmp_path / "certs/key.pem")
    assert ssl.ssl_options.versions == ("tlsv1.3", "tlsv1.2")
    assert found.mqtt.max_packet_size == 2 * 1024 * 1024
    assert found.auth.identity.peer_cert_as_username == "cn"
    assert found.auth.authentication == (
        RedisAuthentication(RedisServer(), "HMGET mqtt_user:${username} password_hash salt"),
    )
    assert found.auth.authorization.sources == (FileSource((Rule("allow"),)),)


def test_what_is_passed_over_is_told(file: Path, tmp_path: Path) -> None:
    (tmp_path / "acl.conf").write_text("{allow, all}.")
    first, passed = read(file, STOCK).notes
    assert first == "TLS 1.0 and 1.1 are not offered."
    assert passed.startswith(
        "Passed over, as nothing here depends on it: cluster, dashboard, node,"
    )
    for name in (
        "listeners.tcp.default.acceptors",
        "listeners.ssl.default.ssl_options.ocsp",
        "mqtt.retry_interval",
        "authentication[0].auto_reconnect",
        "authentication[0].ssl.depth",
        "authorization.cache",
        "psk_authentication",
    ):
        assert name in passed


def test_the_dialect_may_be_given(file: Path) -> None:
    file.write_text("mqtt {}")
    assert load([file], dialect="emqx5.0").auth.dialect == "emqx5.0"
    assert load([file]).auth.dialect == "emqx6"


def test_one_authenticator_needs_no_array_and_several_may_be_numbered(file: Path) -> None:
    one = '{ mechanism = jwt, secret = "x" }'
    assert len(read(file, f"authentication = {one}").auth.authentication) == 1
    numbered = f"authentication.2 = {one}\nauthentication.1 = {one}"
    assert len(read(file, numbered).auth.authentication) == 2


def test_a_file_may_include_others(file: Path, tmp_path: Path) -> None:
    (tmp_path / "mqtt.conf").write_text("max_inflight = 5")
    assert read(file, 'mqtt { include "mqtt.conf" }').mqtt.max_inflight == 5
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "more.conf").write_text("mqtt.max_inflight = 6")
    assert read(file, 'include "etc/more.conf"').mqtt.max_inflight == 6


def test_without_sources_the_acl_conf_beside_the_file_counts(file: Path, tmp_path: Path) -> None:
    assert read(file, "mqtt {}").auth.authorization.sources == ()
    (tmp_path / "acl.conf").write_text("{deny, all}.")
    found = read(file, "mqtt {}")
    assert found.auth.authorization.sources == (FileSource((Rule("deny"),)),)
    assert found.notes == (
        "authorization.sources is not set: acl.conf beside the file counts, as in EMQX.",
    )
    assert read(file, "authorization.sources = []").auth.authorization.sources == ()
    with pytest.raises(UsageError, match="authorization must be a table, not 1"):
        read(file, "authorization = 1")


@pytest.mark.parametrize(("dialect", "no_match"), [("emqx6", "deny"), ("emqx5.0", "allow")])
def test_the_default_of_no_match_is_that_of_the_generation(
    file: Path, dialect: Dialect, no_match: str
) -> None:
    file.write_text("mqtt {}")
    assert load([file], dialect=dialect).auth.authorization.no_match == no_match


def test_what_fetches_keys_is_passed_over_for_tokens(file: Path) -> None:
    text = (
        'authentication = [{ mechanism = jwt, secret = "x", pool_size = 8, ssl { enable = %s } }]'
    )
    (note,) = read(file, text % "false").notes
    assert note.endswith(": authentication[0].pool_size, authentication[0].ssl.")
    with pytest.raises(UsageError, match=r"authentication\[0\]\.ssl is not a setting"):
        read(file, text % "true")


def test_an_old_name_of_enable(file: Path) -> None:
    found = read(file, "listeners.tcp.a { bind = 1, enabled = false }")
    assert found.listeners[0].enable is False


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mqtt { max_inflight = many }", "mqtt.max_inflight must be a whole number from 1 to 65535"),
        ("mqtt { max_packets = 1 }", "mqtt.max_packets is not a setting"),
        ("autentication = []", "autentication is not a setting (did you mean authentication?)"),
        ("zones { z { mqtt { max_inflight = 1 } } }", "zones is not a setting"),
        ("listeners.tcp.a { proxy_protocol = true }", "listeners.tcp.a.proxy_protocol is not a"),
        ('listeners.tcp.a { mountpoint = "x/" }', "listeners.tcp.a.mountpoint is not a setting"),
        ('listeners.tcp.a { access_rules = ["deny 10.0.0.1"] }', "listeners.tcp.a.access_rules is"),
        ("listeners.tcp.a { authentication = [{}] }", "listeners.tcp.a.authentication is not a"),
        ("psk_authentication { enable = true }", "psk_authentication: TLS-PSK is not supported"),
        ("authentication = [{ mechanism = password_based, backend = http }]", "authentication[0].backend"),
    ],
)  # fmt: skip
def test_what_matters_and_is_unknown_is_refused(file: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        read(file, text)
    assert str(error.value).startswith(f"Configuration file {file}: {sentence}")


def test_the_environment_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "x")
    monkeypatch.setenv("EMQX_MQTT__MAX_INFLIGHT", "5")
    assert read(file, "mqtt {}").mqtt.max_inflight == 32
    with pytest.raises(
        UsageError, match=r"line 1: \$\{REDIS_PASSWORD\} is not defined in the file"
    ):
        read(file, "authentication = ${REDIS_PASSWORD}")
