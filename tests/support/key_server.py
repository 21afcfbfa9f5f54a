"""A real HTTP server that hands out a JWKS, as well or as badly as a test wants."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from types import TracebackType
from typing import Self


class KeyServer:
    """Answers on a free port of 127.0.0.1.

    ``body``, ``status`` and ``location`` are what it answers with. While ``open`` is not set it lets clients wait;
    with ``drips`` it sends an octet of the body at a time and waits for ``open`` after each. ``asked`` counts the
    requests, ``arrived`` is set by each.
    """

    def __init__(self, body: bytes = b"", context: SSLContext | None = None) -> None:
        self.body = body
        self.status = 200
        self.location: str | None = None
        self.drips = False
        self.asked = 0
        self.open = threading.Event()
        self.open.set()
        self.arrived = threading.Event()
        self.gone = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.handle_error = lambda *_: None  # of clients that go away
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if context is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/keys"


def _handler(server: KeyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked += 1
            server.arrived.set()
            if not server.drips:
                server.open.wait()
            self.send_response(server.status)
            if server.location is not None:
                self.send_header("Location", server.location)
            self.send_header("Content-Length", str(len(server.body)))
            self.end_headers()
            try:
                self._send()
            except OSError:
                server.gone.set()

        def _send(self) -> None:
            if not server.drips:
                self.wfile.write(server.body)
                return
            for octet in server.body:
                self.wfile.write(bytes((octet,)))
                server.open.wait(0.02)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            pass

    return Handler
