"""How many mutual TLS clients does a listener let in per second of its CPU, and what does an idle one weigh?

One child process serves and measures its own CPU time and memory, another connects. Yardstick, in the same run:
the TLS echo that asyncio's documentation shows, over the same certificates (P-256, TLS 1.3). A connection counts
when it has echoed 14 bytes; ``links`` are our listeners with such an echo behind them. ``broker`` is the whole: MQTT,
mapping, authentication on the embedded store (in the same process) with salted sha256; there a connection counts with
CONNACK. Targets: the broker lets in at least 0.75 of the yardstick; at most 50 KiB for an idle connection.

    python benchmarks/broker_tls.py [connections] [idle connections]
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import itertools
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from memory import resident_set_size
from mtlsx.auth.passwords import Simple
from mtlsx.auth.settings import AuthSettings, Identity, RedisAuthentication, RedisServer
from mtlsx.auth.stores.embedded import EmbeddedStore
from mtlsx.broker.broker import Broker
from mtlsx.broker.links import Closed, Link
from mtlsx.broker.listeners import Acceptor
from mtlsx.configuration.model import Configuration, Listener, SslOptions
from mtlsx.packets.control_packets import Connect
from mtlsx.packets.encode import encode
from support.made_pki import CLIENT, SERVER, make

KINDS = ("asyncio", "links", "broker")
HELLO = b"fourteen bytes"
CONNACK = 4  # bytes
DEVICE = "dev-1"
SALT = b"salt"
BROKERS: list[Broker] = []
ROUNDS = 3
AT_ONCE = 20
TARGET = 50 * 1024


def main(connections: int, idle: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        make_certificates(Path(directory), [DEVICE])
        rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(ROUNDS):
            for kind, measured in rates.items():
                cpu, _ = measure(kind, directory, connections, 0)
                measured.append(connections / cpu)
        for kind, measured in rates.items():
            print(f"{kind}: {max(measured):,.0f} connections per CPU second, best of {ROUNDS}")
        for kind in KINDS[1:]:
            ratio = max(rates[kind]) / max(rates["asyncio"])
            print(f"{kind}, against asyncio: {ratio:.2f} (target for the broker: 0.75)")
        for kind in rates:
            _, memory = measure(kind, directory, 0, idle)
            print(f"{kind}: {memory / idle / 1024:.1f} KiB for each of {idle:,} idle connections")
        print(f"target for the broker: {TARGET / 1024:.0f} KiB")


def make_certificates(directory: Path, devices: Iterable[str]) -> None:
    """An authority, a server, and the devices, as NAME.pem and NAME.key in ``directory``."""
    ca = make("Benchmark CA", ca=True)
    ca.save(directory, "ca")
    make("localhost", ca, usage=SERVER, names=("localhost",)).save(directory, "server")
    for device in devices:
        make(device, ca, usage=CLIENT).save(directory, device)


def measure(kind: str, directory: str, connections: int, idle: int) -> tuple[float, int]:
    """CPU seconds of the server for ``connections``, and bytes that it grew by for ``idle`` ones."""
    with Server(__file__, kind, directory) as server:
        asyncio.run(connect(kind, directory, server.port, 50))  # warm
        before = server.ask()
        after = asyncio.run(connect(kind, directory, server.port, connections, idle, server.ask))
        return after[0] - before[0], after[1] - before[1]


class Server:
    """The child process that runs ``program`` with ``arguments``, which serves; killed at the end of the block."""

    def __init__(self, program: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, program, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.port = int(self._line())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self) -> tuple[float, int]:
        """CPU seconds that it has used, and bytes of memory that it holds."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        cpu, memory = self._line().split()
        return float(cpu), int(memory)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


