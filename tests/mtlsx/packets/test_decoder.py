"""The stream of a connection: packets come out as they went in, however it is chopped up, and within bounds."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_311,
    Connack,
    Connect,
    ControlPacket,
    Pingreq,
    Pingresp,
    Publish,
    Subscribe,
    Subscription,
)
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.properties import PublishProperties
from support.control_packets import packets, versions
from support.recorded_clients import RECORDED, stream

CONNECT = encode(Connect(MQTT_311, b"id"), MQTT_311)
PINGREQ = encode(Pingreq(), MQTT_311)


@given(st.data(), versions)
@settings(max_examples=50)
def test_packets_come_out_as_they_went_in(data: st.DataObject, version: int) -> None:
    sent = data.draw(
        st.lists(packets(version).filter(lambda each: not isinstance(each, Connect)), max_size=5)
    )
    written = b"".join(encode(each, version) for each in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=10)))
    decoder = Decoder(version)
    got: list[ControlPacket] = []
    for start, end in zip([0, *cuts], [*cuts, len(written)], strict=True):
        got += decoder.feed(written[start:end])
    assert got == sent


@pytest.mark.parametrize("recorded", RECORDED.values(), ids=RECORDED)
def test_real_clients_byte_by_byte_and_at_once(recorded: str) -> None:
    data = stream(recorded)
    whole, slow = Decoder(), Decoder()
    one_by_one = [each for byte in data for each in slow.feed(bytes((byte,)))]
    assert one_by_one == list(whole.feed(data))
    assert isinstance(one_by_one[0], Connect)
    assert whole.version == slow.version == one_by_one[0].version


@given(st.lists(st.binary(max_size=100), max_size=5), st.sampled_from([None, 3, 4, 5]))
def test_arbitrary_bytes_raise_nothing_but_the_protocol_error(
    chunks: list[bytes], version: int | None
) -> None:
    decoder = Decoder(version)
    with suppress(ProtocolError):
        for chunk in chunks:
            list(decoder.feed(chunk))


def test_what_stands_in_front_of_a_fault_is_given_first() -> None:
    decoder = Decoder()
    fed = decoder.feed(CONNECT + PINGREQ + b"\x00\x00" + PINGREQ)
    assert [next(fed), next(fed)] == [Connect(MQTT_311, b"id"), Pingreq()]
    with pytest.raises(ProtocolError) as caught:
        next(fed)
    with pytest.raises(ProtocolError) as again:
        list(decoder.feed(PINGREQ))
    assert again.value is caught.value


def test_who_stops_early_finds_the_rest_in_the_next_feed() -> None:
    decoder = Decoder()
    for _ in decoder.feed(CONNECT + PINGREQ + PINGREQ[:1]):
        break
    assert list(decoder.feed(PINGREQ[1:])) == [Pingreq(), Pingreq()]


def test_the_version_of_connect_holds_for_the_rest() -> None:
    five = Decoder()
    message = Publish(b"t", b"x")
    start = encode(Connect(MQTT_5, b"id"), MQTT_5)
    assert list(five.feed(start + encode(message, MQTT_5)))[1] == message
    assert five.version == MQTT_5


def test_a_client_reads_what_only_servers_send() -> None:
    decoder = Decoder(MQTT_311)
    written = encode(Connack(False, 0), MQTT_311) + encode(Pingresp(), MQTT_311)
    assert list(decoder.feed(written)) == [Connack(False, 0), Pingresp()]
    with pytest.raises(ProtocolError):
        list(decoder.feed(CONNECT))


def test_a_server_of_3_1_1_may_answer_version_5_without_properties() -> None:
    assert list(Decoder(MQTT_5).feed(b"\x20\x02\x00\x01")) == [Connack(False, 1)]


@pytest.mark.parametrize("extra", [0, 1])
def test_the_maximum_packet_size_counts_the_whole_packet(extra: int) -> None:
    message = encode(Publish(b"t", bytes(200)), MQTT_311)
    decoder = Decoder(max_packet_size=len(message) - extra)
    list(decoder.feed(CONNECT))
    if not extra:
        assert len(list(decoder.feed(message))) == 1
        return
    with pytest.raises(ProtocolError) as caught:  # its length is enough
        list(decoder.feed(message[:3]))
    assert caught.value.reason_code == 0x95


def test_large_packets_cost_a_few_copies_and_no_more() -> None:
    """In the time of a quadratic decoder this test would not end: 16 MiB in 64 KiB chunks, then byte by byte."""
    size = 16 * 1024 * 1024
    written = encode(Publish(b"t", bytes(size)), MQTT_311)
    decoder = Decoder()
    list(decoder.feed(CONNECT))
    tracemalloc.start()
    try:
        got = [
            each
            for at in range(0, len(written), 65_536)
            for each in decoder.feed(written[at : at + 65_536])
        ]
        peak = tracemalloc.get_traced_memory()[1]
        del got[:]
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert peak < 4 * size
    assert kept < 1_000_000


def test_a_long_packet_may_come_byte_by_byte() -> None:
    message = Publish(b"t", bytes(300_000))
    decoder = Decoder()
    list(decoder.feed(CONNECT))
    written = encode(message, MQTT_311)
    assert [each for byte in written for each in decoder.feed(bytes((byte,)))] == [message]


def test_a_packet_full_of_user_properties_takes_linear_time() -> None:
    """A quadratic reader would need minutes for these 200,000."""
    properties = PublishProperties(user_properties=((b"", b""),) * 200_000)
    message = Publish(b"t", b"x", properties=properties)
    assert list(Decoder(MQTT_5).feed(encode(message, MQTT_5))) == [message]


def test_a_subscribe_full_of_filters_takes_linear_time() -> None:
    wanted = Subscribe(1, (Subscription(b"a"),) * 100_000)
    assert list(Decoder(MQTT_311).feed(encode(wanted, MQTT_311))) == [wanted]
