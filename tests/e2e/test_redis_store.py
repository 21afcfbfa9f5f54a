"""The store on a real Redis: its answers, its connections, and what happens when the server goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mtlsx.auth.settings import RedisServer as Settings
from mtlsx.auth.stores.opening import Stores
from mtlsx.auth.stores.redis import RedisStore
from mtlsx.auth.stores.store import StoreError
from mtlsx.secret import Secret
from support.redis_servers import RedisServer

pytestmark = pytest.mark.e2e

StartRedis = Callable[..., RedisServer]

GRACE = 30.0  # seconds; far beyond every timeout here, so that a hang fails
SHORT = 0.3  # seconds, for what is meant to time out
KEY = b"mqtt_user:u"
STORED = [b"password_hash", b"\xff\x00\r\n", b"salt", b"", b"is_superuser", b"1"]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[RedisStore]:
    store = RedisStore(settings)
    try:
        async with asyncio.timeout(GRACE):
            yield store
    finally:
        await store.aclose()


async def refusal(settings: Settings, *command: bytes) -> str:
    """The sentence with which a command fails."""
    async with opened(settings) as store:
        with pytest.raises(StoreError) as caught:
            await store.execute(command or (b"HGETALL", KEY))
        return str(caught.value)


@pytest.fixture
def filled(redis_db: RedisServer) -> RedisServer:
    redis_db.load([[b"HSET", KEY, *STORED], [b"SET", b"text", b"x"]])
    return redis_db


async def test_replies(filled: RedisServer) -> None:
    async with opened(filled.settings()) as store:
        assert await store.execute((b"HGETALL", KEY)) == STORED
        assert await store.execute((b"HMGET", KEY, b"salt", b"nothing")) == [b"", None]
        assert await store.execute((b"HGET", KEY, b"nothing")) is None
        assert await store.execute((b"HGETALL", b"nothing")) == []
        assert await store.execute((b"EXISTS", KEY)) == 1
        assert await store.execute((b"SET", b"text", b"y")) == b"OK"
        assert await store.execute((b"TYPE", KEY)) == b"hash"


async def test_nothing_but_the_command_is_sent(filled: RedisServer) -> None:
    with filled.monitor() as monitor:
        async with opened(filled.settings()) as store:
            await store.execute((b"HGET", KEY, b"salt"))
            await store.execute((b"hget", b"a b", b'"'))
        assert monitor.commands() == [(b"HGET", KEY, b"salt"), (b"hget", b"a b", b'"')]


async def test_a_database(filled: RedisServer) -> None:
    async with opened(filled.settings(database=3)) as store:
        assert await store.execute((b"EXISTS", KEY)) == 0
    said = await refusal(filled.settings(database=99))
    assert "has no database of this number" in said


async def test_an_error_leaves_the_connection_as_it_was(filled: RedisServer) -> None:
    before = filled.connections
    async with opened(filled.settings()) as store:
        for _ in range(3):
            with pytest.raises(StoreError, match="another type"):
                await store.execute((b"HGETALL", b"text"))
            with pytest.raises(StoreError, match="does not know this command"):
                await store.execute((b"HGETSOME", KEY))
            assert await store.execute((b"HGETALL", KEY)) == STORED
    assert filled.connections == before + 1


async def test_a_thousand_at_once_share_the_pool(filled: RedisServer) -> None:
    before = filled.connections
    filled.load([[b"SET", b"%d" % number, b"%d" % number] for number in range(1000)])
    async with opened(filled.settings(pool_size=4, timeout=GRACE)) as store:
        answers = await asyncio.gather(
            *(store.execute((b"GET", b"%d" % number)) for number in range(1000))
        )
    assert answers == [b"%d" % number for number in range(1000)]
    assert filled.connections - before <= 4


async def test_a_cancelled_command_leaves_no_answer_behind(filled: RedisServer) -> None:
    async with opened(filled.settings(pool_size=1)) as store:
        await store.execute((b"PING",))
        with filled.monitor() as monitor:
            waiting = asyncio.create_task(store.execute((b"BLPOP", b"list", b"0")))
            while (b"BLPOP", b"list", b"0") not in await asyncio.to_thread(monitor.commands):
                pass
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        filled.execute("RPUSH", "list", "of the cancelled one")
        assert await store.execute((b"GET", b"text")) == b"x"
        assert await store.execute((b"HGETALL", KEY)) == STORED


@pytest.mark.parametrize("turns", range(12))
async def test_cancelled_at_any_time_the_pool_stays_whole(filled: RedisServer, turns: int) -> None:
    async with opened(filled.settings(pool_size=2)) as store:
        for _ in range(5):
            asked = [
                asyncio.create_task(store.execute((b"ECHO", b"%d" % number))) for number in range(6)
            ]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in asked:
                task.cancel()
            await asyncio.wait(asked)
            done = [(n, t.result()) for n, t in enumerate(asked) if not t.cancelled()]
            assert all(answer == b"%d" % number for number, answer in done)
        assert [await store.execute((b"ECHO", b"%d" % n)) for n in range(4)] == [b"0", b"1", b"2", b"3"]  # fmt: skip


async def test_equal_settings_share_a_store(filled: RedisServer) -> None:
    before = filled.connections
    stores = Stores()
    one, same = (stores(filled.settings()) for _ in range(2))
    other = stores(filled.settings(database=1))
    assert one is same
    assert one is not other
    for store in (one, same, other):
        await store.execute((b"PING",))
    assert filled.connections == before + 2
    await stores.aclose()
    with pytest.raises(StoreError, match="has been closed"):
        await one.execute((b"PING",))


# Who may


async def test_passwords(start_redis: StartRedis) -> None:
    server = start_redis(password="right")
    async with opened(server.settings()) as store:
        assert await store.execute((b"PING",)) == b"PONG"
    assert "wants a password" in await refusal(server.settings(password=None))
    said = await refusal(server.settings(password=Secret("wr0ng")))
    assert "refuses the username or the password" in said
    assert "wr0ng" not in said


async def test_users(start_redis: StartRedis) -> None:
    server = start_redis(users={"default": "off", "emqx": "on >right ~mqtt_* +hgetall"})
    as_user: dict[str, Any] = {"username": "emqx", "password": Secret("right")}
    async with opened(server.settings(**as_user)) as store:
        assert await store.execute((b"HGETALL", KEY)) == []
    for command in [(b"HGET", KEY, b"salt"), (b"HGETALL", b"other")]:
        said = await refusal(server.settings(**as_user), *command)
        assert "does not permit this command or this key" in said
    for wrong in [{"username": "emqx"}, {**as_user, "username": "other"}]:
        said = await refusal(server.settings(**wrong))
        assert "refuses the username or the password" in said


async def test_a_password_that_nobody_asked_for(filled: RedisServer) -> None:
    said = await refusal(filled.settings(password=Secret("unneeded")))
    assert "asks for no password" in said


# Outages


async def test_killed_and_restarted(start_redis: StartRedis) -> None:
    server = start_redis()
    server.load([[b"HSET", KEY, *STORED]])
    async with opened(server.settings()) as store:
        await asyncio.gather(*(store.execute((b"PING",)) for _ in range(20)))
        server.kill()
        for _ in range(3):
            with pytest.raises(StoreError, match="refuses connections: start Redis there"):
                await store.execute((b"HGETALL", KEY))
        server.restart()
        assert await store.execute((b"HGETALL", KEY)) == STORED


async def test_restarted_between_two_commands(start_redis: StartRedis) -> None:
    server = start_redis()
    server.load([[b"HSET", KEY, *STORED]])
    async with opened(server.settings()) as store:
        for _ in range(3):
            answers = await asyncio.gather(*(store.execute((b"HGETALL", KEY)) for _ in range(20)))
            assert answers == [STORED] * 20
            server.kill()
            server.restart()


async def test_killed_while_it_was_asked(start_redis: StartRedis) -> None:
    server = start_redis()
    async with opened(server.settings()) as store:
        with server.monitor() as monitor:
            waiting = asyncio.create_task(store.execute((b"BLPOP", b"list", b"0")))
            while (b"BLPOP", b"list", b"0") not in await asyncio.to_thread(monitor.commands):
                pass
        server.kill()
        with pytest.raises(StoreError, match=r"closed the connection|refuses connections"):
            await waiting
        server.restart()
        assert await store.execute((b"PING",)) == b"PONG"


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("password", [None, "right"])
async def test_paused(start_redis: StartRedis, warm: bool, password: str | None) -> None:
    server = start_redis(password=password)
    server.load([[b"HSET", KEY, *STORED]])
    async with opened(server.settings(timeout=SHORT, pool_size=2)) as store:
        if warm:
            await asyncio.gather(*(store.execute((b"PING",)) for _ in range(4)))
        server.pause()
        failed = await asyncio.gather(
            *(store.execute((b"HGETALL", KEY)) for _ in range(6)), return_exceptions=True
        )
        assert {type(error) for error in failed} == {StoreError}
        assert all(f"{SHORT:g} s" in str(error) for error in failed)
        server.resume()
        # It answers what it was asked before it reads on.
        server.execute("PING")
        assert await store.execute((b"HGETALL", KEY)) == STORED


async def test_out_of_connections(start_redis: StartRedis) -> None:
    server = start_redis(maxclients=1)
    async with opened(server.settings()) as first:
        assert await first.execute((b"PING",)) == b"PONG"
        async with opened(server.settings(pool_size=1)) as second:
            with pytest.raises(StoreError, match="has no connection left: raise its maxclients"):
                await second.execute((b"PING",))
            await first.aclose()
            # The server has seen the end of the first when it answers to one who came after it.
            server.execute("PING")
            assert await second.execute((b"PING",)) == b"PONG"


async def test_connections_that_the_server_ended(filled: RedisServer) -> None:
    async with opened(filled.settings()) as store:
        await store.execute((b"PING",))
        filled.execute("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert await store.execute((b"HGETALL", KEY)) == STORED
