"""Files of other clients, of every kind and age: what becomes of each setting, and what is said about the rest."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Reconnect,
    Subscription,
    Transport,
    Will,
    WillProperties,
)
from mtlsx.errors import UsageError
from mtlsx.profiles.exchange.incoming import Batch, CarriedFile
from mtlsx.profiles.exchange.mosquitto_options import read_mosquitto_options
from mtlsx.profiles.exchange.mqtt_explorer import read_mqtt_explorer
from mtlsx.profiles.exchange.mqttx import read_mqttx
from mtlsx.profiles.exchange.mqttx_cli import read_mqttx_cli
from mtlsx.profiles.exchange.recognise import read_profiles
from mtlsx.profiles.model import Profile
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings, TlsVersion

FILES = Path(__file__).parent / "files"
NEVER = 0xFFFFFFFF


def batch(name: str) -> Batch:
    return read_profiles((FILES / name).read_bytes(), source=name, name=name)


def test_an_export_of_mqttx_loses_nothing_that_has_a_place_here() -> None:
    found = batch("mqttx-1.13.json")
    assert (found.kind, found.notes) == ("MQTTX", ())
    own, public = found.items
    assert own.profile == Profile(
        name="dev-1 mTLS",
        order=2,
        connection=ConnectionSettings(
            host="broker.example",
            port=8883,
            transport=Transport.MQTTS,
            client_id="mqttx_1a2b3c4d",
            client_id_suffix=ClientIdSuffix.TIME,
            username="ada",
            keepalive=45,
            clean_start=False,
            session_expiry=NEVER,  # null, and not clean
            connect_timeout=5,
            properties=ConnectProperties(
                receive_maximum=20,
                maximum_packet_size=2048,
                request_response_information=True,
                request_problem_information=False,
                user_properties=(("site", "7"),),
            ),
            will=Will(
                "gone/dev-1",
                b"bye",
                1,
                retain=True,
                properties=WillProperties(
                    will_delay_interval=30,
                    payload_format_indicator=1,
                    message_expiry_interval=60,
                    content_type="text/plain",
                    response_topic="back/dev-1",
                    correlation_data=b"42",
                    user_properties=(("a", "1"), ("a", "2")),
                ),
            ),
            reconnect=Reconnect(initial_delay=4.0, maximum_delay=4.0),  # from milliseconds
            tls=TlsSettings(
                ca_file="C:\\certs\\ca.pem",
                certificate_file="/opt/certs/client.pem",
                key_file="/opt/certs/client.key",
                alpn=("mqtt", "x-amzn-mqtt-ca"),
                verify_chain=False,
                verify_name=False,
            ),
        ),
        subscriptions=(
            Subscription(
                "testtopic/#",
                1,
                no_local=True,
                retain_as_published=True,
                retain_handling=2,
                subscription_identifier=7,
                user_properties=(("k", "v"),),
                alias="everything",
                colour="#ff8800",
            ),
            Subscription("alerts/+", 2, enabled=False),
        ),
    )
    assert own.password == Secret("hush hush")
    assert own.notes == (
        "topicAliasMaximum is not offered by mtlsx; left out.",
        "authenticationMethod is SCRAM-SHA-256, and mtlsx speaks no enhanced authentication; left out.",
        "A subscription is left out: In topic filter 'bad/#/filter', # must be the whole last level.",
        "messages: 1 left behind; a profile has none.",
    )
    assert public.profile.connection == ConnectionSettings(
        host="public.example",
        port=443,
        transport=Transport.WSS,
        version=MqttVersion.V3_1_1,
        client_id="mqttx_00000001",
        path="/ws",
        reconnect=Reconnect(enabled=False),
    )
    assert public.notes == ("ca counts only where certType is self; left out.",)
    assert public.password is None


def test_yaml_is_read_as_mqttx_writes_it() -> None:
    (item,) = batch("mqttx-1.13.yaml").items
    assert item.profile == Profile(
        name="on",
        order=0,
        connection=ConnectionSettings(
            host="192.0.2.7",
            port=1883,
            transport=Transport.MQTT,
            client_id="yes",
            clean_start=False,
            session_expiry=7200,
            properties=ConnectProperties(user_properties=(("a", "b"),)),
            reconnect=Reconnect(initial_delay=4.0, maximum_delay=4.0),
        ),
        subscriptions=(Subscription("testtopic/#"),),
    )
    assert (item.password, item.notes) == (Secret("0123"), ())


def test_an_old_export_is_one_object_with_texts_for_numbers() -> None:
    (item,) = batch("mqttx-1.4.json").items
    connection = item.profile.connection
    assert connection.transport is Transport.MQTTS  # no protocol, but ssl
    assert (connection.port, connection.keepalive, connection.session_expiry) == (8883, 30, 120)
    assert connection.properties == ConnectProperties(
        receive_maximum=5, user_properties=(("a", "1"),)
    )
    assert connection.will == Will("w", b"x", 1)
    assert connection.tls.certificate_file == "client.pem"
    assert item.profile.subscriptions == (Subscription("a", 1),)
    assert item.notes == ("somethingNew is not known to mtlsx; left out.",)


def test_collections_are_groups_and_a_circle_of_them_ends() -> None:
    found = batch("mqttx-collections.json")
    assert [(each.profile.name, each.profile.group) for each in found.items] == [
        ("press", "factory / hall 1"),
        ("lathe", "b / a"),
    ]
    assert found.notes == ('Item 7 is left out: protocol "quic" is none that mtlsx speaks.',)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"protocol": None, "ssl": None}, {"transport": Transport.MQTT}),
        ({"protocol": ""}, {"transport": Transport.MQTT}),
        ({"protocol": "ws"}, {"transport": Transport.WS}),
        ({"clean": False, "mqttVersion": "3.1.1"}, {"session_expiry": 0, "clean_start": False}),
        ({"clean": False}, {"session_expiry": NEVER}),
        ({"clean": False, "properties": {"sessionExpiryInterval": 0}}, {"session_expiry": 0}),
        ({"clean": True}, {"session_expiry": 0}),
        ({"mqttVersion": 4}, {"version": MqttVersion.V3_1_1}),
        ({"mqttVersion": "3.1"}, {"version": MqttVersion.V3_1}),
        ({"mqttVersion": None}, {"version": MqttVersion.V5}),
        ({"keepalive": 0}, {"keepalive": 0}),
        ({"keepalive": 100_000}, {"keepalive": 60}),
        ({"connectTimeout": 0}, {"connect_timeout": 10.0}),
        ({"port": ""}, {"port": 1883}),
        ({"reconnectPeriod": 0}, {"reconnect": Reconnect(enabled=False)}),
        ({"reconnectPeriod": 250}, {"reconnect": Reconnect(True, 0.25, 0.25)}),
        ({"username": ""}, {"username": None}),
        ({"will": {"lastWillTopic": ""}}, {"will": None}),
    ],
)  # fmt: skip
def test_each_setting_has_its_rule(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    item = {"clientId": "c", "name": "n", "host": "h", "port": 1883, **changes}
    ((found,), _) = read_mqttx([item]).items, None
    for name, value in expected.items():
        assert getattr(found.profile.connection, name) == value


def test_a_certificate_and_a_key_make_tls_as_in_mqtt_js() -> None:
    item = {
        "clientId": "c", "host": "h", "port": 1883, "protocol": "mqtt", "certType": "self",
        "cert": "c.pem", "key": "c.key",
    }  # fmt: skip
    (found,) = read_mqttx(item).items
    assert (found.profile.connection.transport, found.profile.connection.port) == ("mqtts", 1883)
    assert found.notes == ("protocol is mqtt, but there is a certificate: taken as mqtts.",)
    assert found.profile.name == "c@h"


def test_an_options_file_of_mqttx_cli_has_a_profile_for_each_command() -> None:
    found = batch("mqttx-cli-options.json")
    assert (found.kind, found.notes) == (
        "MQTTX CLI",
        ("benchConn is a load test, not one connection; left out.",),
    )
    conn, sub = found.items
    assert conn.profile == Profile(
        name="mqttx conn",
        connection=ConnectionSettings(
            host="broker.example",
            port=8883,
            transport=Transport.MQTTS,
            client_id="cli-1",
            username="ada",
            keepalive=30,
            clean_start=False,
            session_expiry=NEVER,
            properties=ConnectProperties(
                receive_maximum=20,
                request_response_information=True,
                request_problem_information=False,
                user_properties=(("site", "7"),),
            ),
            will=Will(
                "gone",
                b"bye",
                1,
                retain=True,
                properties=WillProperties(
                    will_delay_interval=30,
                    payload_format_indicator=1,
                    user_properties=(("a", "1"), ("a", "2")),
                ),
            ),
            reconnect=Reconnect(initial_delay=1.0, maximum_delay=1.0, limit=10),
            tls=TlsSettings(
                ca_file="ca.pem",
                certificate_file="client.pem",
                key_file="client.key",
                alpn=("mqtt", "x-amzn-mqtt-ca"),
                verify_chain=False,
                verify_name=False,
            ),
        ),
    )
    assert conn.password == Secret("hush hush")
    assert sub.profile.connection.version is MqttVersion.V3_1_1
    assert sub.profile.connection.properties.user_properties == (("x", "y"),)
    assert sub.profile.subscriptions == (
        Subscription("a/#", 1),
        Subscription("b", 1, no_local=True),
    )
    assert sub.notes == ("format is not known to mtlsx; left out.",)


def test_mqtt_explorer_brings_its_certificates_along() -> None:
    found = batch("explorer-settings.json")
    lab, factory = found.items
    assert lab.profile == Profile(
        name="lab",
        connection=ConnectionSettings(
            host="lab.example",
            port=1883,
            transport=Transport.MQTT,
            version=MqttVersion.V3_1_1,
            client_id="mqtt-explorer-5fb8e5b1",
        ),
        subscriptions=(Subscription("#"), Subscription("$SYS/#")),
    )
    connection = factory.profile.connection
    assert (connection.transport, connection.path) == (Transport.WSS, "/ws")
    assert not connection.tls.verify_chain
    assert not connection.tls.verify_name
    assert factory.password == Secret("hush hush")
    assert factory.files == (
        CarriedFile("ca_file", "ca.pem", b"ca"),
        CarriedFile("certificate_file", "client.pem", b"cert"),
        CarriedFile("key_file", "client.key", b"key"),
    )
    assert factory.profile.subscriptions == (Subscription("a/#"),)
    assert found.notes == (
        "Connection three is left out: it is not an object.",
        'Connection four is left out: protocol "tcp" is none that mtlsx speaks.',
    )


def test_mosquittos_options_are_read_line_by_line() -> None:
    (item,) = batch("mosquitto_sub").items
    assert item.profile == Profile(
        name="mosquitto_sub",
        connection=ConnectionSettings(
            host="broker.example",
            port=8884,
            transport=Transport.MQTTS,
            client_id="hall-",
            client_id_suffix=ClientIdSuffix.RANDOM,
            username="ada",
            keepalive=30,
            clean_start=False,
            session_expiry=NEVER,
            properties=ConnectProperties(receive_maximum=20, user_properties=(("site", "7"),)),
            will=Will(
                "gone",
                b"good bye",
                1,
                retain=True,
                properties=WillProperties(
                    content_type="text/plain", user_properties=(("a", "b c"),)
                ),
            ),
            tls=TlsSettings(
                ca_file="ca.pem",
                certificate_file="client.pem",
                key_file="client.key",
                alpn=("mqtt",),
                verify_name=False,  # and only that
                minimum_version=TlsVersion.V1_3,
                ciphers="HIGH",
            ),
        ),
        subscriptions=(Subscription("factory/+/temp", 1), Subscription("alerts/#", 1)),
    )
    assert item.password == Secret("hush hush")
    assert item.notes == (
        "Line 30: --proxy is a way to connect that mtlsx does not have; left out.",
        "Line 31: -v is about what the tool prints and does; left out.",
        "Line 32: --no-such-thing is not known; left out.",
        "-D connect authentication-method has no place in a profile; left out.",
        "-D subscribe subscription-identifier: left out.",
        "--id-prefix adds the number of the process there, and random digits here.",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-h h", {"host": "h", "port": 1883, "transport": "mqtt", "version": "3.1.1"}),
        ("-t a", {"host": "localhost", "client_id": ""}),
        ("-p 8883", {"transport": "mqtts"}),
        ("--tls-use-os-certs", {"port": 8883, "transport": "mqtts", "tls": TlsSettings()}),
        ("--capath certs", {"transport": "mqtts"}),
        ("-L mqtts://ada:hush%20x@h/a/%23", {"host": "h", "port": 8883, "username": "ada"}),
        ("-L mqtt://h:1884/a", {"port": 1884, "transport": "mqtt"}),
        ("-x 60", {"version": "5", "session_expiry": 60}),
        ("-x ∞", {"session_expiry": NEVER}),
        ("-x -1", {"session_expiry": NEVER}),
        ("-c\n-V 5", {"session_expiry": NEVER, "clean_start": False}),
        ("-V 31", {"version": "3.1"}),
        ("--ws\n--cafile x", {"transport": "wss"}),
        ("-k x", {"keepalive": 60}),
        ("--host\tx", {"host": "localhost"}),
    ],
)
def test_an_option_of_mosquitto_has_its_meaning(text: str, expected: dict[str, Any]) -> None:
    (item,) = read_mosquitto_options(text, name="x.conf").items
    for name, value in expected.items():
        assert getattr(item.profile.connection, name) == value


def test_a_url_of_mosquitto_brings_password_and_topic() -> None:
    (item,) = read_mosquitto_options("-L mqtts://ada:hush%20x@h/a/%23", name="x").items
    assert item.password == Secret("hush x")
    assert item.profile.subscriptions == (Subscription("a/#"),)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.json", b"\xff", "a.json: line 1 is not UTF-8."),
        ("a.json", b"", "a.json is not JSON: Expecting value (line 1, column 1)."),
        ("a.json", b"[" * 100_000, "a.json: its values are nested too deep."),
        ("a.json", b"9" * 5000, "a.json is not JSON: Exceeds the limit"),
        ("a.json", b'[{"host": NaN}]', "a.json is not JSON: NaN is not a number."),
        ("a.json", b"{}", "a.json holds no profiles of a kind that mtlsx reads."),
        ("a.json", b"[]", "holds no profiles"),
        ("a.json", b"[1]", "holds no profiles"),
        ("a.json", b'{"ConnectionManager_connections": 1}', "holds no profiles"),
        ("a.json", b'{"conn": 1}', "holds no profiles"),
        ("a", b"hello", "holds no profiles"),
        ("a.yaml", b"a: &x 1\nb: *x", "a.yaml cannot be read: line 1 uses an alias."),
        ("a.yaml", b"a: !!python/object:os.system x", "has a tag that is not known"),
        ("a.yaml", b"- a\n b: [", "a.yaml is not YAML:"),
        ("a.yaml", b"[" * 100_000, "nest"),
        ("a.yaml", b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        ("a.yaml", b"a: \x01", "a.yaml is not YAML."),
        ("a.yml", b"a: !!binary x", "has a value that its type does not have"),
        ("a.yaml", b"#" * (8 * 1024 * 1024 + 1), "is too large for YAML."),
        ("a.toml", b"x = 1", "a.toml: x is not a setting"),
        ("a.conf", b"-L http://ada:hush@h", "a.conf: The URL of -L is not mqtt://host/topic"),
        ("a.conf", b"-L mqtt://h:x/", "a.conf: The URL of -L"),
        ("a.conf", b"-V 7", 'a.conf: MQTT version "7" does not exist.'),
    ],
)
def test_what_is_no_file_of_profiles_is_a_sentence(name: str, data: bytes, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_profiles(data, source=name, name=name)
    assert sentence in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_byte_order_mark_is_no_harm() -> None:
    data = b"\xef\xbb\xbf" + json.dumps([{"host": "h", "clientId": "c"}]).encode()
    assert len(read_profiles(data, source="x", name="x.json").items) == 1


def test_a_great_many_faults_are_counted() -> None:
    item = {"host": "h", "clientId": "c", **{f"odd{number}": 1 for number in range(100)}}
    (found,) = read_mqttx([item]).items
    assert len(found.notes) == 51
    assert found.notes[-1] == "50 more were not taken over."


KEYS = st.sampled_from(
    [
        *json.loads((FILES / "mqttx-1.13.json").read_bytes())[0],
        *json.loads((FILES / "mqttx-cli-options.json").read_bytes())["conn"],
        *json.loads((FILES / "mqttx-cli-options.json").read_bytes())["sub"],
        "lastWillTopic",
        "lastWillQos",
        "topic",
        "qos",
        "data",
        "type",
        "key",
        "value",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["5.0", "self", "mqtts", "", "Buffer", "a/#", "true"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=8),
    max_leaves=20,
)
objects = st.dictionaries(KEYS, values, max_size=20)


@settings(deadline=None)
@given(objects)
def test_no_values_crash_a_reader(item: dict[str, Any]) -> None:
    for found in (
        read_mqttx([item, {**item, "protocol": "mqtts", "mqttVersion": "5.0", "certType": "self"}]),
        read_mqttx_cli({"conn": item, "sub": {**item, "mqttVersion": 5, "protocol": "ws"}}),
        read_mqtt_explorer(
            {"ConnectionManager_connections": {"x": item, "y": {**item, "protocol": "mqtt"}}}
        ),
    ):
        for each in found.items:
            assert each.profile.name


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["-h", "-p", "-L", "-D connect", "-D will", "-V", "--x", "-x", "-t"]),
            st.text(max_size=20),
        ),
        max_size=8,
    )
)
def test_no_lines_crash_mosquittos_reader(lines: list[tuple[str, str]]) -> None:
    text = "\n".join(" ".join(line) for line in lines)
    try:
        (item,) = read_mosquitto_options(text, name="x").items
    except UsageError:
        return
    assert item.profile.name


@given(st.binary(max_size=100), st.sampled_from(["a.json", "a.yaml", "a.toml", "a"]))
def test_no_bytes_crash_the_readers(data: bytes, name: str) -> None:
    with suppress(UsageError):
        read_profiles(data, source="it", name=name)
