"""How long until 1,000 devices that connect at once by mutual TLS are all let in, each as itself?

Each device has a certificate of its own (P-256, TLS 1.3) and a password of its own, as salted sha256 in the embedded
store of a broker in a child process; the broker takes username and client id from the certificate, and a device
counts as let in with a CONNACK that names it. Yardstick, in the same run: the TLS echo of asyncio for the same
devices, which counts with 14 bytes echoed. All start in the same moment, from one process: a login lasts from there,
so its median is half of the whole where clients are served in turn. Prints times, and CPU seconds of the server.

    python benchmarks/fleet.py [devices]
"""

from __future__ import annotations

import asyncio
import ssl
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from broker_tls import (  # which puts the rooms of the project in reach
    Server,
    device_context,
    hear_echo,
    make_certificates,
    open_tls,
    password_of,
    serve,
)
from mtlsx.auth.settings import Identity
from mtlsx.bench.descriptors import make_room
from mtlsx.packets.control_packets import Connect
from support.raw_client import RawClient

KINDS = ("asyncio", "broker")
IDENTITY = Identity(peer_cert_as_username="cn", peer_cert_as_clientid="cn")
ROUNDS = 3
PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Arrival:
    """Seconds that each device waited to be let in, in ascending order, and CPU seconds of the server."""

    logins: list[float]
    cpu: float

    @property
    def all_in(self) -> float:
        return self.logins[-1]

    def __str__(self) -> str:
        median, p99 = statistics.median(self.logins), statistics.quantiles(self.logins, n=100)[98]
        return (
            f"all {len(self.logins):,} in after {self.all_in:.2f} s; a login: median {median:.2f} s,"
            f" p99 {p99:.2f} s; CPU of the server: {self.cpu:.2f} s"
        )


def main(count: int) -> None:
    make_room(count)
    devices = names(count)
    with tempfile.TemporaryDirectory() as directory:
        make_certificates(Path(directory), devices)
        contexts = {device: device_context(directory, device) for device in devices}
        rounds = [
            {kind: arrival(kind, directory, contexts) for kind in KINDS} for _ in range(ROUNDS)
        ]
    best = {
        kind: min((each[kind] for each in rounds), key=lambda one: one.all_in) for kind in KINDS
    }
    for kind, one in best.items():
        print(f"{kind}: {one} (best of {ROUNDS})")
    broker, echo = best["broker"], best["asyncio"]
    print(
        f"broker, against asyncio: {broker.all_in / echo.all_in:.2f} times until all are in,"
        f" {broker.cpu / echo.cpu:.2f} times the CPU"
    )


def names(count: int) -> list[str]:
    return [f"dev-{number:04}" for number in range(1, count + 1)]


def arrival(kind: str, directory: str, contexts: dict[str, ssl.SSLContext]) -> Arrival:
    with Server(__file__, kind, directory, str(len(contexts))) as server:
        before, _ = server.ask()
        logins, after = asyncio.run(arrive(kind, server, contexts))
    return Arrival(sorted(logins), after - before)


async def arrive(
    kind: str, server: Server, contexts: dict[str, ssl.SSLContext]
) -> tuple[list[float], float]:
    """How long each device waited, and the server's CPU seconds when all were in."""
    staying: list[asyncio.StreamWriter] = []

    async def log_in(device: str, context: ssl.SSLContext) -> float:
        reader, writer = await open_tls(server.port, context)
        staying.append(writer)
        if kind == "broker":
            client = RawClient(reader, writer, 5, PATIENCE)
            connack = await client.connect(Connect(5, password=password_of(device)))
            assert connack.code == 0, connack
            assert connack.properties.assigned_client_identifier == device.encode(), connack
        else:
            await hear_echo(reader, writer)
        return time.perf_counter() - begin

    begin = time.perf_counter()
    logins = await asyncio.gather(*(log_in(*each) for each in contexts.items()))
    cpu, _ = await asyncio.to_thread(server.ask)
    for writer in staying:
        writer.transport.abort()
    return logins, cpu


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in KINDS:
        make_room(int(sys.argv[3]))
        asyncio.run(serve(sys.argv[1], sys.argv[2], IDENTITY, names(int(sys.argv[3]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
