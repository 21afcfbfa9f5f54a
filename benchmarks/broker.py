"""How many messages a second does the broker pass on over mutual TLS, against Mosquitto; what does an ACL check add?

One publisher, one subscriber, 100 bytes, the same certificates (P-256, TLS 1.3), the same clients: they send packets
that are made beforehand, each of QoS 0 by itself, and count octets, so that the broker is what is measured. MQTT 3.1.1, up to 100 messages of
QoS 1 unanswered. The publisher is at most 10,000 messages ahead of the subscriber: both brokers drop what waits too long
for a slow one. Ours asks a file rule about each message, Mosquitto nothing. Rounds take turns, the best counts.
Target: at least 1.0 of Mosquitto as it comes. With ``set_tcp_nodelay``, which is off there, it answers QoS 1 much sooner.

Then one message at a time there and back, QoS 0, in our broker alone: without rules, and with an ACL that is fetched
from the embedded store for each message.

    python benchmarks/broker.py [messages] [rounds]
"""

from __future__ import annotations

import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from mtlsx.packets.control_packets import Connect, Puback, Publish, Subscribe, Subscription
from mtlsx.packets.encode import encode
from support.made_pki import CLIENT, SERVER, make
from support.mosquitto import Mosquitto
from support.openssl_pki import Pair

ROOT = Path(__file__).parents[1]
VERSION = 4
TOPIC = b"devices/dev-1/t"
WINDOW = 100
LEAD = 10_000
PATIENCE = 30.0  # seconds; what has not come by then never comes
CHUNK = 64 * 1024
PINGS = 2000
TARGET = 1.0
KINDS = ("mtlsx", "Mosquitto", "with set_tcp_nodelay")

LISTENER = """
[listeners.ssl.default]
bind = "127.0.0.1:0"
[listeners.ssl.default.ssl_options]
certfile = "server.pem"
keyfile = "server.key"
cacertfile = "ca.pem"
verify = "verify_peer"
fail_if_no_peer_cert = true
[mqtt]
peer_cert_as_username = "cn"
max_mqueue_len = "infinity"
[authorization]
no_match = "deny"
"""
FILE_RULE = """
[[authorization.sources]]
type = "file"
rules = [{ permission = "allow", topics = ["devices/${username}/#"] }]
"""
STORE_RULE = """
[[authorization.sources]]
type = "redis"
server = "embedded"
cmd = "HGETALL mqtt_acl:${username}"
"""


