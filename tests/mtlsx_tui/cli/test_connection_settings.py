"""From what was typed to the settings of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from mtlsx.client.settings import (
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Reconnect,
    Transport,
    Will,
    WillProperties,
)
from mtlsx.errors import MaterialError, UsageError
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings, TlsVersion
from mtlsx_tui.cli.connection_options import ConnectionArguments
from mtlsx_tui.cli.connection_settings import connection_settings, saved_profile

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Program
    from support.fake_broker import FakeBroker


def settings(
    environ: dict[str, str] | None = None, *, profile: str | None = None, **given: object
) -> ConnectionSettings:
    """What comes of these arguments."""
    environ = environ or {}
    arguments = ConnectionArguments(**given)  # type: ignore[arg-type]
    return connection_settings(arguments, environ, saved_profile(profile, environ))


def test_nothing_given_is_the_local_broker_in_plain_mqtt() -> None:
    assert settings(client_id="dev") == ConnectionSettings(
        host="localhost",
        port=1883,
        transport=Transport.MQTT,
        client_id="dev",
        reconnect=Reconnect(enabled=False),
    )


def test_a_client_id_is_made_up_anew_each_time() -> None:
    first, second = settings().client_id, settings().client_id
    assert first.startswith("mtlsx_")
    assert len(first) == len("mtlsx_") + 8
    assert first != second
    assert settings(client_id="").client_id == ""


@pytest.mark.parametrize(
    "given",
    [
        {"ca": "ca.pem"},
        {"cert": "dev.pem"},
        {"cert": "dev.pem", "key": "dev.key"},
        {"insecure": True},
        {"insecure_name": True},
        {"insecure_chain": True},
        {"sni": "broker.example"},
        {"alpn": ("mqtt",)},
        {"tls_version": "1.2"},
        {"ciphers": "ALL"},
        {"crl": "crl.pem"},
    ],
)
def test_any_word_on_tls_means_tls(given: dict[str, object]) -> None:
    made = settings(**given)
    assert (made.transport, made.port) == (Transport.MQTTS, 8883)
    assert settings(**given, port=1234).port == 1234
    websocket = settings(**given, protocol="wss")
    assert (websocket.transport, websocket.port) == (Transport.WSS, 8084)


@pytest.mark.parametrize(
    ("protocol", "port"), [("mqtt", 1883), ("mqtts", 8883), ("ws", 8083), ("wss", 8084)]
)
def test_the_protocol_has_its_port(protocol: str, port: int) -> None:
    assert settings(protocol=protocol).port == port


def test_every_option_arrives() -> None:
    made = settings(
        {"SSLKEYLOGFILE": "keys.log", "MTLSX_PASSWORD": "hush", "MTLSX_PASSPHRASE": "psst"},
        hostname="broker.example",
        port=443,
        protocol="wss",
        path="/ws",
        ws_headers=("X-A: b:c", "X-D:e"),
        connect_timeout=2.5,
        ca="ca.pem",
        cert="dev.pem",
        key="dev.key",
        sni="other.example",
        alpn=("mqtt", "x-amzn-mqtt-ca"),
        tls_version="1.3",
        ciphers="HIGH",
        crl="crl.pem",
        insecure_name=True,
        mqtt_version="3.1.1",
        client_id="dev",
        username="ada",
        keepalive=0,
        no_clean=True,
        will_topic="gone",
        will_message="bye",
        will_qos=1,
        will_retain=True,
        reconnect_period=250,
    )
    assert made == ConnectionSettings(
        host="broker.example",
        port=443,
        transport=Transport.WSS,
        version=MqttVersion.V3_1_1,
        client_id="dev",
        username="ada",
        password=Secret("hush"),
        keepalive=0,
        clean_start=False,
        connect_timeout=2.5,
        path="/ws",
        headers=(("X-A", "b:c"), ("X-D", "e")),
        will=Will("gone", b"bye", 1, retain=True),
        reconnect=Reconnect(initial_delay=0.25, limit=10),
        tls=TlsSettings(
            ca_file="ca.pem",
            certificate_file="dev.pem",
            key_file="dev.key",
            passphrase=Secret("psst"),
            alpn=("mqtt", "x-amzn-mqtt-ca"),
            sni="other.example",
            verify_name=False,
            minimum_version=TlsVersion.V1_3,
            maximum_version=TlsVersion.V1_3,
            ciphers="HIGH",
            crl_file="crl.pem",
            keylog_file="keys.log",
        ),
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"cert": "c", "protocol": "mqtt"}, "--cert is for TLS, which -l mqtt does not use. Use -l mqtts"),
        ({"insecure": True, "protocol": "ws"}, "--insecure is for TLS, which -l ws does not use. Use -l wss"),
        ({"protocol": "tcp"}, 'Protocol "tcp" does not exist; -l takes mqtt, mqtts, ws or wss.'),
        ({"key": "k"}, "--key goes with a certificate: name it with --cert."),
        ({"passphrase_file": "p"}, "--passphrase-file goes with a certificate"),
        ({"password": "a", "password_file": "b"}, "-P and --password-file each give a password"),
        ({"password_file": "b", "ask_password": True}, "--password-file and --ask-password each"),
        ({"ask_password": True}, "--ask-password needs a terminal to ask on."),
        ({"will_message": "x"}, "-Wm goes with a last will: name its topic with -Wt."),
        ({"will_qos": 1}, "-Wq goes with a last will"),
        ({"will_retain": True}, "-Wr goes with a last will"),
        ({"will_delay_interval": 0}, "-Wd goes with a last will"),
        ({"will_user_properties": ("a: b",)}, "-Wup goes with a last will"),
        ({"will_topic": "a", "will_content_type": "x", "mqtt_version": "3.1.1"}, "-Wct is of MQTT 5; MQTT 3.1.1 does not"),
        ({"rcv_max": 0, "mqtt_version": "3.1"}, "--rcv-max is of MQTT 5; MQTT 3.1 does not know it."),
        ({"rcv_max": 0}, "Receive maximum 0 is not between 1 and 65535."),
        ({"conn_user_properties": ("a",)}, "User property \"a\" is not 'NAME: VALUE'."),
        ({"will_topic": "a/#"}, "holds a wildcard"),
        ({"will_topic": "a", "will_qos": 3}, "QoS 3 does not exist."),
        ({"mqtt_version": "4"}, 'MQTT version "4" does not exist; -V takes 3.1, 3.1.1 or 5.'),
        ({"tls_version": "1.1"}, 'TLS version "1.1" cannot be used; --tls-version takes 1.2 or 1.3.'),
        ({"session_expiry_interval": 1, "mqtt_version": "3.1.1"}, "-se is of MQTT 5"),
        ({"session_expiry_interval": -1}, "-se takes seconds from 0 to 4294967295"),
        ({"no_clean": True}, "--no-clean continues the session of a client id: name it with -i."),
        ({"hostname": "mqtts://broker.example"}, "is an address with a protocol"),
        ({"hostname": " "}, "No host was given."),
        ({"port": 0}, "Port 0 does not exist."),
        ({"port": 70_000}, "Port 70000 does not exist."),
        ({"keepalive": 65_536}, "Keepalive 65536"),
        ({"connect_timeout": 0.0}, "--connect-timeout takes seconds, more than 0"),
        ({"connect_timeout": float("nan")}, "--connect-timeout takes seconds, more than 0"),
        ({"path": "/x"}, "--path is for websockets"),
        ({"ws_headers": ("A: b",)}, "-wh is for websockets"),
        ({"ws_headers": ("A",), "protocol": "ws"}, "Header 'A' is not 'NAME: VALUE'."),
        ({"ws_headers": ("A: b\r\nC: d",), "protocol": "ws"}, "is not 'NAME: VALUE'."),
        ({"reconnect_period": -1}, "take numbers from 0"),
        ({"profile": "nobody"}, 'There is no profile "nobody"'),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    given: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        settings({"MTLSX_CONFIG_DIR": str(tmp_path)}, **given)  # type: ignore[arg-type]
    assert sentence in str(caught.value)


def test_the_properties_of_connect_and_will_arrive() -> None:
    made = settings(
        client_id="dev",
        rcv_max=5,
        maximum_packet_size=1024,
        req_response_info=True,
        no_req_problem_info=True,
        conn_user_properties=("a: 1", "a: 2"),
        will_topic="gone",
        will_delay_interval=0,
        will_payload_format_indicator=True,
        will_message_expiry_interval=60,
        will_content_type="text/plain",
        will_response_topic="back",
        will_correlation_data="42",
        will_user_properties=("b:c",),
    )
    assert made.properties == ConnectProperties(
        receive_maximum=5,
        maximum_packet_size=1024,
        request_response_information=True,
        request_problem_information=False,
        user_properties=(("a", "1"), ("a", "2")),
    )
    assert made.will == Will(
        "gone",
        properties=WillProperties(
            will_delay_interval=0,
            payload_format_indicator=1,
            message_expiry_interval=60,
            content_type="text/plain",
            response_topic="back",
            correlation_data=b"42",
            user_properties=(("b", "c"),),
        ),
    )


@pytest.mark.parametrize(
    ("given", "expiry"),
    [
        ({}, 0),
        ({"session_expiry_interval": 60}, 60),
        ({"no_clean": True}, 0xFFFFFFFF),
        ({"no_clean": True, "session_expiry_interval": 0}, 0),
        ({"no_clean": True, "mqtt_version": "3.1.1"}, 0),
    ],
)
def test_a_session_that_is_not_cleaned_is_there_next_time(
    given: dict[str, object], expiry: int
) -> None:
    assert settings(client_id="dev", **given).session_expiry == expiry


@pytest.mark.parametrize(
    ("given", "reconnect"),
    [
        ({}, Reconnect(enabled=False)),
        ({"reconnect_period": 0}, Reconnect(enabled=False)),
        ({"reconnect_period": 500, "maximum_reconnect_times": 0}, Reconnect(enabled=False)),
        ({"maximum_reconnect_times": 3}, Reconnect(initial_delay=1.0, limit=3)),
        ({"reconnect_period": 60_000}, Reconnect(initial_delay=60, maximum_delay=60, limit=10)),
    ],
)
def test_connecting_again_has_to_be_asked_for(
    given: dict[str, object], reconnect: Reconnect
) -> None:
    assert settings(**given).reconnect == reconnect


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"hush", "hush"),
        (b"hush\n", "hush"),
        (b"hush\r\n", "hush"),
        (b"hush\n\n", "hush\n"),
        (b" h\xc3\xbc ", " hü "),
    ],
)
def test_a_file_of_a_secret_loses_one_newline(tmp_path: Path, content: bytes, secret: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    made = settings(
        {"MTLSX_PASSWORD": "less", "MTLSX_PASSPHRASE": "less"},
        password_file=str(file),
        passphrase_file=str(file),
        cert="dev.pem",
    )
    assert made.password == Secret(secret)
    assert made.tls.passphrase == Secret(secret)


def test_a_file_of_a_secret_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MaterialError, match="Password file /nowhere does not exist") as missing:
        settings(password_file="/nowhere")
    assert missing.value.verdict == "file-missing"
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")
    with pytest.raises(MaterialError, match="is not UTF-8"):
        settings(password_file=str(binary))
    with pytest.raises(MaterialError, match="is longer than 64 KiB"):
        settings(password_file="/dev/zero")


class Person:
    """Somebody at a terminal, who answers every question with the same text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        monkeypatch.setattr("mtlsx_tui.cli.given_secrets._somebody_is_there", lambda: True)
        monkeypatch.setattr("click.prompt", self._answer)

    def _answer(
        self, question: str, *, hide_input: bool, confirmation_prompt: bool, err: bool
    ) -> str:
        assert hide_input
        assert not confirmation_prompt
        assert err
        self.asked.append(question)
        return "answer"


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(monkeypatch)


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def written(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None, path: Path) -> str:
    """The path of ``key`` in a file, encrypted where there is a passphrase."""
    path.write_bytes(
        key.private_bytes(
            Encoding.PEM,
            PrivateFormat.PKCS8,
            NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase),
        )
    )
    return str(path)


