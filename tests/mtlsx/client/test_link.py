"""The socket under paho where a write runs into the server's reset: what it said before is heard."""

from __future__ import annotations

import socket

import pytest

from mtlsx.client.link import Link
from mtlsx.client.packet_log import PacketLog
from mtlsx.packets.framing import Packet, PacketType
from mtlsx.tls.context import client_context
from mtlsx.tls.material import load_material
from mtlsx.tls.record import Ended
from mtlsx.tls.settings import TlsVersion
from mtlsx.tls.stream import TlsStream
from support.made_pki import CLIENT, make
from support.resetting_server import ResettingServer
from support.tls_server import Pki, server_context

UNKNOWN_CA = 48
CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
TAKEN_OVER = b"\xe0\x02\x8e\x00"


def link_over(below: socket.socket | TlsStream, heard: list[Packet]) -> Link:
    return Link(
        below, websocket=False, on_handshake=lambda: None, on_packet=heard.append,
        log=PacketLog(5, "CONNECT"),
    )  # fmt: skip


def test_an_alert_ahead_of_the_reset_is_heard(made: Pki) -> None:
    stranger = make("dev-1", make("Other CA", ca=True), usage=CLIENT)
    certificate, key = stranger.save(made.directory, "stranger")
    settings = made.settings(TlsVersion.V1_3, certificate_file=certificate, key_file=key)
    with ResettingServer(server_context(made.server, trusts=made.ca)) as server:
        material = load_material(settings)
        stream = TlsStream(
            socket.create_connection(("127.0.0.1", server.port), 10),
            client_context(settings, material), settings, "localhost", has_certificate=True,
        )  # fmt: skip
        link = link_over(stream, [])
        link.do_handshake()
        server.refuse()
        with pytest.raises(ConnectionResetError):
            link.send(CONNECT)
        record = link.handshake
        link.close()
    assert record is not None
    assert (record.ended, record.alert_received) == (Ended.ALERT_RECEIVED, UNKNOWN_CA)


def test_a_disconnect_ahead_of_the_reset_is_heard() -> None:
    heard: list[Packet] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        link = link_over(socket.create_connection(listener.getsockname(), 10), heard)
        connected, _ = listener.accept()
        link.send(CONNECT)
        with connected:
            connected.sendall(TAKEN_OVER)
            connected.recv(1, socket.MSG_PEEK)  # to close with that unread makes a reset of it
    with pytest.raises(ConnectionResetError):
        link.send(CONNECT)
    link.close()
    assert [packet.type for packet in heard] == [PacketType.DISCONNECT]
