"""A broker without sockets: conversations and a hub, wired as the real one does it, and clients to talk to it.

Time stands still but for ``Bench.advance``. What a client gets goes through the decoder for packets of a server.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from mtlsx.broker.conversation import Conversation, Event, Violated
from mtlsx.broker.hub import Hub
from mtlsx.broker.limits import Limits
from mtlsx.broker.outcomes import Connected, Dropped, Outcome, Refused, Sends
from mtlsx.configuration.model import Mqtt
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
    Unsuback,
    Unsubscribe,
    Will,
)
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.properties import (
    ConnectProperties,
    DisconnectProperties,
    PublishProperties,
    SubscribeProperties,
)

NOT_AUTHORIZED, TAKEN_OVER = 0x87, 0x8E


class Bench:
    """The broker. ``denied`` are topics and filters that the engine would refuse, with the code."""

    def __init__(self, limits: Limits | None = None, **mqtt: Any) -> None:
        self.limits = limits or Limits(Mqtt(**mqtt))
        self.hub = Hub(self.limits)
        self.now = 1000.0
        self.denied: dict[bytes, int] = {}
        self.links: dict[int, Client] = {}
        self.outcomes: list[Outcome] = []
        self._last = 0
        self._settling = False
        self.answers: deque[tuple[Client, ControlPacket]] = deque()

    def open(self) -> Client:
        """A connection on which nothing has been said."""
        self._last += 1
        client = self.links[self._last] = Client(self, self._last)
        return client

    def connect(
        self, client_id: bytes, version: int = MQTT_5, *, clean: bool = True, keep_alive: int = 0,
        will: Will | None = None, acks: bool = True, **properties: Any,
    ) -> Client:  # fmt: skip
        """A client that has sent its CONNECT; ``acks``: it acknowledges what it gets."""
        client = self.open()
        client.acks = acks
        client.send(
            Connect(
                version,
                client_id,
                clean,
                keep_alive,
                None,
                None,
                will,
                ConnectProperties(**properties),
            )
        )
        return client

    def advance(self, seconds: float) -> None:
        """Let time go by, with everything that becomes due on the way."""
        until = self.now + seconds
        while True:
            deadlines = [
                client.conversation.deadline for client in self.links.values() if not client.closed
            ]
            due = [each for each in (*deadlines, self.hub.next_deadline()) if each is not None]
            if not due or min(due) > until:
                break
            self.now = max(self.now, min(due))
            self.ended(self.hub.tick(self.now))
            for client in list(self.links.values()):
                overdue = client.conversation.overdue(self.now)
                if overdue is not None and not client.closed:
                    client.handle(overdue)
        self.now = until
        self.settle()

    def settle(self) -> None:
        """Let clients acknowledge what they got, one packet after another, until nothing is left to say."""
        if self._settling:
            return
        self._settling = True
        while self.answers:
            client, packet = self.answers.popleft()
            if not client.closed:
                client.send(packet)
        self._settling = False

    def deliver(self, sends: Sends) -> None:
        """Write what the hub sends, and go on with backlogs of whoever can take more."""
        for link, data in sends:
            self.links[link].arrive(data)
        while self.hub.backlog:
            link = self.hub.backlog.pop()
            for to, data in self.hub.resume(link, self.now):
                self.links[to].arrive(data)

    def ended(self, dropped: Dropped) -> None:
        """Publish wills and pass on what others left."""
        self.deliver(dropped.sends)
        for will in dropped.wills:
            if will.will.topic not in self.denied:
                self.deliver(self.hub.publish_will(will, self.now).sends)


class Client:
    """A client and its connection. ``received`` is what it got and has not taken."""

    def __init__(self, bench: Bench, link: int) -> None:
        self.bench = bench
        self.link = link
        self.conversation = Conversation(bench.limits, bench.now)
        self.closed = False
        self.acks = True
        self.received: list[ControlPacket] = []
        self.octets: list[bytes] = []
        self.aliases: dict[int, bytes] = {}
        self._decoder: Decoder | None = None
        self._packet_id = 0

    # What the client does.

    def send(self, *packets: ControlPacket) -> None:
        """Send packets in one piece."""
        first = packets[0]
        version = first.version if isinstance(first, Connect) else self.version
        self.feed(b"".join(encode(packet, version) for packet in packets))

    def feed(self, data: bytes) -> None:
        """Send octets."""
        for event in self.conversation.feed(data, self.bench.now):
            if not self.closed:
                self.handle(event)
        self.bench.settle()

    def publish(
        self, topic: bytes, payload: bytes = b"x", qos: int = 0, *, retain: bool = False,
        dup: bool = False, packet_id: int | None = None, **properties: Any,
    ) -> int:  # fmt: skip
        """Publish, and release a message of QoS 2 where the client acknowledges; the packet identifier."""
        number = self.next_id() if qos and packet_id is None else packet_id or 0
        given = PublishProperties(**properties)
        self.send(Publish(topic, payload, qos, retain, dup, number, given))
        if qos == 2 and self.acks and not self.closed:
            self.send(Pubrel(number))
        return number

    def subscribe(
        self, *wanted: bytes | Subscription, qos: int = 0, identifier: int | None = None
    ) -> tuple[int, ...]:
        """Subscribe; the codes of the SUBACK."""
        filters = tuple(
            Subscription(each, qos) if isinstance(each, bytes) else each for each in wanted
        )
        number = self.next_id()
        self.send(Subscribe(number, filters, SubscribeProperties(identifier)))
        [suback] = self.take(Suback)
        assert suback.packet_id == number
        return suback.codes

    def unsubscribe(self, *filters: bytes) -> tuple[int, ...]:
        """Unsubscribe; the codes of the UNSUBACK."""
        number = self.next_id()
        self.send(Unsubscribe(number, filters))
        [unsuback] = self.take(Unsuback)
        assert unsuback.packet_id == number
        return unsuback.codes

    def disconnect(self, code: int = 0, *, expiry: int | None = None) -> None:
        """Send DISCONNECT."""
        self.send(Disconnect(code, DisconnectProperties(session_expiry_interval=expiry)))

    def lose(self) -> None:
        """Lose the connection."""
        self.close()
        self.bench.settle()

    def take(self, kind: type[Any] = object) -> list[Any]:
        """The packets of a kind that the client got, each once."""
        taken = [packet for packet in self.received if isinstance(packet, kind)]
        self.received = [packet for packet in self.received if not isinstance(packet, kind)]
        return taken

    def messages(self) -> list[tuple[bytes, bytes, int]]:
        """The messages that the client got: topic, payload, QoS; each once."""
        return [(each.topic, each.payload, each.qos) for each in self.take(Publish)]

    def payloads(self) -> list[bytes]:
        """The payloads of the messages that the client got, each once."""
        return [each.payload for each in self.take(Publish)]

    def connack(self) -> Connack:
        """The CONNACK that the client got."""
        [connack] = self.take(Connack)
        assert isinstance(connack, Connack)
        return connack

    def ended_with(self) -> int:
        """The code of the DISCONNECT that the server sent before it closed."""
        [disconnect] = self.take(Disconnect)
        assert self.closed
        assert isinstance(disconnect, Disconnect)
        return disconnect.code

    def next_id(self) -> int:
        """A packet identifier."""
        self._packet_id += 1
        return self._packet_id

    @property
    def version(self) -> int:
        """The protocol level."""
        return self.conversation.version or MQTT_5

    # What the broker does.

    def handle(self, event: Event) -> None:
        hub, now = self.bench.hub, self.bench.now
        match event:
            case Violated():
                self.write(self.conversation.farewell(event.code, event.sentence))
                self.close()
            case Connect():
                self._connect(event)
            case Publish():
                self._publish(event)
            case Puback() | Pubrec() | Pubrel() | Pubcomp():
                answered = hub.acknowledge(self.link, event, now)
                if answered.answer is not None:
                    self.answer(answered.answer)
                self.bench.deliver(answered.sends)
            case Subscribe():
                refusals = [
                    self.bench.denied.get(each.topic_filter) for each in event.subscriptions
                ]
                subscribed = hub.subscribe(self.link, event, refusals, now)
                self.answer(subscribed.answer)
                self.bench.deliver(subscribed.sends)
            case Unsubscribe():
                self.answer(hub.unsubscribe(self.link, event))
            case Pingreq():
                self.answer(Pingresp())
            case Disconnect():
                self.closed = True
                self.bench.ended(hub.drop(self.link, now, event))

    def close(self) -> None:
        """The connection is closed without the client's DISCONNECT."""
        self.closed = True
        self.bench.ended(self.bench.hub.drop(self.link, self.bench.now))

    def answer(self, packet: ControlPacket) -> None:
        self.write(self.conversation.encode(packet))

    def write(self, data: bytes) -> None:
        if data:
            self.arrive(data)

    def arrive(self, data: bytes) -> None:
        """Octets reach the client."""
        assert not self.closed
        self.octets.append(data)
        if self._decoder is None:
            self._decoder = Decoder(self.conversation.version or 4)
        for packet in self._decoder.feed(data):
            self.received.append(packet)
            if self.acks:
                self._acknowledge(packet)

    def _acknowledge(self, packet: ControlPacket) -> None:
        answer: ControlPacket | None = None
        if isinstance(packet, Publish) and packet.qos:
            answer = (Puback if packet.qos == 1 else Pubrec)(packet.packet_id)
        elif isinstance(packet, Pubrel):
            answer = Pubcomp(packet.packet_id)
        if answer is not None:
            self.bench.answers.append((self, answer))

    def _connect(self, connect: Connect) -> None:
        bench = self.bench
        client_id = connect.client_id or b"assigned-%d" % self.link
        assigned = None if connect.client_id else client_id
        try:
            result = bench.hub.connect(self.link, connect, client_id, bench.now, assigned=assigned)
        except ProtocolError as error:
            self.handle(self.conversation.violated(error))
            return
        if isinstance(result, Refused):
            self.answer(result.answer)
            self.close()
            return
        assert isinstance(result, Connected)
        if result.taken_over is not None:
            old = bench.links[result.taken_over]
            old.write(old.conversation.farewell(TAKEN_OVER))
            old.closed = True
        self.answer(result.answer)
        bench.deliver(result.sends)
        for will in result.wills:
            bench.deliver(bench.hub.publish_will(will, bench.now).sends)

    def _publish(self, publish: Publish) -> None:
        bench = self.bench
        code = bench.denied.get(publish.topic)
        if code is not None:
            refusal = bench.hub.refuse(self.link, publish, code)
            if refusal is not None:
                self.answer(refusal)
            return
        try:
            outcome = bench.hub.publish(self.link, publish, bench.now)
        except ProtocolError as error:
            self.handle(self.conversation.violated(error))
            return
        bench.outcomes.append(outcome)
        if outcome.answer is not None:
            self.answer(outcome.answer)
        bench.deliver(outcome.sends)
