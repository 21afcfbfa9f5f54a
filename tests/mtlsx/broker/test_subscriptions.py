"""SUBSCRIBE and UNSUBSCRIBE: what is granted, who gets what, overlapping subscriptions, retained messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.authorization import topics
from mtlsx.broker.limits import Limits
from mtlsx.broker.session import Account, Granted, Session
from mtlsx.broker.subscriptions import Subscriptions
from mtlsx.packets.control_packets import (
    MQTT_5,
    Puback,
    Publish,
    Pubrec,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
)
from support.broker_bench import NOT_AUTHORIZED, Bench
from support.normative import shows

VERSIONS = pytest.mark.parametrize("version", [3, 4, 5])


@VERSIONS
@shows(
    v5="2.2.1-6 3.8.4-1 3.8.4-2 3.8.4-5 3.8.4-6 3.8.4-7 3.9.3-1 3.9.3-2 3.2.2-10",
    v3="2.3.1-7 3.8.4-1 3.8.4-2 3.8.4-4 3.8.4-5 3.9.3-1 3.9.3-2",
)
def test_suback_has_a_code_for_each_filter_in_order(version: int) -> None:
    bench = Bench(max_qos_allowed=1)
    bench.denied[b"b"] = NOT_AUTHORIZED
    client = bench.connect(b"c", version)
    client.take()
    wanted = (
        Subscription(b"a", 2),
        Subscription(b"b", 1),
        Subscription(b"c/#"),
        Subscription(b"d", 1),
    )
    client.send(Subscribe(1234, wanted))
    assert client.take() == [Suback(1234, (1, NOT_AUTHORIZED if version == MQTT_5 else 0x80, 0, 1))]
    for topic in (b"a", b"b", b"c", b"c/x", b"d"):
        client.publish(topic, topic)
    assert client.payloads() == [b"a", b"c", b"c/x", b"d"]


@VERSIONS
@shows(v5="3.8.4-8", v3="3.8.4-6")
def test_a_message_has_the_lower_qos(version: int) -> None:
    bench = Bench()
    client = bench.connect(b"c", version)
    client.subscribe(*(Subscription(b"%d/#" % qos, qos) for qos in range(3)))
    for granted in range(3):
        for qos in range(3):
            client.publish(b"%d/t" % granted, b"%d" % qos, qos)
    assert [each.qos for each in client.take(Publish)] == [0, 0, 0, 0, 1, 1, 0, 1, 2]


@VERSIONS
@shows(v5="3.3.2-3", v3="3.3.2-3")
def test_the_topic_is_the_publishers_whatever_the_filter(version: int) -> None:
    client = Bench().connect(b"c", version)
    client.subscribe(b"+/x/#")
    for topic in (b"a/x", b"/x/", b"\xc3\xa4/x/y/z", b"x"):
        client.publish(topic)
    assert [each.topic for each in client.take(Publish)] == [b"a/x", b"/x/", b"\xc3\xa4/x/y/z"]


@VERSIONS
@shows(v5="4.7.2-1", v3="4.7.2-1")
def test_wildcards_in_front_do_not_match_dollar(version: int) -> None:
    bench = Bench()
    wild, exact = bench.connect(b"w", version), bench.connect(b"e", version)
    wild.subscribe(b"#", b"+/a", b"+")
    exact.subscribe(b"$SYS/#", b"$x/+")
    exact.publish(b"$SYS/a", retain=True)
    exact.publish(b"$x/a", retain=True)
    exact.publish(b"$x")
    exact.publish(b"a/$x")
    assert [each.topic for each in wild.take(Publish)] == [b"a/$x"]
    assert [each.topic for each in exact.take(Publish)] == [b"$SYS/a", b"$x/a"]
    wild.subscribe(b"#", b"+/a")
    assert wild.messages() == []
    wild.subscribe(b"$x/#")
    assert [each.topic for each in wild.take(Publish)] == [b"$x/a"]


@VERSIONS
@shows(v5="4.7.3-4 3.10.4-1", v3="4.7.3-4 3.10.4-1")
def test_topics_are_compared_octet_by_octet(version: int) -> None:
    client = Bench().connect(b"c", version)
    composed, decomposed = "\u00e9".encode(), "e\u0301".encode()
    client.subscribe(composed, b"a/b", b"A", b"a/")
    for topic in (composed, decomposed, b"a//b", b"/a/b", b"a/b/", b"a", b"A", b"a/"):
        client.publish(topic, topic)
    assert client.payloads() == [composed, b"A", b"a/"]
    codes = client.unsubscribe(decomposed, b"a/+", b"a", b"A")
    assert codes == ((0x11, 0x11, 0x11, 0) if version == MQTT_5 else ())
    client.publish(composed)
    assert len(client.messages()) == 1


@VERSIONS
@shows(
    v5="3.10.4-2 3.10.4-4 3.10.4-5 3.10.4-6 3.11.3-1 3.11.3-2 2.2.1-6",
    v3="3.10.4-2 3.10.4-4 3.10.4-5 3.10.4-6 2.3.1-7",
)
def test_unsuback_answers_and_no_new_messages_come(version: int) -> None:
    client = Bench().connect(b"c", version)
    client.subscribe(b"a", b"b", b"c/+")
    client.take()
    client.send(Unsubscribe(77, (b"a", b"x", b"c/+")))
    assert client.take() == [Unsuback(77, (0, 0x11, 0) if version == MQTT_5 else ())]
    for topic in (b"a", b"b", b"c/d"):
        client.publish(topic, topic)
    assert client.payloads() == [b"b"]


@VERSIONS
@shows(v5="3.10.4-3", v3="3.10.4-3")
def test_what_is_on_its_way_is_completed_after_unsubscribe(version: int) -> None:
    bench = Bench()
    client = bench.connect(b"c", version, clean=False, acks=False, session_expiry_interval=9)
    client.subscribe(b"t", qos=2)
    bench.connect(b"p").publish(b"t", qos=2)
    client.unsubscribe(b"t")
    [message] = client.take(Publish)
    client.lose()
    back = bench.connect(b"c", version, clean=False, acks=False, session_expiry_interval=9)
    assert back.take(Publish) == [message._replace(dup=True)]
    back.send(Pubrec(message.packet_id))
    assert [each.packet_id for each in back.take()[1:]] == [message.packet_id]


@VERSIONS
@shows(
    v5="3.8.4-3 3.8.4-4 3.3.1-9 3.3.1-5",
    v3="3.8.4-3 3.3.1-5 3.3.1-6 3.3.1-8",
)
def test_the_same_filter_replaces_the_subscription_with_retained_messages_again(
    version: int,
) -> None:
    bench = Bench()
    bench.connect(b"p").publish(b"t", b"kept", 2, retain=True)
    client = bench.connect(b"c", version)
    for qos in (0, 2, 1):
        assert client.subscribe(b"t", qos=qos) == (qos,)
        [message] = client.take(Publish)
        assert (message.payload, message.qos, message.retain) == (b"kept", qos, True)
    assert len(bench.hub.sessions[b"c"].subscriptions) == 1
    client.publish(b"t", b"new", 2)
    assert client.messages() == [(b"t", b"new", 1)]


@VERSIONS
@shows(v5="3.3.4-2 3.8.4-5", v3="3.3.5-1 3.8.4-4")
def test_overlapping_subscriptions_are_one_copy_with_the_highest_qos(version: int) -> None:
    client = Bench().connect(b"c", version)
    client.subscribe(Subscription(b"t/#", 2), Subscription(b"t/+", 1), Subscription(b"t/a"))
    for qos in range(3):
        client.publish(b"t/a", b"%d" % qos, qos)
    assert client.messages() == [(b"t/a", b"0", 0), (b"t/a", b"1", 1), (b"t/a", b"2", 2)]


@shows(v5="3.3.4-3 3.3.4-4")
def test_one_copy_has_all_subscription_identifiers() -> None:
    client = Bench().connect(b"c")
    client.subscribe(b"t", qos=2, identifier=2)
    client.subscribe(b"t/#", qos=2, identifier=268_435_455)
    client.subscribe(b"+", qos=2)
    client.publish(b"t", qos=1)
    [message] = client.take(Publish)
    assert sorted(message.properties.subscription_identifiers) == [2, 268_435_455]
    client.subscribe(b"t", qos=2)
    client.unsubscribe(b"t/#")
    client.publish(b"t", qos=1)
    assert client.take(Publish)[0].properties.subscription_identifiers == ()


@shows(v5="3.8.3-3")
def test_no_local_keeps_a_message_from_its_publisher() -> None:
    bench = Bench()
    a, b = bench.connect(b"a"), bench.connect(b"b")
    for client in (a, b):
        client.subscribe(Subscription(b"t", 2, no_local=True))
    a.publish(b"t", qos=1)
    assert (a.messages(), len(b.messages())) == ([], 1)
    a.subscribe(Subscription(b"+", 1), identifier=5)
    a.publish(b"t", qos=2)
    [message] = a.take(Publish)
    assert (message.qos, message.properties.subscription_identifiers) == (1, (5,))
    b.take()
    b.publish(b"t", qos=2)
    assert a.messages() == [(b"t", b"x", 2)]


def test_ignore_loop_deliver_is_no_local_before_mqtt_5() -> None:
    bench = Bench(ignore_loop_deliver=True)
    for version in (4, 5):
        client = bench.connect(b"c", version)
        client.subscribe(b"t")
        client.publish(b"t")
        assert len(client.messages()) == (1 if version == MQTT_5 else 0)
        bench.connect(b"d").publish(b"t")
        assert len(client.messages()) == 1


@shows(v5="3.3.1-12 3.3.1-13", v3="3.3.1-9")
def test_retain_is_as_published_where_that_was_wanted() -> None:
    bench = Bench()
    plain, exact, old = bench.connect(b"p"), bench.connect(b"e"), bench.connect(b"o", 4)
    plain.subscribe(b"t")
    old.subscribe(b"t")
    exact.subscribe(Subscription(b"t", retain_as_published=True))
    for retain in (False, True):
        bench.connect(b"x").publish(b"t", retain=retain)
        flags = [each.take(Publish)[0].retain for each in (plain, old, exact)]
        assert flags == [False, False, retain]


@shows(v5="3.3.1-9 3.3.1-10 3.3.1-11")
def test_retain_handling() -> None:
    bench = Bench()
    bench.connect(b"p").publish(b"t", retain=True)
    for handling, expected in ((0, [1, 1]), (1, [1, 0]), (2, [0, 0])):
        client = bench.connect(b"c")
        counts = []
        for _ in range(2):
            client.subscribe(Subscription(b"t", retain_handling=handling))
            counts.append(len(client.messages()))
        assert counts == expected


@VERSIONS
@shows(
    v5="3.3.1-5 3.3.1-6 3.3.1-7 3.3.1-8",
    v3="3.3.1-5 3.3.1-7 3.3.1-10 3.3.1-11 3.3.1-12 3.1.2-7",
)
def test_retained_messages_are_replaced_removed_and_left(version: int) -> None:
    bench = Bench()
    publisher = bench.connect(b"p", version)
    listener = bench.connect(b"l", version)
    listener.subscribe(b"t", qos=2)

    def kept() -> list[tuple[bytes, int]]:
        client = bench.connect(b"c", version)
        client.subscribe(b"t", qos=2)
        return [(payload, qos) for _, payload, qos in client.messages()]

    publisher.publish(b"t", b"1", 2, retain=True)
    assert kept() == [(b"1", 2)]
    publisher.publish(b"t", b"2", 0, retain=True)
    publisher.publish(b"t", b"3", 1)
    publisher.publish(b"t", b"", 1)
    publisher.disconnect()
    assert kept() == [(b"2", 0)]
    publisher = bench.connect(b"p", version)
    publisher.publish(b"t", b"", 1, retain=True)
    assert kept() == []
    assert len(bench.hub.retained) == 0
    assert bench.hub.retained.octets == 0
    assert listener.payloads() == [b"1", b"2", b"3", b"", b""]


def test_retained_messages_come_by_filter_with_the_identifier() -> None:
    bench = Bench()
    publisher = bench.connect(b"p")
    for topic in (b"a", b"a/b", b"a/b/c", b"x/b", b"$a/b"):
        publisher.publish(topic, retain=True)
    expected = {
        b"#": {b"a", b"a/b", b"a/b/c", b"x/b"}, b"a/#": {b"a", b"a/b", b"a/b/c"},
        b"+/b": {b"a/b", b"x/b"}, b"+/b/#": {b"a/b", b"a/b/c", b"x/b"}, b"$a/+": {b"$a/b"},
        b"a/+/c": {b"a/b/c"}, b"a/+/d": set(), b"a/b/c/#": {b"a/b/c"},
    }  # fmt: skip
    client = bench.connect(b"c")
    for topic_filter, found in expected.items():
        client.subscribe(topic_filter, identifier=7)
        messages = client.take(Publish)
        assert {each.topic for each in messages} == found
        assert all(each.properties.subscription_identifiers == (7,) for each in messages)


def test_what_cannot_be_subscribed_gets_a_code() -> None:
    client = Bench(max_topic_levels=3, max_subscriptions=2).connect(b"c")
    assert client.subscribe(b"a/b/c/d", b"$queue/", b"$exclusive/a") == (0x8F, 0x8F, 0x8F)
    assert client.subscribe(b"a", b"b", b"c", b"a") == (0, 0, 0x97, 0)
    plain = Bench(wildcard_subscription=False, shared_subscription=False).connect(b"c")
    assert plain.subscribe(b"a/+", b"#", b"$share/g/a", b"a") == (0xA2, 0xA2, 0x9E, 0)
    old = Bench(wildcard_subscription=False).connect(b"c", 4)
    assert old.subscribe(b"a/+", b"a") == (0x80, 0)


def test_an_exclusive_subscription_is_one_clients() -> None:
    bench = Bench(exclusive_subscription=True)
    one, two = bench.connect(b"1"), bench.connect(b"2")
    assert one.subscribe(b"$exclusive/t") == (0,)
    assert one.subscribe(b"$exclusive/t", b"t") == (0, 0)
    assert two.subscribe(b"$exclusive/t", b"t") == (0x97, 0)
    two.publish(b"t")
    assert (len(one.messages()), len(two.messages())) == (1, 1)
    one.unsubscribe(b"$exclusive/t")
    assert two.subscribe(b"$exclusive/t") == (0,)
    two.lose()
    assert one.subscribe(b"$exclusive/t") == (0,)


LEVELS = st.sampled_from([b"a", b"b", b"", b"$s"])
NAMES = st.lists(LEVELS, min_size=1, max_size=4).map(b"/".join).filter(bool)
FILTERS = st.builds(
    lambda levels, rest: b"/".join([*levels, *rest]),
    st.lists(st.one_of(LEVELS, st.just(b"+")), max_size=3),
    st.sampled_from([[b"#"], [b"a"], [b"+"]]),
).filter(bool)


@given(st.lists(st.tuples(FILTERS, st.booleans()), max_size=12), st.lists(NAMES, max_size=5))
def test_the_tree_matches_as_each_filter_does_alone(
    changes: list[tuple[bytes, bool]], names: list[bytes]
) -> None:
    tree = Subscriptions()
    session = Session(b"c", Limits(), Account())
    there: set[bytes] = set()
    for topic_filter, add in changes:
        given_filter = topics.Subscription(topic_filter)
        if add:
            assert tree.add(session, Granted(given_filter, 1)) == (topic_filter not in there)
            there.add(topic_filter)
        else:
            assert tree.remove(session, given_filter) == (topic_filter in there)
            there.discard(topic_filter)
        for name in names:
            receivers = tree.match(name).receivers
            assert bool(receivers) == any(topics.matches(name, each) for each in there)
            assert len(receivers) <= 1
    for topic_filter in there:
        tree.remove(session, topics.Subscription(topic_filter))
    assert tree._root.is_empty  # nothing is left behind


@given(st.lists(NAMES, max_size=8), FILTERS)
def test_retained_messages_are_found_as_each_topic_matches(
    names: list[bytes], topic_filter: bytes
) -> None:
    bench = Bench()
    publisher = bench.connect(b"p")
    for name in names:
        publisher.publish(name, retain=True)
    found = [each.topic for each in bench.hub.retained.matching(topic_filter, 0.0)]
    assert sorted(found) == sorted({each for each in names if topics.matches(each, topic_filter)})
    for name in names:
        publisher.publish(name, b"", retain=True)
    assert len(bench.hub.retained) == 0
    assert not bench.hub.retained._root.children


def test_a_subscription_by_a_lost_link_does_nothing() -> None:
    bench = Bench()
    client = bench.connect(b"c")
    client.lose()
    packet = Subscribe(1, (Subscription(b"t"),))
    assert bench.hub.subscribe(client.link, packet, [None], bench.now).sends == []
    assert bench.hub.unsubscribe(client.link, Unsubscribe(1, (b"t",))).codes == (0x11,)
    assert bench.hub.acknowledge(client.link, Puback(1), bench.now).answer is None
    assert bench.hub.refuse(client.link, Publish(b"t"), NOT_AUTHORIZED) is None
