"""One simulated device: connects, publishes or subscribes, and counts into the tally what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mtlsx.bench.asking import Asking
from mtlsx.bench.in_flight import InFlight
from mtlsx.bench.link import Link
from mtlsx.bench.packets import connect_packet, level, payload_with_time, time_in
from mtlsx.client.denial import judge_denial
from mtlsx.packets.control_packets import (
    MQTT_5,
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
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
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import PacketType
from mtlsx.packets.reason_codes import FAILURE, reason_code_text
from mtlsx.probe.dialing import host_and_port
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.judge import (
    judge_close_before_connack,
    judge_connack,
    judge_loss,
    judge_network,
    judge_publish,
    judge_silence,
    judge_subscribe,
)
from mtlsx.probe.judge_tls import judge_handshake
from mtlsx.probe.verdicts import Verdict
from mtlsx.tls.record import Ended
from mtlsx.tls.stream import HandshakeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mtlsx.bench.credentials import Credentials
    from mtlsx.bench.tally import Tally
    from mtlsx.client import settings as wanted
    from mtlsx.identity.mapping import Dialect

_FIRST_BYTES = 64
# What a server may begin with (MQTT 5.0, sections 3.1.4, 4.12 and 4.13.1); by anything else it means no MQTT, and
# waiting for the rest of such a packet would be in vain.
_OPENINGS = frozenset({PacketType.CONNACK, PacketType.AUTH, PacketType.DISCONNECT})


class Device:
    """A device with its settings; ``credentials`` is None without TLS.

    ``on_change`` is called when a message has arrived or the connection is lost; ``dialect`` as ``Plan`` has it.
    """

    def __init__(
        self,
        settings: wanted.ConnectionSettings,
        credentials: Credentials | None,
        tally: Tally,
        on_change: Callable[[], None],
        *,
        dialect: Dialect | None,
    ) -> None:
        self.settings = settings
        self._dialect = dialect
        self.online = False
        self._credentials = credentials
        self._tally = tally
        self._on_change = on_change
        self._version = level(settings.version)
        self._decoder = Decoder(self._version)
        self._loop = asyncio.get_running_loop()
        self._link: Link | None = None
        self._answer: asyncio.Future[Connack | Suback | None] | None = None
        self._connack: Connack | None = None
        self._disconnect: Disconnect | None = None
        self._first_bytes = b""
        self._failures: set[str] = set()
        self._leaving = False
        self._keepalive = settings.keepalive
        self._pinged_at: float | None = None
        self._in_flight = InFlight()
        self._topic = ""
        self._asking = Asking()
        self._arriving: set[int] = set()

    # ------------------------------------------------------------------ connecting

    async def connect(self, addresses: Sequence[str]) -> None:
        """Connect to the first of ``addresses`` that takes us, and count how it went."""
        started = self._loop.time()
        self._tally.connecting.begin(started)
        verdict = await self._attempt(addresses, started)
        self._tally.answered += 1
        if verdict is not None:
            self.fail(verdict)
            self.leave()

    async def _attempt(self, addresses: Sequence[str], started: float) -> Verdict | None:
        settings, latencies = self.settings, self._tally.latencies
        try:
            link = await self._open(addresses)
        except OSError as error:
            return judge_network(error, settings.host, settings.port)
        await asyncio.wait((link.ready,), timeout=settings.connect_timeout)
        if not link.ready.done():
            link.close(ended=Ended.TIMEOUT)
        failure = link.ready.exception()
        if isinstance(failure, HandshakeError):
            return judge_handshake(failure.record, self._local_side())
        handshake = link.ready.result() - started
        latencies["handshake"].add(handshake)
        asked = self._loop.time()
        answer = await self._ask(connect_packet(settings))
        if not isinstance(answer, Connack):
            return self._unconnected(link)
        if answer.code:
            return judge_connack(
                answer,
                self._local_side(),
                version5=self._version == MQTT_5,
                record=link.record,
            )
        now = self._loop.time()
        latencies["connack"].add(now - asked)
        latencies["connection"].add(handshake + now - asked)
        self._tally.connecting.mark(now)
        self._accepted(answer)
        return None

    async def _open(self, addresses: Sequence[str]) -> Link:
        """Connect the socket. Raises OSError, TimeoutError among them."""
        *others, last = addresses
        async with asyncio.timeout(self.settings.connect_timeout):
            for address in others:
                try:
                    return await self._dial(address)
                except OSError:
                    continue
            return await self._dial(last)

    async def _dial(self, address: str) -> Link:
        tls = None if self._credentials is None else self._credentials.exchange(self.settings.host)
        link = Link(tls, on_data=self._receive, on_end=self._over)
        await self._loop.create_connection(lambda: link, address, self.settings.port)
        self._link = link
        return link

    async def _ask(self, packet: Connect | Subscribe) -> Connack | Suback | None:
        """Send ``packet`` and wait; None where the answer does not come in time or the connection ends."""
        if self._link is None or self._link.over:
            return None
        self._answer = self._loop.create_future()
        self._send(packet)
        await asyncio.wait((self._answer,), timeout=self.settings.connect_timeout)
        answer = self._answer.result() if self._answer.done() else None
        self._answer = None
        return answer

    def _accepted(self, connack: Connack) -> None:
        self.online = True
        self._tally.connected += 1
        self._tally.online += 1
        said = connack.properties
        if said.server_keep_alive is not None:
            self._keepalive = said.server_keep_alive
        self._in_flight.limit(said.receive_maximum)

    def _unconnected(self, link: Link) -> Verdict:
        settings = self.settings
        if not link.over:
            return judge_silence(settings.host, settings.port, settings.connect_timeout)
        first_bytes = b"" if self._disconnect is not None else self._first_bytes
        return judge_close_before_connack(
            link.record, self._local_side(), first_bytes, self._disconnect
        )

    def _local_side(self) -> LocalSide:
        settings, own = self.settings, self._credentials
        return LocalSide(
            settings.host, settings.port, settings.tls,
            own.chain if own else (), own.anchors if own else None, datetime.now(UTC),
            dialect=self._dialect, sends_password=settings.password is not None,
        )  # fmt: skip

    # ------------------------------------------------------------------ working

    async def subscribe(self, subscriptions: Sequence[wanted.Subscription]) -> None:
        """Subscribe, and count whether it was granted."""
        asked = tuple(
            Subscription(
                each.topic_filter.encode(), each.qos, each.no_local, each.retain_as_published,
                each.retain_handling,
            )
            for each in subscriptions
        )  # fmt: skip
        self._asking.subscribe(tuple(each.topic_filter for each in subscriptions))
        answer = await self._ask(Subscribe(self._in_flight.new_id(), asked))
        if isinstance(answer, Suback):
            self._tally.subscribed += 1
        elif self.online:
            self._tally.unanswered += 1

    async def publish(self, publication: wanted.Publication, *, timestamp: bool) -> None:
        """Send one message as soon as the broker and the network take one more."""
        assert self._link is not None  # noqa: S101  (it is online)
        await self._link.writable.wait()
        if publication.qos:
            await self._in_flight.room()
        if not self.online:
            return
        packet_id = self._in_flight.new_id() if publication.qos else 0
        payload = publication.payload
        if timestamp:
            payload = payload_with_time(payload, time.time_ns())
        now = self._loop.time()
        self._topic = publication.topic
        if packet_id:
            self._in_flight.add(packet_id, now)
        self._tally.sent += 1
        self._tally.messaging.mark(now)
        self._send(
            Publish(
                publication.topic.encode(), payload, publication.qos, publication.retain,
                packet_id=packet_id,
            )
        )  # fmt: skip

    async def settle(self) -> None:
        """Wait until the broker has acknowledged everything, for as long as an answer may take."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.connect_timeout):
                await self._in_flight.empty()

    def keep_alive(self, now: float) -> None:
        """Ping the broker where that is due; to be called every second. ``now`` is the loop's clock."""
        if not self.online or self._link is None or not self._keepalive:
            return
        if self._pinged_at is not None:
            if now - self._pinged_at > self._keepalive:
                self._lost(unanswered_ping=True)
        elif now - self._link.written_at >= self._keepalive * 0.75:
            self._pinged_at = now
            self._send(Pingreq())

    def leave(self) -> None:
        """Disconnect; what the broker has not acknowledged is counted."""
        self._leaving = True
        self._tally.unanswered += self._in_flight.close()
        if self._link is None:
            return
        last = b""
        if self.online:
            last = encode(Disconnect(), self._version)
            self._offline()
        self._link.close(last)

    @property
    def closed(self) -> asyncio.Future[None] | None:
        """Done when the connection is gone; None where there never was one."""
        return None if self._link is None else self._link.closed

    def abort(self) -> None:
        """Drop the connection where the other side does not let it go."""
        if self._link is not None:
            self._link.abort()

    def fail(self, verdict: Verdict) -> None:
        """Count a failure of this device."""
        first = verdict.id not in self._failures
        self._failures.add(verdict.id)
        self._tally.failed(verdict, first_of_device=first)

    # ------------------------------------------------------------------ what the broker says

    def _receive(self, data: bytes) -> None:
        if self._connack is None and len(self._first_bytes) < _FIRST_BYTES:
            self._first_bytes = (self._first_bytes + data)[:_FIRST_BYTES]
            if self._first_bytes[0] >> 4 not in _OPENINGS:
                self._garbled(None)
                return
        try:
            for packet in self._decoder.feed(data):
                self._handle(packet)
        except ProtocolError as error:
            self._garbled(error)

    def _handle(self, packet: ControlPacket) -> None:
        self._asking.went_on()
        match packet:
            case Publish():
                self._arrived(packet)
            case Puback():
                self._acknowledged(packet.packet_id, packet.code, packet.properties.reason_string)
            case Pubcomp():
                self._acknowledged(packet.packet_id, packet.code)
            case Pubrec():
                self._received_by_broker(packet)
            case Pubrel():
                self._arriving.discard(packet.packet_id)
                self._send(Pubcomp(packet.packet_id))
            case Connack():
                self._connack = packet
                self._tell(packet)
            case Suback():
                version5, now = self._version == MQTT_5, self._loop.time()
                if denied := self._asking.answered(packet, version5=version5, now=now):
                    self.fail(judge_subscribe("The broker", denied.refused, denied.reason))
                self._tell(packet)
            case Pingresp():
                self._pinged_at = None
            case Disconnect():
                self._disconnect = packet

    def _arrived(self, message: Publish) -> None:
        if message.qos == 1:
            self._send(Puback(message.packet_id))
        elif message.qos == 2:
            self._send(Pubrec(message.packet_id))
            if message.packet_id in self._arriving:
                return
            self._arriving.add(message.packet_id)
        tally = self._tally
        tally.received += 1
        tally.received_bytes += len(message.payload)
        tally.messaging.mark(self._loop.time())
        sent_at = time_in(message.payload)
        if sent_at is not None:
            tally.latencies["delivery"].add((time.time_ns() - sent_at) / 1e9)
        self._on_change()

    def _received_by_broker(self, packet: Pubrec) -> None:
        if packet.code >= FAILURE:
            self._acknowledged(packet.packet_id, packet.code, packet.properties.reason_string)
        elif packet.packet_id in self._in_flight:
            self._send(Pubrel(packet.packet_id))

    def _acknowledged(self, packet_id: int, code: int, said: str | None = None) -> None:
        sent_at = self._in_flight.take(packet_id)
        if sent_at is None:
            return
        now = self._loop.time()
        self._tally.messaging.mark(now)
        if code >= FAILURE:
            self._tally.refused += 1
            self.fail(judge_publish("The broker", self._topic, reason_code_text(code), said))
            return
        self._tally.acknowledged += 1
        self._tally.latencies["acknowledgement"].add(now - sent_at)

    def _garbled(self, error: ProtocolError | None) -> None:
        """What came is not MQTT, or breaks it: that ends the connection."""
        if self._connack is not None and self.online and error is not None:
            said = (
                f"{self.settings.host}:{self.settings.port} sent what is not MQTT: {error.sentence}"
            )
            self._lost(verdict=Verdict("connection-lost", said))
        elif self._link is not None:
            self._link.close()

    def _over(self) -> None:
        """The link has ended."""
        self._tell(None)
        if self.online and not self._leaving:
            self._lost()

    def _lost(self, *, unanswered_ping: bool = False, verdict: Verdict | None = None) -> None:
        self._offline()
        self.fail(verdict or self._why_lost(unanswered_ping=unanswered_ping))
        self.leave()

    def _why_lost(self, *, unanswered_ping: bool) -> Verdict:
        """As one connection judges it (``client.attempt``)."""
        host, port = self.settings.host, self.settings.port
        loss = judge_loss(self._disconnect, host, port, unanswered_ping=unanswered_ping)
        if loss.id == "session-taken-over" or self._link is None:
            return loss
        denial = judge_denial(
            host_and_port(host, port), self._asking.asked(self._topic, len(self._in_flight)),
            self._disconnect, now=self._loop.time(), hung_up=self._link.at_end,
        )  # fmt: skip
        return denial or loss

    def _offline(self) -> None:
        self.online = False
        self._tally.online -= 1
        self._on_change()

    def _tell(self, answer: Connack | Suback | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    # ------------------------------------------------------------------ what we say

    def _send(self, packet: ControlPacket) -> None:
        self._asking.went_on()
        if self._link is not None:
            self._link.write(encode(packet, self._version))
