"""Runs a bench in one thread: files, connections one after the other, messages, and out again.

    bench = Bench(plan)
    await bench.run()
    bench.tally.latencies["connection"].summary()

``tally`` may be looked at while it runs. ``stop`` ends it early; what was counted stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Iterable, Sequence
from enum import StrEnum

from mtlsx.bench.credentials import CredentialStore
from mtlsx.bench.device import Device
from mtlsx.bench.plan import (
    Plan,
    check_plan,
    device_publication,
    device_settings,
    device_subscription,
)
from mtlsx.bench.tally import Tally
from mtlsx.errors import MaterialError
from mtlsx.probe.judge import judge_material, judge_network

_FAREWELL = 2.0  # seconds; how long brokers may take to let go of their connections
_TICK = 1.0
_TURN = 20  # messages that a device sends before the others have their turn


class Phase(StrEnum):
    """What a bench is doing."""

    LOADING = "loading"
    CONNECTING = "connecting"
    WORKING = "working"
    LEAVING = "leaving"


class Bench:
    """One run of ``plan``. Raises UsageError for one that cannot be meant."""

    def __init__(self, plan: Plan) -> None:
        check_plan(plan)
        self.plan = plan
        self.tally = Tally(plan.count)
        self.phase = Phase.LOADING
        self.stopped = False
        """Whether it was ended by ``stop``."""
        self._done = asyncio.Event()
        self._time_is_up = asyncio.Event()
        self._budget = plan.limit
        self._devices: dict[int, Device] = {}

    def stop(self) -> None:
        """End it soon; for callbacks and signal handlers of the loop that it runs in."""
        self.stopped = True
        self._done.set()

    async def run(self) -> None:
        """Do all of it. Raises MaterialError for files that all devices share, and UsageError for ciphers."""
        store = self._open_store()
        addresses = await self._resolve()
        if not addresses:
            return
        await self._load(store)
        ticking = asyncio.create_task(self._tick())
        try:
            self.phase = Phase.CONNECTING
            await self._connect(addresses)
            self.phase = Phase.WORKING
            if not self._done.is_set():
                await self._work()
        finally:
            ticking.cancel()
            self.phase = Phase.LEAVING
            await self._leave()

    # ------------------------------------------------------------------ before the first connection

    def _open_store(self) -> CredentialStore | None:
        connection = self.plan.connection
        return CredentialStore(connection.tls) if connection.transport.uses_tls else None

    async def _resolve(self) -> list[str]:
        """The broker's addresses, asked for once; none where it has none, which is every device's failure."""
        host, port = self.plan.connection.host, self.plan.connection.port
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except OSError as error:
            verdict = judge_network(error, host, port)
            for _ in range(self.plan.count):
                self.tally.failed(verdict, first_of_device=True)
            self.tally.answered = self.plan.count
            return []
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    async def _load(self, store: CredentialStore | None) -> None:
        """Make the devices; one whose files cannot be used has failed."""
        for number in range(self.plan.first, self.plan.first + self.plan.count):
            if self._done.is_set():
                return
            settings = device_settings(self.plan, number)
            try:
                credentials = None if store is None else store.load(settings.tls)
            except MaterialError as error:
                self.tally.answered += 1
                self.tally.failed(judge_material(error), first_of_device=True)
            else:
                self._devices[number] = Device(
                    settings, credentials, self.tally, self._look, dialect=self.plan.dialect
                )
            self.tally.prepared += 1
            await asyncio.sleep(0)  # a key may take long, and somebody may want to stop

    # ------------------------------------------------------------------ the devices at work

    async def _connect(self, addresses: Sequence[str]) -> None:
        """Start the devices, an interval apart, and wait until each has had its answer."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        tasks = []
        for place, (number, device) in enumerate(self._devices.items()):
            await _wait(self._done, started + place * self.plan.interval - loop.time())
            if self._done.is_set():
                break
            tasks.append(asyncio.create_task(self._enter(number, device, addresses)))
        await self._wait_for(tasks)

    async def _enter(self, number: int, device: Device, addresses: Sequence[str]) -> None:
        await device.connect(addresses)
        if device.online and self.plan.subscriptions:
            await device.subscribe(
                [
                    device_subscription(each, device.settings, number)
                    for each in self.plan.subscriptions
                ]
            )

    async def _work(self) -> None:
        plan = self.plan
        online = [(number, device) for number, device in self._devices.items() if device.online]
        if plan.kind == "conn" and not plan.stay:
            return
        tasks = []
        if plan.publication is not None:
            tasks = [
                asyncio.create_task(
                    self._publish(number, device, plan.message_interval * place / len(online))
                )
                for place, (number, device) in enumerate(online)
            ]
        self._look()
        clock = None
        if plan.duration is not None:
            clock = asyncio.get_running_loop().call_later(plan.duration, self._end_on_time)
        await (self._wait_for(tasks) if tasks else self._done.wait())
        if clock is not None:
            clock.cancel()

    def _end_on_time(self) -> None:
        self._time_is_up.set()
        if (
            self.plan.kind != "pub"
        ):  # publishers first wait for what the broker has not acknowledged yet
            self._done.set()

    async def _publish(self, number: int, device: Device, delay: float) -> None:
        """Publish for one device from ``delay`` seconds on, until there is nothing more to send."""
        assert self.plan.publication is not None  # noqa: S101  (else nobody publishes)
        publication = device_publication(self.plan.publication, device.settings, number)
        loop = asyncio.get_running_loop()
        due, sent = loop.time() + delay, 0
        while device.online and self._take_one():
            wait = due - loop.time()
            if wait > 0 or sent % _TURN == 0:
                await _wait(self._time_is_up, wait)
            if self._time_is_up.is_set():
                break
            await device.publish(publication, timestamp=self.plan.timestamp)
            sent += 1
            due = max(due + self.plan.message_interval, loop.time())
        await device.settle()

    def _take_one(self) -> bool:
        """Whether one more message may be sent."""
        if self.plan.limit == 0:
            return True
        self._budget -= 1
        return self._budget >= 0

    def _look(self) -> None:
        """End what would wait for ever: all messages are there, or nobody is left."""
        tally, plan = self.tally, self.plan
        enough = plan.kind == "sub" and 0 < plan.limit <= tally.received
        nobody = self.phase is Phase.WORKING and not tally.online
        if enough or nobody:
            self._done.set()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK)
            for device in self._devices.values():
                device.keep_alive(loop.time())

    async def _leave(self) -> None:
        devices = list(self._devices.values())
        for device in devices:
            device.leave()
        closing = [device.closed for device in devices if device.closed is not None]
        if closing:
            await asyncio.wait(closing, timeout=_FAREWELL)
        for device in devices:
            device.abort()

    # ------------------------------------------------------------------ waiting that ``stop`` ends

    async def _wait_for(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Wait until all tasks are done; where ``stop`` is called first, cancel them."""
        if not tasks:
            return
        done = asyncio.create_task(_all_of(tasks))
        stopped = asyncio.create_task(self._done.wait())
        try:
            await asyncio.wait((done, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled((stopped, done, *tasks))
        for task in tasks:
            if not task.cancelled():
                task.result()  # what went wrong in it goes wrong here


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for ``seconds``, less where ``event`` comes; give the others their turn in any case."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def _all_of(tasks: Iterable[Awaitable[None]]) -> None:
    await asyncio.wait([asyncio.ensure_future(task) for task in tasks])


async def _cancelled(tasks: Sequence[asyncio.Task[None] | asyncio.Task[bool]]) -> None:
    """Cancel what still runs, and wait until it has ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
