"""Links: bytes both ways, and what becomes of clients that do not read, do not end, or end halfway."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from mtlsx.broker.links import Cause, Closed, Link, LinkLimits
from support.listening import WAIT, Echo, Mute, listening, loopback

MEBIBYTE = 1024 * 1024


@contextmanager
def deaf_client(port: int) -> Iterator[socket.socket]:
    """A client whose system takes as little as possible for it."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        yield client


async def fill(link: Link, handler: Echo) -> None:
    """Write until the client's and our system take no more."""
    while handler.readiness.empty():
        link.write(bytes(64 * 1024))
        await asyncio.sleep(0)
    assert handler.readiness.get_nowait() is False


async def test_what_is_written_in_one_round_goes_out_together() -> None:
    async with listening(loopback("ws")) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        link = await server.handler.link()
        for part in (b"one", b"two", b"three"):
            link.write(part)
        assert link.unsent == 11
        assert await reader.readexactly(13) == b"\x82\x0bonetwothree"
        writer.close()


async def test_a_client_that_reads_again_is_told_of() -> None:
    async with listening(loopback(), Mute()) as server:
        with deaf_client(server.port) as client:
            link = await server.handler.link()
            await fill(link, server.handler)
            waiting = link.unsent
            assert waiting > 64 * 1024
            loop = asyncio.get_running_loop()
            client.setblocking(False)
            while server.handler.readiness.empty():
                await asyncio.wait_for(loop.sock_recv(client, MEBIBYTE), WAIT)
            assert server.handler.readiness.get_nowait() is True
            assert link.unsent <= 16 * 1024
        assert (await server.handler.ending()).cause in (Cause.BY_CLIENT, Cause.LOST)


async def test_a_client_that_lets_too_much_wait_is_cut_off() -> None:
    limits = LinkLimits(max_unsent=MEBIBYTE)
    async with listening(loopback(), Mute(), link_limits=limits) as server:
        with deaf_client(server.port):
            link = await server.handler.link()
            while server.handler.endings.empty():
                assert link.unsent <= MEBIBYTE + 2 * 64 * 1024
                link.write(bytes(64 * 1024))
                await asyncio.sleep(0)
            ending = await server.handler.ending()
            assert ending.cause is Cause.NOT_READING
            assert "octets wait for it" in ending.detail


async def test_a_flood_within_one_round_is_cut_off_too() -> None:
    limits = LinkLimits(max_unsent=MEBIBYTE)
    async with listening(loopback(), Mute(), link_limits=limits) as server:
        with deaf_client(server.port):
            link = await server.handler.link()
            for _ in range(100):
                link.write(bytes(64 * 1024))
            assert link.unsent <= MEBIBYTE + 64 * 1024
            assert (await server.handler.ending()).cause is Cause.NOT_READING


async def test_one_packet_may_be_larger_than_the_limit() -> None:
    limits = LinkLimits(max_unsent=1000)
    async with listening(loopback(), Mute(), link_limits=limits) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        (await server.handler.link()).write(bytes(10 * MEBIBYTE))
        assert len(await reader.readexactly(10 * MEBIBYTE)) == 10 * MEBIBYTE
        writer.close()


async def test_a_client_that_takes_nothing_in_time_is_cut_off() -> None:
    limits = LinkLimits(send_timeout=0.05)
    async with listening(loopback(), Mute(), link_limits=limits) as server:
        with deaf_client(server.port):
            await fill(await server.handler.link(), server.handler)
            assert await server.handler.ending() == Closed(
                Cause.NOT_READING, "it took nothing for 0.05 s"
            )


async def test_a_client_that_waits_is_not_read() -> None:
    async with listening(loopback()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        link = await server.handler.link()
        link.pause_reading()
        writer.write(b"patience")
        _, other = await asyncio.open_connection("127.0.0.1", server.port)  # some rounds go by
        await server.handler.link()
        assert server.handler.bytes[link.id] == b""
        link.resume_reading()
        assert await reader.readexactly(8) == b"patience"
        for each in (writer, other):
            each.close()


async def test_a_closed_link_has_sent_everything_and_takes_no_more() -> None:
    async with listening(loopback(), Mute()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        link = await server.handler.link()
        link.write(bytes(MEBIBYTE))
        link.close()
        link.write(b"too late")
        link.close()
        link.abort()
        # Above, it is over now; below, the client is still there.
        assert await server.handler.ending() == Closed(Cause.BY_US)
        assert server.acceptor.connections == 1
        assert await reader.read() == bytes(MEBIBYTE)
        writer.write(b"unheard")
        writer.close()
        assert server.handler.bytes[link.id] == b""
        link.write(b"after the end")
        assert server.handler.endings.empty()


async def test_a_client_that_does_not_hang_up_is_hung_up_on() -> None:
    limits = LinkLimits(close_timeout=0.05)
    async with listening(loopback(), Mute(), link_limits=limits) as server:
        with deaf_client(server.port):
            link = await server.handler.link()
            await fill(link, server.handler)
            link.close()
            assert await server.handler.ending() == Closed(Cause.BY_US)
            while server.acceptor.connections:  # noqa: ASYNC110  (no event tells of a socket's end)
                await asyncio.sleep(0)


async def test_aborting_loses_what_waits() -> None:
    async with listening(loopback(), Mute()) as server:
        with deaf_client(server.port):
            link = await server.handler.link()
            await fill(link, server.handler)
            link.abort()
            assert await server.handler.ending() == Closed(Cause.BY_US)


async def test_half_a_close_is_a_close_but_the_answer_still_goes_out() -> None:
    async with listening(loopback()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"last words")
        writer.write_eof()
        assert await reader.read() == b"last words"
        assert await server.handler.ending() == Closed(Cause.BY_CLIENT)
        writer.close()


async def test_a_reset_is_a_loss() -> None:
    async with listening(loopback(), Mute()) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await server.handler.link()
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )
        writer.transport.abort()
        ending = await server.handler.ending()
        assert ending.cause is Cause.LOST
        assert "reset" in ending.detail.lower()


async def test_every_link_has_a_number_of_its_own() -> None:
    async with listening(loopback()) as server:
        opened = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        numbers = {(await server.handler.link()).id for _ in opened}
        assert len(numbers) == 3
        for _, writer in opened:
            writer.close()
