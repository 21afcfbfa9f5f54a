"""Shared subscriptions: turns, granted QoS, and what happens to the messages of a member that leaves."""

from __future__ import annotations

from itertools import chain

import pytest

from mtlsx.packets.control_packets import Puback, Publish, Pubrec, Subscription
from support.broker_bench import NOT_AUTHORIZED, Bench, Client
from support.normative import shows

SHARE = b"$share/g/t/+"


def member(
    bench: Bench,
    name: bytes,
    qos: int = 2,
    *,
    acks: bool = False,
    clean: bool = True,
    expiry: int = 0,
) -> Client:
    client = bench.connect(name, clean=clean, acks=acks, session_expiry_interval=expiry)
    if not client.connack().session_present:
        client.subscribe(SHARE, qos=qos)
    return client


def publish(bench: Bench, *payloads: bytes, qos: int = 1) -> None:
    publisher = bench.connect(b"p")
    for payload in payloads:
        publisher.publish(b"t/1", payload, qos)


@pytest.mark.parametrize("topic_filter", [b"$share/g/t/+", b"$queue/t/+"])
@pytest.mark.parametrize("version", [3, 4, 5])
def test_each_message_goes_to_one_member(version: int, topic_filter: bytes) -> None:
    bench = Bench()
    members = [bench.connect(b"%d" % number, version) for number in range(3)]
    other, plain = bench.connect(b"other", version), bench.connect(b"plain", version)
    for client in members:
        client.subscribe(topic_filter, qos=1)
    other.subscribe(b"$share/h/t/#")
    plain.subscribe(b"t/1")
    numbers = [b"%d" % number for number in range(9)]
    publish(bench, *numbers)
    got = [client.payloads() for client in members]
    assert sorted(chain.from_iterable(got)) == numbers
    assert [len(each) for each in got] == [3, 3, 3]
    assert other.payloads() == plain.payloads() == numbers


def test_a_member_with_a_subscription_of_its_own_gets_two_copies() -> None:
    bench = Bench()
    client = member(bench, b"1", acks=True)
    client.subscribe(b"t/#")
    publish(bench, b"x")
    assert len(client.messages()) == 2


def test_no_retained_messages_for_a_shared_subscription() -> None:
    bench = Bench()
    bench.connect(b"p").publish(b"t/1", retain=True)
    assert member(bench, b"1").messages() == []


@shows(v5="4.8.2-3")
def test_a_member_gets_the_qos_that_it_was_granted() -> None:
    bench = Bench()
    members = [member(bench, b"%d" % qos, qos, acks=True) for qos in range(3)]
    publish(bench, b"1", b"2", b"3", qos=2)
    assert [[qos for _, _, qos in client.messages()] for client in members] == [[0], [1], [2]]


def test_members_that_are_away_are_passed_over() -> None:
    bench = Bench()
    away = member(bench, b"1", clean=False, expiry=99)
    there = member(bench, b"2", acks=True)
    away.lose()
    publish(bench, b"1", b"2", b"3")
    assert there.payloads() == [b"1", b"2", b"3"]
    there.lose()
    publish(bench, b"4")
    assert member(bench, b"1", clean=False, expiry=99).payloads() == [b"4"]


def test_members_that_do_not_read_are_passed_over() -> None:
    bench = Bench()
    one, two = member(bench, b"1"), member(bench, b"2")
    bench.hub.writable(one.link, False, bench.now)
    publish(bench, b"1", b"2", b"3")
    assert two.payloads() == [b"1", b"2", b"3"]


def test_what_a_member_leaves_unacknowledged_goes_to_another() -> None:
    bench = Bench(max_inflight=1)
    one = member(bench, b"1")
    publish(bench, b"1", b"2", b"3")
    two = member(bench, b"2", acks=True)
    assert one.payloads() == [b"1"]
    one.lose()
    assert two.payloads() == [b"1", b"2", b"3"]


def test_what_a_member_leaves_goes_to_another_when_its_session_ends() -> None:
    bench = Bench()
    one = member(bench, b"1", clean=False, expiry=10)
    publish(bench, b"1")
    two = member(bench, b"2", acks=True)
    one.lose()
    bench.advance(9)
    assert two.payloads() == []
    bench.advance(1)
    assert two.payloads() == [b"1"]


@shows(v5="4.8.2-4")
def test_a_qos_2_delivery_is_completed_when_the_member_comes_back() -> None:
    bench = Bench()
    one = member(bench, b"1", clean=False, expiry=99)
    publish(bench, b"1", qos=2)
    two = member(bench, b"2")
    [message] = one.take(Publish)
    one.lose()
    back = member(bench, b"1", clean=False, expiry=99)
    assert back.take(Publish) == [message._replace(dup=True)]
    assert two.messages() == []


@shows(v5="4.8.2-5")
def test_a_qos_2_delivery_that_has_begun_is_nobody_elses() -> None:
    bench = Bench(max_inflight=1)
    one = member(bench, b"1")
    publish(bench, b"begun", b"waiting", qos=2)
    two = member(bench, b"2", acks=True)
    one.lose()
    assert two.payloads() == [b"waiting"]


@shows(v5="4.8.2-6")
@pytest.mark.parametrize("qos", [1, 2])
def test_what_a_member_refuses_is_nobody_elses(qos: int) -> None:
    bench = Bench()
    one = member(bench, b"1")
    publish(bench, b"x", qos=qos)
    two = member(bench, b"2", acks=True)
    [message] = one.take(Publish)
    one.send((Puback if qos == 1 else Pubrec)(message.packet_id, NOT_AUTHORIZED))
    one.lose()
    assert two.messages() == []


def test_shared_subscriptions_have_options_and_can_be_left() -> None:
    bench = Bench()
    client = bench.connect(b"c")
    client.subscribe(Subscription(SHARE, 1, retain_as_published=True), identifier=9)
    bench.connect(b"p").publish(b"t/1", retain=True)
    [message] = client.take(Publish)
    assert message.retain
    assert message.properties.subscription_identifiers == (9,)
    assert client.unsubscribe(SHARE, SHARE) == (0, 0x11)
    bench.connect(b"p").publish(b"t/1")
    assert client.messages() == []
    assert bench.outcomes[-1].receivers == 0
