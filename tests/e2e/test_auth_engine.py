"""The engine against real Redis servers that fail: no login is decided wrongly, none hangs, all come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from mtlsx.auth.connect import Peer
from mtlsx.auth.engine import Admission, Engine
from mtlsx.auth.passwords import Simple
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    BuiltInDatabase,
    BuiltInUser,
    Identity,
    RedisAuthentication,
    RedisServer,
    RedisSource,
)
from mtlsx.auth.trace import as_text
from mtlsx.packets.control_packets import Connect
from mtlsx.secret import Secret
from support import redis_servers
from support.made_pki import make

if TYPE_CHECKING:
    from support.redis_servers import Cluster, Sentinel

pytestmark = pytest.mark.e2e

Profile = Literal["legacy", "hardened"]
NAME = "346a004d-1dab-4016-bb38-03cca7094415"
PEER = Peer(make(NAME).der)
STRANGER = Peer(make("stranger").der)
RIGHT, WRONG = (Connect(client_id=b"c1", password=word) for word in (b"public", b"pubic"))
PLAIN = Simple("plain", "disable")
ENTRY = ["HMSET", f"tls_domain:{NAME}", "password", "public"]
RULE = ["HMSET", f"mqtt_acl:{NAME}", "own/${username}/#", "all"]
TIMEOUT = 1.0
NOT_AUTHORIZED, BAD_PASSWORD = 0x87, 0x86


def settings(server: RedisServer, profile: Profile = "legacy") -> AuthSettings:
    server = replace(server, timeout=TIMEOUT)
    return AuthSettings(
        security_profile=profile,
        identity=Identity(peer_cert_as_username="cn"),
        authentication=(
            RedisAuthentication(server, "HMGET tls_domain:${cert_common_name} password", PLAIN),
        ),
        authorization=Authorization(
            no_match="allow", sources=(RedisSource(server, "HGETALL mqtt_acl:${username}"),)
        ),
    )


async def decides_rightly(engine: Engine) -> None:
    right, wrong, unknown = await asyncio.gather(
        engine.connect(RIGHT, PEER), engine.connect(WRONG, PEER), engine.connect(RIGHT, STRANGER)
    )
    assert (right.code, wrong.code, unknown.code) == (0, BAD_PASSWORD, NOT_AUTHORIZED), as_text(
        right.trace
    )


async def refuses_and_says(engine: Engine, *words: str) -> Admission:
    """Nobody is let in while the store fails, within its timeout and a little."""
    async with asyncio.timeout(TIMEOUT + 10):
        admission = await engine.connect(RIGHT, PEER)
    assert (admission.accepted, admission.code) == (False, NOT_AUTHORIZED)
    for word in words:
        assert word in as_text(admission.trace)
    return admission


@pytest.mark.parametrize("profile", ["legacy", "hardened"])
async def test_killed_and_restarted(
    start_redis: Callable[..., redis_servers.RedisServer], profile: Profile
) -> None:
    server = start_redis()
    server.load([ENTRY])
    async with Engine(settings(server.settings(), profile)) as engine:
        await decides_rightly(engine)
        server.kill()
        await refuses_and_says(engine, f"security_profile is {profile}", str(server.port))
        server.restart()
        await decides_rightly(engine)


async def test_paused(start_redis: Callable[..., redis_servers.RedisServer]) -> None:
    server = start_redis()
    server.load([ENTRY])
    async with Engine(settings(server.settings())) as engine:
        await decides_rightly(engine)
        server.pause()
        await asyncio.gather(*(refuses_and_says(engine, "no opinion") for _ in range(20)))
        server.resume()
        await decides_rightly(engine)


async def test_refusing_the_password(start_redis: Callable[..., redis_servers.RedisServer]) -> None:
    server = start_redis(password="right")
    server.load([ENTRY])
    wrong = replace(server.settings(), password=Secret("not-that-one"))
    async with Engine(settings(wrong)) as engine:
        admission = await refuses_and_says(engine, "password")
    assert "not-that-one" not in as_text(admission.trace)


async def test_out_of_connections(start_redis: Callable[..., redis_servers.RedisServer]) -> None:
    server = start_redis(maxclients=1)
    server.load([ENTRY])
    async with (
        Engine(settings(replace(server.settings(), pool_size=1))) as first,
        Engine(settings(replace(server.settings(), pool_size=1))) as second,
    ):
        await decides_rightly(first)
        await refuses_and_says(second, "maxclients")
        await first.aclose()
        while b"connected_clients:1\r" not in server.execute("INFO", "clients"):  # type: ignore[operator]
            pass  # Redis has not yet seen that the connection is closed
        await decides_rightly(second)


async def test_more_logins_than_connections(
    start_redis: Callable[..., redis_servers.RedisServer],
) -> None:
    server = start_redis(maxclients=4)
    server.load([ENTRY])
    limited = replace(server.settings(), pool_size=4)
    async with Engine(settings(limited)) as engine:
        admissions = await asyncio.gather(
            *(engine.connect(WRONG if number % 3 else RIGHT, PEER) for number in range(300))
        )
    codes = [admission.code for admission in admissions]
    assert codes == [BAD_PASSWORD if number % 3 else 0 for number in range(300)]


async def test_sentinel_fails_over(redis_sentinel: Sentinel) -> None:
    redis_sentinel.master.load([ENTRY, ["WAIT", "1", "5000"]])
    async with Engine(settings(redis_sentinel.settings())) as engine:
        await decides_rightly(engine)
        redis_sentinel.fail_over()
        await decides_rightly(engine)


async def test_cluster_with_a_key_moved(redis_cluster: Cluster) -> None:
    redis_cluster.load([ENTRY, RULE])
    key = ENTRY[1]
    async with Engine(settings(redis_cluster.settings())) as engine:
        await decides_rightly(engine)
        elsewhere = next(
            node for node in redis_cluster.nodes if node is not redis_cluster.owner(key)
        )
        redis_cluster.move(key, elsewhere)
        await decides_rightly(engine)


@pytest.mark.parametrize(("profile", "accepted"), [("legacy", True), ("hardened", False)])
async def test_the_next_authenticator_is_asked_only_in_legacy(
    start_redis: Callable[..., redis_servers.RedisServer], profile: Profile, accepted: bool
) -> None:
    server = start_redis()
    server.kill()
    users = BuiltInDatabase((BuiltInUser(NAME, "public"),), password_hash_algorithm=PLAIN)
    chosen = settings(server.settings(), profile)
    chosen = replace(chosen, authentication=(*chosen.authentication, users))
    async with Engine(chosen) as engine:
        assert (await engine.connect(RIGHT, PEER)).accepted is accepted


@pytest.mark.parametrize(("profile", "allowed"), [("legacy", True), ("hardened", False)])
async def test_rules_that_cannot_be_read(
    start_redis: Callable[..., redis_servers.RedisServer], profile: Profile, allowed: bool
) -> None:
    server = start_redis()
    server.load([ENTRY, RULE])
    async with Engine(settings(server.settings(), profile)) as engine:
        client = (await engine.connect(RIGHT, PEER)).client
        assert client is not None
        assert (await engine.publish(client, f"own/{NAME}/up".encode())).allowed
        server.kill()
        permission = await engine.publish(client, b"foreign")
        assert permission.allowed is allowed
        assert f"security_profile is {profile}" in as_text(permission.trace)
        server.restart()
        assert (await engine.publish(client, f"own/{NAME}/up".encode())).allowed
