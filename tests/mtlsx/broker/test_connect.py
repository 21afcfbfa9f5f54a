"""How a connection begins and ends: CONNECT, sessions, takeover, keep alive, DISCONNECT."""

from __future__ import annotations

import pytest

from mtlsx.broker.conversation import Conversation, Violated
from mtlsx.broker.limits import Limits
from mtlsx.configuration.model import Mqtt
from mtlsx.packets.control_packets import (
    MQTT_5,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Pingreq,
    Pingresp,
    Publish,
    Will,
)
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import AuthProperties, ConnackProperties
from support.broker_bench import Bench
from support.normative import shows

VERSIONS = pytest.mark.parametrize("version", [3, 4, 5])
FOR_EVER = 0xFFFF_FFFF


@VERSIONS
@shows(v5="3.1.4-5 3.2.0-1 3.2.0-2 3.2.2-2", v3="3.1.4-4 3.2.0-1 3.2.2-1")
def test_connack_comes_first_and_once(version: int) -> None:
    bench = Bench()
    client = bench.open()
    client.send(Connect(version, b"c"), Pingreq(), Pingreq())
    connack, *others = client.take()
    assert connack.code == 0
    assert not connack.session_present
    assert others == [Pingresp(), Pingresp()]


@shows(v3="3.2.0-1", v5="3.2.0-1")
def test_connack_comes_before_the_messages_that_waited() -> None:
    bench = Bench()
    for version in (4, 5):
        bench.connect(b"c", version, clean=False, session_expiry_interval=99).subscribe(b"t", qos=1)
        bench.links[max(bench.links)].lose()
        bench.connect(b"p").publish(b"t", qos=1)
        back = bench.connect(b"c", version, clean=False, session_expiry_interval=99)
        assert isinstance(back.received[0], Connack)
        assert isinstance(back.received[1], Publish)
        bench.connect(b"c", version, clean=True).disconnect()


@VERSIONS
@shows(v5="3.1.0-2 4.13.2-1", v3="3.1.0-2 4.8.0-1")
def test_a_second_connect_closes_the_connection(version: int) -> None:
    client = Bench().connect(b"c", version)
    client.send(Connect(version, b"c"))
    assert client.closed
    assert [each.code for each in client.take(Disconnect)] == ([0x82] if version == MQTT_5 else [])


@shows(v5="3.1.2-2", v3="3.1.2-2")
def test_an_unknown_protocol_level_gets_connack_1() -> None:
    client = Bench().open()
    client.feed(bytes.fromhex("100d00044d51545406020000000163"))
    assert client.connack() == Connack(False, 1)
    assert client.closed


@shows(v5="3.1.4-1 4.13.1-1", v3="3.1.4-1 3.2.2-6 4.8.0-1")
def test_a_malformed_connect_closes_the_connection() -> None:
    client = Bench().open()
    client.feed(bytes.fromhex("100d00044d51545405030000000163"))
    assert client.closed
    assert client.take() == []


@VERSIONS
@shows(v5="4.13.1-1 4.13.2-1", v3="4.8.0-1")
def test_a_malformed_packet_closes_the_connection(version: int) -> None:
    client = Bench().connect(b"c", version)
    client.connack()
    client.feed(bytes.fromhex("3600"))
    assert client.closed
    assert len(client.take()) == (1 if version == MQTT_5 else 0)


@VERSIONS
@shows(
    v5="3.1.2-4 3.1.2-5 3.1.2-6 3.1.2-23 3.1.3-2 3.1.4-4 3.2.2-2 3.2.2-3",
    v3="3.1.2-4 3.1.2-6 3.1.3-2 3.1.4-3 3.2.2-1 3.2.2-2 3.2.2-3",
)
def test_sessions_begin_go_on_and_are_discarded(version: int) -> None:
    bench = Bench()

    def present(*, clean: bool) -> bool:
        client = bench.connect(b"c", version, clean=clean, session_expiry_interval=100)
        there = b"c" in bench.hub.sessions and bool(bench.hub.sessions[b"c"].subscriptions)
        connack = client.connack()
        assert connack.session_present == (there and version > 3)
        client.subscribe(b"t")
        client.lose()
        return there

    assert not present(clean=False)
    assert present(clean=False)
    assert not present(clean=True)
    assert bench.hub.sessions.keys() == ({b"c"} if version == MQTT_5 else set())
    bench.connect(b"other", version, clean=False)
    assert present(clean=False) == (version == MQTT_5)


