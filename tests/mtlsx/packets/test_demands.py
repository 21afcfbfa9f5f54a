"""The demands of MQTT 5.0 and 3.1.1 on the form of what a server receives, each with a packet that breaks it.

A row: the demand's number, the bytes behind a CONNECT of that version (or the CONNECT itself), and the reason code
of MQTT 5.0 that answers. What MQTT 3.1 lets pass is below.
"""

from __future__ import annotations

import pytest

from mtlsx.packets import demands
from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_31,
    MQTT_311,
    Connect,
    ControlPacket,
    Publish,
    Pubrel,
    Subscribe,
    Subscription,
    Unsubscribe,
    Will,
)
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError

MALFORMED, PROTOCOL_ERROR, VERSION = 0x81, 0x82, 0x84
FILTER, TOPIC, ALIAS, TOO_LARGE = 0x8F, 0x90, 0x94, 0x95
LIMIT = 1000


def packet(first: int, *parts: str | bytes) -> bytes:
    """A packet from its first byte and its body: hexadecimal, or octets."""
    body = b"".join(bytes.fromhex(part) if isinstance(part, str) else part for part in parts)
    assert len(body) < 128
    return bytes((first, len(body))) + body


def field(value: bytes) -> bytes:
    """A text or binary data, its length in front."""
    return len(value).to_bytes(2) + value


MQTT = field(b"MQTT")
ID = field(b"id")
T = field(b"t")
V5, V4 = "05", "04"

