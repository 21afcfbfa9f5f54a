"""The client's side of one websocket that carries MQTT: bytes in, MQTT out, and back (RFC 6455; MQTT 5.0, section 6).

No socket, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wsproto.events import Event

_LONGEST_STATUS = 512
_SUBPROTOCOL = "mqtt"


class WebsocketRefusedError(Exception):
    """The server did not upgrade, or broke the rules; ``status_line`` is what it answered, b"" for no HTTP."""

    def __init__(self, status_line: str) -> None:
        super().__init__(status_line or "no HTTP")
        self.status_line = status_line


class ClientWebsocket:
    """One websocket to ``authority`` (host and port, as in a URL)."""

    def __init__(self, authority: str, path: str, headers: tuple[tuple[str, str], ...]) -> None:
        self.upgraded = False
        """Whether MQTT may be spoken now."""
        self.at_end = False
        """Whether the server has closed it."""
        self.server_header: str | None = None
        """Which web server the answer to the upgrade names."""
        self._connection = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in headers]
        self._outgoing = self._connection.send(
            Request(authority, path, subprotocols=[_SUBPROTOCOL], extra_headers=extra)
        )
        self._head = b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes (b"" is the end) and return the MQTT in them; there may be something ``outgoing`` then.

        Raises ``WebsocketRefusedError``.
        """
        if not self.upgraded and len(self._head) < _LONGEST_STATUS:
            self._head = (self._head + data)[:_LONGEST_STATUS]
        payload: list[bytes] = []
        try:
            self._connection.receive_data(data or None)
            for event in self._connection.events():
                self._take(event, payload)
        except (RemoteProtocolError, LocalProtocolError) as error:
            raise WebsocketRefusedError(self._status_line()) from error
        return b"".join(payload)

    def send(self, payload: bytes) -> bytes:
        """The bytes of one binary frame; b"" once it is closed."""
        return b"" if self.at_end else self._connection.send(BytesMessage(payload))

    def outgoing(self) -> bytes:
        """What the websocket itself has to say: the request to upgrade, pongs, the answer to a close."""
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    def _take(self, event: Event, payload: list[bytes]) -> None:
        match event:
            case AcceptConnection(extra_headers=headers):
                self.upgraded = True
                self._note_server(headers)
            case RejectConnection(headers=headers):
                self._note_server(headers)
                raise WebsocketRefusedError(self._status_line())
            case BytesMessage(data=data):
                payload.append(bytes(data))
            case TextMessage(data=text):  # forbidden (MQTT-6.0.0-1), but what was said is shown
                payload.append(text.encode())
            case Ping():
                self._outgoing += self._connection.send(event.response())
            case CloseConnection():
                if not self.at_end:
                    self.at_end = True
                    self._outgoing += self._connection.send(event.response())

    def _note_server(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        for name, value in headers:
            if name.lower() == b"server":
                self.server_header = value.decode("latin-1")

    def _status_line(self) -> str:
        line = self._head.partition(b"\r\n")[0].decode("latin-1")
        return line if line.startswith("HTTP/") else ""
