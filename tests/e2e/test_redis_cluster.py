"""The store on a Cluster of three: keys on every node, keys that move, nodes that go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mtlsx.auth.settings import RedisServer as Settings
from mtlsx.auth.stores.redis import RedisStore
from mtlsx.auth.stores.store import StoreError
from support.ports import LOOPBACK, closed_port, silent_port
from support.redis_servers import Cluster, RedisServer

pytestmark = pytest.mark.e2e

GRACE = 40.0  # seconds; beyond every timeout here, so that a hang fails
KEYS = [b"mqtt_user:%d" % number for number in range(60)]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[RedisStore]:
    store = RedisStore(settings)
    try:
        async with asyncio.timeout(GRACE):
            yield store
    finally:
        await store.aclose()


@pytest.fixture
def cluster(redis_cluster: Cluster) -> Cluster:
    redis_cluster.load([b"HSET", key, b"key", key] for key in KEYS)
    return redis_cluster


async def ask(store: RedisStore, key: bytes) -> None:
    assert await store.execute((b"HGETALL", key)) == [b"key", key]


def another(cluster: Cluster, key: bytes) -> RedisServer:
    owner = cluster.owner(key)
    return next(node for node in cluster.nodes if node is not owner)


async def test_keys_on_every_node(cluster: Cluster) -> None:
    assert {cluster.owner(key).port for key in KEYS} == {node.port for node in cluster.nodes}
    async with opened(cluster.settings()) as store:
        await asyncio.gather(*(ask(store, key) for key in KEYS * 5))


async def test_each_command_goes_where_its_key_is(cluster: Cluster) -> None:
    key = KEYS[0]
    async with opened(cluster.settings()) as store:
        await ask(store, key)
        with cluster.owner(key).monitor() as there, another(cluster, key).monitor() as elsewhere:
            await ask(store, key)
            assert (b"HGETALL", key) in there.commands()
            assert (b"HGETALL", key) not in elsewhere.commands()


async def test_the_database_is_not_asked_for(cluster: Cluster) -> None:
    async with opened(cluster.settings(database=5)) as store:
        await ask(store, KEYS[0])


async def test_a_key_that_moved(cluster: Cluster) -> None:
    key = KEYS[0]
    async with opened(cluster.settings()) as store:
        await ask(store, key)
        source, target = cluster.owner(key), another(cluster, key)
        cluster.move(key, target)
        await ask(store, key)
        with source.monitor() as monitor:
            await ask(store, key)
            assert (b"HGETALL", key) not in monitor.commands()
        cluster.move(key, source)
        await asyncio.gather(*(ask(store, key) for key in KEYS))


async def test_a_key_that_is_moving(cluster: Cluster) -> None:
    key = KEYS[0]
    async with opened(cluster.settings()) as store:
        await ask(store, key)
        source, target = cluster.owner(key), another(cluster, key)
        cluster.begin_move(key, target)
        with target.monitor() as monitor:
            await asyncio.gather(*(ask(store, key) for _ in range(10)))
            # ASK is for one command: the slot still belongs to the source.
            assert monitor.commands().count((b"ASKING",)) == 10
            assert monitor.commands().count((b"HGETALL", key)) == 10
        assert cluster.owner(key) is source
        cluster.move(key, target)
        await ask(store, key)


async def test_a_node_is_killed_and_comes_back(cluster: Cluster) -> None:
    key = KEYS[0]
    owner = cluster.owner(key)
    async with opened(cluster.settings()) as store:
        await asyncio.gather(*(ask(store, key) for key in KEYS))
        owner.kill()
        with pytest.raises(
            StoreError, match=rf"\(node 127.0.0.1:{owner.port}\) refuses connections"
        ):
            await ask(store, key)
        left = next(node for node in cluster.nodes if node is not owner)
        await asyncio.to_thread(left.wait_for_log, "Cluster state changed: fail")
        with pytest.raises(StoreError, match=r"CLUSTER INFO|refuses connections"):
            await ask(store, next(key for key in KEYS if cluster.owner(key) is left))
        owner.restart()
        for node in cluster.nodes:
            await asyncio.to_thread(node.wait_for_log, "Cluster state changed: ok", count=2 if node is not owner else 1)  # fmt: skip
        await asyncio.gather(*(ask(store, key) for key in KEYS))


async def test_a_node_is_paused(cluster: Cluster) -> None:
    key = KEYS[0]
    owner = cluster.owner(key)
    async with opened(cluster.settings(timeout=0.4)) as store:
        await asyncio.gather(*(ask(store, key) for key in KEYS))
        owner.pause()
        with pytest.raises(StoreError, match=r"did not answer within 0.4 s"):
            await ask(store, key)
        owner.resume()
        owner.execute("PING")
        await ask(store, key)


async def test_any_node_shows_the_way(cluster: Cluster) -> None:
    with closed_port() as closed, silent_port() as silent:
        servers = ((LOOPBACK, closed), (LOOPBACK, silent), (LOOPBACK, cluster.nodes[2].port))
        async with opened(cluster.settings(servers=servers, timeout=4.0)) as store:
            await asyncio.gather(*(ask(store, key) for key in KEYS))


async def test_no_node_shows_the_way(cluster: Cluster) -> None:
    with closed_port() as closed:
        async with opened(cluster.settings(servers=((LOOPBACK, closed),))) as store:
            with pytest.raises(StoreError, match="refuses connections"):
                await ask(store, KEYS[0])


async def test_a_slot_that_nobody_has(cluster: Cluster) -> None:
    key = KEYS[0]
    slot = cluster.nodes[0].execute("CLUSTER", "KEYSLOT", key)
    for node in cluster.nodes:
        node.execute("CLUSTER", "DELSLOTS", str(slot))
    async with opened(cluster.settings()) as store:
        with pytest.raises(StoreError, match=r"no node for this key: look at CLUSTER INFO"):
            await ask(store, key)


async def test_a_single_server_is_no_cluster(redis_db: RedisServer) -> None:
    async with opened(redis_db.settings(redis_type="cluster")) as store:
        with pytest.raises(StoreError, match='set redis_type to "single"'):
            await ask(store, KEYS[0])


async def test_a_cluster_is_no_single_server(cluster: Cluster) -> None:
    key = next(key for key in KEYS if cluster.owner(key) is not cluster.nodes[0])
    async with opened(cluster.nodes[0].settings()) as store:
        with pytest.raises(StoreError, match='set redis_type to "cluster"'):
            await ask(store, key)
