"""A bounded pool of connections to one Redis, on which one command at a time is asked.

Who finds all connections busy waits. A connection goes back only with its answer read, so that a command that was
cancelled or ran out of time leaves nothing behind for the next one. Deadlines are the caller's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from redis.asyncio.connection import Connection
from redis.exceptions import ConnectionError as RedisConnectionError

from mtlsx.auth.stores.dialing import answer, encoded
from mtlsx.auth.stores.failures import BUSY, SILENT, UNREACHED, code
from mtlsx.auth.stores.store import Reply

Open: TypeAlias = Callable[["Progress"], Awaitable[Connection]]

_GOODBYE = 1.0  # seconds
_ASKING = encoded([b"ASKING"])


@dataclass(slots=True)
class Progress:
    """How far a command has come: which server it is at, what holds it up now, and what it waited for a connection."""

    server: str
    late: str = BUSY
    waited: float = 0.0  # seconds

    def too_late(self, timeout: float) -> str:
        """What is to be said if ``timeout`` seconds have run out now: what took the most of them."""
        late = BUSY if self.waited > timeout / 2 else self.late
        return late.format(self.server, timeout)


class Pool:
    """At most ``size`` connections, opened by ``open_`` when they are needed."""

    def __init__(self, open_: Open, size: int) -> None:
        self._open = open_
        self._turn = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._closed = False

    async def ask(
        self, command: Sequence[bytes], progress: Progress, *, asking: bool = False
    ) -> Reply:
        """The answer to ``command``. ``asking``: after a cluster's redirection.

        Where a connection died while it was idle (the server was restarted), the command is sent once more, on a
        new one. Raises ``redis.exceptions.RedisError`` for error replies and for failures, and what ``open_`` does.
        """
        sent = encoded(command)
        progress.late = BUSY
        clock = asyncio.get_running_loop().time
        asked = clock()
        async with self._turn:
            progress.waited += clock() - asked
            if self._idle:
                try:
                    return await self._exchange(self._idle.pop(), sent, progress, asking=asking)
                except RedisConnectionError as error:
                    if code(error) is not None:
                        raise
                    # The other idle ones are of the same age.
                    await self.drop_idle()
            progress.late = UNREACHED
            connection = await self._open(progress)
            return await self._exchange(connection, sent, progress, asking=asking)

    async def drop_idle(self) -> None:
        """Close the connections that nobody is using; the next commands open new ones."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.disconnect(nowait=True)

    async def aclose(self) -> None:
        """Close all connections: those in use as soon as their command is done."""
        self._closed = True
        idle, self._idle = self._idle, []
        # TLS waits for the other side to say goodbye; one that is paused does not.
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                for connection in idle:
                    await connection.disconnect()
        # What was closed without waiting is closed in the next turn of the loop.
        await asyncio.sleep(0)

    async def _exchange(
        self, connection: Connection, sent: bytes, progress: Progress, *, asking: bool
    ) -> Reply:
        progress.late = SILENT
        good = False
        try:
            reply = await _answer(connection, sent, asking=asking)
            good = True
        except Exception as error:
            good = code(error) is not None and connection.is_connected
            raise
        finally:
            if good and not self._closed:
                self._idle.append(connection)
            else:
                await connection.disconnect(nowait=True)
        return reply


async def _answer(connection: Connection, sent: bytes, *, asking: bool) -> Reply:
    # What came unasked would be taken for the answer; the end of a connection shows here too.
    if await connection.can_read():
        raise RedisConnectionError("closed by the server")
    if asking:
        await answer(connection, _ASKING)
    return await answer(connection, sent)