@shows(v5="4.1.0-1 4.1.0-2")
def test_a_session_ends_when_it_has_expired_and_not_while_it_is_connected() -> None:
    bench = Bench()
    client = bench.connect(b"c", clean=False, session_expiry_interval=10)
    bench.advance(1000)
    assert b"c" in bench.hub.sessions
    client.lose()
    bench.advance(9.9)
    assert b"c" in bench.hub.sessions
    back = bench.connect(b"c", clean=False, session_expiry_interval=10)
    bench.advance(1000)
    assert b"c" in bench.hub.sessions
    back.lose()
    bench.advance(9.9)
    assert b"c" in bench.hub.sessions
    bench.advance(0.1)
    assert not bench.hub.sessions
    bench.connect(b"c", clean=False).lose()
    assert not bench.hub.sessions


@shows(v3="4.1.0-1 4.1.0-2")
def test_a_session_that_is_not_clean_lasts_as_long_as_the_setting_says() -> None:
    bench = Bench(session_expiry_interval=60.0)
    client = bench.connect(b"c", 4, clean=False)
    bench.advance(1000)
    client.disconnect()
    bench.advance(59)
    assert b"c" in bench.hub.sessions
    bench.advance(1)
    assert not bench.hub.sessions


def test_a_session_can_last_for_ever() -> None:
    bench = Bench()
    bench.connect(b"c", session_expiry_interval=FOR_EVER).lose()
    bench.connect(b"d", session_expiry_interval=1).disconnect(expiry=FOR_EVER)
    assert bench.hub.next_deadline() is None
    bench.advance(1e9)
    assert set(bench.hub.sessions) == {b"c", b"d"}


def test_disconnect_changes_the_session_expiry() -> None:
    bench = Bench()
    bench.connect(b"c", session_expiry_interval=1).disconnect(expiry=5)
    bench.advance(4)
    back = bench.connect(b"c", clean=False, session_expiry_interval=1)
    assert back.connack().session_present
    back.disconnect(expiry=0)
    assert not bench.hub.sessions


def test_disconnect_does_not_prolong_a_session_that_ends_with_its_connection() -> None:
    client = Bench().connect(b"c")
    client.disconnect(expiry=5)
    assert client.ended_with() == 0x82
    assert not client.bench.hub.sessions


@VERSIONS
@shows(v5="3.1.4-3 3.14.4-1 3.14.4-2", v3="3.1.4-2")
def test_takeover_closes_the_old_connection(version: int) -> None:
    bench = Bench()
    old = bench.connect(b"c", version)
    new = bench.connect(b"c", version)
    assert old.closed
    assert [each.code for each in old.take(Disconnect)] == ([0x8E] if version == MQTT_5 else [])
    assert not new.closed
    new.subscribe(b"t")
    new.publish(b"t")
    assert (old.take(Publish), len(new.messages())) == ([], 1)
    assert bench.hub.session_of(new.link) is bench.hub.sessions[b"c"]
    assert bench.hub.session_of(old.link) is None


def test_takeover_keeps_a_session_that_outlasts_its_connection_only() -> None:
    bench = Bench()
    bench.connect(b"c", session_expiry_interval=9)
    assert bench.connect(b"c", clean=False).connack().session_present
    assert not bench.connect(b"c", clean=False).connack().session_present


