"""The exchanges of QoS 0, 1 and 2, both ways, over one connection and over several."""

from __future__ import annotations

import pytest

from mtlsx.broker.limits import Limits
from mtlsx.broker.messages import Message
from mtlsx.broker.outlet import Outlet
from mtlsx.broker.session import Account, Delivery, Session
from mtlsx.configuration.model import Mqtt
from mtlsx.packets.control_packets import (
    MQTT_5,
    NO_PUBLISH_PROPERTIES,
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
)
from support.broker_bench import NOT_AUTHORIZED, Bench, Client
from support.normative import shows

VERSIONS = pytest.mark.parametrize("version", [3, 4, 5])
NOBODY, IN_USE, NOT_FOUND = 0x10, 0x91, 0x92


def subscriber(bench: Bench, version: int = 5, qos: int = 2, **connect: int) -> Client:
    """A client that is away as long as it likes, and acknowledges nothing by itself."""
    client = bench.connect(
        b"s", version, clean=False, acks=False, session_expiry_interval=999, **connect
    )
    client.subscribe(b"t", b"u", qos=qos)
    client.take()
    return client


def again(bench: Bench, version: int = 5, **connect: int) -> Client:
    """The subscriber, come back."""
    client = bench.connect(
        b"s", version, clean=False, acks=False, session_expiry_interval=999, **connect
    )
    client.connack()
    return client


def published(bench: Bench, *payloads: bytes, qos: int, topic: bytes = b"t") -> None:
    publisher = bench.connect(b"p%d" % len(bench.links))
    for payload in payloads:
        publisher.publish(topic, payload, qos)


def only(client: Client) -> ControlPacket:
    [packet] = client.take()
    assert isinstance(packet, ControlPacket)
    return packet


@VERSIONS
@shows(
    v5="2.2.1-5 3.3.4-1 4.3.2-4 4.3.3-8 4.3.3-11",
    v3="2.3.1-6 3.3.4-1 4.3.2-2 4.3.3-2",
)
def test_a_publish_is_answered_by_its_qos(version: int) -> None:
    bench = Bench()
    client = bench.connect(b"c", version, acks=False)
    bench.connect(b"l").subscribe(b"t")
    client.take()
    client.publish(b"t")
    assert client.take() == []
    client.publish(b"t", qos=1, packet_id=77)
    assert only(client) == Puback(77)
    client.publish(b"t", qos=2, packet_id=78)
    assert only(client) == Pubrec(78)
    client.send(Pubrel(78))
    assert only(client) == Pubcomp(78)


@VERSIONS
def test_a_message_without_subscribers_is_told_in_mqtt_5(version: int) -> None:
    client = Bench().connect(b"c", version, acks=False)
    client.take()
    client.publish(b"t", qos=1)
    client.publish(b"t", qos=2)
    code = NOBODY if version == MQTT_5 else 0
    assert client.take() == [Puback(1, code), Pubrec(2, code)]


@VERSIONS
@shows(v5="4.3.1-1 3.3.1-2", v3="4.3.1-1 3.3.1-2")
def test_qos_0_has_neither_identifier_nor_dup(version: int) -> None:
    bench = Bench()
    client = subscriber(bench, version)
    published(bench, b"x", qos=0)
    assert only(client) == Publish(b"t", b"x")


@VERSIONS
@shows(
    v5="2.2.1-4 3.3.1-3 4.3.2-1 4.3.2-2 4.3.3-1 4.3.3-2",
    v3="2.3.1-4 3.3.1-3 4.3.2-1 4.3.3-1",
)
def test_new_messages_have_unused_identifiers_and_no_dup(version: int) -> None:
    bench = Bench(max_inflight=5)
    client = subscriber(bench, version)
    publisher = bench.connect(b"p", acks=False)
    for number in range(1, 6):
        publisher.publish(b"t", b"x", 1 + number % 2, dup=True)
    sent = client.take(Publish)
    assert not any(each.dup for each in sent)
    assert len({each.packet_id for each in sent} - {0}) == 5


@shows(v5="2.2.1-4", v3="2.3.1-4")
def test_identifiers_go_round_and_pass_over_those_in_use() -> None:
    limits = Limits(Mqtt(max_inflight=3))
    session, outlet = Session(b"s", limits, Account()), Outlet(1, Connect(4), limits)
    delivery = Delivery(Message(b"t", b"x", 2, False, NO_PUBLISH_PROPERTIES, b"p"), 2, False)
    session.attach(outlet, 0.0)

    def send() -> int:
        return int.from_bytes(session.deliver(delivery, 0.0)[5:7])

    waiting, released = send(), send()
    session.pubrec(released, refused=False)
    seen = set()
    for _ in range(0xFFFF):
        packet_id = send()
        seen.add(packet_id)
        assert session.pubrec(packet_id, refused=True)
    assert seen == set(range(1, 0x10000)) - {waiting, released}


