"""Nothing grows without a bound: queues, retained messages, sessions, and clients that do not read."""

from __future__ import annotations

from mtlsx.broker.deadlines import Deadlines
from mtlsx.broker.limits import Limits
from mtlsx.broker.messages import published
from mtlsx.configuration.model import Mqtt
from mtlsx.packets.control_packets import Publish, Subscribe, Subscription
from support.broker_bench import Bench, Client


def away(bench: Bench, name: bytes = b"s") -> Client:
    client = bench.connect(name, session_expiry_interval=999)
    client.subscribe(b"#", qos=1)
    client.lose()
    return client


def test_a_queue_has_a_length_and_the_oldest_go() -> None:
    bench = Bench(max_mqueue_len=3)
    away(bench)
    publisher = bench.connect(b"p")
    for number in range(5):
        publisher.publish(b"t", b"%d" % number, 1)
    session = bench.hub.sessions[b"s"]
    assert (session.waiting, session.dropped) == (3, 2)
    assert bench.connect(b"s", clean=False).payloads() == [b"2", b"3", b"4"]
    none = Bench(max_mqueue_len=0)
    away(none)
    none.connect(b"p").publish(b"t", qos=1)
    assert none.hub.sessions[b"s"].waiting == 0


def test_a_queue_has_a_size() -> None:
    bench = Bench(Limits(max_queue_bytes=10_000))
    away(bench)
    publisher = bench.connect(b"p")
    for number in range(10):
        publisher.publish(b"t", b"%d" % number * 2000, 1)
        assert bench.hub.sessions[b"s"].waiting_bytes <= 10_000
    publisher.publish(b"t", bytes(20_000), 1)
    assert bench.hub.sessions[b"s"].waiting == 0
    publisher.publish(b"t", b"small", 1)
    assert bench.connect(b"s", clean=False).payloads() == [b"small"]


def test_all_queues_together_have_a_size() -> None:
    bench = Bench(Limits(max_total_queue_bytes=20_000))
    for number in range(10):
        away(bench, b"%d" % number)
    publisher = bench.connect(b"p")
    for _ in range(20):
        publisher.publish(b"t", bytes(1000), 1)
        held = sum(each.waiting_bytes for each in bench.hub.sessions.values())
        assert 0 < held <= 20_000
    for number in range(10):
        bench.hub.end_session(b"%d" % number, bench.now)
    away(bench)
    publisher.publish(b"t", bytes(1000), 1)
    assert bench.hub.sessions[b"s"].waiting == 1


def test_retained_messages_are_limited_in_number_and_size() -> None:
    bench = Bench(Limits(max_retained=2, max_retained_bytes=5000))
    listener = bench.connect(b"l")
    listener.subscribe(b"#")
    publisher = bench.connect(b"p")
    for topic in (b"a", b"b", b"c"):
        publisher.publish(topic, retain=True)
    assert [each.not_retained for each in bench.outcomes] == [False, False, True]
    publisher.publish(b"a", bytes(6000), retain=True)
    assert bench.outcomes[-1].not_retained
    assert len(bench.hub.retained) == 1
    assert len(listener.messages()) == 4


def test_sessions_are_limited() -> None:
    for version, code in ((4, 3), (5, 0x97)):
        bench = Bench(Limits(max_sessions=2))
        bench.connect(b"a", session_expiry_interval=99).lose()
        bench.connect(b"b")
        refused = bench.connect(b"c", version)
        assert refused.connack().code == code
        assert refused.closed
        assert bench.connect(b"a").connack().code == 0
        bench.links[2].lose()
        assert bench.connect(b"c", version).connack().code == 0


def test_a_client_that_does_not_read_is_not_written_to() -> None:
    bench = Bench(max_mqueue_len=10)
    client = bench.connect(b"c")
    client.subscribe(b"t", qos=1)
    assert bench.hub.writable(client.link, False, bench.now) == []
    publisher = bench.connect(b"p")
    for number in range(30):
        publisher.publish(b"t", b"%d" % number, number % 2)
    assert client.messages() == []
    assert bench.hub.sessions[b"c"].waiting == 10
    bench.deliver(bench.hub.writable(client.link, True, bench.now))
    bench.settle()
    assert client.payloads() == [b"%d" % number for number in range(20, 30)]
    assert bench.hub.writable(99, True, bench.now) == []
    assert bench.hub.resume(99, bench.now) == []