# In both standards: number in 5.0, number in 3.1.1, code, bytes. "P" stands for a property length of 0 in 5.0.
P = object()
BOTH: list[tuple[str, str, int, tuple[object, ...]]] = [
    # UTF-8
    ("MQTT-3.3.2-1", "MQTT-3.3.2-1", MALFORMED, (0x30, field(b"\xc3"), P)),
    ("MQTT-3.3.2-1", "MQTT-3.3.2-1", MALFORMED, (0x30, field(b"\xed\xa0\x80"), P)),
    ("MQTT-4.7.3-2", "MQTT-4.7.3-2", MALFORMED, (0x30, field(b"a\0"), P)),
    ("MQTT-4.7.3-2", "MQTT-4.7.3-2", MALFORMED, (0x82, "0001", P, field(b"a\0"), "00")),
    # fixed header
    ("MQTT-2.1.3-1", "MQTT-2.2.2-2", MALFORMED, (0x41, "0001")),
    ("MQTT-2.1.3-1", "MQTT-2.2.2-2", MALFORMED, (0x52, "0001")),
    ("MQTT-2.1.3-1", "MQTT-2.2.2-2", MALFORMED, (0x78, "0001")),
    ("MQTT-2.1.3-1", "MQTT-2.2.2-2", MALFORMED, (0xC1,)),
    ("MQTT-3.6.1-1", "MQTT-3.6.1-1", MALFORMED, (0x60, "0001")),
    ("MQTT-3.8.1-1", "MQTT-3.8.1-1", MALFORMED, (0x80, "0001", P, T, "00")),
    ("MQTT-3.10.1-1", "MQTT-3.10.1-1", MALFORMED, (0xA0, "0001", P, T)),
    ("MQTT-3.10.1-1", "MQTT-3.10.1-1", MALFORMED, (0xAA, "0001", P, T)),
    ("MQTT-3.14.1-1", "MQTT-3.14.1-1", MALFORMED, (0xE1,)),
    ("section 2.1.2", "section 2.2.1", MALFORMED, (0x00,)),
    ("section 1.5.5", "section 2.2.3", MALFORMED, (b"\x30\xff\xff\xff\xff\x7f",)),
    ("MQTT-3.2.2-15", "section 4.2", TOO_LARGE, (b"\x30\xe9\x07",)),
    ("section 2.1.2", "section 2.2.1", PROTOCOL_ERROR, (0x20, "0000", P)),
    ("section 2.1.2", "section 2.2.1", PROTOCOL_ERROR, (0x90, "0001", P, "00")),
    ("section 2.1.2", "section 2.2.1", PROTOCOL_ERROR, (0xB0, "0001", P)),
    ("section 2.1.2", "section 2.2.1", PROTOCOL_ERROR, (0xD0,)),
    # lengths
    ("MQTT-4.13.1-1", "MQTT-4.8.0-1", MALFORMED, (0x40, "00")),
    ("MQTT-4.13.1-1", "MQTT-4.8.0-1", MALFORMED, (0x32, T, "00")),
    ("MQTT-4.13.1-1", "MQTT-4.8.0-1", MALFORMED, (0x82, "0001", P, T)),
    ("MQTT-4.13.1-1", "MQTT-4.8.0-1", MALFORMED, (0x82, "0001", P, "0002", b"t")),
    ("MQTT-4.13.1-1", "MQTT-4.8.0-1", MALFORMED, (0xC0, "00")),
    ("MQTT-3.3.2-1", "MQTT-3.3.2-1", MALFORMED, (0x30,)),
    ("MQTT-3.3.2-1", "MQTT-3.3.2-1", MALFORMED, (0x30, "0002", b"t")),
    # packet identifiers
    ("MQTT-2.2.1-3", "MQTT-2.3.1-1", PROTOCOL_ERROR, (0x32, T, "0000", P)),
    ("MQTT-2.2.1-3", "MQTT-2.3.1-1", PROTOCOL_ERROR, (0x82, "0000", P, T, "00")),
    ("MQTT-2.2.1-3", "MQTT-2.3.1-1", PROTOCOL_ERROR, (0xA2, "0000", P, T)),
    ("MQTT-2.2.1-5", "MQTT-2.3.1-6", PROTOCOL_ERROR, (0x40, "0000")),
    ("MQTT-2.2.1-5", "MQTT-2.3.1-6", PROTOCOL_ERROR, (0x62, "0000")),
    # PUBLISH
    ("MQTT-3.3.1-2", "MQTT-3.3.1-2", MALFORMED, (0x38, T, P)),
    ("MQTT-3.3.1-4", "MQTT-3.3.1-4", MALFORMED, (0x36, T, "0001", P)),
    ("MQTT-3.3.2-2", "MQTT-3.3.2-2", TOPIC, (0x30, field(b"a/#"), P)),
    ("MQTT-3.3.2-2", "MQTT-3.3.2-2", TOPIC, (0x30, field(b"+"), P)),
    ("section 3.3.2.1", "MQTT-4.7.3-1", PROTOCOL_ERROR, (0x30, field(b""), P)),
    # SUBSCRIBE and UNSUBSCRIBE
    ("MQTT-3.8.3-1", "MQTT-3.8.3-1", MALFORMED, (0x82, "0001", P, field(b"\xff"), "00")),
    ("MQTT-3.8.3-2", "MQTT-3.8.3-3", PROTOCOL_ERROR, (0x82, "0001", P)),
    ("MQTT-3.8.3-5", "MQTT-3-8.3-4", MALFORMED, (0x82, "0001", P, T, "41")),
    ("MQTT-3.8.3-5", "MQTT-3-8.3-4", MALFORMED, (0x82, "0001", P, T, "80")),
    ("section 3.8.3.1", "MQTT-3-8.3-4", PROTOCOL_ERROR, (0x82, "0001", P, T, "03")),
    ("MQTT-3.10.3-1", "MQTT-3.10.3-1", MALFORMED, (0xA2, "0001", P, field(b"\xff"))),
    ("MQTT-3.10.3-2", "MQTT-3.10.3-2", PROTOCOL_ERROR, (0xA2, "0001", P)),
    ("MQTT-4.7.3-1", "MQTT-4.7.3-1", FILTER, (0x82, "0001", P, field(b""), "00")),
    ("MQTT-4.7.1-1", "MQTT-4.7.1-2", FILTER, (0x82, "0001", P, field(b"a/#/b"), "00")),
    ("MQTT-4.7.1-1", "MQTT-4.7.1-2", FILTER, (0x82, "0001", P, field(b"a#"), "00")),
    ("MQTT-4.7.1-1", "MQTT-4.7.1-2", FILTER, (0xA2, "0001", P, field(b"##"))),
    ("MQTT-4.7.1-2", "MQTT-4.7.1-3", FILTER, (0x82, "0001", P, field(b"a+/b"), "00")),
    ("MQTT-4.7.1-2", "MQTT-4.7.1-3", FILTER, (0x82, "0001", P, field(b"++"), "00")),
    # CONNECT
    ("MQTT-3.1.0-2", "MQTT-3.1.0-2", PROTOCOL_ERROR, (0x10,)),
]

