"""The embedded store: a Redis for demos that neither odd clients nor their end can disturb."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.auth.settings import RedisServer
from mtlsx.auth.stores.embedded import LOOPBACK, EmbeddedStore
from mtlsx.auth.stores.opening import Stores
from mtlsx.auth.stores.redis import RedisStore
from mtlsx.auth.stores.store import Reply, StoreError
from support.descriptors import descriptors

PING = b"*1\r\n$4\r\nPING\r\n"
WAIT = 20.0  # seconds; for what takes a few milliseconds


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedStore]:
    embedded = EmbeddedStore()
    yield embedded
    await embedded.aclose()


def connect(store: EmbeddedStore) -> closing[socket.socket]:
    return closing(socket.create_connection((LOOPBACK, store.port), timeout=WAIT))


def said(store: EmbeddedStore, octets: bytes) -> bytes:
    """Everything it says to a client that says ``octets`` and no more."""
    with connect(store) as client:
        client.sendall(octets)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ([b"HGETALL", b"user"], [b"hash", b"\xff\x00\r\n", b"salt", b""]),
        ([b"hgetall", b"nobody"], []),
        ([b"HMGET", b"user", b"salt", b"other"], [b"", None]),
        ([b"HGET", b"user", b"hash"], b"\xff\x00\r\n"),
        ([b"HGET", b"user", b"other"], None),
        ([b"GET", b"text"], b"OK"),
        ([b"GET", b"empty"], b""),
        ([b"EXISTS", b"user", b"nobody"], 1),
        ([b"SCAN", b"0", b"MATCH", b"us*", b"COUNT", b"1000"], [b"0", [b"user"]]),
        ([b"DEL", b"user", b"nobody"], 1),
        ([b"HSET", b"user", b"x", b"1", b"y", b"2"], 2),
        ([b"HMSET", b"user", b"x", b"1"], b"OK"),
        ([b"TYPE", b"user"], b"hash"),
        ([b"TTL", b"nobody"], -2),
        ([b"SELECT", b"1"], b"OK"),
        ([b"PING"], b"PONG"),
    ],
)
async def test_it_answers_as_redis(
    store: EmbeddedStore, command: list[bytes], reply: Reply
) -> None:
    await store.load(
        [
            [b"HSET", b"user", b"hash", b"\xff\x00\r\n", b"salt", b""],
            [b"MSET", b"text", b"OK", b"empty", b""],
        ]
    )
    assert await store.execute(command) == reply


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ([b"HGETALL", b"text"], "embedded store holds something of another type"),
        ([b"HGETSOME", b"text"], "embedded store does not know this command"),
        ([b"\xff\xfe"], "embedded store does not know this command"),
        ([b"SET text", b"x"], "embedded store does not know this command"),
        ([b"SUBSCRIBE", b"x"], "embedded store does not know this command"),
        ([b"HGET", b"text"], "embedded store wants another number of words"),
    ],
)
async def test_its_errors_are_those_of_redis(
    store: EmbeddedStore, command: list[bytes], sentence: str
) -> None:
    await store.load([[b"SET", b"text", b"x"]])
    with pytest.raises(StoreError, match=sentence):
        await store.execute(command)
    assert await store.execute([b"GET", b"text"]) == b"x"


async def test_a_bad_command_ends_the_loading(store: EmbeddedStore) -> None:
    with pytest.raises(StoreError, match="another number of words"):
        await store.load([[b"SET", b"a", b"1"], [b"SET", b"b"], [b"SET", b"c", b"1"]])
    assert await store.execute([b"EXISTS", b"a", b"b", b"c"]) == 1


async def test_its_name_is_not_an_address(store: EmbeddedStore) -> None:
    assert store.name == "embedded store"


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (PING * 3, b"+PONG\r\n" * 3),
        (b"PING\r\nPING\n\r\n", b"+PONG\r\n" * 2),
        (b'SET "a b" c\r\nGET "a b"\r\n', b"+OK\r\n$1\r\nc\r\n"),
        (b"*0\r\n*-1\r\n" + PING, b"+PONG\r\n"),
        (PING[:7], b""),
        (b"*1\r\n$99\r\nPING", b""),
        (b"*x\r\n" + PING, b"-ERR Protocol error: invalid multibulk length\r\n"),
        (b"*1\r\n$-1\r\n" + PING, b"-ERR Protocol error: invalid bulk length\r\n"),
        (b"*1\r\n$99999999999\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
        (b"*1\r\n*1\r\n" + PING, b"-ERR Protocol error: expected '$'\r\n"),
        (b'GET "a\r\n' + PING, b"-ERR Protocol error: unbalanced quotes in request\r\n"),
        (b"x" * 70_000 + b"\r\n", b"-ERR Protocol error: too big inline request\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n" + PING, b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b""),
    ],
)
async def test_what_clients_may_say(store: EmbeddedStore, octets: bytes, answer: bytes) -> None:
    assert await asyncio.to_thread(said, store, octets) == answer
    assert await store.execute([b"PING"]) == b"PONG"


async def test_no_octets_end_it(store: EmbeddedStore) -> None:
    @settings(max_examples=100)
    @given(st.binary(max_size=80) | st.lists(
        st.sampled_from([b"*", b"$", b"1", b"4", b"-", b"\r\n", b"PING", b"MULTI", b"EXEC", b"AUTH ", b"'"]),
        max_size=20,
    ).map(b"".join))  # fmt: skip
    def disturb(octets: bytes) -> None:
        said(store, octets)

    await asyncio.to_thread(disturb)
    assert await store.execute([b"PING"]) == b"PONG"


async def test_a_hundred_clients(store: EmbeddedStore) -> None:
    def crowd() -> None:
        clients = [socket.create_connection((LOOPBACK, store.port), WAIT) for _ in range(100)]
        for client in clients:
            client.sendall(PING)
        assert all(client.recv(100) == b"+PONG\r\n" for client in clients)
        for number, client in enumerate(clients):
            if number % 2:  # with a reset
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

    await asyncio.to_thread(crowd)
    assert await store.execute([b"PING"]) == b"PONG"


async def test_a_client_that_waits_keeps_nobody_waiting(store: EmbeddedStore) -> None:
    waiting = asyncio.create_task(store.execute([b"BLPOP", b"list", b"10"]))
    await asyncio.sleep(0)
    await store.execute([b"RPUSH", b"list", b"x"])
    assert await waiting == [b"list", b"x"]


async def test_one_store_sees_what_another_wrote(store: EmbeddedStore) -> None:
    other = RedisStore(RedisServer(servers=((LOOPBACK, store.port),)))
    await other.execute([b"SET", b"key", b"value"])
    assert await store.execute([b"GET", b"key"]) == b"value"
    await other.aclose()


async def test_nothing_is_left_of_it() -> None:
    before = descriptors()
    embedded = EmbeddedStore()
    port = embedded.port
    with connect(embedded) as idle:
        await asyncio.gather(*(embedded.execute([b"PING"]) for _ in range(20)))
        waiting = asyncio.create_task(embedded.execute([b"BLPOP", b"list", b"0"]))
        await asyncio.sleep(0)
        await embedded.aclose()
        with pytest.raises(StoreError):
            await waiting
        assert idle.recv(1) == b""
    await embedded.aclose()
    assert not [thread for thread in threading.enumerate() if thread.name == "embedded store"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port), WAIT)
    with pytest.raises(StoreError, match="has been closed"):
        await embedded.execute([b"PING"])
    assert descriptors() <= before


@pytest.mark.parametrize("turns", range(0, 120, 3))
async def test_it_ends_in_the_middle_of_anything(turns: int) -> None:
    embedded = EmbeddedStore(timeout=0.2)
    commands = [[b"PING"], [b"PING"], [b"BLPOP", b"list", b"0"]] * 3
    asked = [asyncio.create_task(embedded.execute(command)) for command in commands]
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(WAIT):
        await embedded.aclose()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(answer == b"PONG" or isinstance(answer, StoreError) for answer in answers)


async def test_a_port_of_choice(store: EmbeddedStore) -> None:
    with pytest.raises(
        StoreError, match=rf"port {store.port} for the embedded store .*: name another"
    ):
        EmbeddedStore(port=store.port)
    port = store.port
    await store.aclose()
    again = EmbeddedStore(port=port)
    assert again.port == port
    assert await again.execute([b"PING"]) == b"PONG"
    await again.aclose()


async def test_settings_that_say_embedded_share_it() -> None:
    stores = Stores()
    one, same = (stores(RedisServer(embedded=True, database=number)) for number in range(2))
    assert isinstance(one, EmbeddedStore)
    assert one is same
    await stores.aclose()
    assert stores(RedisServer(embedded=True)) is not one
    await stores.aclose()
