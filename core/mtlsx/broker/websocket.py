"""The server's side of one websocket that carries MQTT: bytes in, MQTT out, and back (RFC 6455; MQTT 5.0, section 6).

No socket, no clock. Payload is passed on as it comes, so a frame never has to fit into memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

if TYPE_CHECKING:
    from wsproto.events import Event

SUBPROTOCOLS = ("mqtt", "mqtt-v3", "mqtt-v3.1.1", "mqtt-v5")
"""What EMQX takes (``supported_subprotocols``); the client's first that is here is chosen."""
_TEXT = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]


class WebsocketError(Exception):
    """A client that does not keep to the rules; what it should be told is in ``outgoing``.

    ``status`` is that of the HTTP answer where it was the upgrade that was refused, else None.
    """

    def __init__(self, words: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(words)


class ServerWebsocket:
    """One websocket. ``path`` is where it is served; ``max_frame_size`` in octets, of one message's payload."""

    def __init__(self, path: str, *, max_frame_size: int) -> None:
        self.upgraded = False
        """Whether the client may speak MQTT now."""
        self.at_end = False
        """Whether the client has closed it."""
        self._path = path
        self._max_frame_size = max_frame_size
        self._connection = WSConnection(ConnectionType.SERVER)
        self._message_size = 0
        self._outgoing = b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes and return the MQTT in them; there may be something ``outgoing`` then.

        Raises ``WebsocketError``.
        """
        payload: list[bytes] = []
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                self._take(event, payload)
        except RemoteProtocolError as error:
            raise self._broken(error) from error
        return payload[0] if len(payload) == 1 else b"".join(payload)

    def send(self, payload: bytes) -> bytes:
        """The bytes of one binary frame."""
        return self._connection.send(BytesMessage(payload))

    def outgoing(self) -> bytes:
        """What the websocket itself has to say: the answer to the upgrade, pongs, the answer to a close."""
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    def close(self) -> bytes:
        """The bytes of our close frame, where it is our turn to send one."""
        return self._say(CloseConnection(CloseReason.NORMAL_CLOSURE)) if self.upgraded else b""

    def _take(self, event: Event, payload: list[bytes]) -> None:
        match event:
            case Request():
                self._upgrade(event)
            case BytesMessage(data=data, message_finished=finished):
                self._message_size += len(data)
                if self._message_size > self._max_frame_size:
                    words = f"a message of more than {self._max_frame_size} octets"
                    raise self._closed(CloseReason.MESSAGE_TOO_BIG, words)
                if finished:
                    self._message_size = 0
                payload.append(bytes(data))
            case TextMessage():
                # MQTT 5.0, MQTT-6.0.0-1
                raise self._closed(CloseReason.UNSUPPORTED_DATA, "a text frame")
            case Ping():
                self._outgoing += self._say(event.response())
            case CloseConnection() if self._connection.state is ConnectionState.OPEN:
                # wsproto's way to say that the client broke the rules.
                raise self._closed(event.code, event.reason or "broken frames")
            case CloseConnection():
                self._outgoing += self._say(event.response())
                self.at_end = True

    def _upgrade(self, request: Request) -> None:
        if request.target.partition("?")[0] != self._path:
            raise self._rejected(404, f"the path {request.target[:80]!r}; MQTT is at {self._path}")
        chosen = next((name for name in request.subprotocols if name in SUBPROTOCOLS), None)
        if chosen is None:
            # MQTT 5.0, MQTT-6.0.0-3; EMQX: fail_if_no_subprotocol
            raise self._rejected(400, "no subprotocol that is MQTT's; it is called mqtt")
        self._outgoing += self._say(AcceptConnection(subprotocol=chosen))
        self.upgraded = True

    def _broken(self, error: RemoteProtocolError) -> WebsocketError:
        if not self.upgraded:
            return self._rejected(400, f"no websocket upgrade: {error}")
        return self._closed(CloseReason.PROTOCOL_ERROR, str(error))

    def _rejected(self, status: int, words: str) -> WebsocketError:
        """Refuse the upgrade over HTTP."""
        body = f"This is a websocket that carries MQTT. The request had {words}.\n".encode()
        length = (b"content-length", str(len(body)).encode())
        self._outgoing += self._say(
            RejectConnection(status_code=status, headers=[*_TEXT, length], has_body=True)
        )
        self._outgoing += self._say(RejectData(body))
        return WebsocketError(words, status=status)

    def _closed(self, code: int, words: str) -> WebsocketError:
        self._outgoing += self._say(CloseConnection(code, words))
        return WebsocketError(words)

    def _say(self, event: Event) -> bytes:
        try:
            return self._connection.send(event)
        except LocalProtocolError:
            return b""  # both sides have closed; nothing is said any more