# In 5.0 only.
USER = "26 0001 61 0001 62"
FIVE: list[tuple[str, int, bytes]] = [
    ("MQTT-1.5.5-1", MALFORMED, bytes.fromhex("c08000")),
    ("MQTT-1.5.5-1", MALFORMED, packet(0x30, T, "8000")),
    ("section 1.5.5", MALFORMED, packet(0x30, T, "ffffffff7f")),
    ("MQTT-2.2.2-1", MALFORMED, packet(0x30, T)),
    ("MQTT-2.2.2-1", MALFORMED, packet(0x82, "0001")),
    ("MQTT-4.13.1-1", MALFORMED, packet(0x30, T, "05 01 00")),
    ("MQTT-4.13.1-1", MALFORMED, packet(0x30, T, "03 02 0000")),
    ("section 2.2.2.2", MALFORMED, packet(0x30, T, "02 7f 00")),
    ("section 2.2.2.2", MALFORMED, packet(0x30, T, "05 11 00000001")),
    ("section 2.2.2.2", MALFORMED, packet(0x82, "0001", "02 01 00", T, "00")),
    ("section 2.2.2.2", PROTOCOL_ERROR, packet(0x30, T, "04 01 00 01 00")),
    ("section 2.2.2.2", PROTOCOL_ERROR, packet(0x30, T, "02 01 02")),
    ("MQTT-3.3.2-8", ALIAS, packet(0x30, T, "03 23 0000")),
    ("MQTT-3.3.2-13", MALFORMED, packet(0x30, T, "04 08 0001 ff")),
    ("MQTT-3.3.2-14", PROTOCOL_ERROR, packet(0x30, T, "04 08 0001", b"#")),
    ("MQTT-3.3.2-19", MALFORMED, packet(0x30, T, "04 03 0001 ff")),
    ("MQTT-1.5.7-1", MALFORMED, packet(0x30, T, "07 26 0001 ff 0001 62")),
    ("MQTT-1.5.7-1", MALFORMED, packet(0x30, T, "07 26 0001 61 0001 ff")),
    ("MQTT-1.5.4-1", MALFORMED, packet(0x40, "0001 80", "04 1f 0001 ff")),
    ("MQTT-1.5.4-2", MALFORMED, packet(0x40, "0001 80", "04 1f 0001 00")),
    ("MQTT-3.3.4-6", PROTOCOL_ERROR, packet(0x30, T, "02 0b 01")),
    ("section 3.8.2.1.2", PROTOCOL_ERROR, packet(0x82, "0001", "02 0b 00", T, "00")),
    ("section 2.2.2.2", PROTOCOL_ERROR, packet(0x82, "0001", "04 0b01 0b02", T, "00")),
    ("MQTT-3.4.2-1", PROTOCOL_ERROR, packet(0x40, "0001 01")),
    ("MQTT-3.5.2-1", PROTOCOL_ERROR, packet(0x50, "0001 92")),
    ("MQTT-3.6.2-1", PROTOCOL_ERROR, packet(0x62, "0001 80")),
    ("MQTT-3.7.2-1", PROTOCOL_ERROR, packet(0x70, "0001 10")),
    ("MQTT-3.8.3-4", PROTOCOL_ERROR, packet(0x82, "0001 00", field(b"$share/g/t"), "04")),
    ("section 3.8.3.1", PROTOCOL_ERROR, packet(0x82, "0001 00", T, "30")),
    ("MQTT-4.8.2-1", FILTER, packet(0x82, "0001 00", field(b"$share//t"), "00")),
    ("MQTT-4.8.2-1", FILTER, packet(0xA2, "0001 00", field(b"$share/"))),
    ("MQTT-4.8.2-2", FILTER, packet(0x82, "0001 00", field(b"$share/g+/t"), "00")),
    ("MQTT-4.8.2-2", FILTER, packet(0x82, "0001 00", field(b"$share/g#/t"), "00")),
    ("MQTT-4.8.2-2", FILTER, packet(0x82, "0001 00", field(b"$share/g"), "00")),
    ("MQTT-4.8.2-2", FILTER, packet(0x82, "0001 00", field(b"$share/g/"), "00")),
    ("MQTT-4.7.1-1", FILTER, packet(0x82, "0001 00", field(b"$share/g/#/b"), "00")),
    ("MQTT-3.14.2-1", PROTOCOL_ERROR, packet(0xE0, "8e")),
    ("MQTT-3.15.1-1", MALFORMED, packet(0xF1, "18 04 15 0001", b"m")),
    ("MQTT-3.15.2-1", PROTOCOL_ERROR, packet(0xF0)),
    ("MQTT-3.15.2-1", PROTOCOL_ERROR, packet(0xF0, "00 04 15 0001", b"m")),
    ("MQTT-4.12.0-5", PROTOCOL_ERROR, packet(0xF0, "18 00")),
]

