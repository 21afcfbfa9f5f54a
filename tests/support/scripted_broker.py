"""A broker that says exactly what a test tells it, over plain TCP; for answers that real ones rarely give."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from mtlsx.packets.framing import Packet, PacketFilter, PacketType

CONNACK_OK_3 = b"\x20\x02\x00\x00"
CONNACK_OK_5 = b"\x20\x03\x00\x00\x00"


class Peer:
    """One client's connection, seen from the broker."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._packets = PacketFilter(frozenset(PacketType))
        self._received: list[Packet] = []

    def expect(self, kind: PacketType) -> Packet:
        """The next packet, which must be of ``kind``; pings are answered on the way."""
        while True:
            while not self._received:
                data = self._socket.recv(65536)
                assert data, f"the client hung up instead of sending {kind.name}"
                self._received += self._packets.feed(data)
            packet = self._received.pop(0)
            if packet.type is not PacketType.PINGREQ:
                assert packet.type is kind, packet
                return packet
            self.send(b"\xd0\x00")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def hang_up(self) -> None:
        self._socket.close()


class ScriptedBroker:
    """Plays one script a connection, in order; what goes wrong in a script fails the test at the end."""

    def __init__(self, *scripts: Callable[[Peer], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._scripts = scripts
        self._problems: list[BaseException] = []
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)
        self._listener.close()
        assert not self._thread.is_alive()
        for problem in self._problems:
            raise problem

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            connected.settimeout(10)
            with connected:
                try:
                    script(Peer(connected))
                except (AssertionError, OSError) as problem:
                    self._problems.append(problem)
