"""MQTT with a server over a connection that is up: packets out, packets in, each with its deadline.

Blocking, on ``packets`` alone: what the server says is not smoothed over by a client library.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING

from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from mtlsx.packets.control_packets import ControlPacket
    from mtlsx.probe.websocket import ClientWebsocket
    from mtlsx.tls.stream import TlsStream

_CHUNK = 64 * 1024
_FIRST_BYTES = 64
_FAREWELL = 0.2
# What may come first from a server (MQTT 5.0, section 3.1.4): CONNACK, DISCONNECT or AUTH.
_ANSWERS = (b"\x20", b"\xe0", b"\xf0")
_LARGEST_PACKET = 16 * 1024 * 1024


class EndedError(Exception):
    """The server ended the connection, or spoke something else than MQTT."""


class Conversation:
    """One connection to a server, at protocol level ``version``; ``websocket`` None for a bare stream."""

    def __init__(
        self,
        below: socket.socket | TlsStream,
        version: int,
        websocket: ClientWebsocket | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.first_bytes = b""
        """The first bytes that came (without the websocket's framing, where there is one), at most 64."""
        self._below = below
        self._version = version
        self._websocket = websocket
        self._clock = clock
        self._decoder = Decoder(version, max_packet_size=_LARGEST_PACKET)
        self._received: deque[ControlPacket] = deque()
        self._over: str | None = None

    def upgrade(self, within: float) -> None:
        """Wait for the websocket, where there is one; seconds.

        Raises ``WebsocketRefusedError``, ``EndedError`` and ``TimeoutError``.
        """
        deadline = self._clock() + within
        while self._websocket is not None and not self._websocket.upgraded:
            if self._over is not None:
                raise EndedError(self._over)
            self._write(self._websocket.outgoing(), deadline)
            self._read(deadline)

    def send(self, packet: ControlPacket, within: float) -> None:
        """Send one packet within so many seconds. Raises ``EndedError`` and ``TimeoutError``."""
        data = encode(packet, self._version)
        if self._websocket is not None:
            data = self._websocket.send(data)
        self._write(data, self._clock() + within)

    def receive(self, deadline: float) -> ControlPacket:
        """The next packet; ``deadline`` is on the clock. Raises ``EndedError`` and ``TimeoutError``."""
        while not self._received:
            if self._over is not None:
                raise EndedError(self._over)
            self._read(deadline)
        return self._received.popleft()

    def _read(self, deadline: float) -> None:
        self._below.settimeout(self._left(deadline))
        try:
            data = self._below.recv(_CHUNK)
        except TimeoutError:
            raise
        except OSError as error:
            raise EndedError(str(error)) from error
        if not data:
            self._over = "end of file"
        payload = (
            data if self._websocket is None else self._unwrapped(self._websocket, data, deadline)
        )
        self._note(payload)
        if payload and not self.first_bytes.startswith(_ANSWERS):
            # The decoder would wait for as many bytes as such a packet seems to have.
            self._over = "no MQTT"
            return
        try:
            self._received.extend(self._decoder.feed(payload))
        except ProtocolError as error:
            self._over = error.sentence

    def _unwrapped(self, websocket: ClientWebsocket, data: bytes, deadline: float) -> bytes:
        before = not websocket.upgraded
        if before:
            self._note(data)
        payload = websocket.receive(data)
        if before and websocket.upgraded:
            self.first_bytes = b""  # the answer to the upgrade is no MQTT
        if answer := websocket.outgoing():
            self._write(answer, deadline)
        if websocket.at_end:
            self._over = "the websocket was closed"
        return payload

    def _note(self, data: bytes) -> None:
        if len(self.first_bytes) < _FIRST_BYTES:
            self.first_bytes = (self.first_bytes + data)[:_FIRST_BYTES]

    def _write(self, data: bytes, deadline: float) -> None:
        while data:
            self._below.settimeout(self._left(deadline))
            try:
                data = data[self._below.send(data) :]
            except TimeoutError:
                raise
            except OSError as error:
                self._hear_why()
                raise EndedError(str(error)) from error

    def _hear_why(self) -> None:
        """What the server said before it hung up (an alert, DISCONNECT) may still be here."""
        with contextlib.suppress(EndedError, TimeoutError):
            self._read(self._clock() + _FAREWELL)

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock()
        if left <= 0:
            raise TimeoutError
        return left
