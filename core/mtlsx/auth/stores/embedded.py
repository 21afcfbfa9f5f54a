"""A store inside this process, for demos: a Redis that is fakeredis, on a port of its own.

It is reached over TCP by the same code as a real server, and ``redis-cli -p PORT`` can look at it. Its data end with
it. fakeredis has no MONITOR, no INFO and no scripts here; publish and subscribe are refused.

The server is ours, as that of fakeredis 2.40 ends a connection with every error reply, puts ``ERR`` before
``WRONGTYPE``, takes no inline commands, and wakes each idle connection a hundred times a second.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress

import fakeredis
from redis.exceptions import RedisError

from mtlsx.auth.settings import RedisServer
from mtlsx.auth.stores.redis import RedisStore
from mtlsx.auth.stores.store import Reply, StoreError
from mtlsx.identity.redis_commands import CommandError, split

NAME = "embedded store"
LOOPBACK = "127.0.0.1"

_TURNS = 6
_WORDS_AT_MOST = 1024 * 1024
_OCTETS_AT_MOST = 64 * 1024 * 1024
_NUMBER = re.compile(rb"-?[0-9]{1,10}")
# RESP3, which HELLO would switch to, is not spoken.
_REFUSED = {b"HELLO", b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"MONITOR"}
# What a browser sends that is lured here: Redis too hangs up on it.
_NOT_OURS = {b"POST", b"HOST:"}
_STATUSES = {b"OK", b"PONG", b"QUEUED"}


class EmbeddedStore:
    """A ``Store`` with its server, which runs from now on until ``aclose``. ``port`` 0 is any free port.

    Raises ``StoreError`` where the port is taken.
    """

    def __init__(self, *, port: int = 0, pool_size: int = 8, timeout: float = 5.0) -> None:
        self._server = _Server(port)
        settings = RedisServer(
            servers=((LOOPBACK, self._server.port),), pool_size=pool_size, timeout=timeout
        )
        self._store = RedisStore(settings, name=NAME)

    @property
    def name(self) -> str:
        return NAME

    @property
    def port(self) -> int:
        """Where ``redis-cli`` finds it on 127.0.0.1."""
        return self._server.port

    async def execute(self, command: Sequence[bytes]) -> Reply:
        """The answer to ``command``, or a ``StoreError``."""
        return await self._store.execute(command)

    async def load(self, commands: Iterable[Sequence[bytes]]) -> None:
        """Execute ``commands`` in order, to fill it; stops at the first ``StoreError``."""
        for command in commands:
            await self.execute(command)

    async def aclose(self) -> None:
        """Close the connections, stop the server, forget the data."""
        await self._store.aclose()
        await asyncio.to_thread(self._server.stop)


class _Server:
    """The port, and a thread with an event loop that serves it."""

    def __init__(self, port: int) -> None:
        try:
            self._listener = socket.create_server((LOOPBACK, port))
        except OSError as error:
            raise StoreError(
                f"The port {port} for the embedded store cannot be opened"
                f" ({(error.strerror or 'unusable').lower()}): name another, or 0 for any."
            ) from error
        self.port: int = self._listener.getsockname()[1]
        self._data = fakeredis.FakeServer()
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End all connections and the thread; does nothing the second time."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            # What fakeredis fails at ends that connection, which tells the client; nobody reads a log of ours.
            self._loop.set_exception_handler(lambda *_: None)
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._client, sock=self._listener)
        await self._end.wait()
        # Who has just been accepted becomes a client a few turns of the loop later, and is lost where the server
        # is closed before that: accept nobody more, wait for those, then close.
        self._loop.remove_reader(self._listener)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        server.close()
        for client, writer in self._clients.items():
            # The end of the connection too: a task may lose a cancellation that comes with an answer.
            writer.transport.abort()
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await asyncio.sleep(0)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (a coroutine of ours always runs in one)
        if self._end.is_set():
            writer.close()
            return
        self._clients[task] = writer
        redis = fakeredis.FakeAsyncRedis(
            server=self._data, protocol=2, single_connection_client=True, socket_timeout=None
        )
        redis.response_callbacks.clear()
        try:
            with suppress(asyncio.CancelledError, OSError):
                await _converse(reader, writer, redis)
        finally:
            del self._clients[task]
            writer.close()
            await redis.aclose()


class _ProtocolError(Exception):
    """What a client sent is not Redis's protocol; the text is the error reply."""


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, redis: fakeredis.FakeAsyncRedis
) -> None:
    try:
        while (words := await _read_command(reader)) is not None:
            if words and words[0].upper() in _NOT_OURS:
                return
            if words:
                writer.write(await _answer(words, redis))
                await writer.drain()
    except _ProtocolError as error:
        writer.write(f"-ERR Protocol error: {error}\r\n".encode())


async def _read_command(reader: asyncio.StreamReader) -> list[bytes] | None:
    """The words of the next command, as an array of bulk strings or on a line; None where there are no more."""
    try:
        line = await _read_line(reader)
        if not line.startswith(b"*"):
            return split(line)
        words = []
        for _ in range(_number(line, b"*", _WORDS_AT_MOST, "invalid multibulk length")):
            length = _number(await _read_line(reader), b"$", _OCTETS_AT_MOST, "invalid bulk length")
            words.append((await reader.readexactly(length + 2))[:-2])
    except asyncio.IncompleteReadError:
        return None
    except CommandError:
        raise _ProtocolError("unbalanced quotes in request") from None
    return words


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\n")).rstrip(b"\r\n")
    except asyncio.LimitOverrunError:
        raise _ProtocolError("too big inline request") from None


def _number(line: bytes, kind: bytes, maximum: int, complaint: str) -> int:
    if not line.startswith(kind):
        raise _ProtocolError(f"expected '{kind.decode()}'")
    if not _NUMBER.fullmatch(line[1:]):
        raise _ProtocolError(complaint)
    number = int(line[1:])
    if kind == b"*":
        number = max(number, 0)  # Redis passes over arrays of less than nothing
    if not 0 <= number <= maximum:
        raise _ProtocolError(complaint)
    return number


async def _answer(words: list[bytes], redis: fakeredis.FakeAsyncRedis) -> bytes:
    # redis-py would split a first word with spaces.
    if words[0].upper() in _REFUSED or not words[0].isalnum():
        return b"-ERR unknown command\r\n"
    try:
        return _encoded(await redis.execute_command(*words), status=True)
    except RedisError as error:
        return _encoded(error)


def _encoded(value: object, *, status: bool = False) -> bytes:
    """``value`` as RESP2. ``status``: whether it may be a simple string, which fakeredis does not tell."""
    match value:
        case None:
            return b"$-1\r\n"
        case RedisError():
            text = str(value) if value.status_code is None else f"{value.status_code} {value}"
            return b"-" + text.replace("\r", " ").replace("\n", " ").encode() + b"\r\n"
        case int():
            return b":%d\r\n" % value
        case list() | tuple() | set():
            return b"*%d\r\n" % len(value) + b"".join(map(_encoded, value))
        case bytes() if status and value in _STATUSES:
            return b"+%b\r\n" % value
    octets = value if isinstance(value, bytes) else str(value).encode()
    return b"$%d\r\n%b\r\n" % (len(octets), octets)