async def connect(
    kind: str, directory: str, port: int, connections: int, idle: int = 0,
    ask: Callable[[], tuple[float, int]] = lambda: (0.0, 0),
) -> tuple[float, int]:  # fmt: skip
    """Come and go ``connections`` times, then stay ``idle`` times; what ``ask`` says at the end."""
    context = device_context(directory, DEVICE)
    password = password_of(DEVICE)
    turns = iter(range(connections + idle))
    staying: list[asyncio.StreamWriter] = []

    async def come() -> None:
        for turn in turns:
            reader, writer = await open_tls(port, context)
            if kind == "broker":
                writer.write(encode(Connect(4, f"client {turn}".encode(), password=password), 4))
                assert (await reader.readexactly(CONNACK))[3] == 0
            else:
                await hear_echo(reader, writer)
            if turn >= connections:
                staying.append(writer)
            else:
                writer.close()
                await writer.wait_closed()

    await asyncio.gather(*(come() for _ in range(AT_ONCE)))
    measured = await asyncio.to_thread(ask)
    for writer in staying:
        writer.transport.abort()
    return measured


def device_context(directory: str, device: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=f"{directory}/ca.pem")
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    context.load_cert_chain(f"{directory}/{device}.pem", f"{directory}/{device}.key")
    return context


def password_of(device: str) -> bytes:
    return f"the secret of {device}".encode()


async def open_tls(
    port: int, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )


async def hear_echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HELLO)
    assert await reader.readexactly(len(HELLO)) == HELLO


# ---------------------------------------------------------------------- the servers, in children


async def serve(
    kind: str,
    directory: str,
    identity: Identity = Identity(peer_cert_as_username="cn"),  # noqa: B008  (frozen)
    devices: Iterable[str] = (DEVICE,),
) -> None:
    """Serve on a free port, print it, and for each line of input what has been used of CPU and memory.

    ``identity`` and ``devices``: which the broker lets in, and as whom.
    """
    certificate, key, ca = (
        f"{directory}/{name}" for name in ("server.pem", "server.key", "ca.pem")
    )
    if kind == "asyncio":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca)
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        context.load_cert_chain(certificate, key)
        context.verify_mode = ssl.CERT_REQUIRED
        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
    elif kind == "broker":
        print(await start_broker(listener(certificate, key, ca), identity, devices), flush=True)
    else:
        acceptor = Acceptor(
            listener(certificate, key, ca),
            Echo(),
            on_event=lambda _: None,
            numbers=itertools.count(1),
        )
        await acceptor.start()
        print(acceptor.address[1], flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        gc.collect()
        print(time.process_time(), resident_set_size(), flush=True)


def listener(certificate: str, key: str, ca: str) -> Listener:
    options = SslOptions(certificate, key, ca, verify="verify_peer", fail_if_no_peer_cert=True)
    return Listener("ssl", "bench", ("127.0.0.1", 0), ssl_options=options)


async def start_broker(listening: Listener, identity: Identity, devices: Iterable[str]) -> int:
    store = EmbeddedStore()
    await store.load(
        [
            (b"HSET", f"tls_domain:{device}".encode(),
             b"password_hash", hashlib.sha256(SALT + password_of(device)).hexdigest().encode(),
             b"salt", SALT)
            for device in devices
        ]
    )  # fmt: skip
    auth = AuthSettings(
        identity=identity,
        authentication=(
            RedisAuthentication(
                RedisServer(embedded=True),
                "HMGET tls_domain:${cert_common_name} password_hash salt",
                Simple("sha256", "prefix"),
            ),
        ),
    )
    broker = Broker(
        Configuration((listening,), auth=auth), on_event=lambda _: None, open_store=lambda _: store
    )
    await broker.start()
    BROKERS.append(broker)
    return broker.addresses[listening.id][1]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(64 * 1024):
        writer.write(data)
        await writer.drain()
    writer.close()


class Echo:
    def connected(self, link: Link) -> None: ...

    def received(self, link: Link, data: bytes) -> None:
        link.write(data)

    def writable(self, link: Link, ready: bool) -> None: ...

    def closed(self, link: Link, how: Closed) -> None: ...


if __name__ == "__main__":
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if sys.argv[1:] and sys.argv[1] in KINDS:
        asyncio.run(serve(sys.argv[1], sys.argv[2]))
    else:
        main(*map(int, sys.argv[1:] or ("2000", "2000")))
