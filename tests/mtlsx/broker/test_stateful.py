"""Any order of connects, messages, acknowledgements, losses and time: what is promised holds throughout.

Each message has a number for payload, so whatever a client gets can be counted.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mtlsx.broker.conversation import Conversation, Violated
from mtlsx.broker.limits import Limits
from mtlsx.broker.outcomes import Outcome
from mtlsx.configuration.model import Mqtt
from mtlsx.packets.control_packets import (
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscription,
    Will,
)
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import WillProperties
from support.broker_bench import Bench, Client
from support.control_packets import packets

NAMES = st.sampled_from([b"a", b"b", b"c"])
TOPICS = st.sampled_from([b"t", b"t/x", b"u", b"$d"])
FILTERS = st.sampled_from(
    [b"t", b"t/#", b"+", b"#", b"u", b"$share/g/t/#", b"$share/g/+", b"$queue/u", b"$exclusive/u"]
)
QOS = st.integers(0, 2)
MOST_WAITING, WINDOW, MOST_RETAINED = 12, 4, 3


class Broker(RuleBasedStateMachine):
    """Three client ids, whose owners acknowledge when it pleases them."""

    @initialize()
    def begin(self) -> None:
        self.bench = Bench(
            Limits(
                Mqtt(
                    max_mqueue_len=MOST_WAITING, max_inflight=WINDOW, receive_maximum=10,
                    max_awaiting_rel=5, max_subscriptions=6, exclusive_subscription=True,
                ),
                max_retained=MOST_RETAINED,
                max_sessions=3,
            )
        )  # fmt: skip
        self.clients: dict[bytes, Client] = {}
        self.number = 0
        self.unreleased: dict[bytes, set[int]] = {}

    def there(self, name: bytes) -> Client | None:
        client = self.clients.get(name)
        return None if client is None or client.closed else client

    @rule(
        name=NAMES, version=st.sampled_from([3, 4, 5]), clean=st.booleans(),
        expiry=st.sampled_from([None, 0, 5, 50]), window=st.sampled_from([None, 1, 3]),
        delay=st.sampled_from([None, 0, 3, 20]), aliases=st.sampled_from([None, 1, 9]),
    )  # fmt: skip
    def connect(
        self, name: bytes, version: int, clean: bool, expiry: int | None, window: int | None,
        delay: int | None, aliases: int | None,
    ) -> None:  # fmt: skip
        self.number += 1
        will = Will(
            b"t", b"%d" % self.number, 1, properties=WillProperties(will_delay_interval=delay)
        )
        client = self.bench.connect(
            name, version, clean=clean, acks=False, will=will if delay is not None else None,
            session_expiry_interval=expiry, receive_maximum=window, topic_alias_maximum=aliases,
        )  # fmt: skip
        if not client.connack().session_present:
            self.unreleased.pop(name, None)
        self.clients[name] = client

    @rule(
        name=NAMES, topic=TOPICS, qos=QOS, retain=st.booleans(), expiry=st.sampled_from([None, 4])
    )
    def publish(
        self, name: bytes, topic: bytes, qos: int, retain: bool, expiry: int | None
    ) -> None:
        client = self.there(name)
        if client is None:
            return
        self.number += 1
        packet_id = 100 + self.number if qos else None
        client.publish(
            topic, b"%d" % self.number, qos, retain=retain, packet_id=packet_id,
            message_expiry_interval=expiry,
        )  # fmt: skip
        if qos == 2 and packet_id is not None and not client.closed:
            self.unreleased.setdefault(name, set()).add(packet_id)

    @rule(name=NAMES, repeat=st.booleans())
    def release(self, name: bytes, repeat: bool) -> None:
        client = self.there(name)
        waiting = self.unreleased.get(name)
        if client is None or not waiting:
            return
        packet_id = min(waiting)
        if repeat:
            client.publish(b"t", b"again", 2, packet_id=packet_id, dup=True)
            assert self.bench.outcomes[-1] == Outcome(Pubrec(packet_id), 0, 0, [])
        waiting.discard(packet_id)
        client.send(Pubrel(packet_id))

    @rule(
        name=NAMES,
        topic_filter=FILTERS,
        qos=QOS,
        no_local=st.booleans(),
        handling=st.integers(0, 2),
    )
    def subscribe(
        self, name: bytes, topic_filter: bytes, qos: int, no_local: bool, handling: int
    ) -> None:
        client = self.there(name)
        if client is not None:
            shared = topic_filter.startswith(b"$share/")
            client.subscribe(
                Subscription(topic_filter, qos, no_local and not shared, False, handling)
            )

    @rule(name=NAMES, topic_filter=FILTERS)
    def unsubscribe(self, name: bytes, topic_filter: bytes) -> None:
        client = self.there(name)
        if client is not None:
            client.unsubscribe(topic_filter)

    @rule(name=NAMES, data=st.data())
    def acknowledge(self, name: bytes, data: st.DataObject) -> None:
        client = self.there(name)
        if client is None:
            return
        for packet in client.take():
            if data.draw(st.booleans()):
                client.received.append(packet)
            elif isinstance(packet, Publish) and packet.qos == 1:
                client.send(Puback(packet.packet_id))
            elif isinstance(packet, Publish) and packet.qos == 2:
                client.send(Pubrec(packet.packet_id))
            elif isinstance(packet, Pubrel):
                client.send(Pubcomp(packet.packet_id))

    @rule(name=NAMES, packet_id=st.integers(1, 8), kind=st.sampled_from([Puback, Pubrec, Pubcomp]))
    def acknowledge_anything(self, name: bytes, packet_id: int, kind: type) -> None:
        client = self.there(name)
        if client is not None:
            client.send(kind(packet_id))

    @rule(name=NAMES, how=st.sampled_from(["lose", "disconnect", "with will"]))
    def leave(self, name: bytes, how: str) -> None:
        client = self.there(name)
        if client is None:
            return
        if how == "lose":
            client.lose()
        else:
            client.disconnect(0 if how == "disconnect" else 4)

    @rule(name=NAMES, writable=st.booleans())
    def block(self, name: bytes, writable: bool) -> None:
        client = self.there(name)
        if client is not None:
            self.bench.deliver(self.bench.hub.writable(client.link, writable, self.bench.now))

    @precondition(lambda self: hasattr(self, "bench"))
    @rule(seconds=st.sampled_from([0.5, 3, 30, 10_000]))
    def wait(self, seconds: float) -> None:
        self.bench.advance(seconds)
        if seconds > self.bench.limits.mqtt.await_rel_timeout:
            self.unreleased.clear()

    @invariant()
    def memory_is_bounded(self) -> None:
        if not hasattr(self, "bench"):
            return
        hub = self.bench.hub
        assert len(hub.sessions) <= 3
        assert len(hub.retained) <= MOST_RETAINED
        for session in hub.sessions.values():
            assert session.in_flight <= WINDOW
            assert session.awaiting_rel <= 5
            assert len(session.subscriptions) <= 6
            assert session.waiting_bytes >= 0
            assert session._queued <= MOST_WAITING
            assert len(session._redeliver) + session.in_flight <= WINDOW
        assert hub._account.held == sum(each.waiting_bytes for each in hub.sessions.values())
        assert len(hub._links) <= 3

    @invariant()
    def identifiers_are_unique(self) -> None:
        if not hasattr(self, "bench"):
            return
        for session in self.bench.hub.sessions.values():
            used = [*session._inflight, *session._releasing, *session._redeliver]
            assert len(set(used)) == len(used)

    @invariant()
    def connections_and_sessions_agree(self) -> None:
        if not hasattr(self, "bench"):
            return
        hub = self.bench.hub
        for link, session in hub._links.items():
            assert session.outlet is not None
            assert session.outlet.link == link
            assert hub.sessions[session.client_id] is session
            assert not self.bench.links[link].closed
        for name, client in self.clients.items():
            if not client.closed:
                assert hub.session_of(client.link) is hub.sessions[name]


TestBroker = Broker.TestCase
TestBroker.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["publish", "ack", "lose", "again", "dup"]), QOS), max_size=60
    )
)
@settings(max_examples=150, deadline=None)
def test_qos_1_is_never_lost_and_qos_2_comes_once(steps: list[tuple[str, int]]) -> None:
    """A publisher that repeats, a subscriber that forgets to acknowledge and loses its connection."""
    bench = Bench(max_inflight=3, max_awaiting_rel=100, receive_maximum=100)
    publisher = bench.connect(b"p", acks=False)
    subscriber = Subscriber(bench)
    sent: dict[int, list[bytes]] = {0: [], 1: [], 2: []}
    for number, (step, qos) in enumerate(steps, 1):
        payload = b"%d" % number
        if step in ("publish", "dup"):
            sent[qos].append(payload)
            publisher.publish(b"t", payload, qos, packet_id=number if qos else None)
            if qos == 2:
                if step == "dup":
                    publisher.publish(b"t", payload, 2, packet_id=number, dup=True)
                publisher.send(Pubrel(number))
        elif step == "ack":
            subscriber.acknowledge(qos + 1)
        elif step == "lose":
            subscriber.client.lose()
        else:
            subscriber.come_back()
    subscriber.come_back()
    for _ in range(3 * len(steps) + 3):
        subscriber.acknowledge(10)
    got = subscriber.got
    assert got[2] == sent[2]
    assert list(dict.fromkeys(got[1])) == sent[1]
    assert set(got[0]) <= set(sent[0])
    assert bench.hub.sessions[b"s"].in_flight == bench.hub.sessions[b"s"].waiting == 0


class Subscriber:
    """Does what the standard demands of a receiver, but when it likes."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.got: dict[int, list[bytes]] = {0: [], 1: [], 2: []}
        self.pending: set[int] = set()
        self.come_back()
        self.client.subscribe(b"t", qos=2)

    def come_back(self) -> None:
        self.client = self.bench.connect(
            b"s", clean=False, acks=False, session_expiry_interval=9999
        )
        self.client.connack()

    def acknowledge(self, count: int) -> None:
        if self.client.closed:
            return
        packets, self.client.received = self.client.received, []
        for packet in packets[:count]:
            if isinstance(packet, Publish):
                self.receive(packet)
            elif isinstance(packet, Pubrel):
                self.pending.discard(packet.packet_id)
                self.client.send(Pubcomp(packet.packet_id))
        self.client.received = packets[count:] + self.client.received

    def receive(self, packet: Publish) -> None:
        if packet.qos < 2 or packet.packet_id not in self.pending:
            self.got[packet.qos].append(packet.payload)
        if packet.qos == 1:
            self.client.send(Puback(packet.packet_id))
        elif packet.qos == 2:
            self.pending.add(packet.packet_id)
            self.client.send(Pubrec(packet.packet_id))


@given(st.data(), st.sampled_from([3, 4, 5]))
@settings(max_examples=60, deadline=None)
def test_whatever_a_client_sends_it_is_answered_or_closed(
    data: st.DataObject, version: int
) -> None:
    bench = Bench(max_inflight=5)
    client = bench.connect(b"c", version)
    client.subscribe(b"#", qos=2)
    for packet in data.draw(st.lists(packets(version), max_size=8)):
        octets = bytearray(encode(packet, version))
        if data.draw(st.integers(0, 3)) == 0:
            octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
        if client.closed:
            break
        client.feed(bytes(octets))
    bench.advance(10)
    if not client.closed:
        client.lose()
    assert not bench.hub._links


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_octets_of_any_kind_raise_nothing(pieces: list[bytes]) -> None:
    conversation = Conversation(Limits(), 0.0)
    for piece in pieces:
        for event in conversation.feed(piece, 0.0):
            if isinstance(event, Violated):
                assert conversation.feed(b"\x10", 0.0) == []
                assert conversation.farewell(event.code, event.sentence) in (b"", b"\x20\2\0\1")
