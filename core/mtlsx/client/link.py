"""The socket under paho: plain or TLS, websocket or not, watched from below.

paho swallows some CONNACKs and ignores the reason code of PUBREC, and cannot say why TLS failed. So it gets
its sockets from here, through ``tls_set_context``, its public way to bring one's own: the context makes a
``Link`` of each connected socket. A link buffers what arrives and picks the server's answers out of it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Self

from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import Packet, PacketFilter, PacketType
from mtlsx.packets.websocket import WebsocketPayload
from mtlsx.tls.stream import hang_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.client.packet_log import PacketLog
    from mtlsx.tls.record import HandshakeRecord
    from mtlsx.tls.stream import TlsStream

_CHUNK = 64 * 1024
_FIRST_BYTES = 64
# What a server may begin with: CONNACK, AUTH, or DISCONNECT (MQTT 5.0, sections 3.1.4, 4.12 and 4.13.1).
_OPENINGS = frozenset({PacketType.CONNACK, PacketType.AUTH, PacketType.DISCONNECT})
_WATCHED = frozenset({PacketType.CONNACK, PacketType.PUBREC, PacketType.DISCONNECT})


class Link:
    """One connection as paho's socket.

    ``on_handshake`` hears when TLS is up, without TLS when there would have been time for it; ``on_packet``
    each CONNACK, PUBREC and DISCONNECT on arrival, ``log`` all packets of both directions.
    """

    def __init__(
        self,
        below: socket.socket | TlsStream,
        *,
        websocket: bool,
        on_handshake: Callable[[], None],
        on_packet: Callable[[Packet], None],
        log: PacketLog,
    ) -> None:
        self.first_bytes = b""
        """The first bytes that came, at most 64: what a server that does not speak MQTT says."""
        self.at_end = False
        """Whether the server closed the connection in good order: an end of file, no reset."""
        self._below = below
        self._websocket = WebsocketPayload() if websocket else None
        self._packets: PacketFilter | None = PacketFilter(_WATCHED, log.received)
        self._websocket_sent = WebsocketPayload() if websocket else None
        self._sent: PacketFilter | None = PacketFilter(frozenset(), log.sent)
        self._on_handshake = on_handshake
        self._on_packet = on_packet
        self._opened = False
        self._buffer = b""
        self._at = 0

    @property
    def handshake(self) -> HandshakeRecord | None:
        """What the TLS handshake showed, up to now; None without TLS."""
        return None if isinstance(self._below, socket.socket) else self._below.record

    @property
    def upgrade_status(self) -> str | None:
        """The first line of the server's answer to the websocket upgrade, where there was one."""
        return self._websocket.status_line if self._websocket else None

    @property
    def server_header(self) -> str | None:
        """Which web server the answer to the websocket upgrade named."""
        return self._websocket.server_header if self._websocket else None

    def do_handshake(self) -> None:
        """Do the TLS handshake, where there is one; raises ``HandshakeError``."""
        if not isinstance(self._below, socket.socket):
            self._below.do_handshake()
        self._on_handshake()

    def recv(self, size: int) -> bytes:
        at = self._at
        if at >= len(self._buffer):
            self._buffer = self._below.recv(_CHUNK)
            self.at_end = not self._buffer
            self._watch(self._buffer)
            at = 0
        self._at = at + size
        return self._buffer[at : at + size]

    def send(self, data: bytes | bytearray) -> int:
        try:
            count = self._below.send(data)
        except (ConnectionResetError, BrokenPipeError):
            self._hear_why()
            raise
        if self._sent is not None:
            self._watch_sent(bytes(data[:count]))
        return count

    def pending(self) -> int:
        """Bytes that wait here, where ``select`` does not see them."""
        waiting = max(len(self._buffer) - self._at, 0)
        return (
            waiting if isinstance(self._below, socket.socket) else waiting + self._below.pending()
        )

    def fileno(self) -> int:
        return self._below.fileno()

    def settimeout(self, seconds: float | None) -> None:
        self._below.settimeout(seconds)

    def setblocking(self, flag: bool) -> None:
        self._below.setblocking(flag)

    def close(self) -> None:
        if isinstance(self._below, socket.socket):
            hang_up(self._below)
        else:
            self._below.close()

    def _hear_why(self) -> None:
        """What the server said before it hung up (an alert, DISCONNECT) may still be here, ahead of the reset."""
        with contextlib.suppress(OSError):
            while data := self._below.recv(_CHUNK):
                self._watch(data)

    def _watch(self, data: bytes) -> None:
        if len(self.first_bytes) < _FIRST_BYTES:
            self.first_bytes = (self.first_bytes + data)[:_FIRST_BYTES]
        if self._packets is None:
            return
        payload = self._websocket.feed(data) if self._websocket else data
        if not self._opened and payload:
            self._opened = True
            if payload[0] >> 4 not in _OPENINGS:
                # Else paho would wait for the rest of a packet that the server never meant.
                raise ConnectionAbortedError("the server does not speak MQTT")
        try:
            for packet in self._packets.feed(payload):
                self._on_packet(packet)
        except ProtocolError:
            self._packets = None  # paho will give up on it, too

    def _watch_sent(self, data: bytes) -> None:
        assert self._sent is not None  # noqa: S101  (the caller has looked)
        try:
            self._sent.feed(self._websocket_sent.feed(data) if self._websocket_sent else data)
        except ProtocolError:
            self._sent = None  # paho writes no such thing; without a log it goes on as well


class LinkContext(ssl.SSLContext):
    """What paho takes for an SSL context: ``wrap_socket`` makes a ``Link``.

    ``check_hostname`` stays on so that paho leaves the name check to us.
    """

    def __new__(cls, make: Callable[[socket.socket], Link]) -> Self:  # noqa: ARG004  (as __init__)
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, make: Callable[[socket.socket], Link]) -> None:
        self._make = make
        self._connected: socket.socket | None = None

    def wrap_socket(self, sock: socket.socket, *_: object, **__: object) -> Link:  # type: ignore[override]  # paho needs a socket's methods only
        self._connected = sock
        return self._make(sock)

    def abort(self) -> None:
        """End a connection from another thread, whatever it is doing."""
        if self._connected is not None:
            with contextlib.suppress(OSError):
                self._connected.shutdown(socket.SHUT_RDWR)