def test_the_passphrase_of_an_encrypted_key_is_asked_for(
    key: ec.EllipticCurvePrivateKey, person: Person, tmp_path: Path
) -> None:
    path = written(key, b"answer", tmp_path / "dev.key")
    assert settings(cert="dev.pem", key=path).tls.passphrase == Secret("answer")
    assert person.asked == [f"Passphrase of {path}"]


def test_the_passphrase_of_an_archive_is_asked_for(
    key: ec.EllipticCurvePrivateKey, person: Person, tmp_path: Path
) -> None:
    archive = tmp_path / "dev.p12"
    encryption = BestAvailableEncryption(b"answer")
    archive.write_bytes(pkcs12.serialize_key_and_certificates(b"dev", key, None, None, encryption))
    assert settings(cert=str(archive)).tls.passphrase == Secret("answer")


def test_nothing_is_asked_that_need_not_be(
    key: ec.EllipticCurvePrivateKey, person: Person, tmp_path: Path
) -> None:
    path = written(key, None, tmp_path / "open.key")
    encrypted = written(key, b"answer", tmp_path / "dev.key")
    assert settings(cert="dev.pem", key=path).tls.passphrase is None
    assert settings(cert="dev.pem", key="/nowhere").tls.passphrase is None
    assert settings({"MTLSX_PASSPHRASE": "psst"}, cert="dev.pem", key=encrypted).tls.passphrase
    assert person.asked == []


