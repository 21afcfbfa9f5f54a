"""A TLS server that refuses a client certificate when it is told to, and resets the connection behind its alert.

As brokers do that judge the certificate late, on a machine that is busy: they close with bytes of ours unread.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

from OpenSSL import SSL

_CHUNK = 64 * 1024
_PATIENCE = 10
_RESET = struct.pack("ii", 1, 0)


class ResettingServer:
    """One connection on a port of loopback; ``context`` is a server's that requires a certificate."""

    def __init__(self, context: SSL.Context) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self._may_refuse = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._listener.close()

    def refuse(self) -> None:
        """Send the alert and the reset; both are there when this returns."""
        self._may_refuse.set()
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        connected, _ = self._listener.accept()
        with connected:
            connected.settimeout(_PATIENCE)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._answer(connected)
            self._may_refuse.wait(_PATIENCE)
            self._answer(connected)

    def _answer(self, connected: socket.socket) -> None:
        self._tls.bio_write(connected.recv(_CHUNK))
        with suppress(SSL.Error):  # it wants more, or refuses: what it says of that is in the BIO
            self._tls.do_handshake()
        connected.sendall(self._tls.bio_read(_CHUNK))
