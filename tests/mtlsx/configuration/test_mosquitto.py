"""A configuration as files for a real Mosquitto; what it does otherwise is told. ``tests/e2e`` starts one with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from mtlsx.auth.passwords import Simple, matches
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    BuiltInDatabase,
    BuiltInUser,
    Identity,
    JwtAuthentication,
    RedisAuthentication,
    RedisServer,
    RedisSource,
)
from mtlsx.configuration.emqx import Export
from mtlsx.configuration.model import Configuration, Listener, Mqtt, SslOptions
from mtlsx.configuration.mosquitto import mosquitto
from mtlsx.configuration.mosquitto_acl import is_line
from mtlsx.configuration.mosquitto_users import users
from mtlsx.errors import UsageError
from mtlsx.secret import Secret
from support.configurations import configurations, configurations_4

MUTUAL = SslOptions(
    "server.pem", "server.key", "ca.pem", verify="verify_peer", fail_if_no_peer_cert=True
)
BY_CN = Identity(peer_cert_as_username="cn")
PLAIN = Simple("plain", "disable")


NOBODY_ASKED = AuthSettings()
DEFAULTS = Mqtt()


def exported(
    *listeners: Listener, mqtt: Mqtt = DEFAULTS, auth: AuthSettings = NOBODY_ASKED
) -> Export:
    return mosquitto(Configuration(listeners, mqtt, auth), directory="/out")


def ssl(options: SslOptions = MUTUAL) -> Listener:
    return Listener("ssl", "default", ("127.0.0.1", 8883), ssl_options=options)


def lines(export: Export) -> list[str]:
    return export.files["mosquitto.conf"].splitlines()


@given(configurations("emqx6") | configurations("emqx5.0") | configurations_4("emqx4.4"))
def test_every_configuration_is_written_or_refused_in_a_sentence(
    configuration: Configuration,
) -> None:
    options = [each.ssl_options for each in configuration.listeners if each.enable]
    paths = [
        path
        for each in options
        if each is not None
        for path in (each.certfile, each.keyfile, each.cacertfile, each.crlfile)
        if path is not None
    ]
    if not all(map(is_line, paths)):
        with pytest.raises(UsageError, match="cannot hold the path"):
            mosquitto(configuration, directory="/out")
        return
    export = mosquitto(configuration, directory="/out")
    assert all(f"# - {note}" in export.files["mosquitto.conf"] for note in export.notes)
    assert set(export.files) <= {"mosquitto.conf", "acl", "passwords"}
    assert all("\n" not in note and note.endswith(".") for note in export.notes)


def test_mutual_tls_with_the_common_name_as_username() -> None:
    export = exported(ssl(replace(MUTUAL, crlfile="ca.crl")), auth=AuthSettings(identity=BY_CN))
    block = lines(export)[lines(export).index("# ssl:default") :]
    assert block == [
        "# ssl:default",
        "listener 8883 127.0.0.1",
        "max_topic_alias 65535",
        "certfile server.pem",
        "keyfile server.key",
        "cafile ca.pem",
        "crlfile ca.crl",
        "tls_version tlsv1.2",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous true",
        "acl_file /out/acl",
    ]


def test_the_subject_and_the_client_id_from_the_username() -> None:
    identity = Identity(peer_cert_as_username="dn", peer_cert_as_clientid="dn")
    found = lines(exported(ssl(), auth=AuthSettings(identity=identity)))
    assert "use_subject_as_username true" in found
    assert "use_username_as_clientid true" in found


@pytest.mark.parametrize("part", ["crt", "pem", "md5"])
def test_another_part_of_the_certificate_is_told(part: str) -> None:
    identity = Identity(peer_cert_as_username=part, peer_cert_as_clientid="cn")
    export = exported(ssl(), auth=AuthSettings(identity=identity))
    assert "use_identity_as_username true" not in lines(export)
    assert "require_certificate true" in lines(export)
    assert any(f"cannot take the username from {part}" in note for note in export.notes)
    assert any("takes no client id from the certificate" in note for note in export.notes)


def test_clients_without_certificates_are_refused_where_the_username_would_be_theirs_to_choose() -> (
    None
):
    optional = replace(MUTUAL, fail_if_no_peer_cert=False)
    export = exported(ssl(optional), auth=AuthSettings(identity=BY_CN))
    assert "require_certificate true" in lines(export)
    assert any("refuses clients without a certificate" in note for note in export.notes)
    assert "require_certificate true" not in lines(exported(ssl(optional)))


def test_users_whose_password_is_known_get_mosquittos_hash() -> None:
    users = (
        BuiltInUser("ada", "hush"),
        BuiltInUser("bob:x", "hush"),
        BuiltInUser("root", "hush", is_superuser=True),
        BuiltInUser("ada", "another"),
    )
    hashed = BuiltInDatabase((BuiltInUser("eve", "5e88"), BuiltInUser("root", "5e88")))
    authentication = (BuiltInDatabase(users, password_hash_algorithm=PLAIN), hashed)
    export = exported(
        Listener("tcp", "default", ("", 1883)), auth=AuthSettings(authentication=authentication)
    )
    names = [line.split(":$7$101$")[0] for line in export.files["passwords"].splitlines()]
    assert names == ["ada", "root"]
    assert "hush" not in "".join(export.files.values())
    assert "hush" not in repr(export)
    assert "user root" in export.files["acl"]
    assert {"listener 1883", "allow_anonymous false", "password_file /out/passwords"} <= set(
        lines(export)
    )
    told = [note for note in export.notes if note.startswith("Not in the password file")]
    assert [note.partition(": ")[2] for note in told] == [
        "eve; set them with mosquitto_passwd.",
        "'bob:x'.",
    ]


@pytest.mark.parametrize(
    ("position", "stored"), [("prefix", "salthush"), ("suffix", "hushsalt"), ("disable", "hush")]
)
def test_a_salt_beside_a_plain_password_is_no_part_of_it(position: str, stored: str) -> None:
    database = BuiltInDatabase(
        (BuiltInUser("ada", stored, "salt"),), password_hash_algorithm=Simple("plain", position)
    )
    assert matches(database.password_hash_algorithm, stored.encode(), b"hush", b"salt")
    assert users(AuthSettings(authentication=(database,))).text.startswith("ada:$7$")


def test_what_has_no_counterpart_is_told() -> None:
    auth = AuthSettings(
        authentication=(
            RedisAuthentication(RedisServer(), "HGET a b"),
            JwtAuthentication(secret=Secret("s")),
            BuiltInDatabase(user_id_type="clientid"),
            RedisAuthentication(RedisServer(), "HGET not asked", enable=False),
        ),
        authorization=Authorization(
            "allow", "disconnect", sources=(RedisSource(RedisServer(), "HGETALL x"),)
        ),
    )
    options = replace(MUTUAL, password=Secret("p"), versions=("tlsv1.2",), depth=1)
    mqtt = Mqtt(server_keepalive=5, receive_maximum=3, max_topic_levels=4)
    export = exported(ssl(options), Listener("ws", "x", ("::1", 8083)), mqtt=mqtt, auth=auth)
    said = "\n".join(export.notes)
    for words in (
        "asks no Redis for passwords: HGET a b", "reads no JWT", "no passwords by client id",
        "asks no Redis for rules: HGETALL x", "does not disconnect", "passphrase of its key",
        "speaks TLS 1.3, too", "depth of chains", "built with websockets", "longest keep alive",
        "Receive Maximum", "no such setting: max_topic_levels",
    ):  # fmt: skip
        assert words in said
    assert "HGET not asked" not in said
    assert "max_keepalive 10" in lines(export)
    assert {"listener 8083 ::1", "protocol websockets"} <= set(lines(export))
    assert "acl" not in export.files


def test_a_listener_that_is_off_is_left_out() -> None:
    assert "listener" not in exported(replace(ssl(), enable=False)).files["mosquitto.conf"].split()


def test_a_path_with_a_line_break_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot hold the path"):
        exported(ssl(replace(MUTUAL, certfile="a\nallow_anonymous true")))


def test_a_queue_without_limit_is_a_long_one() -> None:
    # Of Mosquitto 2.0.11 with max_queued_messages 0, who publishes what it may not loses its connection.
    assert "max_queued_messages 2147483647" in lines(exported(mqtt=Mqtt(max_mqueue_len=None)))
