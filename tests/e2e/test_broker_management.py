"""What an administrator does to clients of the running broker, and what rules do: kick, ban, reload, takeover, tokens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

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
    RedisSource,
)
from mtlsx.broker.bans import Ban, BannedBy
from mtlsx.broker.client_events import (
    ClientConnected,
    ClientDisconnected,
    ClientRefused,
    ClientSubscribed,
    Decided,
    SessionEnded,
)
from mtlsx.broker.event_json import as_json
from mtlsx.broker.events import HandshakeRefused, ReloadFailed
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import (
    Connect,
    ControlPacket,
    Disconnect,
    Publish,
    Subscribe,
    Subscription,
    Will,
)
from mtlsx.packets.properties import ConnectProperties
from mtlsx.secret import Secret
from support.openssl_pki import DEVICE, Pair, Pki
from support.raw_client import RawClient
from support.running_broker import Running, client_context, mutual_tls, running
from support.tokens import signed

pytestmark = pytest.mark.e2e

VERSIONS = pytest.mark.parametrize("version", [4, 5])
NOT_AUTHORIZED, SHUTTING_DOWN, BANNED, TAKEN_OVER, ADMINISTRATIVE = 0x87, 0x8B, 0x8A, 0x8E, 0x98
PLAIN = Simple("plain", "disable")
DENIED = FileSource((Rule("deny", "all", (b"secret/#",)),))


def rules(
    *sources: FileSource, deny_action: Literal["ignore", "disconnect"] = "ignore"
) -> AuthSettings:
    return AuthSettings(authorization=Authorization("allow", deny_action, sources=sources))


@asynccontextmanager
async def client_of(
    broker: Running, name: bytes, version: int = 5, *, expiry: int | None = None, shown: Pair | None = None,
    pki: Pki | None = None, **connect: Any,
) -> AsyncIterator[RawClient]:  # fmt: skip
    """A client that was let in."""
    context = client_context(pki, shown) if pki else None
    async with await RawClient.open(broker.address, version=version, tls=context) as client:
        packet = Connect(version, name, properties=ConnectProperties(expiry), **connect)
        assert (await client.connect(packet)).code == 0
        yield client


async def refusal(broker: Running, connect: Connect) -> int:
    """The code that CONNACK refuses with, after which the connection ends."""
    async with await RawClient.open(broker.address, version=connect.version) as client:
        code = (await client.connect(connect)).code
        if code:
            assert await client.ended() == []
        return code


def codes(packets: list[ControlPacket]) -> list[int]:
    """Those of the DISCONNECTs among what came."""
    return [packet.code for packet in packets if isinstance(packet, Disconnect)]


# ---------------------------------------------------------------------- kick and ban


@VERSIONS
async def test_kick(version: int) -> None:
    """Neither the will nor the event waits until the client has hung up, which this one never does."""
    async with running() as broker, client_of(broker, b"watcher") as watcher:
        await watcher.subscribe(b"will")
        async with client_of(broker, b"a", version, will=Will(b"will", b"kicked")) as client:
            assert broker.broker.kick(b"a")
            assert not broker.broker.kick(b"a")
            assert [each.payload for each in await watcher.take(1)] == [b"kicked"]
            gone = await broker.event(ClientDisconnected, client_id=b"a")
            assert (gone.by, gone.code) == ("broker", ADMINISTRATIVE)
            assert codes(await client.ended()) == ([ADMINISTRATIVE] if version == 5 else [])
        assert not broker.broker.kick(b"nobody")


@VERSIONS
@pytest.mark.parametrize(
    ("by", "who"), [("clientid", b"a"), ("username", b"u"), ("peerhost", b"127.0.0.1")]
)
async def test_ban(by: BannedBy, who: bytes, version: int) -> None:
    connect = Connect(version, b"a", username=b"u", password=b"p")
    async with running() as broker:
        bans = broker.broker.bans
        bans.add(Ban(by, who))
        assert await refusal(broker, connect) == (BANNED if version == 5 else 5)
        assert (await broker.event(ClientRefused)).reason == "banned"
        bans.add(Ban(by, b"somebody else"))
        assert bans.lift(by, who)
        assert await refusal(broker, connect) == 0
        bans.add(Ban(by, who, until=0.0))
        assert await refusal(broker, connect) == 0


@VERSIONS
async def test_a_client_id_that_is_banned_is_kicked(version: int) -> None:
    async with running() as broker:
        for ban, ended in (
            (Ban("username", b"u"), False),
            (Ban("peerhost", b"127.0.0.1"), False),
            (Ban("clientid", b"a"), True),
        ):
            async with client_of(broker, b"a", version, username=b"u") as client:
                broker.broker.ban(ban)
                if ended:
                    assert codes(await client.ended()) == ([ADMINISTRATIVE] if version == 5 else [])
                else:
                    await client.subscribe(b"still/there")
            assert broker.broker.bans.lift(ban.by, ban.who)


@VERSIONS
async def test_takeover(version: int) -> None:
    async with (
        running() as broker,
        client_of(broker, b"a", version) as older,
        client_of(broker, b"a", version) as newer,
    ):
        assert codes(await older.ended()) == ([TAKEN_OVER] if version == 5 else [])
        assert await newer.until_quiet() == []
        async with older:  # hangs up
            pass
        gone = await broker.event(ClientDisconnected)
        assert (gone.client_id, gone.by, gone.code) == (b"a", "broker", TAKEN_OVER)
        assert [c.info.client_id for c in broker.broker.clients.values() if c.info] == [b"a"]


# ---------------------------------------------------------------------- reload


async def test_reloaded_rules_count_at_once() -> None:
    async with running() as broker, client_of(broker, b"a") as client:
        assert await client.subscribe(b"secret/a") == (2,)
        await client.publish(Publish(b"secret/b", b"", 2))
        await broker.broker.reload(replace(broker.configuration, auth=rules(DENIED)))
        assert await client.subscribe(b"secret/c") == (NOT_AUTHORIZED,)
        await client.publish(Publish(b"secret/a", b"", 1))
        assert await client.until_quiet() == []
        event = await broker.event(Decided, action="publish", topic=b"secret/a")
        assert (event.allowed, event.code) == (False, NOT_AUTHORIZED)


async def test_clients_keep_the_identity_they_came_with(pki: Pki) -> None:
    """And new ones get the new mapping."""
    device = pki.device
    by_cn = AuthSettings(identity=Identity(peer_cert_as_username="cn"))
    by_dn = AuthSettings(identity=Identity(peer_cert_as_username="dn"))
    async with (
        running(mutual_tls(pki), auth=by_cn) as broker,
        client_of(broker, b"old", pki=pki, shown=device) as old,
    ):
        await broker.broker.reload(replace(broker.configuration, auth=by_dn))
        async with client_of(broker, b"new", pki=pki, shown=device):
            names = {event.client_id: event.username for event in broker.seen(ClientConnected)}
            assert names == {b"old": DEVICE.encode(), b"new": f"CN={DEVICE}".encode()}
            infos = [client.info for client in broker.broker.clients.values() if client.info]
            assert {info.client_id: info.username for info in infos} == names
            assert await old.until_quiet() == []


async def test_a_certificate_that_is_revoked_meanwhile(pki: Pki, tmp_path: Path) -> None:
    device = pki.ca.issue("meanwhile")
    crl = tmp_path / "ca.crl"
    crl.write_bytes(pki.ca.crl().read_bytes())
    async with (
        running(mutual_tls(pki, crlfile=str(crl))) as broker,
        client_of(broker, b"a", pki=pki, shown=device) as client,
    ):
        crl.write_bytes(pki.ca.crl(device.certificate).read_bytes())
        async with client_of(broker, b"b", pki=pki, shown=device):
            pass  # the list was not loaded anew yet
        await broker.broker.reload(broker.configuration)
        async with await RawClient.open(broker.address, tls=client_context(pki, device)) as late:
            late.send(Connect(5, b"c"))
            assert await late.ended() == []
        refused = await broker.event(HandshakeRefused)
        assert refused.alert == "certificate_revoked (44)"
        assert refused.certificate is not None
        assert refused.certificate.subject == f"CN={DEVICE}"
        assert await client.until_quiet() == []


async def test_a_reload_that_cannot_be_changes_nothing(pki: Pki, tmp_path: Path) -> None:
    crl = tmp_path / "ca.crl"
    crl.write_bytes(pki.ca.crl().read_bytes())
    async with (
        running(mutual_tls(pki, crlfile=str(crl))) as broker,
        client_of(broker, b"a", pki=pki, shown=pki.device) as client,
    ):
        crl.write_text("no list")
        await broker.broker.reload(broker.configuration)
        assert str(crl) in (await broker.event(ReloadFailed)).reason
        moved = replace(broker.configuration.listeners[0], bind=("127.0.0.1", 1))
        with pytest.raises(UsageError, match="cannot change while the broker runs"):
            await broker.broker.reload(replace(broker.configuration, listeners=(moved,)))
        async with client_of(broker, b"b", pki=pki, shown=pki.device):
            assert await client.until_quiet() == []


# ---------------------------------------------------------------------- what rules and tokens do


@VERSIONS
@pytest.mark.parametrize(
    ("action", "packet"),
    [
        ("publish", Publish(b"secret/x", b"", 1, packet_id=1)),
        ("subscribe", Subscribe(1, (Subscription(b"secret/x"),))),
    ],
)
async def test_deny_action_disconnect(
    action: str, packet: Publish | Subscribe, version: int
) -> None:
    async with running(auth=rules(DENIED, deny_action="disconnect")) as broker:
        async with client_of(broker, b"a", version) as client:
            await client.publish(Publish(b"open", b"", 1))
            client.send(packet)
            assert codes(await client.ended()) == ([NOT_AUTHORIZED] if version == 5 else [])
        gone = await broker.event(ClientDisconnected)
        assert (gone.by, gone.code) == ("broker", NOT_AUTHORIZED)
        denied = await broker.event(Decided, allowed=False)
        assert (denied.action, denied.topic) == (action, b"secret/x")


async def test_a_will_that_is_denied() -> None:
    async with running(auth=rules(DENIED)) as broker, client_of(broker, b"watcher") as watcher:
        await watcher.subscribe(b"#")
        async with client_of(broker, b"a", will=Will(b"secret/will", b"gone")):
            pass
        denied = await broker.event(Decided, action="will")
        assert (denied.client_id, denied.topic, denied.allowed) == (b"a", b"secret/will", False)
        assert await watcher.until_quiet() == []
        async with client_of(broker, b"b", will=Will(b"open/will", b"gone")):
            pass
        assert [each.topic for each in await watcher.take(1)] == [b"open/will"]


@pytest.mark.parametrize("ends", [True, False])
@VERSIONS
async def test_a_token_that_expires(version: int, ends: bool) -> None:
    secret = "a secret of at least 32 characters"
    auth = AuthSettings(
        authentication=(JwtAuthentication(Secret(secret), disconnect_after_expire=ends),),
        authorization=Authorization("allow"),
    )

    def token(seconds: float) -> bytes:
        claims = {"exp": int(time.time() + seconds)}
        return signed(claims, secret.encode(), "HS256")

    async with running(auth=auth) as broker:
        dead = Connect(version, b"late", username=b"u", password=token(-60))
        assert await refusal(broker, dead) != 0
        async with client_of(
            broker, b"lasting", version, username=b"u", password=token(600)
        ) as lasting:
            async with client_of(
                broker, b"short", version, username=b"u", password=token(2)
            ) as client:
                if ends:
                    assert codes(await client.ended()) == ([NOT_AUTHORIZED] if version == 5 else [])
                else:
                    assert await client.until_quiet() == []
            gone = await broker.event(ClientDisconnected)
            assert gone.client_id == b"short"
            assert (gone.reason == "The client's token has expired.") is ends
            assert await lasting.until_quiet() == []


# ---------------------------------------------------------------------- the end of a connection


@VERSIONS
@pytest.mark.parametrize("goodbye", [True, False])
async def test_what_a_client_sent_before_it_went_counts(version: int, goodbye: bool) -> None:
    """All in one write, and then it hangs up: while Redis is asked about each, the connection is gone."""
    redis = RedisServer(embedded=True)
    auth = AuthSettings(
        authentication=(RedisAuthentication(redis, "HMGET user:${username} password_hash", PLAIN),),
        authorization=Authorization(
            "allow", sources=(RedisSource(redis, "HGETALL acl:${username}"),)
        ),
    )
    seed = [["HSET", "user:u", "password_hash", "p"]]
    async with running(auth=auth, seed=seed) as broker:
        who = {"username": b"u", "password": b"p"}
        async with client_of(broker, b"watcher", **who) as watcher:
            await watcher.subscribe(b"t")
            connect = Connect(version, b"a", will=Will(b"t", b"will"), **who)
            messages = [Publish(b"t", b"%d" % n) for n in range(50)]
            async with await RawClient.open(broker.address, version=version) as client:
                client.send(connect, *messages, *([Disconnect()] if goodbye else []))
            expected = [each.payload for each in messages] + ([] if goodbye else [b"will"])
            assert [each.payload for each in await watcher.take(len(expected))] == expected
            gone = await broker.event(ClientDisconnected, client_id=b"a")
            assert (gone.by, gone.published) == ("client", 50)
            assert await watcher.until_quiet() == []


# ---------------------------------------------------------------------- events


async def test_the_stream_of_events() -> None:
    """One good and one wrong login, a denial, and the end: each is told once, with its reasons and no secret."""
    users = BuiltInDatabase((BuiltInUser("u", "right password"),), password_hash_algorithm=PLAIN)
    auth = replace(rules(DENIED), authentication=(users,))
    async with running(auth=auth) as broker:
        wrong = Connect(5, b"wrong", username=b"u", password=b"wrong password")
        assert await refusal(broker, wrong) == 0x86
        async with client_of(broker, b"a", username=b"u", password=b"right password") as client:
            await client.subscribe(b"open", b"secret/x")
            await client.publish(Publish(b"secret/y", b"", 1))
            for _ in range(3):
                await client.publish(Publish(b"other", b""))
            client.send(Disconnect())
            assert await client.ended() == []
        gone = await broker.event(ClientDisconnected)
        assert (gone.by, gone.code, gone.published) == ("client", None, 4)
        refused = await broker.event(ClientRefused)
        assert (refused.client_id, refused.username, refused.code) == (b"wrong", b"u", 0x86)
        assert refused.trace
        subscribed = await broker.event(ClientSubscribed)
        assert subscribed.codes == (2, NOT_AUTHORIZED)
        told = [as_json(event) for event in broker.events]
    assert [(each["event"], each.get("topic")) for each in told] == [
        ("listener_started", None),
        ("client_refused", None),
        ("client_connected", None),
        ("decided", "open"),
        ("decided", "secret/x"),
        ("client_subscribed", None),
        ("decided", "secret/y"),
        ("session_ended", None),
        ("client_disconnected", None),
    ]
    assert "right password" not in str(told)
    assert "wrong password" not in str(told)
    assert broker.seen(SessionEnded) == [SessionEnded(b"a")]


async def test_stop_says_goodbye() -> None:
    async with running() as broker:
        async with client_of(broker, b"new") as new, client_of(broker, b"old", 4) as old:
            goodbye = asyncio.create_task(broker.broker.stop())
            assert codes(await new.ended()) == [SHUTTING_DOWN]
            assert await old.ended() == []
        await goodbye
        assert {event.code for event in broker.seen(ClientDisconnected)} == {SHUTTING_DOWN}
