"""Cutting a stream into packets, however it is chopped up."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import (
    Packet,
    PacketFilter,
    PacketType,
    decode_variable_byte_integer,
)

ALL = frozenset(PacketType)


def encoded_length(length: int) -> bytes:
    out = bytearray()
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(out)


def wire(packet: Packet) -> bytes:
    return bytes([packet.type << 4 | packet.flags]) + encoded_length(len(packet.body)) + packet.body


packets = st.lists(
    st.builds(Packet, st.sampled_from(PacketType), st.integers(0, 15), st.binary(max_size=300))
)


@given(packets, st.data())
def test_packets_come_out_as_they_went_in_however_chopped(
    sent: list[Packet], data: st.DataObject
) -> None:
    stream = b"".join(map(wire, sent))
    wanted = data.draw(st.frozensets(st.sampled_from(PacketType)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    packet_filter = PacketFilter(wanted)
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += packet_filter.feed(stream[start:end])
    assert got == [packet for packet in sent if packet.type in wanted]


@given(st.lists(st.binary()))
def test_arbitrary_bytes_raise_nothing_but_the_protocol_error(chunks: list[bytes]) -> None:
    packet_filter = PacketFilter(ALL)
    with suppress(ProtocolError):
        for chunk in chunks:
            packet_filter.feed(chunk)


def test_a_packet_that_claims_to_be_huge_is_stepped_over() -> None:
    packet_filter = PacketFilter(ALL)
    assert packet_filter.feed(b"\x20" + encoded_length(200_000_000)) == []
    assert packet_filter.feed(bytes(200_000)) == []


@pytest.mark.parametrize(
    ("encoded", "value"),
    # MQTT 5.0, table 1-1
    [(b"\x00", 0), (b"\x7f", 127), (b"\x80\x01", 128), (b"\xff\xff\xff\x7f", 268_435_455)],
)
def test_variable_byte_integers(encoded: bytes, value: int) -> None:
    assert decode_variable_byte_integer(encoded, 0) == (value, len(encoded))


@pytest.mark.parametrize("encoded", [b"", b"\x80", b"\xff\xff\xff\xff\x7f"])
def test_bad_variable_byte_integers_are_malformed(encoded: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_variable_byte_integer(encoded, 0)
