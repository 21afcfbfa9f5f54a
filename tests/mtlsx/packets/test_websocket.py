"""Taking MQTT out of a websocket server's bytes; the websockets library frames for the test."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.websocket import WebsocketPayload

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

# So long that the length takes eight octets. What is repeated is as long as a prime, so that no piece can be taken
# for another; drawing all of it would take most of the test's time.
long_payloads = st.builds(
    lambda repeated, length: (repeated * length)[:length],
    st.binary(min_size=61, max_size=61),
    st.integers(65_536, 65_600),
)
data_frames = st.builds(
    Frame,
    st.sampled_from([Opcode.BINARY, Opcode.CONT]),
    st.one_of(st.binary(max_size=200), long_payloads),
)
control_frames = st.builds(
    Frame, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125)
)


@given(st.lists(st.one_of(data_frames, control_frames), max_size=5), st.booleans(), st.data())
def test_the_payload_comes_out_however_chopped(
    frames: list[Frame], client: bool, data: st.DataObject
) -> None:
    stream = HEAD + b"".join(frame.serialize(mask=client) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    websocket = WebsocketPayload()
    got = b"".join(
        websocket.feed(stream[start:end])
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    )
    wanted = (frame.data for frame in frames if frame.opcode in {Opcode.BINARY, Opcode.CONT})
    assert got == b"".join(map(bytes, wanted))
    assert websocket.status_line == "HTTP/1.1 101 Switching Protocols"


def test_the_head_names_the_server() -> None:
    websocket = WebsocketPayload()
    websocket.feed(b"HTTP/1.1 404 Not Found\r\nDate: today\r\nserver:  Cowboy \r\n\r\nServer: page")
    assert websocket.status_line == "HTTP/1.1 404 Not Found"
    assert websocket.server_header == "Cowboy"


@given(st.lists(st.binary()))
def test_arbitrary_bytes_raise_nothing_but_the_protocol_error(chunks: list[bytes]) -> None:
    websocket = WebsocketPayload()
    with suppress(ProtocolError):
        for chunk in chunks:
            websocket.feed(chunk)


def test_a_head_without_end_is_malformed() -> None:
    websocket = WebsocketPayload()
    with pytest.raises(ProtocolError):
        websocket.feed(b"x" * 20_000)
