"""What does a decision cost, against the Redis commands in it, and against reading the certificate?

A full decision: certificate, mapping, authentication against Redis with a salted sha256, one publish against rules
in Redis, with its traces. The yardstick is redis-py asyncio sending the same two commands bare, to the same real
redis-server, in turns; one at a time, and 100 at once. Prints decisions a second and their ratio. Target: at least
0.5.

Then the pure part alone (an engine whose store answers from memory), against cryptography's load, subject and
extensions of the same certificates, each of which is new whenever its turn comes; measured as in ``identity.py``.
Target: at most 5 times.

    python benchmarks/auth.py [decisions] [rounds]
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from cryptography import x509

from identity import best_slices, device_certificates
from mtlsx.auth.connect import Peer
from mtlsx.auth.engine import Engine
from mtlsx.auth.passwords import Simple
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    Identity,
    RedisAuthentication,
    RedisServer,
    RedisSource,
)
from mtlsx.auth.stores.store import Reply
from mtlsx.identity import emqx
from mtlsx.packets.control_packets import Connect
from support import redis_servers

TARGET_FULL = 0.5
TARGET_PURE = 5.0
AT_ONCE = 100
NEW = 5_000
PASSWORD, SALT = b"public", b"na7Cl"
STORED = hashlib.sha256(SALT + PASSWORD).hexdigest().encode()
CONNECT = Connect(client_id=b"c1", password=PASSWORD)
AUTHENTICATION = "HMGET tls_domain:${cert_common_name} password_hash salt is_superuser"
AUTHORIZATION = "HGETALL mqtt_acl:${username}"


def settings(server: RedisServer) -> AuthSettings:
    """Those of a device that logs in by its certificate and may publish to its own topics."""
    return AuthSettings(
        identity=Identity(peer_cert_as_username="cn"),
        authentication=(RedisAuthentication(server, AUTHENTICATION, Simple("sha256", "prefix")),),
        authorization=Authorization(sources=(RedisSource(server, AUTHORIZATION),)),
    )


async def decide(engine: Engine, certificate: bytes, name: bytes) -> None:
    """One full decision, which must be a yes."""
    admission = await engine.connect(CONNECT, Peer(certificate))
    assert admission.client is not None
    permission = await engine.publish(admission.client, b"devices/" + name + b"/up", qos=1)
    assert permission.allowed


def main(count: int = 5_000, rounds: int = 5) -> None:
    certificates = device_certificates(NEW)
    names = [emqx.identify(certificate).cn or b"" for certificate in certificates]
    asyncio.run(full(certificates[:1_000], names[:1_000], count, rounds))
    pure(certificates, names, rounds)


async def full(
    certificates: Sequence[bytes], names: Sequence[bytes], count: int, rounds: int
) -> None:
    import redis.asyncio

    with (
        tempfile.TemporaryDirectory() as directory,
        redis_servers.RedisServer(Path(directory)) as server,
    ):
        server.load(fill(names))
        bare = redis.asyncio.Redis(port=server.port, protocol=2, max_connections=AT_ONCE)

        async def ask(number: int) -> None:
            name = names[number % len(names)]
            key = b"tls_domain:" + name
            await bare.execute_command("HMGET", key, "password_hash", "salt", "is_superuser")
            await bare.execute_command("HGETALL", b"mqtt_acl:" + name)

        async with Engine(settings(server.settings())) as engine:

            async def ours(number: int) -> None:
                index = number % len(names)
                await decide(engine, certificates[index], names[index])

            for at_once in (1, AT_ONCE):
                decisions, commands = [
                    count / seconds for seconds in await best_of(rounds, count, at_once, ours, ask)
                ]
                print(
                    f"{at_once} at once: {decisions:,.0f} decisions/s, {commands:,.0f} pairs of bare"
                    f" commands/s, ratio {decisions / commands:.2f} (target: at least {TARGET_FULL:g})"
                )
        await bare.aclose()


def fill(names: Sequence[bytes]) -> list[list[bytes]]:
    """What Redis holds: a salted password and a rule for each device."""
    return [
        command
        for name in names
        for command in (
            [b"HSET", b"tls_domain:" + name, b"password_hash", STORED, b"salt", SALT],
            [b"HSET", b"mqtt_acl:" + name, b"devices/${username}/#", b"all"],
        )
    ]


async def best_of(
    rounds: int, count: int, at_once: int, *runs: Callable[[int], Awaitable[None]]
) -> list[float]:
    """The best seconds of each of ``runs``, ``at_once`` of which run at a time, in turns."""
    best = [float("inf")] * len(runs)
    for _ in range(rounds):
        for index, run in enumerate(runs):
            numbers = iter(range(count))

            async def work(
                run: Callable[[int], Awaitable[None]] = run, numbers: Iterator[int] = numbers
            ) -> None:
                for number in numbers:
                    await run(number)

            begin = time.perf_counter()
            await asyncio.gather(*(work() for _ in range(at_once)))
            best[index] = min(best[index], time.perf_counter() - begin)
    return best


class InMemory:
    """A store that answers at once, so that only the engine is measured."""

    name = "memory"

    async def execute(self, command: Sequence[bytes]) -> Reply:
        if command[0] == b"HMGET":
            return [STORED, SALT, None]
        return [b"devices/${username}/#", b"all"]

    async def aclose(self) -> None:
        """There is nothing to close."""


def pure(certificates: Sequence[bytes], names: Sequence[bytes], rounds: int) -> None:
    engine = Engine(settings(RedisServer()), open_store=lambda _: InMemory())
    name_of = dict(zip(certificates, names, strict=True))

    async def decisions(piece: Sequence[bytes]) -> None:
        for certificate in piece:
            await decide(engine, certificate, name_of[certificate])

    def read(piece: Sequence[bytes]) -> None:
        for certificate in piece:
            loaded = x509.load_der_x509_certificate(certificate)
            assert loaded.subject
            assert loaded.extensions

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        ours, theirs = best_slices(
            rounds, certificates, lambda piece: loop.run_until_complete(decisions(piece)), read
        )
    print(
        f"pure part {ours:.1f} µs a decision, cryptography {theirs:.1f} µs a certificate:"
        f" ratio {ours / theirs:.2f} (target: at most {TARGET_PURE:g})"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
