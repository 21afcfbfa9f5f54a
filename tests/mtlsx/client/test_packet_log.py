"""The log says what went over the line, and no secret."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.packet_log import MOST, PacketLog, connect_text
from mtlsx.client.settings import ConnectionSettings, Will
from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_311,
    Connack,
    ControlPacket,
    Disconnect,
    Pingreq,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Unsubscribe,
)
from mtlsx.packets.encode import encode
from mtlsx.packets.framing import PacketFilter
from mtlsx.secret import Secret

SETTINGS = ConnectionSettings(
    host="h", port=1, client_id="dev", username="u", password=Secret("hunter2"),
    will=Will("gone", b"hunter3"),
)  # fmt: skip


def logged(*packets: ControlPacket, level: int = MQTT_5) -> list[tuple[str, str, bool]]:
    log = PacketLog(level, "", clock=lambda: 1.5)
    received = PacketFilter(frozenset(), log.received)
    received.feed(b"".join(encode(each, level) for each in packets))
    return [(each.kind.name, each.text, each.refused) for each in log.lines()]


def test_each_packet_is_a_line() -> None:
    assert logged(
        Connack(False, 0),
        Publish(b"factory/1", b"21.5"),
        Publish(b"factory/2", b"21.5", qos=1, packet_id=7, retain=True, dup=True),
        Puback(7),
        Puback(8, 0x87),
        Subscribe(9, (Subscription(b"a/#", 1), Subscription(b"b", 0))),
        Suback(9, (1, 0x87)),
        Unsubscribe(10, (b"a/#",)),
        Pingreq(),
        Disconnect(0x8E),
    ) == [
        ("CONNACK", "Success (0x00)", False),
        ("PUBLISH", "q0 factory/1", False),
        ("PUBLISH", "#7 q1 factory/2 retain DUP", False),
        ("PUBACK", "#7 Success (0x00)", False),
        ("PUBACK", "#8 Not authorized (0x87)", True),
        ("SUBSCRIBE", "#9 a/# q1, b q0", False),
        ("SUBACK", "#9 QoS 1 granted, Not authorized (0x87)", True),
        ("UNSUBSCRIBE", "#10 a/#", False),
        ("PINGREQ", "", False),
        ("DISCONNECT", "Session taken over (0x8E)", True),
    ]


def test_mqtt_3_has_its_own_words() -> None:
    ((_, text, _),) = logged(Connack(True, 0), level=MQTT_311)
    assert text.endswith(", session continued")


def test_of_secrets_and_payloads_nothing_is_kept() -> None:
    text = connect_text(SETTINGS, "dev")
    assert text == (
        'client id "dev", clean start, keep alive 60 s, username "u", password (hidden), last will on gone'
    )
    log = PacketLog(MQTT_5, text)
    body = b"\x00\x04MQTT\x05\xc2\x00\x3c\x00\x00\x03dev\x00\x01u\x00\x07hunter2"
    auth = b"\x18\x0d\x15\x00\x01x\x16\x00\x05hunt4"
    publish = b"\x00\x01tthe payload"
    for first, each in ((0x10, body), (0xF0, auth), (0x30, publish)):
        log.sent(first, len(each), each, 0)
    everything = repr(log.lines()) + repr(list(log._seen))
    assert "hunt" not in everything
    assert log._seen[-1][-1] == publish[:3]
    assert [line.size for line in log.lines()] == [2 + len(body), 2 + len(auth), 2 + len(publish)]


def test_the_oldest_go_and_all_are_counted() -> None:
    log = PacketLog(MQTT_5, "")
    for _ in range(MOST + 5):
        log.received(0xD0, 0, b"", 0)
    assert (len(log.lines()), log.total) == (MOST, MOST + 5)


@given(st.binary(max_size=300), st.integers(16, 255), st.booleans())
def test_any_packet_has_a_line(body: bytes, first: int, cut: bool) -> None:
    log = PacketLog(MQTT_5, "")
    log.received(first, len(body) + cut, body, 0)
    assert len(log.lines()) == 1
