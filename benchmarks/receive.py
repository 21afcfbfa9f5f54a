"""How fast does mtlsx receive, against bare paho over the same mutual TLS, from the same Mosquitto?

Four clients take turns, each in a process of its own: ``paho`` (paho-mqtt on Python's ssl, counting),
``headless`` (our connection, into the ring), ``paused`` and ``view`` (the whole application at 120x36, its
stream held or following). Each subscribes and then waits until the broker has taken all messages (QoS 0, 100
bytes, 100 topics); only then it reads. Prints the medians and their ratio to paho's. Targets: 0.9, 0.9, 0.6.

Then ``view`` once more with 10,000 messages a second offered. Targets: nothing lost, p99 lag under 50 ms.

    python benchmarks/receive.py [messages] [rounds]
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "core"), str(ROOT / "tui"), str(ROOT / "tests")]

if TYPE_CHECKING:
    from mtlsx.client.connection import Connection
    from mtlsx.client.events import Event
    from mtlsx.client.message import Message
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.identity.mapping import Dialect
    from support.mosquitto import Mosquitto

TARGETS = (
    {"headless": 0.9} if "--quick" in sys.argv else {"headless": 0.9, "paused": 0.9, "view": 0.6}
)
PACED_RATE, PACED_SECONDS = 10_000, 5
TARGET_LAG = 50.0
TOPIC = "bench/#"
DEADLINE = 120.0


# ---------------------------------------------------------------------- the clients


def wait_for_start() -> float:
    """Tell the parent that we have subscribed, wait for its word, and start the clock."""
    print("ready", flush=True)
    sys.stdin.readline()
    return time.perf_counter()


def paho(port: int, pki: Path, count: int) -> float:
    from paho.mqtt.client import Client, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion

    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(pki / "device.crt", pki / "device.key")
    begin, received = 0.0, 0

    def connected(client: Client, *_: object) -> None:
        client.subscribe(TOPIC)

    def subscribed(*_: object) -> None:
        nonlocal begin
        begin = wait_for_start()

    def message(client: Client, *_: object) -> None:
        nonlocal received
        received += 1
        if received == count:
            client.disconnect()

    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.tls_set_context(context)
    client.on_connect = connected
    client.on_subscribe = subscribed
    client.on_message = message
    client.connect("localhost", port)
    client.loop_forever()
    return count / (time.perf_counter() - begin)


def settings_for(port: int, pki: Path) -> ConnectionSettings:
    from mtlsx.client.settings import ConnectionSettings, Reconnect
    from mtlsx.tls.settings import TlsSettings

    tls = TlsSettings(
        ca_file=str(pki / "ca.crt"),
        certificate_file=str(pki / "device.crt"),
        key_file=str(pki / "device.key"),
    )
    return ConnectionSettings(
        host="localhost", port=port, tls=tls, reconnect=Reconnect(enabled=False)
    )


def headless(port: int, pki: Path, count: int) -> float:
    from mtlsx.client.connection import Connection
    from mtlsx.client.events import Connected, Subscribed
    from mtlsx.client.ring import MessageRing
    from mtlsx.client.settings import Subscription

    ring, done, begin = MessageRing(), threading.Event(), 0.0

    def hear(event: object) -> None:
        nonlocal begin
        if isinstance(event, Connected):
            connection.subscribe([Subscription(TOPIC)])
        elif isinstance(event, Subscribed):
            begin = wait_for_start()

    def keep(message: Message) -> None:
        ring.append(message)
        if ring.next == count:
            done.set()

    connection = Connection(settings_for(port, pki), on_event=hear, on_message=keep)
    connection.start()
    assert done.wait(DEADLINE)
    seconds = time.perf_counter() - begin
    connection.stop()
    return count / seconds


async def application(port: int, pki: Path, count: int, *, paused: bool, paced: bool) -> float:
    """The rate of receiving; with ``paced`` the p99 lag of the event loop in milliseconds instead."""
    from mtlsx.client.connection import Connection
    from mtlsx.client.events import Subscribed
    from mtlsx.client.settings import Subscription
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile, without_secrets
    from mtlsx_tui.app import MtlsxApp
    from mtlsx_tui.widgets.stream import MessageStream

    subscribed, done = threading.Event(), threading.Event()
    begin, received = 0.0, 0

    def connect(
        settings: ConnectionSettings,
        *,
        on_event: Callable[[Event], None],
        on_message: Callable[[Message], object],
        dialect: Dialect | None,
    ) -> Connection:
        def hear(event: Event) -> None:
            nonlocal begin
            on_event(event)
            if isinstance(event, Subscribed):
                begin = wait_for_start()
                subscribed.set()

        def keep(message: Message) -> None:
            nonlocal received
            on_message(message)
            received += 1
            if received == count:
                done.set()

        return Connection(settings, on_event=hear, on_message=keep, dialect=dialect)

    library = ProfileLibrary(pki / "config")
    library.save(
        Profile(
            name="bench",
            connection=without_secrets(settings_for(port, pki)),
            subscriptions=(Subscription(TOPIC),),
        )
    )
    app = MtlsxApp(library, connect=connect)
    async with app.run_test(size=(120, 36)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("c")
        stream = app.screen.query_one(MessageStream)
        stream.following = not paused
        lags: list[float] = []
        await asyncio.to_thread(subscribed.wait, DEADLINE)
        deadline = time.monotonic() + DEADLINE
        nap = 0.005 if paced else 0.1  # looking often costs what is to be measured
        while not done.is_set():
            asked = time.perf_counter()
            await asyncio.sleep(nap)
            lags.append((time.perf_counter() - asked - nap) * 1000)
            assert time.monotonic() < deadline, f"{count - received} of {count} are missing"
        seconds = time.perf_counter() - begin
        await app.action_quit()
    return statistics.quantiles(lags, n=100)[98] if paced else count / seconds


def child(mode: str, port: int, pki: Path, count: int) -> None:
    if mode in {"paho", "headless"}:
        result = {"paho": paho, "headless": headless}[mode](port, pki, count)
    else:
        paused, paced = mode == "paused", mode == "paced"
        result = asyncio.run(application(port, pki, count, paused=paused, paced=paced))
    print(f"result {result}", flush=True)


# ---------------------------------------------------------------------- the parent


def frames(count: int) -> list[bytes]:
    """``count`` PUBLISH packets of QoS 0 in batches of 100, as MQTT 3.1.1 writes them."""
    payload = b'{"device": "346a004d-1dab-4016-bb38-03cca7094415", "celsius": 21.4, "battery": 87, "ok": true}'.ljust(
        100
    )
    batch = b"".join(
        b"\x30" + bytes([2 + len(topic) + len(payload)]) + len(topic).to_bytes(2) + topic + payload
        for topic in (b"bench/%02d" % number for number in range(100))
    )
    return [batch] * (count // 100)


def feed(port: int, count: int, rate: int | None) -> None:
    """Publish ``count`` messages over plain TCP, at ``rate`` a second or as fast as the broker takes them."""
    with socket.create_connection(("127.0.0.1", port)) as broker:
        broker.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04feed")
        assert broker.recv(4) == b"\x20\x02\x00\x00"
        begin = time.perf_counter()
        for number, batch in enumerate(frames(count)):
            if rate is not None:
                time.sleep(max(0.0, begin + number * 100 / rate - time.perf_counter()))
            broker.sendall(batch)
        broker.sendall(b"\xe0\x00")
        broker.recv(1)  # the broker hangs up when it has read it all


def run(mode: str, broker: Mosquitto, pki: Path, count: int) -> float:
    arguments = [sys.executable, __file__, "--child", mode, str(broker.port), str(pki), str(count)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == "ready\n"
        if mode == "paced":
            client.stdin.write("go\n")
            client.stdin.flush()
            feed(broker.open_port, count, PACED_RATE)
        else:
            feed(broker.open_port, count, None)
            client.stdin.write("go\n")
            client.stdin.flush()
        word, result = client.stdout.readline().split()
        assert word == "result"
        return float(result)


def main(count: int, rounds: int) -> None:
    from support.mosquitto import Mosquitto
    from support.openssl_pki import Pki

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
        with Mosquitto(
            directory / "broker", server=made.server, client_ca=made.ca.certificate, for_load=True
        ) as broker:
            rates: dict[str, list[float]] = {mode: [] for mode in ("paho", *TARGETS)}
            for _ in range(rounds):
                for mode, measured in rates.items():
                    measured.append(run(mode, broker, pki, count))
            lag = run("paced", broker, pki, PACED_RATE * PACED_SECONDS)
    base = statistics.median(rates["paho"])
    print(f"{count:,} messages of 100 bytes, medians of {rounds} rounds")
    print(f"  {'paho':9} {base:8,.0f} messages/s")
    for mode, wanted in TARGETS.items():
        rate = statistics.median(rates[mode])
        print(f"  {mode:9} {rate:8,.0f} messages/s   ratio {rate / base:.2f} (target {wanted})")
    print(f"view at {PACED_RATE:,}/s offered for {PACED_SECONDS} s: all received, p99 lag {lag:.1f} ms"
          f" (target {TARGET_LAG:.0f})")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))
    else:
        main(*map(int, sys.argv[1:] or ("100000", "5")))
