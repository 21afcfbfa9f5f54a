"""Listeners: where they listen, whom they let in, and what they say when they cannot."""

from __future__ import annotations

import asyncio
import itertools
import socket
from pathlib import Path

import pytest

from mtlsx.broker.events import (
    ConnectionRefused,
    HandshakeRefused,
    ListenerStarted,
    ListenerStopped,
    TransportEvent,
    UpgradeRefused,
)
from mtlsx.broker.links import Cause, Closed, LinkLimits
from mtlsx.broker.listeners import Acceptor, AcceptorLimits
from mtlsx.configuration.model import Listener, SslOptions
from mtlsx.errors import MaterialError, UsageError
from mtlsx.tls.record import Ended
from support.listening import Echo, listening, loopback
from support.made_pki import SERVER, make


@pytest.fixture(scope="module")
def one_way(tmp_path_factory: pytest.TempPathFactory) -> SslOptions:
    directory = tmp_path_factory.mktemp("one-way")
    certificate, key = make("broker", usage=SERVER).save(directory, "server")
    return SslOptions(certfile=certificate, keyfile=key)


def acceptor(settings: Listener, events: list[TransportEvent] | None = None) -> Acceptor:
    heard = [] if events is None else events
    return Acceptor(settings, Echo(), on_event=heard.append, numbers=itertools.count(1))


async def refused_start(settings: Listener) -> UsageError:
    with pytest.raises(UsageError) as caught:
        await acceptor(settings).start()
    return caught.value


# ---------------------------------------------------------------------- where


async def test_start_and_stop_are_events() -> None:
    events: list[TransportEvent] = []
    listener = acceptor(loopback(), events)
    await listener.start()
    host, port = listener.address
    await listener.stop()
    await listener.stop()
    assert port > 0
    assert events == [ListenerStarted("tcp:test", host, port), ListenerStopped("tcp:test")]


async def test_after_its_end_nobody_listens() -> None:
    async with listening(loopback()) as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        error = await refused_start(Listener("tcp", "default", ("127.0.0.1", port)))
    assert error.summary == (
        f"Listener tcp:default cannot listen on 127.0.0.1, port {port}: the port is in use."
    )
    assert error.fix == "Stop the program that has it, or bind another port."


async def test_an_address_of_another_machine_is_one_sentence() -> None:
    error = await refused_start(Listener("tcp", "x", ("192.0.2.1", 0)))
    assert "this machine has no such address" in error.summary


async def test_a_host_that_nobody_knows_is_one_sentence() -> None:
    error = await refused_start(Listener("tcp", "x", ("no-such-host.invalid", 0)))
    assert "nobody knows this host" in error.summary


async def test_what_is_not_permitted_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", forbid)  # the tests may run as root
    error = await refused_start(Listener("tcp", "x", ("127.0.0.1", 883)))
    assert "that is not permitted" in error.summary
    assert error.fix == "Ports below 1024 need privileges; bind another port."


async def test_a_certificate_that_cannot_be_used_is_said_before_anything_is_bound(
    tmp_path: Path,
) -> None:
    missing = SslOptions(certfile=str(tmp_path / "no.crt"), keyfile=str(tmp_path / "no.key"))
    with pytest.raises(MaterialError) as caught:
        await acceptor(loopback("ssl", missing)).start()
    assert caught.value.verdict == "file-missing"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_on_loopback_there_is_nothing_to_warn_of(host: str) -> None:
    async with listening(Listener("tcp", "x", (host, 0))) as server:
        assert server.acceptor.exposure() is None


@pytest.mark.parametrize("host", ["", "0.0.0.0"])  # noqa: S104  (what is tested)
async def test_wider_than_loopback_is_said(host: str) -> None:
    async with listening(Listener("tcp", "x", (host, 0))) as server:
        sentence = server.acceptor.exposure()
        assert sentence is not None
        assert sentence.startswith(
            f"Listener tcp:x listens on every address of this machine, port {server.port}:"
        )
        assert (await server.event(ListenerStarted)).exposure == sentence


async def test_ipv4_clients_of_a_listener_for_everybody_have_ipv4_addresses() -> None:
    async with listening(Listener("tcp", "x", ("", 0))) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert (await server.handler.link()).peer.host == "127.0.0.1"
        writer.close()
        await writer.wait_closed()


# ---------------------------------------------------------------------- whom