# Of CONNECT, number in 5.0, number in 3.1.1, flags, what follows. "P" as above.
CONNECTS: list[tuple[str, str, int, tuple[object, ...]]] = [
    ("MQTT-3.1.2-3", "MQTT-3.1.2-3", 0x03, (P, ID)),
    ("MQTT-3.1.2-9", "MQTT-3.1.2-9", 0x06, (P, ID)),
    ("MQTT-3.1.2-9", "MQTT-3.1.2-9", 0x06, (P, ID, P, T)),
    ("MQTT-3.1.2-11", "MQTT-3.1.2-13", 0x0A, (P, ID)),
    ("MQTT-3.1.2-12", "MQTT-3.1.2-14", 0x1E, (P, ID, P, T, T)),
    ("MQTT-3.1.2-13", "MQTT-3.1.2-15", 0x22, (P, ID)),
    ("MQTT-3.1.2-16", "MQTT-3.1.2-18", 0x02, (P, ID, T)),
    ("MQTT-3.1.2-17", "MQTT-3.1.2-19", 0x82, (P, ID)),
    ("MQTT-3.1.2-18", "MQTT-3.1.2-20", 0x82, (P, ID, T, T)),
    ("MQTT-3.1.2-19", "MQTT-3.1.2-21", 0xC2, (P, ID, T)),
    ("MQTT-3.1.3-3", "MQTT-3.1.3-3", 0x02, (P,)),
    ("MQTT-3.1.3-4", "MQTT-3.1.3-4", 0x02, (P, field(b"\xff"))),
    ("MQTT-1.5.4-2", "MQTT-1.5.3-2", 0x02, (P, field(b"a\0"))),
    ("MQTT-3.1.3-11", "MQTT-3.1.3-10", 0x06, (P, ID, P, field(b"\xff"), T)),
    ("MQTT-4.7.3-2", "MQTT-4.7.3-2", 0x06, (P, ID, P, field(b"\0"), T)),
    ("MQTT-3.1.3-12", "MQTT-3.1.3-11", 0x82, (P, ID, field(b"\xff"))),
    ("MQTT-1.5.4-2", "MQTT-1.5.3-2", 0x82, (P, ID, field(b"\0"))),
    ("MQTT-3.1.4-1", "MQTT-3.1.4-1", 0xC2, (P, ID, T, T, "00")),
    ("MQTT-3.1.3-3", "MQTT-3.1.3-3", 0x02, (P, "0005", b"id")),
]


# Of the first packet: number in 5.0, code, bytes.
FIRST: list[tuple[str, int, bytes]] = [
    ("MQTT-3.1.0-1", PROTOCOL_ERROR, packet(0xC0)),
    ("MQTT-3.1.0-1", PROTOCOL_ERROR, b"GET / HTTP/1.1\r\n"),
    ("MQTT-3.1.4-1", MALFORMED, bytes.fromhex("1603010200010001fc0303")),  # a TLS ClientHello
    ("MQTT-2.1.3-1", MALFORMED, packet(0x11, MQTT, "05 02 003c 00", ID)),
    ("MQTT-3.1.2-1", VERSION, packet(0x10, field(b"mqtt"), "05 02 003c 00", ID)),
    ("MQTT-3.1.2-1", VERSION, packet(0x10, field(b"MQIsdpX"), "03 02 003c", ID)),
    ("MQTT-3.1.2-2", VERSION, packet(0x10, MQTT, "06 02 003c 00", ID)),
    ("MQTT-3.1.2-2", VERSION, packet(0x10, MQTT, "03 02 003c", ID)),
    ("MQTT-3.1.2-2", VERSION, packet(0x10, field(b"MQIsdp"), "04 02 003c", ID)),
    ("MQTT-1.5.5-1", MALFORMED, b"\x10\x8f\x00" + packet(0x10, MQTT, "05 02 003c 00", ID)[2:]),
    ("MQTT-2.2.2-1", MALFORMED, packet(0x10, MQTT, "05 02 003c")),
    ("MQTT-3.1.4-1", MALFORMED, packet(0x10, MQTT, "05 02 003c 05 11 0000")),
    ("MQTT-3.1.4-1", MALFORMED, packet(0x10, MQTT, "05")),
    ("section 2.2.2.2", PROTOCOL_ERROR, packet(0x10, MQTT, "05 02 003c 03 21 0000", ID)),
    ("section 2.2.2.2", PROTOCOL_ERROR, packet(0x10, MQTT, "05 02 003c 05 27 00000000", ID)),
    ("section 2.2.2.2", PROTOCOL_ERROR, packet(0x10, MQTT, "05 02 003c 02 17 02", ID)),
    ("section 2.2.2.2", PROTOCOL_ERROR, packet(0x10, MQTT, "05 02 003c 02 19 02", ID)),
    (
        "section 2.2.2.2",
        PROTOCOL_ERROR,
        packet(0x10, MQTT, "05 02 003c 0a 11 00000001 11 00000001", ID),
    ),
    ("section 3.1.2.11.10", PROTOCOL_ERROR, packet(0x10, MQTT, "05 02 003c 04 16 0001 61", ID)),
    ("MQTT-4.7.0-1", TOPIC, packet(0x10, MQTT, "05 06 003c 00", ID, "00", field(b"#"), T)),
    ("MQTT-4.7.3-1", TOPIC, packet(0x10, MQTT, "05 06 003c 00", ID, "00", field(b""), T)),
]