def test_what_waits_to_be_sent_again_keeps_its_order_over_several_losses() -> None:
    bench = Bench()
    subscriber(bench)
    published(bench, b"1", b"2", b"3", qos=1)
    bench.links[1].lose()
    again(bench, receive_maximum=1).lose()
    assert again(bench).payloads() == [b"1", b"2", b"3"]


@VERSIONS
@shows(
    v5="3.3.1-1 4.3.2-3 4.4.0-1 4.6.0-1 4.5.0-1 4.3.3-3",
    v3="3.3.1-1 4.3.2-1 4.3.3-1 4.4.0-1 4.6.0-1 4.5.0-1",
)
def test_whoever_comes_back_gets_what_is_not_acknowledged_in_order(version: int) -> None:
    bench = Bench()
    client = subscriber(bench, version)
    published(bench, b"1", b"2", qos=1)
    published(bench, b"3", qos=2)
    before = client.take(Publish)
    client.send(Puback(before[1].packet_id))
    client.lose()
    for _ in range(2):
        back = again(bench, version)
        assert back.take() == [before[0]._replace(dup=True), before[2]._replace(dup=True)]
        back.lose()
    back = again(bench, version)
    back.send(Puback(before[0].packet_id), Pubrec(before[2].packet_id))
    back.lose()
    assert again(bench, version).take() == [Pubrel(before[2].packet_id)]


@VERSIONS
@shows(v5="4.3.3-4 4.3.3-5 4.3.3-6", v3="4.3.3-1")
def test_a_pubrel_is_sent_again_and_its_publish_not(version: int) -> None:
    bench = Bench()
    client = subscriber(bench, version)
    published(bench, b"x", qos=2)
    [message] = client.take(Publish)
    client.send(Pubrec(message.packet_id))
    assert only(client) == Pubrel(message.packet_id)
    client.send(Pubrec(message.packet_id))
    assert only(client) == Pubrel(message.packet_id)
    client.lose()
    back = again(bench, version)
    assert only(back) == Pubrel(message.packet_id)
    back.send(Pubcomp(message.packet_id))
    back.lose()
    assert again(bench, version).take() == []


@VERSIONS
@shows(v5="4.6.0-4", v3="4.6.0-4")
def test_pubrels_are_in_the_order_of_their_pubrecs(version: int) -> None:
    bench = Bench()
    client = subscriber(bench, version)
    published(bench, b"1", b"2", b"3", qos=2)
    ids = [each.packet_id for each in client.take(Publish)]
    order = [ids[2], ids[0], ids[1]]
    client.send(*(Pubrec(each) for each in order))
    assert client.take() == [Pubrel(each) for each in order]
    client.lose()
    assert again(bench, version).take() == [Pubrel(each) for each in order]


@shows(v5="4.4.0-2 4.8.2-6")
def test_a_refusing_acknowledgement_ends_a_delivery() -> None:
    bench = Bench(max_inflight=1)
    client = subscriber(bench)
    published(bench, b"1", qos=1)
    published(bench, b"2", qos=2)
    published(bench, b"3", qos=1)
    for refusal, payload in ((Puback, b"1"), (Pubrec, b"2")):
        [message] = client.take(Publish)
        assert message.payload == payload
        client.send(refusal(message.packet_id, NOT_AUTHORIZED))
    [message] = client.take()
    assert message.payload == b"3"
    client.lose()
    assert again(bench).take() == [message._replace(dup=True)]


@VERSIONS
@shows(v5="4.3.2-5", v3="4.3.2-2")
def test_after_puback_the_identifier_is_new(version: int) -> None:
    bench = Bench()
    client = bench.connect(b"c", version)
    listener = bench.connect(b"l")
    listener.subscribe(b"t", qos=1)
    client.publish(b"t", b"1", 1, packet_id=9)
    client.publish(b"t", b"2", 1, packet_id=9, dup=True)
    assert listener.payloads() == [b"1", b"2"]


@VERSIONS
@shows(v5="4.3.3-10 4.3.3-11 4.3.3-12", v3="4.3.3-2")
def test_until_pubrel_the_identifier_is_the_same_message(version: int) -> None:
    bench = Bench()
    client = bench.connect(b"c", version, clean=False, acks=False, session_expiry_interval=9)
    listener = bench.connect(b"l")
    listener.subscribe(b"t", qos=2)
    client.take()
    client.publish(b"t", b"1", 2, packet_id=9)
    client.publish(b"t", b"1", 2, packet_id=9, dup=True)
    assert client.take() == [Pubrec(9), Pubrec(9)]
    client.lose()
    back = bench.connect(b"c", version, clean=False, acks=False, session_expiry_interval=9)
    back.connack()
    back.publish(b"t", b"1", 2, packet_id=9, dup=True)
    back.send(Pubrel(9))
    assert back.take() == [Pubrec(9), Pubcomp(9)]
    assert listener.payloads() == [b"1"]
    back.publish(b"t", b"2", 2, packet_id=9)
    assert listener.payloads() == [b"2"]