async def test_a_link_says_where_its_client_comes_from() -> None:
    async with listening(loopback(zone="plant")) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        link = await server.handler.link()
        assert (link.peer.host, link.peer.port) == writer.get_extra_info("sockname")
        assert (link.peer.listener, link.peer.zone, link.peer.certificate) == (
            "tcp:test", "plant", None,
        )  # fmt: skip
        assert link.handshake is None
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("settings", "limits", "limit"),
    [
        (loopback(max_connections=2), AcceptorLimits(), "max_connections"),
        (loopback(), AcceptorLimits(connections=2), "max_connections"),
        (loopback(), AcceptorLimits(connections_per_address=2), "connections_per_address"),
    ],
    ids=["the-listener's", "the-broker's", "per-address"],
)
async def test_beyond_a_limit_connections_are_closed(
    settings: Listener, limits: AcceptorLimits, limit: str
) -> None:
    async with listening(settings, limits=limits) as server:
        opened = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        for _ in opened:
            await server.handler.link()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""
        event = await server.event(ConnectionRefused)
        assert (event.limit, event.count) == (limit, 2)
        assert (event.host, event.port) == writer.get_extra_info("sockname")
        writer.close()

        opened[0][1].close()
        assert await server.handler.ending() == Closed(Cause.BY_CLIENT)
        again = await asyncio.open_connection("127.0.0.1", server.port)
        again[1].write(b"in")
        assert await again[0].readexactly(2) == b"in"
        for _, each in (*opened, again):
            each.close()
            await each.wait_closed()


@pytest.mark.parametrize("kind", ["ssl", "wss"])
@pytest.mark.parametrize("says", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "half-said"])
async def test_a_client_that_does_not_come_up_is_hung_up_on(
    one_way: SslOptions, kind: str, says: bytes
) -> None:
    limits = LinkLimits(handshake_timeout=0.05)
    async with listening(loopback(kind, one_way), link_limits=limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(says)
        assert await reader.read() == b""
        assert (await server.event(HandshakeRefused)).record.ended is Ended.TIMEOUT
        assert server.acceptor.connections == 0
        writer.close()


@pytest.mark.parametrize("says", [b"", b"GET /mqtt HTTP/1.1\r\n"], ids=["silent", "half-said"])
async def test_a_websocket_that_is_not_asked_for_in_time_is_none(says: bytes) -> None:
    limits = LinkLimits(handshake_timeout=0.05)
    async with listening(loopback("ws"), link_limits=limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(says)
        assert await reader.read() == b""
        event = await server.event(UpgradeRefused)
        assert (event.status, event.reason) == (None, "it was not done in 0.05 s")
        writer.close()


async def test_who_hangs_up_in_the_handshake_is_an_event_and_a_port_scan_is_none(
    one_way: SslOptions,
) -> None:
    async with listening(loopback("ssl", one_way)) as server:
        await server.event(ListenerStarted)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()
        await writer.wait_closed()
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"\x16\x03\x01")
        writer.close()
        await writer.wait_closed()
        event = await server.event(HandshakeRefused)
        assert event.record.ended is Ended.CLOSED
        assert server.nothing_happened()


async def test_mqtt_without_tls_is_named(one_way: SslOptions) -> None:
    async with listening(loopback("ssl", one_way)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
        await reader.read()
        event = await server.event(HandshakeRefused)
        assert event.record.ended is Ended.NOT_TLS
        writer.close()


async def test_http_is_answered_in_http() -> None:
    async with listening(loopback("ws")) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        event = await server.event(UpgradeRefused)
        assert event.status == 400
        writer.close()


# ---------------------------------------------------------------------- stopping


async def test_stopping_closes_all_links_in_good_order() -> None:
    async with listening(loopback()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        (await server.handler.link()).write(b"goodbye")
        stopping = asyncio.create_task(server.acceptor.stop())
        assert await reader.read() == b"goodbye"
        writer.close()
        await stopping
        assert await server.handler.ending() == Closed(Cause.BY_US)


async def test_stopping_does_not_wait_for_clients_that_stay(one_way: SslOptions) -> None:
    limits = LinkLimits(close_timeout=0.05)
    async with listening(loopback("ssl", one_way), link_limits=limits) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await server.acceptor.stop()
        writer.close()


async def test_a_listener_can_be_started_again() -> None:
    events: list[TransportEvent] = []
    listener = acceptor(loopback(), events)
    for _ in range(2):
        await listener.start()
        reader, writer = await asyncio.open_connection(*listener.address)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        writer.close()
        await listener.stop()
    assert len(events) == 4
