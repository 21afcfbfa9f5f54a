"""A certificate authority and a TLS server on loopback, for every room that speaks TLS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from support.made_pki import CLIENT, SERVER, Made, make
from support.tls_server import Behave, Pki, Serve, Server, serve_one, server_context


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    directory = tmp_path_factory.mktemp("tls")
    ca = make("Demo CA", ca=True)
    device = make("dev-1", ca, usage=CLIENT)
    server = make("broker", ca, usage=SERVER, names=("localhost", "127.0.0.1"))
    ca_file, _ = ca.save(directory, "ca")
    return Pki(directory, ca, server, device, ca_file, device.save(directory, "device"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a TLS server: ``serve(certificate, behave, trusts=CA, version=…, wants_certificate=True)``."""
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []

    def start(certificate: Made, behave: Behave, **options: object) -> Server:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        server = Server(listener.getsockname()[1])
        context = server_context(certificate, **options)  # type: ignore[arg-type]  # as above
        thread = threading.Thread(target=serve_one, args=(listener, context, server, behave))
        thread.start()
        threads.append(thread)
        return server

    yield start
    for listener in listeners:
        listener.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