@shows(v5="4.3.3-9")
def test_after_a_refusing_pubrec_the_identifier_is_new() -> None:
    bench = Bench()
    client = bench.connect(b"c", acks=False)
    listener = bench.connect(b"l")
    listener.subscribe(b"t", qos=2)
    client.take()
    bench.denied[b"t"] = NOT_AUTHORIZED
    client.publish(b"t", b"1", 2, packet_id=9)
    del bench.denied[b"t"]
    client.publish(b"t", b"2", 2, packet_id=9)
    assert client.take() == [Pubrec(9, NOT_AUTHORIZED), Pubrec(9)]
    bench.denied[b"t"] = NOT_AUTHORIZED
    client.publish(b"t", b"2", 2, packet_id=9, dup=True)
    del bench.denied[b"t"]
    client.publish(b"t", b"3", 2, packet_id=9)
    assert listener.payloads() == [b"2", b"3"]


def test_refused_messages_do_not_count_for_our_receive_maximum() -> None:
    bench = Bench(receive_maximum=2)
    bench.denied[b"t"] = NOT_AUTHORIZED
    client = bench.connect(b"c", acks=False)
    for packet_id in range(1, 20):
        client.publish(b"t", qos=2, packet_id=packet_id)
        client.publish(b"t", qos=1, packet_id=100 + packet_id)
    assert not client.closed


@VERSIONS
@shows(v3="3.3.5-2")
def test_a_denied_message_is_acknowledged_and_goes_nowhere(version: int) -> None:
    bench = Bench()
    bench.denied[b"t"] = NOT_AUTHORIZED
    listener = bench.connect(b"l")
    listener.subscribe(b"t", qos=2)
    client = bench.connect(b"c", version, acks=False)
    client.take()
    client.publish(b"t")
    client.publish(b"t", qos=1, packet_id=1)
    client.publish(b"t", qos=2, packet_id=2)
    code = NOT_AUTHORIZED if version == MQTT_5 else 0
    assert client.take() == [Puback(1, code), Pubrec(2, code)]
    client.send(Pubrel(2))
    assert only(client) == Pubcomp(2, NOT_FOUND if version == MQTT_5 else 0)
    assert listener.messages() == []


@VERSIONS
def test_acknowledgements_of_nothing_do_no_harm(version: int) -> None:
    client = Bench().connect(b"c", version, acks=False)
    client.connack()
    client.send(Puback(5), Pubcomp(6), Pubrec(7), Pubrel(8))
    code = NOT_FOUND if version == MQTT_5 else 0
    assert client.take() == [Pubrel(7, code), Pubcomp(8, code)]


def test_an_acknowledgement_of_the_other_qos_is_none() -> None:
    bench = Bench()
    client = subscriber(bench)
    published(bench, b"1", qos=1)
    published(bench, b"2", qos=2)
    one, two = client.take(Publish)
    client.send(Pubrec(one.packet_id), Puback(two.packet_id))
    assert client.take() == [Pubrel(one.packet_id, NOT_FOUND)]
    assert bench.hub.sessions[b"s"].in_flight == 2


def test_an_identifier_of_qos_2_is_in_use_for_qos_1() -> None:
    bench = Bench()
    client = bench.connect(b"c", acks=False)
    client.take()
    client.publish(b"t", qos=2, packet_id=3)
    client.publish(b"t", qos=1, packet_id=3)
    assert client.take() == [Pubrec(3, NOBODY), Puback(3, IN_USE)]


@VERSIONS
@shows(v5="4.6.0-2 4.6.0-3", v3="4.6.0-2 4.6.0-3")
def test_answers_are_in_the_order_of_messages(version: int) -> None:
    client = Bench().connect(b"c", version, acks=False)
    client.connack()
    order = [5, 2, 9, 1, 7]
    client.send(*(Publish(b"t", qos=1, packet_id=each) for each in order))
    client.send(*(Publish(b"t", qos=2, packet_id=each) for each in order))
    assert [each.packet_id for each in client.take(Puback)] == order
    assert [each.packet_id for each in client.take(Pubrec)] == order


