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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))

from mtlsx.client.message import Message
from mtlsx.client.settings import ConnectionSettings, Subscription
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx_tui.app import MtlsxApp
from sources import Take, source

TARGET_LAG = 50.0
BATCH = 0.001
PAYLOAD = b'{"celsius": %08.3f, "device": "346a004d-1dab-4016-bb38-03cca7094415", "battery": 87, "ok": true}'


class Feeder:
    """Feeds the application with messages when it is told to."""

    def __init__(self) -> None:
        self._take: Take
        self._end = threading.Event()
        self.offered = 0

    def attach(self, take: Take) -> None:
        self._take = take

    def stop(self) -> None:
        self._end.set()

    def feed(self, rate: int) -> None:
        begin = time.perf_counter()
        while not self._end.wait(BATCH):
            due = int((time.perf_counter() - begin) * rate)
            for number in range(self.offered, due):
                self._take(
                    Message(
                        f"factory/{number % 1000}/temperature", PAYLOAD % (number % 100),
                        number % 3, number % 50 == 0, dup=False, outgoing=False,
                        received_at=time.time(),
                    )
                )  # fmt: skip
            self.offered = max(self.offered, due)


async def measure(rate: int, seconds: float) -> None:
    feeder = Feeder()
    with tempfile.TemporaryDirectory() as directory:
        library = ProfileLibrary(Path(directory))
        subscriptions = (Subscription("factory/#", 1),)
        settings = ConnectionSettings(host="bench", port=8883)
        library.save(Profile(name="bench", connection=settings, subscriptions=subscriptions))
        app = MtlsxApp(library, connect=source(feeder.attach))
        async with app.run_test(size=(120, 36)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.press("c")
            await app.workers.wait_for_complete()
            thread = threading.Thread(target=feeder.feed, args=(rate,))
            thread.start()
            lags = []
            end = time.perf_counter() + seconds
            while (before := time.perf_counter()) < end:
                await asyncio.sleep(0.001)
                lags.append((time.perf_counter() - before - 0.001) * 1000)
            feeder.stop()
            thread.join()
            session = app.main.sessions.get("bench")
            assert session is not None
            report(rate * seconds, feeder.offered, session.ring.next, lags)


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