def body_of(parts: tuple[object, ...], version: int) -> bytes:
    empty = b"\0" if version == MQTT_5 else b""
    return b"".join(
        empty if part is P else bytes.fromhex(part) if isinstance(part, str) else bytes(part)  # type: ignore[call-overload]
        for part in parts
    )


def refusal(data: bytes, version: int | None) -> tuple[ProtocolError, str]:
    """What the decoder of a server says to ``data``, behind a good CONNECT of ``version``."""
    decoder = Decoder(max_packet_size=LIMIT)
    if version is not None:
        list(decoder.feed(encode(Connect(version, b"id"), version)))
    with pytest.raises(ProtocolError) as caught:
        list(decoder.feed(data))
    return caught.value, caught.value.normative(version or MQTT_5)


@pytest.mark.parametrize("version", [MQTT_311, MQTT_5])
@pytest.mark.parametrize(("number5", "number3", "code", "parts"), BOTH)
def test_demands_of_both_standards(
    number5: str, number3: str, code: int, parts: tuple[object, ...], version: int
) -> None:
    first, *rest = parts
    if isinstance(first, bytes):
        data = first
    else:
        assert isinstance(first, int)
        data = packet(first, body_of(tuple(rest), version))
    error, number = refusal(data, version)
    assert number == (number5 if version == MQTT_5 else number3)
    assert error.reason_code == code
    assert error.sentence.endswith(".")


@pytest.mark.parametrize(("number", "code", "data"), FIVE)
def test_demands_of_version_5(number: str, code: int, data: bytes) -> None:
    error, given = refusal(data, MQTT_5)
    assert (given, error.reason_code) == (number, code)


@pytest.mark.parametrize("version", [MQTT_311, MQTT_5])
@pytest.mark.parametrize(("number5", "number3", "flags", "parts"), CONNECTS)
def test_demands_on_connect(
    number5: str, number3: str, flags: int, parts: tuple[object, ...], version: int
) -> None:
    data = packet(0x10, MQTT, bytes((version, flags)), "003c", body_of(parts, version))
    error, _ = refusal(data, None)
    assert error.normative(version) == (number5 if version == MQTT_5 else number3)
    assert error.reason_code == MALFORMED


@pytest.mark.parametrize(("number", "code", "data"), FIRST)
def test_demands_on_the_first_packet(number: str, code: int, data: bytes) -> None:
    error, given = refusal(data, None)
    assert (given, error.reason_code) == (number, code)


def test_there_is_no_auth_before_version_5() -> None:
    error, _ = refusal(packet(0xF0), MQTT_311)
    assert error.reason_code == MALFORMED


def accepted(data: bytes, version: int) -> ControlPacket:
    decoder = Decoder()
    list(decoder.feed(encode(Connect(version, b"id"), version)))
    (read,) = decoder.feed(data)
    return read


