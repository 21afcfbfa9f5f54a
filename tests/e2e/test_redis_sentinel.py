"""The store behind a Sentinel: it follows the master, also when another becomes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mtlsx.auth.settings import RedisServer as Settings
from mtlsx.auth.stores.redis import RedisStore
from mtlsx.auth.stores.store import StoreError
from mtlsx.secret import Secret
from support.ports import LOOPBACK, closed_port, silent_port
from support.redis_servers import Sentinel

pytestmark = pytest.mark.e2e

GRACE = 40.0  # seconds; beyond every timeout here, so that a hang fails
ASK = (b"HGET", b"key", b"field")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[RedisStore]:
    store = RedisStore(settings)
    try:
        async with asyncio.timeout(GRACE):
            yield store
    finally:
        await store.aclose()


@pytest.fixture
def group(redis_sentinel: Sentinel) -> Sentinel:
    redis_sentinel.master.execute("HSET", "key", "field", "value")
    assert redis_sentinel.master.execute("WAIT", "1", "20000") == 1
    return redis_sentinel


async def test_the_master_is_asked(group: Sentinel) -> None:
    async with opened(group.settings()) as store:
        assert await store.execute(ASK) == b"value"
        role = await store.execute((b"ROLE",))
        assert isinstance(role, list)
        assert role[0] == b"master"


async def test_the_master_is_killed(group: Sentinel) -> None:
    async with opened(group.settings()) as store:
        await asyncio.gather(*(store.execute(ASK) for _ in range(20)))
        group.master.kill()
        with pytest.raises(StoreError, match=r"redis sentinel mymaster .*refuses connections"):
            await store.execute(ASK)
        await asyncio.to_thread(group.sentinel.wait_for_log, "+switch-master")
        assert await asyncio.gather(*(store.execute(ASK) for _ in range(20))) == [b"value"] * 20
        assert await store.execute((b"SET", b"other", b"1")) == b"OK"
    assert group.replica.execute("GET", "other") == b"1"


async def test_the_master_is_paused(group: Sentinel) -> None:
    async with opened(group.settings(timeout=0.5)) as store:
        await asyncio.gather(*(store.execute(ASK) for _ in range(20)))
        group.master.pause()
        with pytest.raises(StoreError, match=r"did not answer within 0.5 s"):
            await store.execute(ASK)
        await asyncio.to_thread(group.sentinel.wait_for_log, "+switch-master")
        assert await store.execute(ASK) == b"value"
        group.master.resume()
        assert await store.execute((b"SET", b"other", b"1")) == b"OK"


async def test_other_sentinels_are_asked_where_one_is_gone(group: Sentinel) -> None:
    known = group.settings().servers
    with closed_port() as closed, silent_port() as silent:
        servers = ((LOOPBACK, closed), (LOOPBACK, silent), *known)
        async with opened(group.settings(servers=servers, timeout=2.0)) as store:
            assert await store.execute(ASK) == b"value"


async def test_no_sentinel_answers(group: Sentinel) -> None:
    group.sentinel.kill()
    async with opened(group.settings()) as store:
        with pytest.raises(StoreError, match=r"\(Sentinel 127.0.0.1:[0-9]+\) refuses connections"):
            await store.execute(ASK)
        group.sentinel.restart()
        assert await store.execute(ASK) == b"value"


async def test_a_sentinel_that_is_paused(group: Sentinel) -> None:
    group.sentinel.pause()
    async with opened(group.settings(timeout=0.4)) as store:
        with pytest.raises(StoreError, match=r"Sentinel .* took no connection within 0.2 s"):
            await store.execute(ASK)
        group.sentinel.resume()
        group.sentinel.execute("PING")
        assert await store.execute(ASK) == b"value"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sentinel": "other"}, "knows no master of this name: correct sentinel"),
        ({"sentinel_password": None}, "wants a password"),
        ({"sentinel_password": Secret("wr0ng")}, "refuses the username or the password"),
        ({"password": None}, "(master 127.0.0.1:"),
        ({"password": Secret("wr0ng")}, "refuses the username or the password"),
    ],
)
async def test_wrong_settings(group: Sentinel, changes: dict[str, object], sentence: str) -> None:
    async with opened(group.settings(**changes)) as store:
        with pytest.raises(StoreError) as caught:
            await store.execute(ASK)
    assert sentence in str(caught.value)
    assert "wr0ng" not in str(caught.value)


async def test_a_server_that_is_no_sentinel(group: Sentinel) -> None:
    chosen = group.settings(
        servers=((LOOPBACK, group.master.port),), sentinel_password=Secret("of-the-data")
    )
    async with opened(chosen) as store:
        with pytest.raises(StoreError, match="does not know this command"):
            await store.execute(ASK)
