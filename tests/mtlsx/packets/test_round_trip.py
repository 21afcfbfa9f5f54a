"""Every packet of every version comes back from its bytes; what bytes hold is written as it was read."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.packets.control_packets import (
    MQTT_5,
    Auth,
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
)
from mtlsx.packets.decode import decode
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import Packet, PacketType, remaining_length
from mtlsx.packets.from_client import check_from_client
from mtlsx.packets.properties import (
    AnswerProperties,
    AuthProperties,
    ConnackProperties,
    DisconnectProperties,
    PublishProperties,
)
from support.control_packets import packets, versions
from support.recorded_clients import RECORDED, stream


def read(data: bytes, version: int) -> ControlPacket:
    """The one packet that ``data`` is."""
    length, body_at = remaining_length(data, 1)
    assert len(data) == body_at + length
    return decode(Packet(PacketType(data[0] >> 4), data[0] & 15, data[body_at:]), version)


@given(st.data(), versions)
def test_every_packet_comes_back(data: st.DataObject, version: int) -> None:
    packet = data.draw(packets(version))
    read_back = read(encode(packet, version), version)
    assert read_back == packet
    assert type(read_back) is type(packet)


@given(st.sampled_from(PacketType), st.integers(0, 15), st.binary(max_size=60), versions)
@settings(max_examples=500)
def test_what_a_client_may_send_can_be_written_and_nothing_else_happens(
    kind: PacketType, flags: int, body: bytes, version: int
) -> None:
    with suppress(ProtocolError):
        packet = decode(Packet(kind, flags, body), version)
        check_from_client(packet)
        assert read(encode(packet, version), version) == packet


@given(st.data(), versions)
def test_damaged_packets_raise_nothing_but_the_protocol_error(
    data: st.DataObject, version: int
) -> None:
    damaged = bytearray(encode(data.draw(packets(version)), version))
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), min_size=1, max_size=4)
    ):
        damaged[at % len(damaged)] = byte
    with suppress(ProtocolError):
        list(Decoder(version).feed(bytes(damaged)))


@pytest.mark.parametrize("recorded", RECORDED.values(), ids=RECORDED)
def test_what_mosquitto_sent_is_written_as_it_was(recorded: str) -> None:
    decoder = Decoder()
    sent = list(decoder.feed(stream(recorded)))
    version = decoder.version
    assert version is not None
    assert [read(encode(packet, version), version) for packet in sent] == sent
    if version < MQTT_5:  # properties have no order
        assert b"".join(encode(packet, version) for packet in sent) == stream(recorded)


def test_before_version_5_there_are_no_properties_and_few_codes() -> None:
    reason = AnswerProperties(reason_string="no")
    for version in (3, 4):
        assert encode(Puback(7, 0x87, reason), version) == bytes.fromhex("40020007")
        assert encode(Suback(7, (1, 0x87), reason), version) == bytes.fromhex("900400070180")
        assert encode(Unsuback(7, (0, 0x11), reason), version) == bytes.fromhex("b0020007")
        message = Publish(b"t", b"x", properties=PublishProperties(message_expiry_interval=9))
        assert encode(message, version) == bytes.fromhex("30040001") + b"tx"
        assert encode(Disconnect(0x8E), version) == bytes.fromhex("e000")
        option = Subscription(b"t", 1, True, True, 2)
        assert encode(Subscribe(7, (option,)), version) == bytes.fromhex("820600070001") + b"t\1"
        accepted = Connack(True, 0, ConnackProperties(maximum_qos=1))
        assert encode(accepted, version) == bytes((0x20, 2, version > 3, 0))


def test_answers_are_as_short_as_they_can_be() -> None:
    assert encode(Puback(7), 5) == bytes.fromhex("40020007")
    assert encode(Puback(7, 0x10), 5) == bytes.fromhex("4003000710")
    assert encode(Disconnect(), 5) == bytes.fromhex("e000")
    assert encode(
        Disconnect(0, DisconnectProperties(session_expiry_interval=1)), 5
    ) == bytes.fromhex("e007000511" + "00000001")


@pytest.mark.parametrize("size", [0, 120, 121, 16_376, 16_377, 2_097_144, 2_097_145])
def test_publish_at_the_lengths_where_the_header_grows(size: int) -> None:
    message = Publish(b"t/1", bytes(size), 1, packet_id=9)
    assert read(encode(message, 4), 4) == message


def test_secrets_are_not_in_a_repr() -> None:
    assert "hunter2" not in repr(Connect(password=b"hunter2"))
    assert "hunter2" not in repr(Auth(0x18, AuthProperties(b"m", b"hunter2")))
