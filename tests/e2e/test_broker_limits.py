"""Every bound of the running broker, through sockets: what goes beyond is refused, and others do not feel it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mtlsx.broker.client_events import ClientDisconnected, SessionEnded
from mtlsx.broker.events import ConnectionRefused, HandshakeRefused
from mtlsx.broker.limits import Limits
from mtlsx.broker.links import LinkLimits
from mtlsx.broker.listeners import AcceptorLimits
from mtlsx.configuration.model import Mqtt
from mtlsx.packets.control_packets import Connect, ControlPacket, Disconnect, Publish, Subscription
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import ConnectProperties
from support.openssl_pki import Pki
from support.raw_client import RawClient
from support.running_broker import Running, mutual_tls, running, tcp

pytestmark = pytest.mark.e2e

VERSIONS = pytest.mark.parametrize("version", [4, 5])
PACKET_TOO_LARGE, QUOTA_EXCEEDED = 0x95, 0x97


@asynccontextmanager
async def client_of(
    broker: Running, name: bytes, version: int = 5, *, clean: bool = True, expiry: int | None = None
) -> AsyncIterator[RawClient]:
    """A client that was let in."""
    async with await RawClient.open(broker.address, version=version) as client:
        connect = Connect(version, name, clean, properties=ConnectProperties(expiry))
        assert (await client.connect(connect)).code == 0
        yield client


def codes(packets: list[ControlPacket]) -> list[int]:
    """Those of the DISCONNECTs among what came."""
    return [packet.code for packet in packets if isinstance(packet, Disconnect)]


async def test_connections_in_total() -> None:
    async with running(tcp(max_connections=2)) as broker, client_of(broker, b"a") as first:
        async with client_of(broker, b"b"):
            async with await RawClient.open(broker.address) as third:
                assert await third.ended() == []
            event = await broker.event(ConnectionRefused)
            assert (event.limit, event.count) == ("max_connections", 2)
            assert await first.until_quiet() == []
        await broker.event(ClientDisconnected, client_id=b"b")
        async with client_of(broker, b"c") as third:
            assert await third.until_quiet() == []


async def test_connections_of_one_address() -> None:
    bounds = AcceptorLimits(connections_per_address=2)
    async with running(acceptor_limits=bounds) as broker, client_of(broker, b"a") as first:
        async with client_of(broker, b"b"), await RawClient.open(broker.address) as third:
            assert await third.ended() == []
        event = await broker.event(ConnectionRefused)
        assert (event.limit, event.host, event.count) == ("connections_per_address", "127.0.0.1", 2)
        assert await first.until_quiet() == []


@pytest.mark.parametrize("begun", [b"", encode(Connect(5, b"slow"), 5)[:-1]])
async def test_connect_must_come_in_time(begun: bytes) -> None:
    """Whoever sends nothing, or not all of it."""
    async with running(mqtt=Mqtt(idle_timeout=0.3)) as broker:
        async with await RawClient.open(broker.address) as client:
            client.send_bytes(begun)
            assert await client.ended() == []
        async with client_of(broker, b"a") as client:
            assert await client.until_quiet() == []


async def test_the_handshake_must_be_done_in_time(pki: Pki) -> None:
    bounds = LinkLimits(handshake_timeout=0.3)
    async with (
        running(mutual_tls(pki), link_limits=bounds) as broker,
        await RawClient.open(broker.address) as silent,
    ):
        event = await broker.event(HandshakeRefused)
        assert (event.certificate, event.record.ended) == (None, "timeout")
        assert await silent.ended() == []


@VERSIONS
async def test_packets_have_a_size(version: int) -> None:
    async with running(mqtt=Mqtt(max_packet_size=1000)) as broker:
        async with client_of(broker, b"a", version) as client:
            await client.publish(Publish(b"t", bytes(900), 1))
            # The length alone says that it is too much: the rest need not come.
            client.send_bytes(encode(Publish(b"t", bytes(1000), 1, packet_id=1), version)[:10])
            assert codes(await client.ended()) == ([PACKET_TOO_LARGE] if version == 5 else [])
        gone = await broker.event(ClientDisconnected, client_id=b"a")
        assert (gone.by, gone.code, gone.published) == ("broker", PACKET_TOO_LARGE, 1)


async def test_a_connect_has_a_size() -> None:
    async with (
        running(mqtt=Mqtt(max_packet_size=1000)) as broker,
        await RawClient.open(broker.address) as client,
    ):
        client.send(Connect(5, b"a", username=b"u" * 1000))
        assert await client.ended() == []


@VERSIONS
async def test_queues_have_a_length(version: int) -> None:
    async with running(mqtt=Mqtt(max_mqueue_len=3)) as broker:
        async with client_of(broker, b"s", version, clean=False, expiry=99) as client:
            await client.subscribe(b"t")
        await broker.event(ClientDisconnected, client_id=b"s")
        async with client_of(broker, b"p", version) as publisher:
            for n in range(10):
                await publisher.publish(Publish(b"t", b"%d" % n, 1))
        async with client_of(broker, b"s", version, clean=False, expiry=99) as client:
            assert [each.payload for each in await client.take(3)] == [b"7", b"8", b"9"]
            assert await client.until_quiet() == []


@VERSIONS
async def test_subscriptions_of_a_client(version: int) -> None:
    refusal = QUOTA_EXCEEDED if version == 5 else 0x80
    async with (
        running(mqtt=Mqtt(max_subscriptions=2)) as broker,
        client_of(broker, b"a", version) as client,
    ):
        assert await client.subscribe(b"1", b"2", b"3", qos=1) == (1, 1, refusal)
        assert await client.subscribe(Subscription(b"2", 0)) == (0,)
        assert await client.subscribe(b"4") == (refusal,)


async def test_sessions_have_a_number() -> None:
    async with running(limits=Limits(max_sessions=1)) as broker:
        async with client_of(broker, b"a"), await RawClient.open(broker.address) as client:
            assert (await client.connect(Connect(5, b"b"))).code == QUOTA_EXCEEDED
        await broker.event(SessionEnded, client_id=b"a")
        async with client_of(broker, b"b") as client:
            assert await client.until_quiet() == []


async def test_retained_messages_have_a_number() -> None:
    async with running(limits=Limits(max_retained=2)) as broker, client_of(broker, b"a") as client:
        for n in range(5):
            await client.publish(Publish(b"t/%d" % n, b"x", 1, retain=True))
        assert len(broker.broker.hub.retained) == 2
        await client.subscribe(b"t/#")
        assert len(await client.take(2)) == 2
        assert await client.until_quiet() == []


@pytest.mark.parametrize("qos", [0, 1])
async def test_whoever_does_not_read_holds_no_memory_and_nobody_up(qos: int) -> None:
    """The deaf client is sent twenty times what it may hold; the other one gets it all."""
    held = 1024 * 1024
    limits = Limits(max_queue_bytes=held)
    bounds = LinkLimits(max_unsent=held, send_timeout=60)
    async with (
        running(limits=limits, link_limits=bounds) as broker,
        client_of(broker, b"deaf") as deaf,
        client_of(broker, b"listener") as listener,
        client_of(broker, b"publisher") as publisher,
    ):
        for client in (deaf, listener):
            await client.subscribe(b"t", qos=qos)
        link = next(
            c.link for c in broker.broker.clients.values() if c.info and c.info.client_id == b"deaf"
        )
        most = 0
        for n in range(500):
            message = Publish(b"t", n.to_bytes(2) + bytes(40_000), 1)
            [_, [came]] = await asyncio.gather(publisher.publish(message), listener.take(1))
            assert came.payload == message.payload
            session = broker.broker.hub.sessions.get(b"deaf")
            most = max(most, link.unsent + (session.waiting_bytes if session else 0))
        assert held // 2 < most <= 2 * held + 2 * 64 * 1024


async def test_whoever_takes_nothing_is_cut_off() -> None:
    bounds = LinkLimits(send_timeout=0.3)
    async with (
        running(link_limits=bounds) as broker,
        client_of(broker, b"deaf") as deaf,
        client_of(broker, b"publisher") as publisher,
    ):
        await deaf.subscribe(b"t")
        while not broker.seen(ClientDisconnected):
            await publisher.publish(Publish(b"t", bytes(200_000), 1))
        gone = await broker.event(ClientDisconnected)
        assert (gone.client_id, gone.by) == (b"deaf", "network")
        assert gone.reason == "it took nothing for 0.3 s"
        assert await publisher.until_quiet() == []
