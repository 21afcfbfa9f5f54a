"""The server's side of a websocket, against wsproto's client and against everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from mtlsx.broker.websocket import ServerWebsocket, WebsocketError

LIMIT = 1000
UPGRADE = (
    b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


class Client:
    """wsproto's client."""

    def __init__(self) -> None:
        self._connection = WSConnection(ConnectionType.CLIENT)

    def say(self, event: Event) -> bytes:
        return self._connection.send(event)

    def hear(self, data: bytes) -> list[Event]:
        self._connection.receive_data(data)
        return list(self._connection.events())


def server() -> ServerWebsocket:
    return ServerWebsocket("/mqtt", max_frame_size=LIMIT)


def upgraded(*subprotocols: str) -> tuple[ServerWebsocket, Client]:
    websocket, client = server(), Client()
    request = Request("localhost", "/mqtt", subprotocols=list(subprotocols or ("mqtt",)))
    assert websocket.receive(client.say(request)) == b""
    assert websocket.upgraded
    (accepted,) = client.hear(websocket.outgoing())
    assert isinstance(accepted, AcceptConnection)
    assert accepted.subprotocol == (subprotocols[-1] if subprotocols else "mqtt")
    return websocket, client


def test_the_first_subprotocol_that_is_mqtts_is_chosen() -> None:
    upgraded("soap", "mqtt-v5")


def test_payload_passes_both_ways() -> None:
    websocket, client = upgraded()
    assert websocket.receive(client.say(BytesMessage(b"\x10\x00"))) == b"\x10\x00"
    assert client.hear(websocket.send(b"\x20\x02\x00\x00")) == [BytesMessage(b"\x20\x02\x00\x00")]


def test_packets_need_not_begin_with_frames() -> None:
    websocket, client = upgraded()
    frames = client.say(BytesMessage(b"ab", message_finished=False))
    frames += client.say(BytesMessage(b"cd"))
    frames += client.say(BytesMessage(b"ef"))
    assert b"".join(websocket.receive(bytes([octet])) for octet in frames) == b"abcdef"


def test_a_ping_gets_its_pong() -> None:
    websocket, client = upgraded()
    assert websocket.receive(client.say(Ping(b"there?"))) == b""
    assert client.hear(websocket.outgoing()) == [Pong(b"there?")]


def test_a_close_is_answered() -> None:
    websocket, client = upgraded()
    websocket.receive(client.say(CloseConnection(1000, "bye")))
    assert websocket.at_end
    assert client.hear(websocket.outgoing()) == [CloseConnection(1000, "bye")]
    assert websocket.close() == b""


def test_our_close_is_a_normal_one() -> None:
    websocket, client = upgraded()
    assert client.hear(websocket.close()) == [CloseConnection(1000, "")]


def test_text_is_refused() -> None:
    """MQTT-6.0.0-1."""
    websocket, client = upgraded()
    with pytest.raises(WebsocketError, match="a text frame"):
        websocket.receive(client.say(TextMessage("hello")))
    assert client.hear(websocket.outgoing()) == [CloseConnection(1003, "a text frame")]


@pytest.mark.parametrize("frames", [1, 3])
def test_a_message_beyond_the_limit_is_refused(frames: int) -> None:
    websocket, client = upgraded()
    part = bytes(LIMIT // frames + 1)
    sent = [client.say(BytesMessage(part, message_finished=at == frames)) for at in range(1, frames + 1)]  # fmt: skip
    with pytest.raises(WebsocketError, match="more than 1000 octets"):
        websocket.receive(b"".join(sent))
    (closing,) = client.hear(websocket.outgoing())
    assert isinstance(closing, CloseConnection)
    assert closing.code == 1009


def test_a_message_of_the_limit_is_taken_again_and_again() -> None:
    websocket, client = upgraded()
    for _ in range(3):
        assert len(websocket.receive(client.say(BytesMessage(bytes(LIMIT))))) == LIMIT


def test_a_frame_without_a_mask_is_refused() -> None:
    websocket, client = upgraded()
    with pytest.raises(WebsocketError):
        websocket.receive(b"\x82\x02\x10\x00")
    (closing,) = client.hear(websocket.outgoing())
    assert isinstance(closing, CloseConnection)
    assert closing.code == 1002


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (UPGRADE.replace(b"/mqtt", b"/other"), 404),
        (UPGRADE.replace(b"Sec-WebSocket-Protocol: mqtt\r\n", b""), 400),
        (UPGRADE.replace(b": mqtt\r\n", b": soap\r\n"), 400),
        (UPGRADE.replace(b"Version: 13", b"Version: 8"), 400),
        (UPGRADE.replace(b"Upgrade: websocket\r\n", b""), 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"POST /mqtt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 400),
        (b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00\r\n\r\n", 400),
        (b"GET /mqtt HTTP/1.1\r\n" + b"X: " + b"x" * 100_000, 400),
    ],
    ids=["path", "no-subprotocol", "subprotocol", "version", "no-upgrade", "get", "post", "mqtt", "endless"],
)  # fmt: skip
def test_what_is_no_upgrade_gets_its_status(request_: bytes, status: int) -> None:
    websocket = server()
    with pytest.raises(WebsocketError) as caught:
        websocket.receive(request_)
    assert caught.value.status == status
    assert not websocket.upgraded
    assert websocket.outgoing().startswith(b"HTTP/1.1 %d " % status)
    assert websocket.close() == b""


def test_the_path_may_have_a_query() -> None:
    websocket = server()
    websocket.receive(UPGRADE.replace(b"/mqtt", b"/mqtt?a=b"))
    assert websocket.upgraded


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=8), st.booleans())
def test_whatever_comes_ends_in_words(chunks: list[bytes], upgrade: bool) -> None:
    websocket = server()
    try:
        for chunk in ([UPGRADE] if upgrade else []) + chunks:
            websocket.receive(chunk)
            assert isinstance(websocket.outgoing(), bytes)
    except WebsocketError:
        assert isinstance(websocket.outgoing(), bytes)
    websocket.close()
