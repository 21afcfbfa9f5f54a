"""Do ten connections with 500 messages a second each lose a message, or hold up the terminal?

The whole application runs without a terminal at 120x36, in a process of its own, with ten profiles connected to a
Mosquitto over mutual TLS, each with a tenth of the topics; one of them is in view and follows. Messages of 100 bytes,
QoS 0, are published at 5,000 a second. Prints what each connection got, and how late the event loop came to what it
had to do (99th percentile, milliseconds). Targets: nothing lost; under 100 ms.

    python benchmarks/connections.py [seconds]
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from receive import DEADLINE, feed, settings_for  # which puts the rooms of the project in reach

if TYPE_CHECKING:
    from mtlsx.client.connection import Connection
    from mtlsx.client.events import Event
    from mtlsx.client.message import Message
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.identity.mapping import Dialect

CONNECTIONS, RATE = 10, 5_000
TARGET_LAG = 100.0  # milliseconds
NAP = 0.005  # seconds


async def application(port: int, pki: Path, count: int) -> tuple[list[int], float]:
    """What each connection received of ``count`` messages for all, and the lag of the event loop in milliseconds."""
    from mtlsx.client.connection import Connection
    from mtlsx.client.events import Subscribed
    from mtlsx.client.settings import Subscription
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile, without_secrets
    from mtlsx_tui.app import TURN, MtlsxApp

    sys.setswitchinterval(TURN)  # as it does itself, in a terminal
    subscribed = threading.Semaphore(0)

    def connect(
        settings: ConnectionSettings,
        *,
        on_event: Callable[[Event], None],
        on_message: Callable[[Message], object],
        dialect: Dialect | None,
    ) -> Connection:
        def hear(event: Event) -> None:
            on_event(event)
            if isinstance(event, Subscribed):
                subscribed.release()

        return Connection(settings, on_event=hear, on_message=on_message, dialect=dialect)

    library = ProfileLibrary(pki / "config")
    settings = without_secrets(settings_for(port, pki))
    profiles = [
        Profile(
            name=f"device {number}",
            connection=replace(settings, client_id=f"device-{number}"),
            subscriptions=tuple(Subscription(f"bench/{number}{digit}") for digit in range(10)),
        )
        for number in range(CONNECTIONS)
    ]
    for profile in profiles:
        library.save(profile)
    app = MtlsxApp(library, connect=connect)
    async with app.run_test(size=(120, 36)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("c")
        for profile in profiles[1:]:
            app.main.sessions.open(profile)
        for _ in profiles:
            assert await asyncio.to_thread(subscribed.acquire, timeout=DEADLINE)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        rings = [
            session.ring
            for profile in profiles
            if (session := app.main.sessions.get(profile.name)) is not None
        ]
        lags: list[float] = []
        deadline = time.monotonic() + DEADLINE
        while sum(got := [ring.next for ring in rings]) < count:
            asked = time.perf_counter()
            await asyncio.sleep(NAP)
            lags.append((time.perf_counter() - asked - NAP) * 1000)
            if time.monotonic() > deadline:
                break
        await app.action_quit()
    return got, statistics.quantiles(lags, n=100)[98]


def main(seconds: int) -> None:
    from support.mosquitto import Mosquitto
    from support.openssl_pki import Pki

    count = RATE * seconds
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        made = Pki(directory / "pki")
        pki = directory / "files"
        pki.mkdir()
        for path, target in (
            (made.ca.certificate, "ca.crt"),
            (made.device.certificate, "device.crt"),
            (made.device.key, "device.key"),
        ):
            (pki / target).write_bytes(path.read_bytes())
        (directory / "broker").mkdir()
        with (
            Mosquitto(
                directory / "broker", server=made.server, client_ca=made.ca.certificate, for_load=True
            ) as broker,
            subprocess.Popen(
                [sys.executable, __file__, "--child", str(broker.port), str(pki), str(count)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            ) as client,
        ):  # fmt: skip
            assert client.stdin is not None
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
            client.stdin.write("go\n")
            client.stdin.flush()
            feed(broker.open_port, count, RATE)
            *got, lag = client.stdout.readline().split()
    received = [int(each) for each in got]
    print(
        f"{CONNECTIONS} connections, {RATE:,} messages/s for {seconds} s: {count - sum(received):,} of {count:,} lost"
    )
    print(f"  each connection got {min(received):,} to {max(received):,}")
    print(f"  event loop: p99 lag {float(lag):.1f} ms (target: under {TARGET_LAG:.0f})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        received, late = asyncio.run(
            application(int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
        )
        print(*received, late, flush=True)
    else:
        main(*map(int, sys.argv[1:] or ("20",)))
