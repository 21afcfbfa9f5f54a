"""The store against servers that answer what a real one would not, or only in passing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.auth.settings import RedisServer
from mtlsx.auth.stores.redis import RedisStore
from mtlsx.auth.stores.store import Reply, StoreError
from support.ports import LOOPBACK, closed_port, silent_port, talking_port
from support.redis_servers import ScriptedRedis

SECRET = b"of-nobody's-business"
GRACE = 20.0  # seconds; far beyond every timeout here, so that a hang fails

Answers = Callable[..., RedisServer]


@pytest.fixture
def answering() -> Iterator[Answers]:
    """Settings for a server that answers everything with the same octets."""
    with ExitStack() as running:

        def start(octets: bytes, **changes: object) -> RedisServer:
            return running.enter_context(ScriptedRedis(lambda _: octets)).settings(**changes)

        yield start


@asynccontextmanager
async def opened(chosen: RedisServer) -> AsyncIterator[RedisStore]:
    store = RedisStore(chosen)
    try:
        async with asyncio.timeout(GRACE):
            yield store
    finally:
        await store.aclose()


async def refusal(chosen: RedisServer, *command: bytes) -> str:
    """The sentence with which a command fails."""
    async with opened(chosen) as store:
        with pytest.raises(StoreError) as caught:
            await store.execute(command or (b"HGET", SECRET, b"field"))
        return str(caught.value)


def at(port: int, **changes: object) -> RedisServer:
    return RedisServer(**{"servers": ((LOOPBACK, port),), "timeout": 0.3, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"+OK\r\n", b"OK"),
        (b":-5\r\n", -5),
        (b"$3\r\n\xff\r\n\r\n", b"\xff\r\n"),
        (b"$0\r\n\r\n", b""),
        (b"$-1\r\n", None),
        (b"*-1\r\n", None),
        (b"*0\r\n", []),
        (b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\na\r\n$-1\r\n", [b"a", b"1", b"a", None]),
        (b"*2\r\n*1\r\n:1\r\n+x\r\n", [[1], b"x"]),
    ],
)
@pytest.mark.parametrize("command", [b"HGETALL", b"HMGET", b"SCAN", b"INFO", b"hgetall"])
async def test_replies_are_as_they_came(
    answering: Answers, octets: bytes, reply: Reply, command: bytes
) -> None:
    async with opened(answering(octets)) as store:
        assert await store.execute((command, b"key", b"field")) == reply


async def test_each_word_is_sent_whole() -> None:
    seen: list[list[bytes]] = []

    def answer(words: list[bytes]) -> bytes:
        seen.append(words)
        return b"+OK\r\n"

    command = [b"GET it", b"", b"a b\r\n", b"\x00\xff", b"x" * 100_000]
    with ScriptedRedis(answer) as server:
        async with opened(server.settings()) as store:
            await store.execute(command)
    assert seen == [command]


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "another type"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "still loading"),
        (b"-MOVED 3999 127.0.0.1:6381\r\n", 'set redis_type to "cluster"'),
        (b"-ASK 3999 127.0.0.1:6381\r\n", 'set redis_type to "cluster"'),
        (b"-CLUSTERDOWN The cluster is down\r\n", "CLUSTER INFO"),
        (b"-CROSSSLOT Keys in request don't hash to the same slot\r\n", "use one key"),
        (b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n", "try again"),
        (b"-READONLY You can't write against a read only replica.\r\n", "is a replica"),
        (b"-MASTERDOWN Link with MASTER is down\r\n", "lost its master"),
        (b"-NOAUTH Authentication required.\r\n", "wants a password"),
        (b"-NOPERM this user has no permissions\r\n", "widen its ACL"),
        (b"-DENIED Redis is running in protected mode\r\n", "protected mode"),
        (b"-BUSY Redis is busy running a script\r\n", "SCRIPT KILL"),
        (b"-ERR max number of clients reached\r\n", "maxclients"),
        (
            b"-ERR unknown command 'X', with args beginning with: '%s' \r\n" % SECRET,
            "does not know",
        ),
        (b"-ERR wrong number of arguments for 'x' command\r\n", "another number of words"),
        (b"-ERR something about '%s'\r\n" % SECRET, "answers with an error (ERR)"),
        (b"-%s\r\n" % SECRET, "answers with an error (of an unknown kind)"),
        (b"-\r\n", "answers with an error (of an unknown kind)"),
        (b"*1\r\n-WRONGTYPE in an array\r\n", "another type"),
        (b"*1\r\n*2\r\n:1\r\n-NOPERM in a deeper array\r\n", "widen its ACL"),
    ],
)
async def test_error_replies_are_told_and_not_quoted(
    answering: Answers, octets: bytes, sentence: str
) -> None:
    chosen = answering(octets)
    said = await refusal(chosen)
    assert sentence in said
    assert f"{LOOPBACK}:{chosen.servers[0][1]}" in said
    assert SECRET.decode() not in said
    assert said.count(". ") == 0
    assert said.endswith(".")


async def test_no_traceback_shows_what_redis_echoed(answering: Answers) -> None:
    async with opened(answering(b"-ERR about %s\r\n" % SECRET)) as store:
        with pytest.raises(StoreError) as caught:
            await store.execute((b"GET", SECRET))
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "octets",
    [b"HTTP/1.1 400 Bad Request\r\n", b":abc\r\n", b"$x\r\n", b"*1x\r\n", b"\xff\xfe\r\n",
     b"-MOVED nonsense\r\n", b"-ASK 1\r\n", b"-MOVED\r\n", b"*1\r\n" * 20_000 + b":1\r\n"],
)  # fmt: skip
async def test_another_protocol_is_told(answering: Answers, octets: bytes) -> None:
    said = await refusal(answering(octets))
    assert "does not speak Redis's protocol" in said


async def test_a_server_that_greets_is_no_redis() -> None:
    with talking_port(b"SSH-2.0-OpenSSH_9.6\r\n") as port:
        said = await refusal(at(port, timeout=5.0))
    assert "protocol" in said or "closed the connection" in said


@settings(max_examples=60)
@given(st.binary(max_size=60) | st.lists(
    st.sampled_from([b"*", b"$", b":", b"+", b"-", b"1", b"-1", b"9", b"\r\n", b"\n", b"MOVED ", b" "]),
    max_size=30,
).map(b"".join))  # fmt: skip
def test_any_octets_are_a_reply_or_a_store_error(octets: bytes) -> None:
    async def ask() -> None:
        async with opened(server.settings(timeout=5.0)) as store:
            with suppress(StoreError):
                reply = await store.execute((b"GET", b"key"))
                assert reply is None or isinstance(reply, (bytes, int, list))

    with ScriptedRedis(lambda _: octets, hangs_up=True) as server:
        asyncio.run(ask())


async def test_a_closed_port() -> None:
    with closed_port() as port:
        said = await refusal(at(port, timeout=5.0))
    assert (
        said
        == f"redis 127.0.0.1:{port} refuses connections: start Redis there, or correct the port."
    )


async def test_a_port_where_nobody_answers() -> None:
    with silent_port() as port:
        said = await refusal(at(port))
    assert "did not answer within 0.3 s" in said


async def test_a_port_where_nobody_answers_the_password() -> None:
    with silent_port() as port:
        said = await refusal(at(port, username="somebody"))
    assert "took no connection within 0.3 s" in said


@pytest.mark.parametrize("host", ["no-such-host.invalid", "two..dots", "x" * 64 + ".invalid"])
async def test_a_host_name_that_is_not_known(host: str) -> None:
    said = await refusal(RedisServer(servers=((host, 6379),), timeout=10.0))
    assert f"host name of redis {host}:6379 is not known" in said


async def test_an_empty_command_is_not_sent(answering: Answers) -> None:
    async with opened(answering(b"+OK\r\n")) as store:
        with pytest.raises(StoreError, match="empty command"):
            await store.execute(())


async def test_after_its_end_it_says_so(answering: Answers) -> None:
    store = RedisStore(answering(b"+OK\r\n"))
    await store.execute((b"PING",))
    await store.aclose()
    with pytest.raises(StoreError, match="has been closed"):
        await store.execute((b"PING",))
    await store.aclose()


async def test_all_connections_busy() -> None:
    with silent_port() as port:
        async with opened(at(port, pool_size=1)) as store:
            asked = [asyncio.create_task(store.execute((b"PING",))) for _ in range(2)]
            await asyncio.wait(asked)
    said = [str(task.exception()) for task in asked]
    assert "did not answer within" in said[0]
    assert "All connections to redis" in said[1]


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        (RedisServer(), "redis 127.0.0.1:6379"),
        (RedisServer(servers=(("::1", 7000),)), "redis [::1]:7000"),
        (RedisServer(redis_type="sentinel", sentinel="mymaster"), "redis sentinel mymaster"),
        (RedisServer(redis_type="cluster"), "redis cluster 127.0.0.1:6379"),
    ],
)
def test_what_it_is_called(chosen: RedisServer, name: str) -> None:
    assert RedisStore(chosen).name == name