def test_what_comes_from_a_connection_that_was_taken_over_does_nothing() -> None:
    bench = Bench()
    old = bench.connect(b"c")
    listener = bench.connect(b"l")
    listener.subscribe(b"#")
    bench.connect(b"c")
    outcome = bench.hub.publish(old.link, Publish(b"t", qos=1, packet_id=1), bench.now)
    assert outcome.answer is None
    assert outcome.sends == []
    assert bench.hub.drop(old.link, bench.now).ended == ()
    assert b"c" in bench.hub.sessions


@VERSIONS
@shows(v5="3.1.2-22", v3="3.1.2-24")
def test_one_and_a_half_keep_alives_of_silence_close_the_connection(version: int) -> None:
    bench = Bench()
    client = bench.connect(b"c", version, keep_alive=10)
    bench.advance(14.75)
    client.send(Pingreq())
    bench.advance(14.75)
    assert not client.closed
    bench.advance(0.25)
    assert client.closed
    assert [each.code for each in client.take(Disconnect)] == ([0x8D] if version == MQTT_5 else [])


@shows(v5="3.2.2-21 3.2.2-22")
def test_a_server_keep_alive_shortens_the_clients() -> None:
    bench = Bench(server_keepalive=60)
    for asked, told, silence in ((120, 60, 90), (0, 60, 90), (10, None, 15), (60, None, 90)):
        client = bench.connect(b"c", keep_alive=asked)
        assert client.connack().properties.server_keep_alive == told
        bench.advance(silence - 0.1)
        assert not client.closed
        bench.advance(0.2)
        assert client.closed
    old = bench.connect(b"c", 4, keep_alive=120)
    bench.advance(179)
    assert not old.closed


def test_without_keep_alive_nothing_is_due() -> None:
    bench = Bench()
    client = bench.connect(b"c")
    bench.advance(1e6)
    assert not client.closed


def test_a_connect_that_does_not_come_in_time_closes_the_connection() -> None:
    bench = Bench(idle_timeout=15.0)
    client = bench.open()
    client.feed(b"\x10")
    bench.advance(15)
    assert client.closed
    assert client.octets == []


@VERSIONS
@shows(v5="3.12.4-1", v3="3.12.4-1")
def test_pingreq_is_answered(version: int) -> None:
    client = Bench().connect(b"c", version)
    client.connack()
    client.send(Pingreq())
    assert client.take() == [Pingresp()]


@VERSIONS
@shows(v5="3.1.3-5", v3="3.1.3-5")
def test_client_ids_of_letters_and_digits_are_allowed(version: int) -> None:
    for client_id in (b"0", b"abcdefghijklmnopqrstuvw", b"ABCDEFGHIJKLMNOPQRSTUVW"):
        assert Bench().connect(client_id, version).connack().code == 0


@shows(v5="3.1.3-6 3.1.3-7 3.2.2-16", v3="3.1.3-6")
def test_an_assigned_client_id_is_told() -> None:
    bench = Bench()
    first, second, old = (bench.connect(b"", version) for version in (5, 5, 4))
    told = [each.connack().properties.assigned_client_identifier for each in (first, second)]
    assert None not in told
    assert len(set(told)) == 2
    assert len(bench.hub.sessions) == 3
    assert not old.closed


@shows(v5="3.2.2-6 3.2.2-7 3.2.2-8 3.1.4-6 4.13.2-1", v3="3.1.4-5 3.2.2-4 3.2.2-5")
def test_behind_a_refused_connect_nothing_is_processed() -> None:
    for version, code in ((4, 5), (5, 0x9B)):
        bench = Bench(max_qos_allowed=1)
        bench.connect(b"c", version, clean=False, session_expiry_interval=99).lose()
        listener = bench.connect(b"l")
        listener.subscribe(b"#")
        client = bench.open()
        will = Will(b"w", qos=2)
        client.send(Connect(version, b"c", False, will=will), Publish(b"t"))
        refusal = client.connack()
        assert (refusal.session_present, refusal.code) == (False, code)
        assert client.closed
        assert listener.messages() == []


