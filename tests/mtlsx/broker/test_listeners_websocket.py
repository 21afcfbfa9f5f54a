"""Websocket listeners against a client that nobody here wrote."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from mtlsx.broker.events import UpgradeRefused
from mtlsx.broker.links import Cause, Closed, LinkLimits
from mtlsx.configuration.model import Websocket
from support.listening import Listening, listening, loopback

MQTT = [Subprotocol("mqtt")]


def uri(server: Listening, path: str = "/mqtt") -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


async def test_payload_both_ways_and_a_close_by_the_client() -> None:
    async with listening(loopback("ws")) as server:
        async with connect(uri(server), subprotocols=MQTT) as client:
            assert client.subprotocol == "mqtt"
            await client.send(b"\x10\x00")
            assert await client.recv() == b"\x10\x00"
            await (await client.ping())
        assert (client.close_code, await server.handler.ending()) == (1000, Closed(Cause.BY_CLIENT))


async def test_a_close_by_us() -> None:
    async with listening(loopback("ws")) as server, connect(uri(server), subprotocols=MQTT) as client:  # fmt: skip
        link = await server.handler.link()
        link.write(b"last words")
        link.close()
        assert await client.recv() == b"last words"
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1000
        assert await server.handler.ending() == Closed(Cause.BY_US)


async def test_text_is_the_end() -> None:
    async with listening(loopback("ws")) as server, connect(uri(server), subprotocols=MQTT) as client:  # fmt: skip
        await client.send("hello")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1003
        assert await server.handler.ending() == Closed(Cause.WEBSOCKET, "a text frame")
        assert (await server.handler.link()).id == 1


async def test_a_message_that_is_too_large_is_the_end() -> None:
    limits = LinkLimits(max_frame_size=1000)
    async with listening(loopback("ws"), link_limits=limits) as server:
        async with connect(uri(server), subprotocols=MQTT) as client:
            await client.send(bytes(1001))
            with pytest.raises(ConnectionClosed):
                await client.recv()
            assert client.close_code == 1009
        assert (await server.handler.ending()).cause is Cause.WEBSOCKET


@pytest.mark.parametrize(
    ("path", "subprotocols", "status"), [("/other", MQTT, 404), ("/mqtt", None, 400)]
)
async def test_what_is_not_for_us_is_refused_in_http(
    path: str, subprotocols: list[Subprotocol] | None, status: int
) -> None:
    async with listening(loopback("ws")) as server:
        with pytest.raises(InvalidStatus) as caught:
            await connect(uri(server, path), subprotocols=subprotocols)
        assert caught.value.response.status_code == status
        assert caught.value.response.body.startswith(b"This is a websocket that carries MQTT.")
        assert (await server.event(UpgradeRefused)).status == status
        assert server.handler.links.empty()


async def test_the_path_is_the_listeners() -> None:
    settings = loopback("ws", websocket=Websocket("/devices"))
    async with (
        listening(settings) as server,
        connect(uri(server, "/devices"), subprotocols=MQTT) as client,
    ):
        await client.send(b"found")
        assert await client.recv() == b"found"
