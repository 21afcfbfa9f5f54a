"""A websocket front for a broker that speaks plain MQTT only, as some distributions build Mosquitto.

Binary frames in either direction become bytes on a TCP connection to the broker. With a TLS context it is a
wss listener; client certificates are then judged here, and their subjects kept in ``peer_names``.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from support.openssl_pki import Pair
from support.ports import LOOPBACK

if TYPE_CHECKING:
    from websockets.http11 import Request, Response

PATH = "/mqtt"
SUBPROTOCOLS = (Subprotocol("mqtt"), Subprotocol("mqttv3.1"))


class WebsocketBridge:
    """A listener on the loopback (``port``) that carries websockets on ``PATH`` to ``target_port``.

    ``server_header``: what it calls itself in its answer to the upgrade.
    """

    def __init__(
        self,
        target_port: int,
        *,
        context: ssl.SSLContext | None = None,
        server_header: str = "bridge",
    ) -> None:
        self._target_port = target_port
        self.peer_names: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._server = serve(
            self._carry, LOOPBACK, 0, ssl=context, subprotocols=SUBPROTOCOLS, compression=None,
            process_request=self._check_path, server_header=server_header,
        )  # fmt: skip
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()

    def _check_path(self, client: ServerConnection, request: Request) -> Response | None:
        if request.path == PATH:
            return None
        return client.respond(HTTPStatus.NOT_FOUND, "There is no broker here.\n")

    def _carry(self, client: ServerConnection) -> None:
        assert client.request is not None
        self.headers.append(dict(client.request.headers.raw_items()))
        if isinstance(client.socket, ssl.SSLSocket):
            self.peer_names.append(_common_name(client.socket))
        with socket.create_connection((LOOPBACK, self._target_port)) as broker:
            back = threading.Thread(target=_to_client, args=(broker, client))
            back.start()
            _to_broker(client, broker)
            back.join()


def server_context(
    server: Pair, *, client_ca: Path | None = None, tls: str | None = None
) -> ssl.SSLContext:
    """A TLS context for the bridge; with ``client_ca`` a client certificate is required."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslsocket_class = _LingeringSocket
    context.load_cert_chain(server.certificate, server.key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    if tls is not None:
        version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[tls]
        context.minimum_version = context.maximum_version = version
    return context


class _LingeringSocket(ssl.SSLSocket):
    """Lets the client read why it was refused: closing at once can overtake the alert with a reset."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except ssl.SSLError:
            with contextlib.suppress(OSError):
                self.shutdown(socket.SHUT_WR)
                while self.recv(4096):
                    pass
            raise


def _to_broker(client: ServerConnection, broker: socket.socket) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        for frame in client:
            assert isinstance(frame, bytes), "MQTT travels in binary frames (MQTT 5.0, section 6)"
            broker.sendall(frame)
    with contextlib.suppress(OSError):
        broker.shutdown(socket.SHUT_RDWR)


def _to_client(broker: socket.socket, client: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        while data := broker.recv(65536):
            client.send(data)
    client.close()


def _common_name(connection: ssl.SSLSocket) -> str:
    certificate = connection.getpeercert() or {}
    subject = dict(pair for rdn in certificate.get("subject", ()) for pair in rdn)
    return str(subject.get("commonName", ""))