@shows(v5="3.2.2-9 3.2.2-12 3.2.2-13")
def test_what_is_not_supported_is_told_and_a_will_with_it_refused() -> None:
    bench = Bench(
        max_qos_allowed=1, retain_available=False, wildcard_subscription=False,
        shared_subscription=False, max_topic_alias=0, receive_maximum=20, max_packet_size=5000,
    )  # fmt: skip
    assert bench.connect(b"c").connack().properties == ConnackProperties(
        receive_maximum=20, maximum_qos=1, retain_available=False, maximum_packet_size=5000,
        topic_alias_maximum=0, wildcard_subscription_available=False,
        shared_subscription_available=False,
    )  # fmt: skip
    for will, code in ((Will(b"w", qos=2), 0x9B), (Will(b"w", retain=True), 0x9A)):
        client = bench.connect(b"d", will=will)
        assert client.connack().code == code
        assert client.closed
    assert b"d" not in bench.hub.sessions


def test_what_was_told_to_be_unsupported_closes_the_connection() -> None:
    for sent, code in (
        (Publish(b"t", qos=2, packet_id=1), 0x9B),
        (Publish(b"t", retain=True), 0x9A),
        (Publish(b"a/b/c/d"), 0x90),
    ):
        client = Bench(max_qos_allowed=1, retain_available=False, max_topic_levels=3).connect(b"c")
        client.send(sent)
        assert client.ended_with() == code


@shows(v5="3.14.0-1 3.14.2-2")
def test_a_disconnect_never_comes_before_connack() -> None:
    conversation = Conversation(Limits(), 0.0)
    conversation.feed(encode(Connect(5, b"c"), 5), 0.0)
    assert conversation.farewell(0x8B, "going down")[0] >> 4 == 2
    conversation.encode(Connack(False, 0))
    farewell = conversation.farewell(0x8B)
    assert farewell == bytes.fromhex("e0028b00")
    other = Conversation(Limits(), 0.0)
    other.feed(encode(Connect(5, b"c"), 5), 0.0)
    other.encode(Connack(False, 0x87))
    assert not other.accepted


@shows(v5="4.12.0-6")
def test_auth_without_a_method_is_refused() -> None:
    client = Bench().connect(b"c")
    assert client.connack().properties.authentication_method is None
    client.send(Auth(0x19, AuthProperties(authentication_method=b"m")))
    assert client.ended_with() == 0x82


def test_nothing_is_read_behind_disconnect() -> None:
    bench = Bench()
    listener = bench.connect(b"l")
    listener.subscribe(b"#")
    client = bench.connect(b"c")
    client.send(Disconnect(), Publish(b"t"))
    assert client.closed
    client.feed(encode(Publish(b"t"), 5))
    assert listener.messages() == []


def test_a_violation_names_the_demand() -> None:
    conversation = Conversation(Limits(Mqtt(max_packet_size=20)), 0.0)
    [connect, violated] = conversation.feed(
        encode(Connect(4, b"c"), 4) + encode(Publish(b"t", b"x" * 30), 4), 0.0
    )
    assert isinstance(connect, Connect)
    assert isinstance(violated, Violated)
    assert violated.code == 0x95
    assert conversation.feed(encode(Pingreq(), 4), 0.0) == []


def test_a_session_can_be_ended_from_outside() -> None:
    bench = Bench()
    client = bench.connect(b"c", session_expiry_interval=99, will=Will(b"w", b"gone"))
    listener = bench.connect(b"l")
    listener.subscribe(b"w")
    dropped = bench.hub.end_session(b"c", bench.now)
    bench.ended(dropped)
    assert dropped.ended == (b"c",)
    assert listener.payloads() == [b"gone"]
    assert bench.hub.session_of(client.link) is None
    assert bench.hub.end_session(b"nobody", bench.now).ended == ()