def test_the_password_is_asked_for_when_wanted(person: Person) -> None:
    assert settings(ask_password=True).password == Secret("answer")
    assert person.asked == ["Password"]


def test_a_password_in_the_open_works_and_warns(program: Program, broker: FakeBroker) -> None:
    run = program("conn", "-P", "sekrit")
    assert run.code == 0
    assert run.stderr.startswith("mtlsx: others on this machine can see a password given with -P")
    assert "sekrit" not in run.stderr
    assert broker.settings is not None
    assert broker.settings.password == Secret("sekrit")


def test_no_secret_is_in_the_arguments_repr() -> None:
    assert "sekrit" not in repr(ConnectionArguments(password="sekrit"))


def test_a_profile_is_where_it_starts_from(tmp_path: Path, stored_profile: str) -> None:
    environ = {"MTLSX_CONFIG_DIR": str(tmp_path / "config")}
    profiles = tmp_path / "config" / "profiles"
    made = settings(environ, profile=stored_profile)
    assert made == ConnectionSettings(
        host="broker.example",
        port=8884,
        username="ada",
        password=Secret("hush"),
        client_id="dev-1",
        reconnect=Reconnect(enabled=False),
        tls=TlsSettings(
            ca_file=str(profiles / "ca.pem"),
            certificate_file=str(profiles / "dev.pem"),
            key_file=str(profiles / "dev.key"),
            passphrase=Secret("psst"),
        ),
    )


