"""The engine as others embed it: what it answers with, what never gets into a trace, what it closes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mtlsx.auth.connect import Peer
from mtlsx.auth.engine import Engine
from mtlsx.auth.passwords import Simple
from mtlsx.auth.rules import Rule
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    BuiltInDatabase,
    BuiltInUser,
    FileSource,
    Identity,
    JwtAuthentication,
    RedisAuthentication,
    RedisServer,
)
from mtlsx.auth.stores.store import Reply
from mtlsx.auth.trace import as_json, as_text
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import Connect
from mtlsx.secret import Secret
from support.made_pki import make

PEER = Peer(make("dev-1").der)
PLAIN = Simple("plain", "disable")


class Holding:
    """A store that has one entry."""

    name = "holding"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.commands: list[tuple[bytes, ...]] = []

    async def execute(self, command: Sequence[bytes]) -> Reply:
        self.commands.append(tuple(command))
        return self._reply

    async def aclose(self) -> None:
        """There is nothing to close."""


def with_redis(cmd: str) -> AuthSettings:
    return AuthSettings(
        identity=Identity(peer_cert_as_username="cn"),
        authentication=(RedisAuthentication(RedisServer(), cmd, PLAIN),),
    )


@pytest.mark.parametrize("password", [b"s3cretive", b"wr0ngly"])
async def test_no_secret_gets_into_a_trace(password: bytes) -> None:
    store = Holding([b"s3cretive", b"s4lty", None])
    settings = with_redis("HMGET k:${password}:${username} password salt is_superuser")
    async with Engine(settings, open_store=lambda _: store) as engine:
        admission = await engine.connect(Connect(client_id=b"c", password=password), PEER)
    assert store.commands == [
        (b"HMGET", b"k:%b:dev-1" % password, b"password", b"salt", b"is_superuser")
    ]
    told = as_text(admission.trace) + str(as_json(admission.trace)) + repr(admission)
    for secret in ("s3cretive", "wr0ngly", "s4lty"):
        assert secret not in told
    assert "••••••:dev-1" in told


async def test_a_token_that_comes_as_the_username_is_masked_everywhere() -> None:
    token = b"eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"
    settings = AuthSettings(
        authentication=(JwtAuthentication(secret=Secret("key"), from_field="username"),),
        authorization=Authorization(
            sources=(FileSource((Rule("allow", topic_filters=(b"u/${username}",)),)),)
        ),
    )
    async with Engine(settings) as engine:
        admission = await engine.connect(Connect(client_id=b"c", username=token), Peer())
        assert admission.client is not None
        permission = await engine.publish(admission.client, b"u/" + token)
    assert token.decode() not in as_text(admission.trace) + as_text(permission.trace)


async def test_a_rule_may_carry_the_code_that_refuses() -> None:
    rules = (Rule("deny", "subscribe", (b"test/nosubscribe",), reason_code=0x80), Rule("allow"))
    settings = AuthSettings(authorization=Authorization(sources=(FileSource(rules),)))
    async with Engine(settings) as engine:
        client = (await engine.connect(Connect(client_id=b"c"), Peer())).client
        assert client is not None
        refused = await engine.subscribe(client, b"test/nosubscribe", qos=1)
        allowed = await engine.subscribe(client, b"other", qos=1)
    assert (refused.allowed, refused.packet, refused.code) == (False, "SUBACK", 0x80)
    assert (allowed.allowed, allowed.packet, allowed.code) == (True, None, None)


@pytest.mark.parametrize(
    ("version", "qos", "action", "told"),
    [
        (5, 0, "ignore", (None, None, False)),
        (5, 1, "ignore", ("PUBACK", 0x87, False)),
        (5, 2, "ignore", ("PUBREC", 0x87, False)),
        (4, 1, "ignore", (None, None, False)),
        (5, 0, "disconnect", ("DISCONNECT", 0x87, True)),
        (4, 0, "disconnect", (None, None, True)),
    ],
)
async def test_how_a_denied_publish_is_told(
    version: int, qos: int, action: str, told: tuple[str | None, int | None, bool]
) -> None:
    settings = AuthSettings(authorization=Authorization(deny_action=action))  # type: ignore[arg-type]
    async with Engine(settings) as engine:
        client = (await engine.connect(Connect(version, b"c"), Peer())).client
        assert client is not None
        permission = await engine.publish(client, b"t", qos=qos)
    assert (permission.packet, permission.code, permission.disconnect) == told


async def test_a_list_of_users_stands_behind_redis() -> None:
    users = BuiltInDatabase(
        (BuiltInUser("alice", "pw", is_superuser=True),), password_hash_algorithm=PLAIN
    )
    redis = RedisAuthentication(RedisServer(), "HMGET u:${username} password", PLAIN)
    settings = AuthSettings(authentication=(redis, users))
    async with Engine(settings, open_store=lambda _: Holding([None])) as engine:
        admission = await engine.connect(
            Connect(client_id=b"c", username=b"alice", password=b"pw"), Peer()
        )
        assert admission.client is not None
        assert admission.client.is_superuser
        permission = await engine.publish(admission.client, b"anything")
    assert permission.allowed
    assert "superuser" in as_text(permission.trace)


def test_settings_that_emqx_refuses_are_refused_when_the_engine_is_made() -> None:
    with pytest.raises(UsageError, match="must be HGET or HMGET"):
        Engine(with_redis("GET k"), open_store=lambda _: Holding(None))