@pytest.mark.parametrize(
    ("data", "read"),
    [
        # DUP on what is sent again, flags "not used", QoS with stray bits (MQTT 3.1, sections 2.1 and 3)
        (packet(0x6A, "0001"), Pubrel(1)),
        (packet(0x8A, "0001", T, "00"), Subscribe(1, (Subscription(b"t"),))),
        (packet(0x82, "0001", T, "f1"), Subscribe(1, (Subscription(b"t", 1),))),
        (packet(0xAA, "0001", T), Unsubscribe(1, (b"t",))),
        (packet(0x38, T), Publish(b"t")),
    ],
)
def test_what_version_3_1_lets_pass(data: bytes, read: ControlPacket) -> None:
    assert accepted(data, MQTT_31) == read


@pytest.mark.parametrize(
    ("flags", "rest", "connect"),
    [
        # a username or password may be missing though its flag is set; reserved flags are not spoken of
        (0xC2, ID, Connect(3, b"id", keep_alive=60)),
        (0xC2, ID + field(b"u"), Connect(3, b"id", keep_alive=60, username=b"u")),
        (0x3B, ID, Connect(3, b"id", keep_alive=60)),
        (0x02, field(b"x" * 24), Connect(3, b"x" * 24, keep_alive=60)),
        (0x06, ID + T + field(b""), Connect(3, b"id", keep_alive=60, will=Will(b"t"))),
    ],
)
def test_what_connect_of_version_3_1_lets_pass(flags: int, rest: bytes, connect: Connect) -> None:
    (read,) = Decoder().feed(packet(0x10, field(b"MQIsdp"), bytes((3, flags)), "003c", rest))
    assert read == connect


@pytest.mark.parametrize("version", [MQTT_31, MQTT_311, MQTT_5])
def test_a_password_without_a_username_is_taken_in_every_version(version: int) -> None:
    """EMQX does (vectors ``obs-auth-nouser-*``), though MQTT-3.1.2-22 of 3.1.1 forbids the packet."""
    connect = Connect(version, b"id", password=b"secret")
    (read,) = Decoder().feed(encode(connect, version))
    assert read == connect


@pytest.mark.parametrize("version", [MQTT_31, MQTT_311, MQTT_5])
@pytest.mark.parametrize(
    "topic",
    [
        b"\xef\xbb\xbft",
        "\x01\x9f\ufffe\ufdd0".encode(),
        "🌡/°C".encode(),
        b"/",
        b"$SYS/x",
        b"$share",
    ],
)
def test_texts_that_may_be_pass_unchanged(topic: bytes, version: int) -> None:
    """Control and non-characters may be there; U+FEFF stays (MQTT-1.5.4-3, MQTT-1.5.3-3; MQTT-4.7.3-4)."""
    message = Publish(topic, b"x")
    assert accepted(encode(message, version), version) == message
    wanted = Subscribe(1, (Subscription(topic),))
    assert accepted(encode(wanted, version), version) == wanted


def test_shared_subscriptions_are_ordinary_filters_before_version_5() -> None:
    wanted = Subscribe(1, (Subscription(b"$share//t"),))
    assert accepted(encode(wanted, MQTT_311), MQTT_311) == wanted


def test_a_topic_alias_stands_for_an_empty_topic_name() -> None:
    read = accepted(packet(0x30, "0000", "03 23 0005", b"x"), MQTT_5)
    assert isinstance(read, Publish)
    assert (read.topic, read.properties.topic_alias, read.payload) == (b"", 5, b"x")


@pytest.mark.parametrize(
    ("topic", "number"), [(b"a/#", "MQTT-4.7.1-1"), (b"+", "MQTT-4.7.1-1"), (b"", "MQTT-4.7.3-1")]
)
def test_will_topics_of_3_1_1(topic: bytes, number: str) -> None:
    error, _ = refusal(packet(0x10, MQTT, "04 06 003c", ID, field(topic), T), None)
    assert (error.normative(MQTT_311), error.reason_code) == (number, TOPIC)


def test_every_numbered_demand_has_a_row() -> None:
    """Ill-formed UTF-8 (MQTT-1.5.3-1 of 3.1.1) goes by the number of its field, which all have one there."""
    known = [each for each in vars(demands).values() if isinstance(each, demands.Demand)]
    fives = {row[0] for row in (*BOTH, *FIVE, *CONNECTS, *FIRST)}
    threes = {row[1] for row in (*BOTH, *CONNECTS)} | {row[0] for row in FIRST}
    threes |= {"MQTT-1.5.3-1", "MQTT-4.7.1-1"}  # above
    assert {each.v5 for each in known if each.v5.startswith("MQTT")} <= fives
    assert {each.v3 for each in known if each.v3.startswith("MQTT")} <= threes