def test_options_win_over_the_profile(tmp_path: Path, stored_profile: str) -> None:
    environ = {"MTLSX_CONFIG_DIR": str(tmp_path / "config"), "MTLSX_PASSWORD": "env"}
    made = settings(
        environ, profile=stored_profile, hostname="localhost", protocol="wss", keepalive=5
    )
    assert (made.host, made.port, made.keepalive) == ("localhost", 8084, 5)
    assert made.client_id == "dev-1"
    assert made.password == Secret("env")


def test_saved_secrets_stay_with_what_they_belong_to(tmp_path: Path, stored_profile: str) -> None:
    environ = {"MTLSX_CONFIG_DIR": str(tmp_path / "config")}
    assert settings(environ, profile=stored_profile, username="eve").password is None
    assert settings(environ, profile=stored_profile, username="ada").password == Secret("hush")
    other = settings(environ, profile=stored_profile, cert="other.pem").tls
    assert (other.certificate_file, other.key_file, other.passphrase) == ("other.pem", None, None)


def test_a_profile_without_tls_does_not_get_it_by_the_way(
    tmp_path: Path, stored_profile: str, program: Program
) -> None:
    path = tmp_path / "config" / "profiles" / "dev.toml"
    path.write_text(path.read_text().replace("mqtts", "mqtt"))
    run = program("conn", "--profile", "dev", "--ca", "ca.pem")
    assert run.code == 2
    assert '--ca is for TLS, which profile "dev" with mqtt does not use.' in run.stderr
