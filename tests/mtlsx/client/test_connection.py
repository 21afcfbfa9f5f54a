"""The connection against brokers that follow a script: what paho would swallow, losses, retries, the end."""

from __future__ import annotations

import gc
import sys
import threading
from dataclasses import replace

import pytest

from mtlsx.client.connection import Connection, NotConnectedError, State, retry_delay
from mtlsx.client.events import (
    Connected,
    Connecting,
    Disconnected,
    Failed,
    Published,
    Subscribed,
    Unsubscribed,
)
from mtlsx.client.settings import (
    ConnectionSettings,
    MqttVersion,
    Publication,
    PublishProperties,
    Reconnect,
    Subscription,
    Transport,
)
from mtlsx.errors import UsageError
from mtlsx.packets.framing import PacketType
from mtlsx.probe.verdicts import Verdict
from mtlsx.secret import Secret
from support.client import Client
from support.descriptors import descriptors
from support.ports import silent_port, talking_port
from support.scripted_broker import CONNACK_OK_3, CONNACK_OK_5, Peer, ScriptedBroker

CONNACK_OF_BAD_CREDENTIALS = b"\x20\x02\x00\x04"
AT_ONCE = Reconnect(initial_delay=0.01, maximum_delay=0.02)


def to(port: int, **changes: object) -> ConnectionSettings:
    plain = ConnectionSettings(
        host="localhost", port=port, transport=Transport.MQTT, client_id="dev",
        reconnect=Reconnect(enabled=False),
    )  # fmt: skip
    return replace(plain, **changes)


def answering(answer: bytes) -> ScriptedBroker:
    """A broker that answers CONNECT with ``answer`` and hangs up when the client does."""

    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(answer)

    return ScriptedBroker(script)


def refusal(answer: bytes, **changes: object) -> Failed:
    with answering(answer) as broker, Client(to(broker.port, **changes)) as client:
        failed = client.event(Failed)
    assert failed.retry_in is None
    return failed


@pytest.mark.parametrize(
    ("version", "answer", "verdict"),
    [
        (MqttVersion.V3_1_1, b"\x20\x02\x00\x01", "mqtt-version-unsupported"),
        (MqttVersion.V3_1_1, b"\x20\x02\x00\x02", "client-id-rejected"),
        (MqttVersion.V3_1_1, b"\x20\x02\x00\x03", "server-unavailable"),
        (MqttVersion.V3_1_1, b"\x20\x02\x00\x04", "bad-credentials"),
        (MqttVersion.V3_1_1, b"\x20\x02\x00\x05", "not-authorized"),
        (MqttVersion.V3_1_1, b"\x20\x02\x00\x2a", "connack-refused"),
        (MqttVersion.V5, b"\x20\x02\x00\x01", "mqtt-version-unsupported"),
        (MqttVersion.V5, b"\x20\x03\x00\x84\x00", "mqtt-version-unsupported"),
        (MqttVersion.V5, b"\x20\x03\x00\x85\x00", "client-id-rejected"),
        (MqttVersion.V5, b"\x20\x03\x00\x86\x00", "bad-credentials"),
        (MqttVersion.V5, b"\x20\x03\x00\x87\x00", "not-authorized"),
        (MqttVersion.V5, b"\x20\x03\x00\x88\x00", "server-unavailable"),
        (MqttVersion.V5, b"\x20\x03\x00\x89\x00", "server-busy"),
        (MqttVersion.V5, b"\x20\x03\x00\x8a\x00", "banned"),
        (MqttVersion.V5, b"\x20\x03\x00\x9c\x00", "use-another-server"),
        (MqttVersion.V5, b"\x20\x03\x00\x9f\x00", "server-busy"),
        (MqttVersion.V5, b"\x20\x03\x00\x97\x00", "connack-refused"),
        (MqttVersion.V5, b"\xe0\x01\x87", "connack-refused"),
        (MqttVersion.V5, b"HTTP/1.1 400 Bad Request\r\n", "not-mqtt"),
        (MqttVersion.V5, b"", "closed-without-connack"),
    ],
)
def test_what_the_server_answers_is_the_verdict(
    version: MqttVersion, answer: bytes, verdict: str
) -> None:
    failed = refusal(answer, version=version)
    assert failed.verdict.id == verdict
    assert failed.verdict.exit_code == 14


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's list of open files")
def test_nothing_stays_open_until_garbage_is_collected() -> None:
    """Whoever connects a thousand times would run out of descriptors, and select takes none above 1023."""
    refusal(CONNACK_OF_BAD_CREDENTIALS)
    gc.collect()
    gc.disable()
    try:
        before = descriptors()
        for _ in range(3):
            refusal(CONNACK_OF_BAD_CREDENTIALS)
        assert descriptors() == before
    finally:
        gc.enable()


