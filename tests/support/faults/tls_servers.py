"""Servers that ask for a client certificate, of different makes: each has alerts of its own for the same fault.

``SERVERS`` maps a name to what starts one; all let the devices of the first authority in and nobody else.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from support.faults.laboratory import Laboratory
from support.faults.openssl_server import OpensslServer
from support.faults.our_broker import in_event_loop, our_broker, our_versions
from support.openssl_pki import Pki
from support.ports import LOOPBACK, free_port, mute_tls_port
from support.programs import find
from support.running_broker import mutual_tls
from support.websocket_bridge import server_context

WAIT = 20.0  # seconds; for what a healthy machine does in a few milliseconds
_GO = Path(__file__).with_name("go_server.go")
_GO_VERSIONS = {"1.2": "303", "1.3": "304"}
_GNUTLS_VERSIONS = {"1.2": "-VERS-ALL:+VERS-TLS1.2", "1.3": "-VERS-ALL:+VERS-TLS1.3"}


def mosquitto(laboratory: Laboratory, tls: str) -> int:
    pki = laboratory.pki
    return laboratory.mosquitto(server=pki.server, client_ca=pki.ca.certificate, tls=tls).port


def openssl(laboratory: Laboratory, tls: str) -> int:
    """Names the authorities that it trusts, which Mosquitto does not."""
    pki = laboratory.pki
    key = ("s_server", tls)
    start = partial(OpensslServer, pki.server, client_ca=pki.ca.certificate, tls=tls)
    return laboratory.keep(key, start).port


def ours(laboratory: Laboratory, tls: str) -> int:
    listener = mutual_tls(laboratory.pki, **our_versions(tls))
    return laboratory.keep(("ours", tls), lambda: our_broker(listener)).port


def python(laboratory: Laboratory, tls: str) -> int:
    """Python's ``ssl`` in a thread."""
    pki = laboratory.pki
    context = server_context(pki.server, client_ca=pki.ca.certificate, tls=tls)
    return laboratory.keep(("python", tls), lambda: mute_tls_port(context))


def asyncio_python(laboratory: Laboratory, tls: str) -> int:
    """Python's ``asyncio``, which hangs up on a certificate that it refuses and sends no alert."""
    return laboratory.keep(("asyncio", tls), lambda: _asyncio_port(laboratory.pki, tls))


def gnutls(laboratory: Laboratory, tls: str) -> int:
    return laboratory.keep(("gnutls", tls), lambda: _gnutls_port(laboratory.pki, tls))


def go(laboratory: Laboratory, tls: str) -> int:
    """Go's ``crypto/tls``."""
    program = laboratory.keep("go", lambda: _built(laboratory.new_directory()))
    return laboratory.keep(("go", tls), lambda: _go_port(program, laboratory.pki, tls))


SERVERS: dict[str, Callable[[Laboratory, str], int]] = {
    "mosquitto": mosquitto,
    "openssl": openssl,
    "ours": ours,
    "python": python,
    "gnutls": gnutls,
    "go": go,
}


@contextmanager
def _asyncio_port(pki: Pki, tls: str) -> Iterator[int]:
    context = server_context(pki.server, client_ca=pki.ca.certificate, tls=tls)
    context.sslsocket_class = ssl.SSLSocket

    async def read_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass
        writer.close()

    with in_event_loop() as loop:
        loop.set_exception_handler(lambda *_: None)  # it is noisy about what we want to see
        start = asyncio.start_server(read_on, LOOPBACK, 0, ssl=context)
        server = asyncio.run_coroutine_threadsafe(start, loop).result(WAIT)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            loop.call_soon_threadsafe(server.close)


@contextmanager
def _gnutls_port(pki: Pki, tls: str) -> Iterator[int]:
    port = free_port()
    command = [
        find("gnutls-serv"), "--echo", f"--port={port}",
        f"--x509certfile={pki.server.certificate}", f"--x509keyfile={pki.server.key}",
        f"--x509cafile={pki.ca.certificate}", "--require-client-cert", "--verify-client-cert",
        f"--priority=NORMAL:{_GNUTLS_VERSIONS[tls]}",
    ]  # fmt: skip
    with _started(command, r"Echo Server listening on IPv4 .* port (\d+)...done"):
        yield port


@contextmanager
def _go_port(program: Path, pki: Pki, tls: str) -> Iterator[int]:
    files = (pki.server.certificate, pki.server.key, pki.ca.certificate)
    with _started([program, *files, _GO_VERSIONS[tls]], r"(\d+)") as said:
        yield int(said)


@contextmanager
def _built(directory: Path) -> Iterator[Path]:
    program = directory / "go-server"
    subprocess.run(
        [find("go"), "build", "-o", program, _GO], check=True, cwd=directory, capture_output=True
    )
    yield program


@contextmanager
def _started(command: list[str | Path], ready: str) -> Iterator[str]:
    """A process, from when it says ``ready``: what the expression's group found."""
    with subprocess.Popen(
        command, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        reader = threading.Thread(target=process.stdout.read)
        try:
            said = ""
            for line in process.stdout:
                said += line
                if found := re.search(ready, line):
                    break
            else:
                message = f"{command[0]} does not listen:\n{said}"
                raise AssertionError(message)
            reader.start()
            yield found[1]
        finally:
            process.kill()
            process.wait()
            if reader.is_alive():
                reader.join()
