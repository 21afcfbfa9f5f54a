"""Redis Sentinels, who know which server is the master of a group at the moment."""

from __future__ import annotations

import asyncio

from redis.exceptions import RedisError

from mtlsx.auth.settings import RedisServer
from mtlsx.auth.stores.dialing import Address, Dialer, answer, called, encoded, shown
from mtlsx.auth.stores.failures import UNREACHED, failure
from mtlsx.auth.stores.store import Reply, StoreError


class Sentinels:
    """The Sentinels of ``settings``, asked one after the other; the one that knew is asked first the next time.

    They are reached with the same TLS settings as the servers that they watch.
    """

    def __init__(self, settings: RedisServer) -> None:
        self._name = called(settings)
        self._question = encoded(
            [b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", (settings.sentinel or "").encode()]
        )
        self._servers = list(settings.servers)
        # So that one that does not answer leaves time for the others and for the master.
        self._patience = settings.timeout / (len(settings.servers) + 1)
        self._dialer = Dialer(settings, sentinel=True)

    async def master(self) -> Address:
        """Where the master is; raises ``StoreError``."""
        problem = StoreError(f"{self._name}: no Sentinel is configured, name them in servers.")
        for address in tuple(self._servers):
            sentinel = f"{self._name} (Sentinel {shown(address)})"
            try:
                async with asyncio.timeout(self._patience):
                    reply = await self._ask(address)
            except TimeoutError:
                problem = StoreError(UNREACHED.format(sentinel, self._patience))
            except RedisError as error:
                problem = failure(sentinel, error)
            else:
                match reply:
                    case [bytes(host), bytes(port)] if port.isdigit():
                        self._servers.remove(address)
                        self._servers.insert(0, address)
                        return host.decode(errors="replace"), int(port)
                problem = StoreError(f"{sentinel} knows no master of this name: correct sentinel.")
        raise problem

    async def _ask(self, address: Address) -> Reply:
        connection = await self._dialer.open(address)
        try:
            return await answer(connection, self._question)
        finally:
            await connection.disconnect(nowait=True)
