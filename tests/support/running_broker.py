"""A broker of ours that runs: in the event loop of a test, or as the real ``mtlsx broker`` in a process of its own.

Both listen on a free port of the loopback, and what happens in them can be awaited.
"""

from __future__ import annotations

import asyncio
import json
import queue
import signal
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from mtlsx.auth.settings import Authorization, AuthSettings
from mtlsx.auth.stores.opening import Stores
from mtlsx.broker.broker import Broker, BrokerEvent
from mtlsx.broker.limits import Limits
from mtlsx.broker.links import LinkLimits
from mtlsx.broker.listeners import AcceptorLimits
from mtlsx.configuration.model import Configuration, Listener, Mqtt, SslOptions
from support.cli import Cli
from support.openssl_pki import Pair, Pki

WAIT = 20.0  # seconds; for what a healthy machine does in a few milliseconds
E = TypeVar("E", bound=BrokerEvent)
Command = Sequence[str | bytes]
OPEN = AuthSettings(authorization=Authorization(no_match="allow"))


class Running:
    """A started broker with its configuration, and its events in order."""

    broker: Broker

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.events: list[BrokerEvent] = []
        self._heard = asyncio.Event()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of its only listener."""
        (address,) = self.broker.addresses.values()
        return address

    @property
    def port(self) -> int:
        return self.address[1]

    def hear(self, event: BrokerEvent) -> None:
        self.events.append(event)
        self._heard.set()

    def seen(self, kind: type[E]) -> list[E]:
        """The events of this kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    async def event(self, kind: type[E], **fields: object) -> E:
        """The first event of this kind with these fields, as soon as it is there."""
        async with asyncio.timeout(WAIT):
            while True:
                for event in self.seen(kind):
                    if all(getattr(event, name) == value for name, value in fields.items()):
                        return event
                self._heard.clear()
                await self._heard.wait()


@asynccontextmanager
async def running(
    listener: Listener | None = None,
    *,
    mqtt: Mqtt | None = None,
    auth: AuthSettings | None = None,
    seed: Sequence[Command] = (),
    limits: Limits | None = None,
    acceptor_limits: AcceptorLimits | None = None,
    link_limits: LinkLimits | None = None,
) -> AsyncIterator[Running]:
    """A broker until the block ends, by default one that lets everybody do everything.

    ``seed`` is what its embedded store holds, as commands of Redis.
    """
    configuration = Configuration(
        (listener or tcp(),), mqtt or Mqtt(), OPEN if auth is None else auth
    )
    stores = Stores()
    runs = Running(configuration)
    runs.broker = broker = Broker(
        configuration, on_event=runs.hear, open_store=stores,
        limits=limits, acceptor_limits=acceptor_limits, link_limits=link_limits,
    )  # fmt: skip
    try:
        await _fill(stores, configuration.auth, seed)
        await broker.start()
        yield runs
    finally:
        await broker.stop()
        await stores.aclose()


def tcp(**settings: Any) -> Listener:
    """A plain listener on a free port."""
    return Listener("tcp", "default", ("127.0.0.1", 0), **settings)


def mutual_tls(pki: Pki, **changes: Any) -> Listener:
    """A listener that asks for the certificate of a device and requires it, but for ``changes`` of that."""
    options: dict[str, Any] = {
        "certfile": str(pki.server.certificate), "keyfile": str(pki.server.key),
        "cacertfile": str(pki.ca.certificate), "verify": "verify_peer", "fail_if_no_peer_cert": True,
    }  # fmt: skip
    return Listener(
        "ssl", "default", ("127.0.0.1", 0), ssl_options=SslOptions(**{**options, **changes})
    )


async def _fill(stores: Stores, auth: AuthSettings, seed: Sequence[Command]) -> None:
    for settings in auth.authentication:
        redis = getattr(settings, "redis", None)
        if redis is not None and redis.embedded:
            store = stores(redis)
            for command in seed:
                await store.execute(
                    [word.encode() if isinstance(word, str) else word for word in command]
                )
            return


class BrokerProcess:
    """``mtlsx broker --json``: its events as they are printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def event(self, kind: str, **fields: object) -> dict[str, Any]:
        """The first event of this kind with these fields, as soon as it is there."""
        seen = 0
        while True:
            for event in self.events[seen:]:
                seen += 1
                if event["event"] == kind and fields.items() <= event.items():
                    return event
            line = self._lines.get(timeout=WAIT)
            assert line, f"It ended without {kind} {fields}."
            self.events.append(json.loads(line))

    @property
    def address(self) -> tuple[str, int]:
        started = self.event("listener_started")
        return started["host"], started["port"]

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def result(self) -> tuple[int, str]:
        """Its exit code and what it said on standard error, once it has ended."""
        code = self.process.wait(WAIT)
        self._reader.join()
        assert self.process.stderr is not None
        return code, self.process.stderr.read()

    def end(self) -> None:
        """Kill it, and read what it has printed: its output is closed afterwards."""
        self.process.kill()
        self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")


@contextmanager
def broker_process(cli: Cli, *arguments: object) -> Iterator[BrokerProcess]:
    """The command with these arguments and ``--json``; killed at the end of the block if it still runs."""
    with cli.started("broker", "--json", *arguments) as program:
        broker = BrokerProcess(program.process)
        try:
            yield broker
        finally:
            broker.end()


def client_context(pki: Pki, shown: Pair | None = None) -> ssl.SSLContext:
    """TLS of a client that trusts the test's authority and may show a certificate."""
    context = ssl.create_default_context(cafile=str(pki.ca.certificate))
    # The authority is as recipes make it, which Python 3.13 finds too little.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if shown is not None:
        context.load_cert_chain(shown.certificate, shown.key)
    return context
