"""TCP ports on the loopback: free, closed, silent; none of them can be taken by somebody else meanwhile."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that was free a moment ago.

    For programs that cannot be handed a socket. Another process may take it first: whoever uses it must
    notice that and ask again, as ``support.mosquitto`` does.
    """
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections: bound, so that nobody else gets it, and never listening."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        yield holder.getsockname()[1]


@contextmanager
def silent_port() -> Iterator[int]:
    """A port where connections succeed (the kernel accepts them) and nobody ever reads or writes."""
    with socket.create_server((LOOPBACK, 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@contextmanager
def crowded_port() -> Iterator[int]:
    """A port whose queue of connections is full: the kernel leaves new ones without an answer."""
    with socket.socket() as listener, socket.socket() as only_one:
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        only_one.connect(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def talking_port(greeting: bytes) -> Iterator[int]:
    """A port that greets everybody with ``greeting``, as SSH and mail servers do, and then listens."""

    def greet(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(greeting)
            while connection.recv(4096):
                pass

    with serving(greet) as port:
        yield port


@contextmanager
def mute_tls_port(context: ssl.SSLContext) -> Iterator[int]:
    """A port that agrees on TLS and then reads without ever answering."""

    def shake_hands(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
            while secure.recv(4096):
                pass

    with serving(shake_hands) as port:
        yield port


@contextmanager
def serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where ``serve`` runs in a thread for each connection, until the block ends."""
    threads: list[threading.Thread] = []

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

    with socket.create_server((LOOPBACK, 0), backlog=64) as listener:
        acceptor = threading.Thread(target=accept, args=(listener,))
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join(10)
