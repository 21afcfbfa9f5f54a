"""A broker's listener in the event loop of a test, and a handler that notes what it hears."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from mtlsx.broker.events import TransportEvent
from mtlsx.broker.links import Closed, Link, LinkLimits
from mtlsx.broker.listeners import Acceptor, AcceptorLimits
from mtlsx.configuration.model import Listener, SslOptions

WAIT = 20.0  # seconds; for what a healthy machine does in a few milliseconds
E = TypeVar("E", bound=TransportEvent)


class Echo:
    """A handler that sends back what comes in, and notes everything; what has not happened yet can be awaited."""

    def __init__(self) -> None:
        self.links: asyncio.Queue[Link] = asyncio.Queue()
        self.endings: asyncio.Queue[Closed] = asyncio.Queue()
        self.readiness: asyncio.Queue[bool] = asyncio.Queue()
        self.bytes: dict[int, bytes] = {}

    def connected(self, link: Link) -> None:
        self.bytes[link.id] = b""
        self.links.put_nowait(link)

    def received(self, link: Link, data: bytes) -> None:
        self.bytes[link.id] += data
        link.write(data)

    def writable(self, link: Link, ready: bool) -> None:
        self.readiness.put_nowait(ready)

    def closed(self, link: Link, how: Closed) -> None:
        self.endings.put_nowait(how)

    async def link(self) -> Link:
        """The next one that came up."""
        return await asyncio.wait_for(self.links.get(), WAIT)

    async def ending(self) -> Closed:
        """How the next one ended."""
        return await asyncio.wait_for(self.endings.get(), WAIT)


class Mute(Echo):
    """A handler that answers nothing."""

    def received(self, link: Link, data: bytes) -> None:
        self.bytes[link.id] += data


class Listening:
    """A running acceptor with its handler and its events."""

    def __init__(
        self, acceptor: Acceptor, handler: Echo, events: asyncio.Queue[TransportEvent]
    ) -> None:
        self.acceptor = acceptor
        self.handler = handler
        self._events = events

    @property
    def port(self) -> int:
        return self.acceptor.address[1]

    async def event(self, kind: type[E]) -> E:
        """The next event of this kind; others before it are passed over."""
        while True:
            event = await asyncio.wait_for(self._events.get(), WAIT)
            if isinstance(event, kind):
                return event

    def nothing_happened(self) -> bool:
        """Whether every event so far was asked for."""
        return self._events.empty()


@asynccontextmanager
async def listening(
    settings: Listener,
    handler: Echo | None = None,
    *,
    limits: AcceptorLimits | None = None,
    link_limits: LinkLimits | None = None,
) -> AsyncIterator[Listening]:
    """Serve ``settings`` until the block ends."""
    handler = handler or Echo()
    events: asyncio.Queue[TransportEvent] = asyncio.Queue()
    acceptor = Acceptor(
        settings, handler, on_event=events.put_nowait, numbers=itertools.count(1), limits=limits, link_limits=link_limits
    )  # fmt: skip
    await acceptor.start()
    try:
        yield Listening(acceptor, handler, events)
    finally:
        await acceptor.stop()


def loopback(
    kind: str = "tcp", ssl_options: SslOptions | None = None, **others: object
) -> Listener:
    """A listener on a free port of 127.0.0.1."""
    return Listener(kind, "test", ("127.0.0.1", 0), ssl_options=ssl_options, **others)  # type: ignore[arg-type]  # by name, in tests only