def test_a_refused_empty_client_id_is_believed() -> None:
    failed = refusal(b"\x20\x02\x00\x02", version=MqttVersion.V3_1_1, client_id="")
    assert failed.verdict.id == "client-id-rejected"


def test_the_reason_string_and_the_other_server_are_told() -> None:
    properties = b"\x1f\x00\x04full" + b"\x1c\x00\x0bother:8883!"
    answer = b"\x00\x9d" + bytes([len(properties)]) + properties
    verdict = refusal(b"\x20" + bytes([len(answer)]) + answer).verdict
    assert '"full"' in verdict.summary
    assert verdict.fix == "Connect to other:8883!."


def test_a_greeting_that_is_not_mqtt_is_seen_at_once() -> None:
    with talking_port(b"SSH-2.0-OpenSSH_9.2\r\n") as port, Client(to(port)) as client:
        verdict = client.event(Failed).verdict
    assert verdict.id == "not-mqtt"
    assert "SSH-2.0" in verdict.summary


def test_silence_after_connect_is_a_timeout() -> None:
    with silent_port() as port, Client(to(port, connect_timeout=1.0)) as client:
        assert client.event(Failed).verdict.id == "connack-timeout"


def test_the_facts_of_a_connack_are_kept() -> None:
    properties = b"\x12\x00\x04dev7" + b"\x13\x00\x1e" + b"\x21\x00\x05" + b"\x25\x00"
    body = b"\x01\x00" + bytes([len(properties)]) + properties

    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(b"\x20" + bytes([len(body)]) + body)
        peer.expect(PacketType.DISCONNECT)

    with ScriptedBroker(script) as broker, Client(to(broker.port, client_id="")) as client:
        facts = client.event(Connected).facts
    assert (facts.client_id, facts.client_id_assigned) == ("dev7", True)
    assert (facts.session_present, facts.server_keepalive) == (True, 30)
    assert (facts.receive_maximum, facts.retain_available) == (5, False)
    assert facts.maximum_qos is None


@pytest.mark.parametrize(
    ("username", "password", "flags"),
    [(None, None, 0x02), ("u", None, 0x82), ("u", Secret("p"), 0xC2), (None, Secret("p"), 0xC2)],
)
@pytest.mark.parametrize("version", list(MqttVersion))
def test_a_password_without_a_username_is_sent_with_an_empty_one(
    version: MqttVersion, username: str | None, password: Secret | None, flags: int
) -> None:
    seen: list[bytes] = []

    def script(peer: Peer) -> None:
        seen.append(peer.expect(PacketType.CONNECT).body)
        peer.send(b"\x20\x03\x00\x87\x00" if version is MqttVersion.V5 else b"\x20\x02\x00\x05")

    settings = {"version": version, "username": username, "password": password}
    with ScriptedBroker(script) as broker, Client(to(broker.port, **settings)) as client:
        client.event(Failed)
    name_length = int.from_bytes(seen[0][:2])
    assert seen[0][2 + name_length + 1] == flags