def main(messages: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        make_certificates(directory)
        rates: dict[tuple[str, int], list[float]] = {}
        with (
            mosquitto(directory) as theirs,
            mosquitto(directory, "set_tcp_nodelay true") as sooner,
            ours(directory, FILE_RULE) as port,
        ):
            for _ in range(rounds):
                for qos in (0, 1):
                    for kind, at in zip(KINDS, (port, theirs, sooner), strict=True):
                        taken = throughput(directory, at, qos, messages)
                        rates.setdefault((kind, qos), []).append(messages / taken)
        for qos in (0, 1):
            mtlsx, *others = (max(rates[kind, qos]) for kind in KINDS)
            ratios = ", ".join(
                f"{kind} {rate:,.0f}: ratio {mtlsx / rate:.2f}"
                for kind, rate in zip(KINDS[1:], others, strict=True)
            )
            print(f"QoS {qos}: mtlsx {mtlsx:,.0f} messages/s; {ratios} (target: {TARGET})")
        bare = latencies(directory, LISTENER.replace('"deny"', '"allow"'))
        checked = latencies(directory, LISTENER + STORE_RULE)
        print(
            f"there and back: {milliseconds(bare)}; with an ACL of the embedded store {milliseconds(checked)};"
            f" p99 added {(percentile(checked) - percentile(bare)) * 1000:.2f} ms"
        )


def make_certificates(directory: Path) -> None:
    ca = make("Benchmark CA", ca=True)
    ca.save(directory, "ca")
    make("localhost", ca, usage=SERVER, names=("localhost",)).save(directory, "server")
    make("dev-1", ca, usage=CLIENT).save(directory, "device")


@contextmanager
def mosquitto(directory: Path, *settings: str) -> Iterator[int]:
    place = Path(tempfile.mkdtemp(dir=directory))
    pair = Pair(directory / "server.pem", directory / "server.key")
    with Mosquitto(
        place, server=pair, client_ca=directory / "ca.pem", for_load=True, settings=settings
    ) as broker:
        yield broker.port


@contextmanager
def ours(directory: Path, settings: str) -> Iterator[int]:
    (directory / "broker.toml").write_text(
        settings if "listeners" in settings else LISTENER + settings
    )
    (directory / "seed").write_text('HSET mqtt_acl:dev-1 "devices/dev-1/#" all\n')
    seed = ["--seed", str(directory / "seed")] if "embedded" in settings else []
    with subprocess.Popen(
        [sys.executable, "-m", "mtlsx_tui", "broker", "--quiet", "--config", str(directory / "broker.toml"), *seed],
        stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": f"{ROOT}/core:{ROOT}/tui"},
    ) as process:  # fmt: skip
        assert process.stdout
        try:
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()


def connected(directory: Path, port: int, client_id: bytes) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    context.load_cert_chain(directory / "device.pem", directory / "device.key")
    client = context.wrap_socket(
        socket.create_connection(("127.0.0.1", port), PATIENCE), server_hostname="localhost"
    )
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(encode(Connect(VERSION, client_id), VERSION))
    assert read(client, 4) == b"\x20\x02\x00\x00"
    return client


def subscriber(directory: Path, port: int, qos: int) -> ssl.SSLSocket:
    client = connected(directory, port, b"subscriber")
    client.sendall(encode(Subscribe(1, (Subscription(TOPIC, qos),)), VERSION))
    assert read(client, 5)[4] == qos
    return client


def read(client: ssl.SSLSocket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        assert part, "the broker has closed the connection"
        data += part
    return data


def packet(qos: int, number: int) -> bytes:
    return encode(Publish(TOPIC, b"x" * 100, qos, packet_id=number if qos else 0), VERSION)


def throughput(directory: Path, port: int, qos: int, messages: int) -> float:
    """Seconds from the first message sent to the last received."""
    receiving = subscriber(directory, port, qos)
    sending = connected(directory, port, b"publisher")
    arrived = Arrived()
    take = take_acknowledging if qos else take_counting
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(take, receiving, messages, arrived)
        begin = time.perf_counter()
        (send_in_a_window if qos else send_all)(sending, messages, arrived)
        end = taken.result()
    for client in (sending, receiving):
        client.close()
    return end - begin


class Arrived:
    """How many messages the subscriber has."""

    def __init__(self) -> None:
        self._count = 0
        self._more = threading.Condition()

    def add(self, count: int) -> None:
        with self._more:
            self._count += count
            self._more.notify()

    def wait_for(self, count: int) -> None:
        with self._more:
            arrived = self._more.wait_for(lambda: self._count >= count, PATIENCE)
        assert arrived, f"of {count:,} messages only {self._count:,} have arrived"


def send_all(client: ssl.SSLSocket, messages: int, arrived: Arrived) -> None:
    one = packet(0, 0)
    for start in range(0, messages, WINDOW):
        arrived.wait_for(start - LEAD)
        for _ in range(min(WINDOW, messages - start)):
            client.sendall(one)


def send_in_a_window(client: ssl.SSLSocket, messages: int, arrived: Arrived) -> None:
    packets = [packet(1, number) for number in range(1, messages + 1)]
    half = WINDOW // 2
    client.sendall(b"".join(packets[:half]))
    for start in range(half, messages, half):
        arrived.wait_for(start - LEAD)
        client.sendall(b"".join(packets[start : start + half]))
        read(client, 4 * half)


def take_counting(client: ssl.SSLSocket, messages: int, arrived: Arrived) -> float:
    size = len(packet(0, 0))
    octets = 0
    while octets < messages * size:
        before = octets // size
        octets += len(client.recv(CHUNK))
        arrived.add(octets // size - before)
    return time.perf_counter()


def take_acknowledging(client: ssl.SSLSocket, messages: int, arrived: Arrived) -> float:
    size = len(packet(1, 1))
    at = size - 100 - 2
    left, data = messages, b""
    while left:
        data += client.recv(CHUNK)
        whole = len(data) // size
        client.sendall(
            b"".join(
                encode(Puback(int.from_bytes(data[one + at : one + at + 2])), VERSION)
                for one in range(0, whole * size, size)
            )
        )
        data = data[whole * size :]
        left -= whole
        arrived.add(whole)
    return time.perf_counter()


def latencies(directory: Path, settings: str) -> list[float]:
    """Seconds there and back, sorted."""
    with ours(directory, settings) as port:
        client = subscriber(directory, port, 0)
        one = packet(0, 0)
        times = []
        for _ in range(PINGS):
            begin = time.perf_counter()
            client.sendall(one)
            read(client, len(one))
            times.append(time.perf_counter() - begin)
        client.close()
    return sorted(times)


def percentile(times: list[float]) -> float:
    return times[len(times) * 99 // 100]


def milliseconds(times: list[float]) -> str:
    return f"{statistics.median(times) * 1000:.2f} ms, p99 {percentile(times) * 1000:.2f} ms"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ("60000", "3")))