def test_without_store_qos_0_is_dropped_while_the_client_does_not_read() -> None:
    bench = Bench(mqueue_store_qos0=False)
    client = bench.connect(b"c", acks=False)
    client.subscribe(b"t", qos=1)
    bench.hub.writable(client.link, False, bench.now)
    publisher = bench.connect(b"p")
    publisher.publish(b"t", b"0")
    publisher.publish(b"t", b"1", 1)
    bench.deliver(bench.hub.writable(client.link, True, bench.now))
    assert client.payloads() == [b"1"]


def test_retained_messages_come_in_bursts() -> None:
    bench = Bench(Limits(burst=1000))
    publisher = bench.connect(b"p")
    for number in range(40):
        publisher.publish(b"t/%d" % number, bytes(200), retain=True)
    client = bench.connect(b"c")
    hub, resumed = bench.hub, 0
    live = published(Publish(b"t/live"), b"p", bench.now, None)
    result = hub.subscribe(client.link, Subscribe(1, (Subscription(b"#"),)), [None], bench.now)
    sends = result.sends
    while True:
        assert sum(len(data) for _, data in sends) < 1500
        for _, data in sends:
            client.arrive(data)
        if client.link not in hub.backlog:
            break
        assert hub.publish_message(live, bench.now).sends == []
        sends = hub.resume(client.link, bench.now)
        resumed += 1
    topics = [each.topic for each in client.take(Publish)]
    assert resumed > 5
    assert len([each for each in topics if each != b"t/live"]) == 40
    assert topics[-1] == b"t/live"


def test_a_backlog_ends_with_its_connection() -> None:
    bench = Bench(Limits(burst=1))
    publisher = bench.connect(b"p")
    for topic in (b"a", b"b"):
        publisher.publish(topic, retain=True)
    client = bench.connect(b"c")
    packet = Subscribe(1, (Subscription(b"#"),))
    assert len(bench.hub.subscribe(client.link, packet, [None], bench.now).sends) == 1
    assert bench.hub.backlog == {client.link}
    client.lose()
    assert bench.hub.backlog == set()


def test_a_retained_message_that_is_replaced_while_it_waits_is_not_sent() -> None:
    bench = Bench()
    publisher = bench.connect(b"p")
    for topic in (b"a", b"b"):
        publisher.publish(topic, b"old", retain=True)
    client = bench.connect(b"c")
    bench.hub.writable(client.link, False, bench.now)
    client.subscribe(b"#")
    publisher.publish(b"a", b"new", retain=True)
    bench.outcomes.clear()
    bench.deliver(bench.hub.writable(client.link, True, bench.now))
    assert client.messages() == [(b"b", b"old", 0), (b"a", b"new", 0)]


def test_waiting_retained_messages_take_little_room_and_not_more_than_there_is() -> None:
    bench = Bench(Limits(Mqtt(max_mqueue_len=2), max_queue_bytes=1000))
    publisher = bench.connect(b"p")
    for number in range(9):
        publisher.publish(b"%d" % number, bytes(300), retain=True)
    client = bench.connect(b"c")
    client.subscribe(b"#")
    assert len(client.messages()) == 5
    assert bench.hub.sessions[b"c"].dropped == 4
    assert bench.hub.sessions[b"c"].waiting_bytes == 0


def test_the_limits_without_end_have_one() -> None:
    limits = Limits(Mqtt(max_subscriptions=None, max_mqueue_len=None, max_awaiting_rel=None))
    assert limits.max_subscriptions == limits.most_subscriptions
    assert limits.max_queued == limits.most_queued
    assert limits.max_awaiting_rel == limits.most_awaiting_rel
    assert Limits(Mqtt(max_inflight=7)).receive_maximum == 7
    assert limits.window(None) == 32
    assert limits.window(5) == 5


def test_deadlines_that_are_set_again_and_again_take_no_more_room() -> None:
    deadlines = Deadlines()
    for number in range(10_000):
        deadlines.set(b"%d" % (number % 3), float(number))
    deadlines.cancel(b"0")
    deadlines.cancel(b"nobody")
    assert len(deadlines._heap) < 200
    assert deadlines.next() == 9997.0
    assert deadlines.due(9998.0) == [b"1", b"2"]
    assert deadlines.next() is None
