"""An MQTT client that does nothing by itself: a test sends packets one by one and takes what comes back."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from contextlib import suppress
from typing import Self, TypeVar

from mtlsx.packets.control_packets import (
    Connack,
    Connect,
    ControlPacket,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
)
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import SubscribeProperties

WAIT = 20.0  # seconds; for what a healthy machine does in a few milliseconds
P = TypeVar("P", bound=ControlPacket)


class RawClient:
    """One connection; leaving the block closes it without a DISCONNECT."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        version: int,
        wait: float = WAIT,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._version = version
        self._wait = wait
        self._decoder = Decoder(version)
        self._received: deque[ControlPacket] = deque()

    @classmethod
    async def open(
        cls,
        address: tuple[str, int],
        *,
        version: int = 5,
        tls: ssl.SSLContext | None = None,
        wait: float = WAIT,
    ) -> Self:
        """Open a connection. Raises ``OSError`` (``ssl.SSLError`` too) where there is none."""
        host, port = address
        async with asyncio.timeout(wait):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        return cls(reader, writer, version, wait)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def send(self, *packets: ControlPacket) -> None:
        """Send packets, all in one write."""
        self.send_bytes(b"".join(encode(packet, self._version) for packet in packets))

    def send_bytes(self, data: bytes) -> None:
        """Send what is no packet."""
        self._writer.write(data)

    async def next(self) -> ControlPacket | None:
        """The next packet; None where the connection has ended."""
        async with asyncio.timeout(self._wait):
            while not self._received:
                try:
                    data = await self._reader.read(65536)
                except OSError:
                    return None
                if not data:
                    return None
                self._received.extend(self._decoder.feed(data))
        return self._received.popleft()

    async def expect(self, kind: type[P]) -> P:
        """The next packet, which must be of this kind."""
        packet = await self.next()
        assert isinstance(packet, kind), packet
        return packet

    async def connect(self, connect: Connect) -> Connack:
        """Send CONNECT and take the CONNACK."""
        self.send(connect)
        return await self.expect(Connack)

    async def subscribe(
        self, *wanted: bytes | Subscription, qos: int = 2, identifier: int | None = None
    ) -> tuple[int, ...]:
        """Subscribe and return the codes; what is retained comes after them."""
        subscriptions = tuple(
            one if isinstance(one, Subscription) else Subscription(one, qos) for one in wanted
        )
        properties = SubscribeProperties(subscription_identifier=identifier)
        self.send(Subscribe(1, subscriptions, properties))
        return (await self.expect(Suback)).codes

    async def publish(self, message: Publish) -> None:
        """Publish up to the last acknowledgement; nothing else may come meanwhile."""
        if message.qos == 0:
            self.send(message, Pingreq())
            await self.expect(Pingresp)
            return
        self.send(message._replace(packet_id=1))
        if message.qos == 1:
            await self.expect(Puback)
            return
        await self.expect(Pubrec)
        self.send(Pubrel(1))
        await self.expect(Pubcomp)

    async def take(self, count: int) -> list[Publish]:
        """The next messages, each acknowledged to the end."""
        came: list[Publish] = []
        unfinished = 0
        while len(came) < count or unfinished:
            packet = await self.next()
            if isinstance(packet, Pubrel):
                self.send(Pubcomp(packet.packet_id))
                unfinished -= 1
                continue
            assert isinstance(packet, Publish), packet
            came.append(packet)
            if packet.qos == 1:
                self.send(Puback(packet.packet_id))
            elif packet.qos == 2:
                self.send(Pubrec(packet.packet_id))
                unfinished += 1
        return came

    async def until_quiet(self) -> list[ControlPacket]:
        """What has come until a PINGREQ sent now is answered, or the connection has ended."""
        self.send(Pingreq())
        came: list[ControlPacket] = []
        while (packet := await self.next()) is not None and not isinstance(packet, Pingresp):
            came.append(packet)
        return came

    async def ended(self) -> list[ControlPacket]:
        """What still comes before the connection ends."""
        came: list[ControlPacket] = []
        while (packet := await self.next()) is not None:
            came.append(packet)
        return came
