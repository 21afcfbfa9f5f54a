"""What MQTT 5 adds: properties that go on, expiry, topic aliases, packet sizes, and words for problems."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mtlsx.broker.conversation import Conversation
from mtlsx.broker.limits import Limits
from mtlsx.packets.control_packets import (
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
)
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import (
    AnswerProperties,
    ConnackProperties,
    ConnectProperties,
    DisconnectProperties,
    PublishProperties,
)
from support.broker_bench import Bench
from support.normative import shows

PAIRS = ((b"c", b"3"), (b"a", b"2"), (b"c", b"1"))
WORDS = AnswerProperties("why", ((b"a", b"b"),))


@shows(v5="3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 3.3.2-18 3.3.2-20")
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_properties_go_on_as_they_came(qos: int) -> None:
    bench = Bench()
    given = PublishProperties(
        payload_format_indicator=1, response_topic=b"r", correlation_data=b"\0\xff",
        user_properties=PAIRS, content_type=b"t",
    )  # fmt: skip
    now, old = bench.connect(b"n"), bench.connect(b"o", 4)
    now.subscribe(b"t", qos=2)
    old.subscribe(b"t", qos=2)
    publisher = bench.connect(b"p")
    publisher.send(Publish(b"t", b"x", qos, True, packet_id=1 if qos else 0, properties=given))
    late = bench.connect(b"l")
    late.subscribe(b"t", qos=2)
    assert now.take(Publish)[0].properties == given
    assert late.take(Publish)[0].properties == given
    assert old.take(Publish)[0].properties == PublishProperties()


def test_a_payload_that_is_not_what_it_says_is_refused() -> None:
    bench = Bench()
    listener = bench.connect(b"l")
    listener.subscribe(b"t")
    client = bench.connect(b"c", acks=False)
    client.take()
    for qos in range(3):
        client.publish(b"t", b"\xff", qos, payload_format_indicator=1)
        client.publish(b"t", "\u00e4".encode(), qos, payload_format_indicator=1)
        client.publish(b"t", b"\xff", qos, payload_format_indicator=0)
    assert [each.code for each in client.take()] == [0x99, 0, 0, 0x99, 0, 0]
    assert len(listener.messages()) == 6


@shows(v5="3.3.2-5 3.3.2-6")
def test_messages_expire_and_tell_what_is_left() -> None:
    bench = Bench()
    bench.connect(b"s", session_expiry_interval=99).subscribe(b"t", qos=2)
    bench.links[1].lose()
    publisher = bench.connect(b"p")
    for payload, interval in ((b"1", 1), (b"6", 6), (b"3", 3)):
        publisher.publish(b"t", payload, 1, message_expiry_interval=interval)
    publisher.publish(b"t", b"never", 1)
    bench.advance(3)
    back = bench.connect(b"s", clean=False)
    left = {each.payload: each.properties.message_expiry_interval for each in back.take(Publish)}
    assert left == {b"6": 3, b"never": None}
    publisher.publish(b"t", message_expiry_interval=7)
    assert back.take(Publish)[0].properties.message_expiry_interval == 7


@shows(v5="3.3.2-5 3.3.2-6")
def test_retained_messages_expire() -> None:
    bench = Bench()
    publisher = bench.connect(b"p")
    publisher.publish(b"a", retain=True, message_expiry_interval=5)
    publisher.publish(b"b", retain=True, message_expiry_interval=9)
    publisher.publish(b"b", retain=True)
    bench.advance(2)
    client = bench.connect(b"c")
    client.subscribe(b"#")
    left = {each.topic: each.properties.message_expiry_interval for each in client.take(Publish)}
    assert left == {b"a": 3, b"b": None}
    bench.advance(3)
    client.subscribe(b"#")
    assert [each.topic for each in client.take(Publish)] == [b"b"]
    assert len(bench.hub.retained) == 1


def test_a_setting_lets_messages_expire_that_do_not_say_so() -> None:
    bench = Bench(message_expiry_interval=10.0)
    bench.connect(b"s", session_expiry_interval=99).subscribe(b"t", qos=1)
    bench.links[1].lose()
    publisher = bench.connect(b"p")
    publisher.publish(b"t", b"1", 1)
    publisher.publish(b"t", b"2", 1, message_expiry_interval=50)
    bench.advance(10)
    back = bench.connect(b"s", clean=False)
    assert [each.properties.message_expiry_interval for each in back.take(Publish)] == [40]


@shows(v5="4.3.3-7 4.3.3-13")
def test_what_has_been_sent_does_not_expire() -> None:
    bench = Bench()
    client = bench.connect(b"s", session_expiry_interval=99, acks=False)
    client.subscribe(b"t", qos=2)
    bench.connect(b"p").publish(b"t", qos=2, message_expiry_interval=1)
    [message] = client.take(Publish)
    bench.advance(5)
    client.lose()
    back = bench.connect(b"s", clean=False, acks=False)
    [again] = back.take(Publish)
    assert (again.packet_id, again.dup) == (message.packet_id, True)
    back.send(Pubrec(again.packet_id))
    assert back.take(Pubrel) == [Pubrel(again.packet_id)]


@shows(v5="3.3.2-12 3.3.2-7")
def test_clients_may_use_every_alias_within_our_maximum() -> None:
    bench = Bench(max_topic_alias=10)
    listener = bench.connect(b"l")
    listener.subscribe(b"#")
    client = bench.connect(b"c", session_expiry_interval=9)
    assert client.connack().properties.topic_alias_maximum == 10
    for alias in (1, 10):
        client.publish(b"t/%d" % alias, topic_alias=alias)
    for alias in (10, 1):
        client.publish(b"", topic_alias=alias, content_type=b"c")
    client.publish(b"new", topic_alias=1)
    client.publish(b"", topic_alias=1)
    got = listener.take(Publish)
    assert [each.topic for each in got] == [b"t/1", b"t/10", b"t/10", b"t/1", b"new", b"new"]
    assert [each.properties.topic_alias for each in got] == [None] * 6
    client.lose()
    back = bench.connect(b"c", clean=False)
    back.publish(b"", topic_alias=1)
    assert back.ended_with() == 0x82
    other = bench.connect(b"c")
    other.publish(b"t", topic_alias=11)
    assert other.ended_with() == 0x94
    assert listener.messages() == []


def test_the_topics_of_aliases_are_limited() -> None:
    bench = Bench(Limits(max_alias_octets=10))
    client = bench.connect(b"c")
    for number in range(5):
        client.publish(b"12345678", topic_alias=1)
        client.publish(b"%d" % number, topic_alias=2)
    assert not client.closed
    client.publish(b"123", topic_alias=3)
    assert client.ended_with() == 0x97


@shows(v5="3.1.2-26 3.1.2-27 3.3.2-11")
def test_we_use_aliases_where_the_client_takes_them() -> None:
    bench = Bench()
    some, none = bench.connect(b"s", topic_alias_maximum=2), bench.connect(b"n")
    for client in (some, none):
        client.subscribe(b"#", qos=2)
    publisher = bench.connect(b"p")
    for qos, topic in enumerate((b"a", b"a", b"a", b"b", b"c", b"b")):
        publisher.publish(topic, b"%d" % qos, qos % 3)
    sent = [(each.topic, each.properties.topic_alias) for each in some.take(Publish)]
    assert sent == [(b"a", 1), (b"", 1), (b"", 1), (b"b", 2), (b"c", None), (b"", 2)]
    assert {each.properties.topic_alias for each in none.take(Publish)} == {None}
    some.lose()
    back = bench.connect(b"s", topic_alias_maximum=1)
    back.subscribe(b"#")
    publisher.publish(b"a")
    assert back.take(Publish)[0].topic == b"a"


@shows(v5="3.1.2-24 3.1.2-25")
def test_what_is_too_large_for_a_client_is_as_good_as_sent() -> None:
    bench = Bench()
    client = bench.connect(b"c", maximum_packet_size=64, topic_alias_maximum=1)
    client.subscribe(b"t", qos=2)
    for qos in range(3):
        client.publish(b"t", bytes(64), qos)
        client.publish(b"t", bytes(32), qos)
    messages = client.take(Publish)
    assert [len(each.payload) for each in messages] == [32, 32, 32]
    assert [each.topic for each in messages] == [b"t", b"", b""]
    assert bench.hub.sessions[b"c"].in_flight == 0
    assert bench.hub.sessions[b"c"].dropped == 3
    assert max(len(data) for data in client.octets) <= 64


@shows(v5="3.1.2-28")
def test_no_response_information() -> None:
    for wanted in (None, False, True):
        client = Bench().connect(b"c", request_response_information=wanted)
        assert client.connack().properties.response_information is None


ANSWERS = pytest.mark.parametrize(
    "answer",
    [
        Puback(7, 0x87, WORDS),
        Pubrec(7, 0x87, WORDS),
        Pubrel(7, 0x92, WORDS),
        Pubcomp(7, 0x92, WORDS),
        Suback(7, (0x87,), WORDS),
        Unsuback(7, (0x87,), WORDS),
    ],
    ids=lambda each: type(each).__name__,
)


def talking(**properties: int) -> Conversation:
    conversation = Conversation(Limits(), 0.0)
    connect = Connect(5, b"c", properties=ConnectProperties(**properties))  # type: ignore[arg-type]  # each takes an int
    conversation.feed(encode(connect, 5), 0.0)
    return conversation


@shows(v5="3.1.2-29")
@ANSWERS
def test_words_are_left_out_where_nobody_wants_them(answer: ControlPacket) -> None:
    assert talking().encode(answer) == encode(answer, 5)
    assert talking(request_problem_information=1).encode(answer) == encode(answer, 5)
    quiet = talking(request_problem_information=0)
    assert b"why" not in quiet.encode(answer)
    assert b"why" in quiet.encode(Connack(False, 0x87, ConnackProperties(reason_string="why")))
    assert b"why" in quiet.encode(Disconnect(0x87, DisconnectProperties(reason_string="why")))


@shows(
    v5="3.4.2-2 3.4.2-3 3.5.2-2 3.5.2-3 3.6.2-2 3.6.2-3 3.7.2-2 3.7.2-3 3.9.2-1 3.9.2-2 3.11.2-1 3.11.2-2"
)
@ANSWERS
def test_words_are_left_out_where_they_are_too_many(answer: ControlPacket) -> None:
    size = len(encode(answer, 5))
    assert talking(maximum_packet_size=size).encode(answer) == encode(answer, 5)
    short = talking(maximum_packet_size=size - 1).encode(answer)
    assert 0 < len(short) < size
    assert b"why" not in short
    assert talking(maximum_packet_size=2).encode(answer) == b""


@shows(v5="3.2.2-19 3.2.2-20 3.14.2-3 3.14.2-4 3.1.2-24")
def test_words_do_not_make_connack_and_disconnect_too_large() -> None:
    refused = talking(maximum_packet_size=30).farewell(0x88, "a long sentence " * 5)
    assert 0 < len(refused) < 30
    accepted = talking(maximum_packet_size=30)
    accepted.encode(Connack(False, 0))
    assert 0 < len(accepted.farewell(0x88, "a long sentence " * 5)) < 30
    with_pairs = DisconnectProperties(reason_string="why", user_properties=PAIRS)
    chatty = Connack(False, 0x88, ConnackProperties(reason_string="why", user_properties=PAIRS))
    assert talking(maximum_packet_size=10).encode(chatty) == encode(Connack(False, 0x88), 5)
    left = talking(maximum_packet_size=10).encode(Disconnect(0x88, with_pairs))
    assert left == encode(Disconnect(0x88), 5)


@shows(v5="3.1.2-24")
def test_a_client_whose_maximum_leaves_no_room_for_connack_is_closed() -> None:
    for size, answers in ((5, [0x95]), (4, [])):
        client = Bench().connect(b"c", maximum_packet_size=size)
        assert client.closed
        assert [each.code for each in client.take()] == answers
        assert b"c" not in client.bench.hub.sessions


def test_copies_differ_only_where_they_must() -> None:
    bench = Bench()
    clients = [bench.connect(b"%d" % number, 5) for number in range(3)]
    for client in clients:
        client.subscribe(b"t", qos=1)
    bench.connect(b"p").publish(b"t", user_properties=PAIRS)
    copies = [client.octets[-1] for client in clients]
    assert all(one is other for one, other in pairwise(copies))
