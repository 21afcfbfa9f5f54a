"""Does the screen stay responsive while 50,000 messages a second arrive?

The whole application runs headless at 120x36, connected, the stream following its tail, while a thread does
what a connection does: it hands messages over, at the rate asked for. Meanwhile the event loop is asked to
wake up every millisecond; how late it does is its lag. Prints both, and their ratio to the targets: all
messages taken, p99 lag under 50 ms.

    python benchmarks/stream.py [messages per second] [seconds]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))

from mtlsx.client import events
from mtlsx.client.message import Message
from mtlsx.client.settings import ConnectionSettings, Subscription
from mtlsx.identity.mapping import Dialect
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx_tui.app import MtlsxApp

TARGET_LAG = 50.0
BATCH = 0.001
PAYLOAD = b'{"celsius": %08.3f, "device": "346a004d-1dab-4016-bb38-03cca7094415", "battery": 87, "ok": true}'


class Feeder:
    """A connection that is connected at once and feeds messages when it is told to."""

    def __init__(
        self, on_event: Callable[[events.Event], None], on_message: Callable[[Message], object]
    ) -> None:
        self._on_event = on_event
        self._on_message = on_message
        self._end = threading.Event()
        self.offered = 0

    def start(self) -> None:
        facts = events.ConnackFacts(code=0, session_present=False, client_id="bench")
        self._on_event(events.Connected(facts, None))

    def stop(self, timeout: float = 5.0) -> None:  # noqa: ARG002  (a connection's signature)
        self._end.set()

    def subscribe(self, subscriptions: Sequence[Subscription]) -> int:
        texts = tuple(f"QoS {each.qos} granted" for each in subscriptions)
        codes = tuple(each.qos for each in subscriptions)
        self._on_event(events.Subscribed(1, tuple(subscriptions), codes, texts, None))
        return 1

    def feed(self, rate: int) -> None:
        begin = time.perf_counter()
        while not self._end.wait(BATCH):
            due = int((time.perf_counter() - begin) * rate)
            for number in range(self.offered, due):
                self._on_message(
                    Message(
                        f"factory/{number % 1000}/temperature", PAYLOAD % (number % 100),
                        number % 3, number % 50 == 0, dup=False, outgoing=False,
                        received_at=time.time(),
                    )
                )  # fmt: skip
            self.offered = max(self.offered, due)


async def measure(rate: int, seconds: float) -> None:
    feeders: list[Feeder] = []

    def connect(
        _settings: ConnectionSettings,
        *,
        on_event: Callable[[events.Event], None],
        on_message: Callable[[Message], object],
        dialect: Dialect | None,  # noqa: ARG001  (a connection's signature)
    ) -> Feeder:
        feeders.append(Feeder(on_event, on_message))
        return feeders[0]

    with tempfile.TemporaryDirectory() as directory:
        library = ProfileLibrary(Path(directory))
        subscriptions = (Subscription("factory/#", 1),)
        settings = ConnectionSettings(host="bench", port=8883)
        library.save(Profile(name="bench", connection=settings, subscriptions=subscriptions))
        app = MtlsxApp(library, connect=connect)
        async with app.run_test(size=(120, 36)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.press("c")
            await app.workers.wait_for_complete()
            feeder = feeders[0]
            thread = threading.Thread(target=feeder.feed, args=(rate,))
            thread.start()
            lags = []
            end = time.perf_counter() + seconds
            while (before := time.perf_counter()) < end:
                await asyncio.sleep(0.001)
                lags.append((time.perf_counter() - before - 0.001) * 1000)
            feeder.stop()
            thread.join()
            ring = app.main.sessions.get("bench").ring
            report(rate * seconds, feeder.offered, ring.next, lags)


def report(wanted: float, offered: int, taken: int, lags: list[float]) -> None:
    cuts = statistics.quantiles(lags, n=100)
    p99 = cuts[98]
    print(
        f"offered {offered:,} of {wanted:,.0f} messages, taken {taken:,}: {taken / wanted:.2f} (target 1.00)"
    )
    print(
        f"event loop lag: p50 {cuts[49]:.1f} ms, p99 {p99:.1f} ms (target {TARGET_LAG:.0f}), most {max(lags):.1f} ms"
    )
    print(f"ratio to the target: {p99 / TARGET_LAG:.2f}")


if __name__ == "__main__":
    asyncio.run(
        measure(
            int(sys.argv[1]) if len(sys.argv) > 1 else 50_000,
            float(sys.argv[2]) if len(sys.argv) > 2 else 5.0,
        )
    )
