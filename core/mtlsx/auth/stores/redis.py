"""A real Redis as a store: alone, behind Sentinels, or a Cluster.

``RedisStore(settings)`` opens nothing before the first command, and comes back by itself when a server does. No
command takes longer than ``timeout``, whatever it meets; every failure is a ``StoreError``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from mtlsx.auth.settings import RedisServer
from mtlsx.auth.stores.cluster import Cluster
from mtlsx.auth.stores.dialing import Dialer, called, shown
from mtlsx.auth.stores.failures import failure
from mtlsx.auth.stores.pool import Open, Pool, Progress
from mtlsx.auth.stores.sentinels import Sentinels
from mtlsx.auth.stores.store import Reply, StoreError

if TYPE_CHECKING:
    from redis.asyncio.connection import Connection


class RedisStore:
    """A ``Store``. It belongs to the event loop in which its first command is executed."""

    def __init__(self, settings: RedisServer, *, name: str | None = None) -> None:
        """``name``: what traces call it, in place of its address."""
        self._name = called(settings) if name is None else name
        self._timeout = settings.timeout
        self._closed = False
        self._servers: Cluster | Pool
        if settings.redis_type == "cluster":
            self._servers = Cluster(settings)
        else:
            self._servers = Pool(_opener(settings), settings.pool_size)

    @property
    def name(self) -> str:
        return self._name

    async def execute(self, command: Sequence[bytes]) -> Reply:
        """The answer to ``command`` within ``timeout`` seconds, or a ``StoreError``.

        A command may reach the server twice, where a connection that was kept dies on it; all that EMQX asks can
        be asked twice.
        """
        if self._closed:
            raise StoreError(f"{self._name} has been closed.")
        if not command:
            raise StoreError(f"{self._name} cannot be asked an empty command.")
        progress = Progress(self._name)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._servers.ask(command, progress)
        except TimeoutError:
            # The connections that are idle lead to where nobody answers.
            await self._servers.drop_idle()
            raise StoreError(progress.too_late(self._timeout)) from None
        except RedisError as error:
            # Not chained: the text of an error reply may hold words of the command.
            raise failure(progress.server, error) from None

    async def aclose(self) -> None:
        """Close its connections; those in use as soon as their command is done."""
        self._closed = True
        await self._servers.aclose()


def _opener(settings: RedisServer) -> Open:
    dialer = Dialer(settings)
    if settings.redis_type != "sentinel":
        return lambda _: dialer.open(settings.servers[0])
    sentinels = Sentinels(settings)

    async def open_master(progress: Progress) -> Connection:
        master = await sentinels.master()
        progress.server = f"{called(settings)} (master {shown(master)})"
        return await dialer.open(master)

    return open_master