def test_a_lost_connection_comes_back_and_subscribes_again() -> None:
    resubscribed = threading.Event()

    def first(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_3)
        packet = peer.expect(PacketType.SUBSCRIBE)
        peer.send(b"\x90\x03" + packet.body[:2] + b"\x01")

    def second(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_3)
        packet = peer.expect(PacketType.SUBSCRIBE)
        assert packet.body[2:] == b"\x00\x03t/#\x01"
        peer.send(b"\x90\x03" + packet.body[:2] + b"\x01")
        resubscribed.set()
        peer.expect(PacketType.DISCONNECT)

    settings = {"version": MqttVersion.V3_1_1, "reconnect": AT_ONCE}
    with ScriptedBroker(first, second) as broker, Client(to(broker.port, **settings)) as client:
        client.event(Connected)
        client.connection.subscribe([Subscription("t/#", 1)])
        lost = client.event(Failed)
        assert lost.verdict.id == "connection-lost"
        assert lost.retry_in == pytest.approx(0.01)
        assert client.event(Connecting).attempt == 1
        client.event(Connected)
        assert client.event(Subscribed).codes == (1,)
        assert resubscribed.wait(5)


def test_a_definite_refusal_is_never_tried_again() -> None:
    with answering(b"\x20\x02\x00\x05") as broker:
        settings = to(broker.port, version=MqttVersion.V3_1_1, reconnect=AT_ONCE)
        with Client(settings) as client:
            assert client.event(Failed).retry_in is None
            assert client.connection.state is State.FAILED


@pytest.mark.parametrize(
    ("code", "verdict"), [(0x8E, "session-taken-over"), (0x98, "disconnected-by-server")]
)
def test_a_disconnect_of_the_servers_is_told(code: int, verdict: str) -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5 + b"\xe0\x02" + bytes([code, 0]))

    with ScriptedBroker(script) as broker, Client(to(broker.port)) as client:
        client.event(Connected)
        failed = client.event(Failed)
    assert failed.verdict.id == verdict
    assert failed.verdict.exit_code == 16


def test_a_publication_refused_by_pubrec_is_told() -> None:
    released = threading.Event()

    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        packet_id = peer.expect(PacketType.PUBLISH).body[3:5]
        peer.send(b"\x50\x03" + packet_id + b"\x87")
        peer.expect(PacketType.PUBREL)
        released.set()
        peer.send(b"\x70\x02" + packet_id)
        peer.expect(PacketType.DISCONNECT)

    with ScriptedBroker(script) as broker, Client(to(broker.port)) as client:
        client.event(Connected)
        number = client.connection.publish(Publication("t", b"x", 2))
        published = client.event(Published)
        assert released.wait(10)
    assert (published.packet_id, published.code) == (number, 0x87)


def test_answers_name_what_was_asked() -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        packet_id = peer.expect(PacketType.SUBSCRIBE).body[:2]
        peer.send(b"\x90\x05" + packet_id + b"\x00\x02\x87")
        packet_id = peer.expect(PacketType.UNSUBSCRIBE).body[:2]
        peer.send(b"\xb0\x04" + packet_id + b"\x00\x11")
        packet_id = peer.expect(PacketType.PUBLISH).body[3:5]
        peer.send(b"\x40\x03" + packet_id + b"\x10")
        peer.expect(PacketType.DISCONNECT)

    wanted = (Subscription("a", 2), Subscription("b", 1))
    with ScriptedBroker(script) as broker, Client(to(broker.port)) as client:
        client.event(Connected)
        client.connection.subscribe(wanted)
        subscribed = client.event(Subscribed)
        client.connection.unsubscribe(["a"])
        unsubscribed = client.event(Unsubscribed)
        client.connection.publish(Publication("t", b"", 1))
        published = client.event(Published)
    assert subscribed.subscriptions == wanted
    assert subscribed.codes == (2, 0x87)
    assert subscribed.texts == ("QoS 2 granted", "Not authorized (0x87)")
    assert (unsubscribed.topic_filters, unsubscribed.codes) == (("a",), (0x11,))
    assert published.text == "No matching subscribers (0x10)"


