"""A server that agrees on TLS, or on nothing, and then answers MQTT as a script tells it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from mtlsx.packets.control_packets import MQTT_5, ControlPacket
from mtlsx.packets.encode import encode
from mtlsx.packets.framing import PacketType
from support.ports import serving
from support.scripted_broker import Peer

Script = Callable[[Peer], None]


@contextmanager
def scripted_port(script: Script, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port where ``script`` is played for each connection; what the client breaks off ends it."""

    def play(connected: socket.socket) -> None:
        connected.settimeout(10)
        with suppress(OSError, AssertionError):
            if context is not None:
                connected = context.wrap_socket(connected, server_side=True)
            with connected:
                script(Peer(connected))
                linger(connected)

    with serving(play) as port:
        yield port


def linger(connected: socket.socket) -> None:
    """Close so that the client can read all that was sent."""
    if isinstance(connected, ssl.SSLSocket):
        connected = connected.unwrap()
    connected.shutdown(socket.SHUT_WR)
    while connected.recv(65536):
        pass


def answering(*packets: ControlPacket | bytes, version: int = MQTT_5) -> Script:
    """Answer CONNECT with these; a silent client is waited for."""
    data = b"".join(each if isinstance(each, bytes) else encode(each, version) for each in packets)

    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(data)

    return script
