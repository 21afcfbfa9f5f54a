"""Our end of a TLS connection to a server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mtlsx.tls.context import client_context
from mtlsx.tls.material import load_material
from mtlsx.tls.settings import TlsSettings
from mtlsx.tls.stream import TlsStream
from support.tls_server import Open


@pytest.fixture
def dial() -> Iterator[Open]:
    """Our end: ``dial(port, settings, host="localhost", timeout=5)``, not yet shaken hands."""
    streams: list[TlsStream] = []

    def open_stream(
        port: int, settings: TlsSettings, host: str = "localhost", timeout: float = 10.0
    ) -> TlsStream:
        material = load_material(settings)
        connected = socket.create_connection(("127.0.0.1", port), timeout)
        stream = TlsStream(
            connected, client_context(settings, material), settings, host,
            has_certificate=bool(material.chain),
        )  # fmt: skip
        streams.append(stream)
        return stream

    yield open_stream
    for stream in streams:
        stream.close()