@VERSIONS
@shows(v5="4.6.0-5 4.6.0-6", v3="4.6.0-5 4.6.0-6")
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_messages_keep_their_order_however_slow_the_client(version: int, qos: int) -> None:
    bench = Bench(max_inflight=3)
    client = subscriber(bench, version)
    numbers = [b"%d" % each for each in range(30)]
    published(bench, *numbers[:10], qos=qos)
    client.lose()
    published(bench, *numbers[10:20], qos=qos)
    first = client.payloads()
    client = again(bench, version)
    client.acks = True
    received = client.take(Publish)
    for message in received:
        if message.qos:
            client.send((Puback if qos == 1 else Pubrec)(message.packet_id))
    published(bench, *numbers[20:], qos=qos)
    rest = [each.payload for each in (*received, *client.take(Publish))]
    if qos:
        assert rest == numbers
        assert first == numbers[:3]
    else:
        assert first + rest == numbers


def test_order_holds_across_qos_while_messages_wait() -> None:
    bench = Bench(max_inflight=1)
    client = subscriber(bench)
    publisher = bench.connect(b"p")
    for number, qos in enumerate((1, 1, 0, 2, 0)):
        publisher.publish(b"t", b"%d" % number, qos)
    payloads = []
    while messages := client.take(Publish):
        payloads += [each.payload for each in messages]
        for each in messages:
            if each.qos == 1:
                client.send(Puback(each.packet_id))
            elif each.qos == 2:
                client.send(Pubrec(each.packet_id), Pubcomp(each.packet_id))
    assert payloads == [b"0", b"1", b"2", b"3", b"4"]


@shows(v5="3.3.4-9 3.3.4-10 4.9.0-1 4.9.0-2 4.9.0-3")
def test_no_more_messages_are_on_their_way_than_the_receive_maximum() -> None:
    bench = Bench()
    client = subscriber(bench, receive_maximum=2)
    published(bench, b"1", b"2", b"3", b"4", qos=1)
    published(bench, b"5", qos=2)
    one, two = client.take(Publish)
    client.send(Pingreq())
    client.publish(b"other", qos=1, packet_id=1)
    assert client.take() == [Pingresp(), Puback(1, NOBODY)]
    assert client.subscribe(b"v") == (0,)
    client.send(Puback(one.packet_id))
    three = only(client)
    client.send(Puback(two.packet_id))
    four = only(client)
    assert isinstance(three, Publish)
    assert isinstance(four, Publish)
    client.send(Puback(three.packet_id))
    five = only(client)
    assert isinstance(five, Publish)
    published(bench, b"6", qos=1)
    client.send(Pubrec(five.packet_id))
    assert only(client) == Pubrel(five.packet_id)
    client.send(Pubcomp(five.packet_id))
    assert client.payloads() == [b"6"]


@shows(v5="3.3.4-9 4.9.0-1")
def test_a_smaller_receive_maximum_holds_for_what_is_sent_again() -> None:
    bench = Bench()
    client = subscriber(bench, receive_maximum=10)
    published(bench, b"1", b"2", b"3", qos=1)
    ids = [each.packet_id for each in client.take(Publish)]
    client.lose()
    back = again(bench, receive_maximum=1)
    for packet_id in ids:
        [message] = back.take(Publish)
        assert (message.packet_id, message.dup) == (packet_id, True)
        back.send(Puback(packet_id))
    assert back.take() == []


def test_more_than_our_receive_maximum_disconnects() -> None:
    for qos in (1, 2):
        client = Bench(receive_maximum=20).connect(b"c", acks=False)
        client.send(*(Publish(b"t", qos=qos, packet_id=each) for each in range(1, 22)))
        assert client.ended_with() == 0x93
        assert len(client.take(Puback if qos == 1 else Pubrec)) == 20
    client = Bench(receive_maximum=20).connect(b"c")
    for _ in range(50):
        client.publish(b"t", qos=2)
    assert not client.closed


def test_messages_that_are_not_released_are_limited_in_every_version() -> None:
    bench = Bench(max_awaiting_rel=3, await_rel_timeout=300.0)
    client = bench.connect(b"c", 4, clean=False, acks=False)
    for _ in range(3):
        client.publish(b"t", qos=2)
    bench.advance(300)
    for _ in range(3):
        client.publish(b"t", qos=2)
    assert bench.hub.sessions[b"c"].awaiting_rel == 3
    client.publish(b"t", qos=2)
    assert client.closed
    assert client.take(Disconnect) == []


@shows(v3="3.1.2-5", v5="4.5.0-1")
@VERSIONS
def test_messages_wait_for_a_client_that_is_away(version: int) -> None:
    for store, payloads in ((True, [b"0", b"1", b"2"]), (False, [b"1", b"2"])):
        bench = Bench(mqueue_store_qos0=store)
        subscriber(bench, version).lose()
        for qos in (0, 1, 2):
            published(bench, b"%d" % qos, qos=qos)
        assert again(bench, version).payloads() == payloads
