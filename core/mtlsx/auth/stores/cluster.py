"""A Redis Cluster: which node has a key, and where redirections point.

The key is the second word of a command, as EMQX's own client takes it. The map of slots comes from the first node
that answers, and again after a node has failed; a MOVED corrects it in one place. Source: the cluster specification
of Redis, "Redirection and resharding".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, MovedError, RedisError

from mtlsx.auth.settings import RedisServer
from mtlsx.auth.stores.dialing import Address, Dialer, called, shown
from mtlsx.auth.stores.failures import UNREACHED, code, failure
from mtlsx.auth.stores.pool import Pool, Progress
from mtlsx.auth.stores.store import Reply, StoreError

_REDIRECTIONS = 5
_CLUSTER_SLOTS = (b"CLUSTER", b"SLOTS")


class Cluster:
    """The nodes of one cluster, with a pool of ``pool_size`` connections for each."""

    def __init__(self, settings: RedisServer) -> None:
        self._name = called(settings)
        self._seeds = settings.servers
        self._size = settings.pool_size
        # So that one seed that does not answer leaves time for the others and for the command.
        self._patience = settings.timeout / (len(settings.servers) + 1)
        self._dialer = Dialer(settings)
        self._pools: dict[Address, Pool] = {}
        self._owners: list[Address | None] = []
        self._learning = asyncio.Lock()

    async def ask(self, command: Sequence[bytes], progress: Progress) -> Reply:
        """The answer to ``command`` from the node that has its key.

        Raises ``redis.exceptions.RedisError`` for error replies and for failures of that node, ``StoreError``
        where no node is found.
        """
        slot = key_slot(command[1]) if len(command) > 1 else 0
        asking = renewed = False
        address = await self._owner(slot, progress)
        for _ in range(_REDIRECTIONS):
            node = progress.server = f"{self._name} (node {shown(address)})"
            try:
                return await self._pool(address).ask(command, progress, asking=asking)
            except AskError as redirection:
                address = (redirection.host or address[0], redirection.port)
                asking = not isinstance(redirection, MovedError)
                if not asking and self._owners:
                    self._owners[slot] = address
            except RedisError as error:
                if code(error) is not None:
                    raise
                # The node has failed: perhaps another one has taken its place.
                self._owners = []
                owner = address if renewed else await self._owner(slot, progress)
                if owner == address:
                    progress.server = node
                    raise
                address, renewed, asking = owner, True, False
        raise StoreError(f"{self._name} redirects without end: look at CLUSTER NODES.")

    async def drop_idle(self) -> None:
        """Close the connections that nobody is using, and forget which node has what."""
        self._owners = []
        for pool in self._pools.values():
            await pool.drop_idle()

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _owner(self, slot: int, progress: Progress) -> Address:
        if not self._owners:
            progress.server, progress.late = self._name, UNREACHED
            async with self._learning:
                if not self._owners:
                    await self._learn()
        owner = self._owners[slot]
        if owner is None:
            self._owners = []
            raise StoreError(f"{self._name} has no node for this key: look at CLUSTER INFO.")
        return owner

    async def _learn(self) -> None:
        """Ask the nodes, first those that are configured, for the map of slots."""
        problem = StoreError(f"{self._name} has no nodes.")
        for address in dict.fromkeys([*self._seeds, *self._pools]):
            server = f"{self._name} (node {shown(address)})"
            try:
                async with asyncio.timeout(self._patience):
                    reply = await self._pool(address).ask(_CLUSTER_SLOTS, Progress(server))
            except TimeoutError:
                problem = StoreError(UNREACHED.format(server, self._patience))
            except RedisError as error:
                problem = failure(server, error)
            else:
                self._owners = _owners(reply, address[0])
                await self._forget_nodes()
                return
        raise problem

    async def _forget_nodes(self) -> None:
        """Close the pools of nodes that the cluster no longer has."""
        kept = {*self._seeds, *filter(None, self._owners)}
        for address in self._pools.keys() - kept:
            await self._pools.pop(address).aclose()

    def _pool(self, address: Address) -> Pool:
        pool = self._pools.get(address)
        if pool is None:
            pool = Pool(lambda _: self._dialer.open(address), self._size)
            self._pools[address] = pool
        return pool


def _owners(reply: object, host: str) -> list[Address | None]:
    """The master of each slot, by the answer to CLUSTER SLOTS: arrays of first slot, last slot, [host, port, …], …

    A node that does not know its own address leaves the host empty; it is ``host``, where the question went.
    """
    owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
    match reply:
        case [*ranges]:
            for entry in ranges:
                match entry:
                    case [int(first), int(last), [name, int(port), *_], *_]:
                        address = (
                            name.decode() if isinstance(name, bytes) and name else host,
                            port,
                        )
                        owners[first : last + 1] = [address] * (last + 1 - first)
    return owners
