"""``redis-cli`` can look into the embedded store, and put things into it."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from mtlsx.auth.stores.embedded import EmbeddedStore
from support.programs import find

pytestmark = pytest.mark.e2e


async def test_redis_cli() -> None:
    store = EmbeddedStore()
    await store.load([[b"HSET", b"tls_domain:cn", b"password", b"public"]])

    def cli(commands: str) -> list[str]:
        done = subprocess.run(
            [find("redis-cli"), "-p", str(store.port)],
            input=commands, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        return done.stdout.splitlines()

    said = await asyncio.to_thread(
        cli, "KEYS *\nHGETALL tls_domain:cn\nNONSENSE\nSET text x\nHGET text f\nPING\n"
    )
    assert [line for line in said if line] == [
        "tls_domain:cn", "password", "public",
        "ERR unknown command 'nonsense', with args beginning with: ",
        "OK", "WRONGTYPE Operation against a key holding the wrong kind of value", "PONG",
    ]  # fmt: skip
    assert await store.execute([b"GET", b"text"]) == b"x"
    await store.aclose()