def test_messages_arrive_with_their_properties() -> None:
    properties = b"\x03\x00\x04text" + b"\x26\x00\x01k\x00\x01v" + b"\x0b\x07"
    body = b"\x00\x01t" + bytes([len(properties)]) + properties + b"payload"

    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(
            CONNACK_OK_5 + b"\x31" + bytes([len(body)]) + body + b"\x30\x07\x00\x02\xff/\x00ab"
        )
        peer.expect(PacketType.DISCONNECT)

    with ScriptedBroker(script) as broker, Client(to(broker.port)) as client:
        first, second = client.message(), client.message()
    assert (first.topic, first.payload, first.qos) == ("t", b"payload", 0)
    assert (first.retain, first.outgoing) == (True, False)
    assert first.properties == PublishProperties(
        content_type="text", user_properties=(("k", "v"),), subscription_identifiers=(7,)
    )
    assert (second.topic, second.payload, second.properties) == ("�/", b"ab", None)


def test_a_packet_larger_than_the_server_takes_is_not_sent() -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(b"\x20\x08\x00\x00\x05\x27\x00\x00\x00\x14")
        peer.expect(PacketType.DISCONNECT)

    with ScriptedBroker(script) as broker, Client(to(broker.port)) as client:
        client.event(Connected)
        with pytest.raises(UsageError, match="26 bytes; the broker takes 20"):
            client.connection.publish(Publication("t", bytes(20)))


def test_an_attempt_that_is_under_way_can_be_given_up() -> None:
    with silent_port() as port, Client(to(port, connect_timeout=60.0)) as client:
        client.event(Connecting)
        client.connection.stop()
        client.event(Disconnected)
        assert client.connection.state is State.DISCONNECTED


def test_waiting_for_the_next_attempt_can_be_given_up() -> None:
    slow = Reconnect(initial_delay=60.0, maximum_delay=60.0)
    with answering(b"") as broker, Client(to(broker.port, reconnect=slow)) as client:
        assert client.event(Failed).retry_in == pytest.approx(60.0)
        assert client.connection.state is State.WAITING
        client.connection.stop()
        client.event(Disconnected)


def test_nothing_can_be_asked_without_a_connection() -> None:
    connection = Connection(to(1), on_event=lambda _: None, on_message=lambda _: None)
    for ask in (
        lambda: connection.subscribe([Subscription("t")]),
        lambda: connection.unsubscribe(["t"]),
        lambda: connection.publish(Publication("t")),
    ):
        with pytest.raises(NotConnectedError):
            ask()
    connection.stop()


def test_delays_double_up_to_the_longest_and_stop_at_the_limit() -> None:
    reconnect = Reconnect(initial_delay=1.0, maximum_delay=5.0, limit=5)
    lost = Verdict("connection-lost", "")
    delays = [retry_delay(reconnect, lost, attempt) for attempt in range(7)]
    assert delays == [1.0, 1.0, 2.0, 4.0, 5.0, None, None]
    assert retry_delay(reconnect, Verdict("bad-credentials", ""), 0) is None
    assert retry_delay(Reconnect(enabled=False), lost, 0) is None


def test_what_is_subscribed_on_connecting_is_subscribed_once() -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        packet_id = peer.expect(PacketType.SUBSCRIBE).body[:2]
        peer.send(b"\x90\x04" + packet_id + b"\x00\x00")
        peer.expect(PacketType.DISCONNECT)

    answered = threading.Event()

    def hear(event: object) -> None:
        if isinstance(event, Connected):
            connection.subscribe([Subscription("t")])
        elif isinstance(event, Subscribed):
            answered.set()

    with ScriptedBroker(script) as broker:
        connection = Connection(to(broker.port), on_event=hear, on_message=lambda _: None)
        connection.start()
        assert answered.wait(10)
        connection.stop()
