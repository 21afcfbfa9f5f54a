"""The client against a Mosquitto that requires a certificate and takes the username from its CN."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mtlsx.client.connection import State
from mtlsx.client.events import Connected, Connecting, Disconnected, Failed, Published, Subscribed
from mtlsx.client.settings import (
    ConnectionSettings,
    MqttVersion,
    Publication,
    PublishProperties,
    Reconnect,
    Subscription,
    Transport,
    Will,
)
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings
from support.client import Client
from support.openssl_pki import DEVICE, PASSPHRASE
from support.websocket_bridge import WebsocketBridge, server_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.mosquitto import Mosquitto
    from support.openssl_pki import Pair, Pki

    StartMosquitto = Callable[..., Mosquitto]

pytestmark = pytest.mark.e2e

TOPIC = f"{DEVICE}/state"
OWN_TOPICS_ONLY = "pattern readwrite %u/#\n"
EVERY_VERSION = list(MqttVersion)


def tls_settings(
    pki: Pki,
    certificate: Path | None,
    key: Path | None = None,
    passphrase: str | None = None,
) -> TlsSettings:
    return TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=certificate and str(certificate),
        key_file=key and str(key),
        passphrase=None if passphrase is None else Secret(passphrase),
    )


def as_device(pki: Pki, port: int, device: Pair | None = None) -> ConnectionSettings:
    device = device or pki.device
    return ConnectionSettings(
        host="localhost", port=port, tls=tls_settings(pki, device.certificate, device.key)
    )


def round_trip(settings: ConnectionSettings, *, qos: int = 1) -> Connected:
    """Connect, subscribe, publish, receive; returns what the server and the handshake said."""
    with Client(settings) as client:
        connected = client.event(Connected)
        client.connection.subscribe([Subscription(TOPIC, qos)])
        assert client.event(Subscribed).codes == (qos,)
        client.connection.publish(Publication(TOPIC, b"\x00hello\xff", qos))
        assert client.event(Published).code < 0x80
        message = client.message()
        assert (message.topic, message.payload, message.qos) == (TOPIC, b"\x00hello\xff", qos)
        assert not message.outgoing
    return connected


@pytest.mark.parametrize("version", EVERY_VERSION)
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize(
    "device", ["device_rsa", "device_ec", "device_ed25519", "device_with_its_chain"]
)
def test_a_device_connects_and_is_named_by_its_cn(
    pki: Pki, mosquitto: StartMosquitto, device: str, tls: str, version: MqttVersion
) -> None:
    broker = mosquitto(
        server=pki.server, client_ca=pki.ca.certificate, tls=tls, acl=OWN_TOPICS_ONLY
    )
    settings = replace(as_device(pki, broker.port, getattr(pki, device)), version=version)
    connected = round_trip(settings)
    assert connected.facts.code == 0
    assert connected.handshake is not None
    assert connected.handshake.version == f"TLS {tls}"
    assert connected.handshake.certificate_sent
    assert [step.label for step in connected.steps if step.ok] == [
        "material", "dns", "tcp", "tls", "server", "client", "mqtt",
    ]  # fmt: skip
    assert connected.handshake.server_chain
    broker.wait_for_log(f"u'{DEVICE}'")


@pytest.mark.parametrize(
    ("certificate", "key", "passphrase"),
    [
        ("device.certificate", "encrypted_pkcs8_key", PASSPHRASE),
        ("device_rsa.certificate", "encrypted_traditional_key", PASSPHRASE),
        ("pkcs12", None, PASSPHRASE),
        ("pkcs12_chain", None, PASSPHRASE),
        ("certificate_and_key_in_one_file", None, None),
        ("device_der.certificate", "device_der.key", None),
    ],
)
def test_a_certificate_in_any_clothes_connects(
    pki: Pki,
    mosquitto: StartMosquitto,
    certificate: str,
    key: str | None,
    passphrase: str | None,
) -> None:
    def file(name: str) -> Path:
        thing = pki
        for part in name.split("."):
            thing = getattr(thing, part)
        return thing

    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, acl=OWN_TOPICS_ONLY)
    tls = tls_settings(pki, file(certificate), key and file(key), passphrase)
    round_trip(ConnectionSettings(host="localhost", port=broker.port, tls=tls))
    broker.wait_for_log(f"u'{DEVICE}'")


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("version", EVERY_VERSION)
def test_every_quality_of_service_arrives(
    pki: Pki, mosquitto: StartMosquitto, version: MqttVersion, qos: int
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    round_trip(replace(as_device(pki, broker.port), version=version), qos=qos)


@pytest.mark.parametrize("version", EVERY_VERSION)
@pytest.mark.parametrize("tls", [None, "1.2", "1.3"])
def test_websockets_carry_it(
    pki: Pki, mosquitto: StartMosquitto, tls: str | None, version: MqttVersion
) -> None:
    context = tls and server_context(pki.server, client_ca=pki.ca.certificate, tls=tls)
    with WebsocketBridge(mosquitto().open_port, context=context or None) as bridge:
        settings = replace(
            as_device(pki, bridge.port),
            transport=Transport.WSS if tls else Transport.WS,
            version=version,
            headers=(("X-Plant", "north"),),
        )
        connected = round_trip(settings)
    assert bridge.peer_names == ([DEVICE] if tls else [])
    assert bridge.headers[0]["X-Plant"] == "north"
    assert (connected.handshake is not None) is bool(tls)


@pytest.mark.parametrize("transport", [Transport.MQTT, Transport.WS])
@pytest.mark.parametrize("version", EVERY_VERSION)
def test_the_packets_are_logged_without_their_secrets(
    mosquitto: StartMosquitto, version: MqttVersion, transport: Transport
) -> None:
    with WebsocketBridge(mosquitto().open_port, context=None) as bridge:
        port = bridge.port if transport is Transport.WS else mosquitto().open_port
        settings = ConnectionSettings(
            host="localhost", port=port, transport=transport, version=version, client_id="dev",
            username="somebody", password=Secret(PASSPHRASE), will=Will("gone", b"a secret, too"),
        )  # fmt: skip
        with Client(settings) as client:
            client.event(Connected)
            client.connection.subscribe([Subscription("t/#", 1)])
            client.event(Subscribed)
            client.connection.publish(Publication("t/1", b"the payload", 1))
            client.event(Published)
            client.message()
        log = client.connection.packets
    assert log is not None
    lines = log.lines()
    said = [(line.outgoing, line.kind.name, line.text) for line in lines]
    assert said[0] == (
        True,
        "CONNECT",
        'client id "dev", clean start, keep alive 60 s, username "somebody", password (hidden), last will on gone',
    )
    assert [name for outgoing, name, _ in said if outgoing] == [
        "CONNECT", "SUBSCRIBE", "PUBLISH", "PUBACK", "DISCONNECT",
    ]  # fmt: skip
    assert sorted(name for outgoing, name, _ in said if not outgoing) == [
        "CONNACK", "PUBACK", "PUBLISH", "SUBACK",
    ]  # fmt: skip
    assert {text for _, name, text in said if name == "SUBSCRIBE"} == {"#1 t/# q1"}
    assert {text.partition(" ")[2] for _, name, text in said if name == "PUBLISH"} == {"q1 t/1"}
    assert PASSPHRASE not in repr(lines)
    assert not any(line.refused for line in lines)


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_one_way_tls_with_a_password(pki: Pki, mosquitto: StartMosquitto, tls: str) -> None:
    broker = mosquitto(server=pki.server, tls=tls, users={DEVICE: PASSPHRASE}, acl=OWN_TOPICS_ONLY)
    settings = ConnectionSettings(
        host="localhost",
        port=broker.port,
        username=DEVICE,
        password=Secret(PASSPHRASE),
        tls=tls_settings(pki, None),
    )
    connected = round_trip(settings)
    assert connected.handshake is not None
    assert not connected.handshake.certificate_sent


def test_plain_mqtt(pki: Pki, mosquitto: StartMosquitto) -> None:
    settings = ConnectionSettings(
        host="localhost", port=mosquitto().open_port, transport=Transport.MQTT
    )
    assert round_trip(settings).handshake is None


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_a_password_without_a_username_goes_out(
    pki: Pki, mosquitto: StartMosquitto, version: MqttVersion
) -> None:
    """The usual case with certificates, and one where paho alone leaves the password out."""
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = replace(as_device(pki, broker.port), version=version, password=Secret(PASSPHRASE))
    assert round_trip(settings).facts.code == 0


def test_messages_go_both_ways_between_us_and_mosquittos_own_clients(
    pki: Pki, mosquitto: StartMosquitto
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, acl=OWN_TOPICS_ONLY)
    with Client(as_device(pki, broker.port)) as client, broker.observer(TOPIC) as observer:
        client.event(Connected)
        client.connection.publish(Publication(TOPIC, b'{"on": true}', 2))
        assert observer.messages() == [(TOPIC, 2, False, b'{"on": true}')]
        client.connection.subscribe([Subscription(f"{DEVICE}/#", 2)])
        client.event(Subscribed)
        broker.publish(f"{DEVICE}/set", "21.5", qos=2)
        message = client.message()
        assert (message.topic, message.payload, message.qos) == (f"{DEVICE}/set", b"21.5", 2)


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_a_retained_message_waits_for_the_subscriber(
    pki: Pki, mosquitto: StartMosquitto, version: MqttVersion
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = replace(as_device(pki, broker.port), version=version)
    with Client(settings) as client:
        client.event(Connected)
        client.connection.publish(Publication(TOPIC, b"21.5", 1, retain=True))
        client.event(Published)
    with Client(settings) as client:
        client.event(Connected)
        client.connection.subscribe([Subscription(TOPIC, 1)])
        message = client.message()
        assert (message.payload, message.retain) == (b"21.5", True)


def test_mqtt_5_properties_arrive_as_they_were_sent(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    properties = PublishProperties(
        payload_format_indicator=1,
        content_type="application/json",
        response_topic="answers/1",
        correlation_data=b"\x00\x01",
        user_properties=(("plant", "north"), ("plant", "south")),
    )
    with Client(as_device(pki, broker.port)) as client:
        client.event(Connected)
        client.connection.subscribe([Subscription(TOPIC, 1)])
        client.event(Subscribed)
        client.connection.publish(Publication(TOPIC, b"{}", 1, properties=properties))
        assert client.message().properties == properties


def test_no_local_keeps_our_own_messages_away(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    with Client(as_device(pki, broker.port)) as client:
        client.event(Connected)
        client.connection.subscribe([Subscription("#", 1, no_local=True)])
        client.event(Subscribed)
        client.connection.publish(Publication(TOPIC, b"ours", 1))
        client.event(Published)
        broker.publish("theirs", "theirs")
        assert client.message().payload == b"theirs"


@pytest.mark.parametrize("version", [MqttVersion.V3_1_1, MqttVersion.V5])
def test_what_the_server_assigned_is_told(
    pki: Pki, mosquitto: StartMosquitto, version: MqttVersion
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    facts = round_trip(replace(as_device(pki, broker.port), version=version)).facts
    if version is MqttVersion.V5:
        assert facts.client_id_assigned
        broker.wait_for_log(f"as {facts.client_id} ")
        assert facts.receive_maximum is not None or facts.topic_alias_maximum is not None
    facts = round_trip(
        replace(as_device(pki, broker.port), version=version, client_id="bench-7")
    ).facts
    assert (facts.client_id, facts.client_id_assigned) == ("bench-7", False)
    broker.wait_for_log("as bench-7 ")


def test_a_session_is_kept_where_it_was_asked_for(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = replace(
        as_device(pki, broker.port), client_id="kept", clean_start=False, session_expiry=300
    )
    with Client(settings) as client:
        assert not client.event(Connected).facts.session_present
        client.connection.subscribe([Subscription(TOPIC, 1)])
        client.event(Subscribed)
    broker.publish(TOPIC, "while you were away")
    with Client(settings) as client:
        assert client.event(Connected).facts.session_present
        assert client.message().payload == b"while you were away"


@pytest.mark.parametrize("version", [MqttVersion.V3_1_1, MqttVersion.V5])
def test_the_will_is_published_when_the_connection_is_taken_over(
    pki: Pki, mosquitto: StartMosquitto, version: MqttVersion
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = replace(
        as_device(pki, broker.port),
        version=version,
        client_id="twin",
        will=Will(TOPIC, b"gone", 1),
        reconnect=Reconnect(enabled=False),
    )
    with broker.observer(TOPIC) as observer, Client(settings) as first:
        first.event(Connected)
        with Client(replace(settings, will=None)) as second:
            second.event(Connected)
            outcome = first.outcome()
            assert isinstance(outcome, Failed)
            assert outcome.verdict.exit_code == 16
            # MQTT 5 has a DISCONNECT for it, which Mosquitto 2.0.11 does not send.
            verdict = outcome.verdict
            assert "session-taken-over" in (verdict.id, *verdict.candidates)
            assert observer.messages() == [(TOPIC, 1, False, b"gone")]


def test_stopping_says_goodbye(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    with Client(replace(as_device(pki, broker.port), client_id="polite")) as client:
        client.event(Connected)
        assert client.connection.state is State.CONNECTED
    client.event(Disconnected)
    assert client.connection.state is State.DISCONNECTED
    client.connection.stop()
    broker.wait_for_log("Received DISCONNECT from polite")


def test_a_lost_connection_comes_back_with_its_subscriptions(
    pki: Pki, mosquitto: StartMosquitto
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = replace(
        as_device(pki, broker.port), reconnect=Reconnect(initial_delay=0.05, maximum_delay=0.2)
    )
    with Client(settings) as client:
        client.event(Connected)
        client.connection.subscribe([Subscription(TOPIC, 1)])
        client.event(Subscribed)
        broker.kill()
        lost = client.outcome()
        assert isinstance(lost, Failed)
        assert (lost.verdict.id, lost.verdict.exit_code) == ("connection-lost", 16)
        assert lost.retry_in is not None
        refused = client.outcome()
        assert isinstance(refused, Failed)
        assert refused.verdict.id == "tcp-refused"
        assert refused.retry_in is not None
        broker.restart()
        while isinstance(client.outcome(), Failed):
            pass
        client.event(Subscribed)
        broker.publish(TOPIC, "welcome back")
        assert client.message().payload == b"welcome back"


def test_reconnecting_ends_at_its_limit(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    settings = replace(
        as_device(pki, broker.port),
        reconnect=Reconnect(initial_delay=0.01, maximum_delay=0.02, limit=3),
    )
    with Client(settings) as client:
        client.event(Connected)
        broker.kill()
        failures = []
        while not failures or failures[-1].retry_in is not None:
            outcome = client.outcome()
            assert isinstance(outcome, Failed)
            failures.append(outcome)
        assert [failure.verdict.id for failure in failures] == ["connection-lost"] + [
            "tcp-refused"
        ] * 3


def test_many_devices_at_once(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    with ExitStack() as stack:
        settings = as_device(pki, broker.port)
        clients = [stack.enter_context(Client(settings)) for _ in range(20)]
        for client in clients:
            client.event(Connected)
            client.connection.subscribe([Subscription(TOPIC)])
            client.event(Subscribed)
        broker.publish(TOPIC, "all hands")
        assert [client.message().payload for client in clients] == [b"all hands"] * 20


def test_the_first_attempt_is_announced(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    with Client(as_device(pki, broker.port)) as client:
        assert client.event(Connecting).attempt == 1
        client.event(Connected)
