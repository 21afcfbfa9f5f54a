"""Our own broker in an event loop of its own, for tests that are not in one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mtlsx.auth.settings import AuthSettings
from mtlsx.broker.bans import Ban
from mtlsx.broker.limits import Limits
from mtlsx.configuration.model import Listener, TlsVersion
from support.running_broker import Running, running

WAIT = 20.0  # seconds; for what a healthy machine does in a few milliseconds


def our_versions(tls: str | None) -> dict[str, tuple[TlsVersion, ...]]:
    """The listener's setting for a server that is pinned to ``tls``."""
    pinned: dict[str, TlsVersion] = {"1.2": "tlsv1.2", "1.3": "tlsv1.3"}
    return {} if tls is None else {"versions": (pinned[tls],)}


@contextmanager
def our_broker(
    listener: Listener,
    *,
    auth: AuthSettings | None = None,
    bans: Iterable[Ban] = (),
    limits: Limits | None = None,
) -> Iterator[Running]:
    """A broker with these settings until the block ends; by default everybody may do everything."""
    with in_event_loop() as loop:
        broker = running(listener, auth=auth, limits=limits)
        runs = asyncio.run_coroutine_threadsafe(broker.__aenter__(), loop).result(WAIT)
        for ban in bans:
            runs.broker.bans.add(ban)
        try:
            yield runs
        finally:
            asyncio.run_coroutine_threadsafe(broker.__aexit__(None, None, None), loop).result(WAIT)


@contextmanager
def in_event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
