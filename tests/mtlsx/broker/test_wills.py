"""Last wills: when they are published, when not, and with what."""

from __future__ import annotations

from typing import Any

import pytest

from mtlsx.packets.control_packets import Disconnect, Publish, Will
from mtlsx.packets.properties import PublishProperties, WillProperties
from support.broker_bench import Bench, Client
from support.normative import shows

VERSIONS = pytest.mark.parametrize("version", [3, 4, 5])
PAIRS = ((b"c", b"3"), (b"a", b"2"))


def will(*, retain: bool = False, qos: int = 1, **properties: Any) -> Will:
    return Will(b"w", b"gone", qos, retain, WillProperties(**properties))


def listening(bench: Bench) -> Client:
    client = bench.connect(b"l")
    client.subscribe(b"w", qos=2)
    return client


@VERSIONS
@shows(v5="3.1.2-7 3.1.2-8 3.1.2-10", v3="3.1.2-8")
def test_a_lost_connection_publishes_the_will_once(version: int) -> None:
    bench = Bench()
    listener = listening(bench)
    client = bench.connect(b"c", version, will=will(), session_expiry_interval=5)
    assert listener.messages() == []
    client.lose()
    assert listener.messages() == [(b"w", b"gone", 1)]
    bench.advance(100)
    bench.connect(b"c", version).lose()
    assert listener.messages() == []


@VERSIONS
@shows(v5="3.1.2-8", v3="3.1.2-8")
def test_a_breach_and_the_keep_alive_publish_the_will(version: int) -> None:
    bench = Bench()
    listener = listening(bench)
    bench.connect(b"c", version, will=will()).feed(b"\x36\0")
    assert listener.payloads() == [b"gone"]
    bench.connect(b"c", version, will=will(), keep_alive=2)
    bench.advance(2.75)
    assert listener.payloads() == []
    bench.advance(0.25)
    assert listener.payloads() == [b"gone"]


@VERSIONS
@shows(v5="3.1.2-10 3.14.4-3", v3="3.1.2-10 3.14.4-3")
def test_disconnect_removes_the_will(version: int) -> None:
    bench = Bench()
    listener = listening(bench)
    bench.connect(b"c", version, will=will(), session_expiry_interval=5).disconnect()
    bench.advance(100)
    assert listener.messages() == []


@VERSIONS
@shows(v3="3.1.2-12")
def test_without_a_will_none_is_published(version: int) -> None:
    bench = Bench()
    listener = bench.connect(b"l")
    listener.subscribe(b"#")
    bench.connect(b"c", version, will=will()).disconnect()
    bench.connect(b"c", version).lose()
    assert listener.messages() == []


def test_disconnect_4_publishes_the_will() -> None:
    bench = Bench()
    listener = listening(bench)
    bench.connect(b"c", will=will()).disconnect(4)
    assert listener.payloads() == [b"gone"]


@VERSIONS
@shows(v5="3.1.2-14 3.1.2-15", v3="3.1.2-16 3.1.2-17")
def test_a_will_is_retained_where_it_says_so(version: int) -> None:
    bench = Bench()
    bench.connect(b"c", version, will=will()).lose()
    assert len(bench.hub.retained) == 0
    bench.connect(b"c", version, will=will(retain=True)).lose()
    listener = listening(bench)
    [message] = listener.take(Publish)
    assert message.retain
    assert message.payload == b"gone"


@shows(v5="3.1.3-10")
def test_a_will_goes_out_with_its_properties() -> None:
    bench = Bench()
    listener = listening(bench)
    bench.connect(
        b"c",
        will=will(
            will_delay_interval=0, payload_format_indicator=1, message_expiry_interval=60,
            content_type=b"text", response_topic=b"r", correlation_data=b"\x01", user_properties=PAIRS,
        ),
    ).lose()  # fmt: skip
    [message] = listener.take(Publish)
    assert message.properties == PublishProperties(
        payload_format_indicator=1, message_expiry_interval=60, content_type=b"text",
        response_topic=b"r", correlation_data=b"\x01", user_properties=PAIRS,
    )  # fmt: skip


@shows(v5="3.1.2-8")
@pytest.mark.parametrize(("delay", "expiry", "after"), [(3, 5, 3), (5, 0, 0), (5, 2, 2), (3, 3, 3)])
def test_a_will_waits_for_its_delay_or_the_end_of_the_session(
    delay: int, expiry: int, after: int
) -> None:
    bench = Bench()
    listener = listening(bench)
    client = bench.connect(
        b"c", will=will(will_delay_interval=delay), session_expiry_interval=expiry
    )
    client.lose()
    if after:
        bench.advance(after - 0.01)
        assert listener.messages() == []
        bench.advance(0.01)
    assert listener.payloads() == [b"gone"]
    bench.advance(100)
    assert listener.messages() == []


@shows(v5="3.1.3-9")
def test_whoever_comes_back_within_the_delay_has_no_will_published() -> None:
    bench = Bench()
    listener = listening(bench)
    delayed = will(will_delay_interval=3)
    bench.connect(b"c", will=delayed, session_expiry_interval=5).lose()
    bench.advance(2)
    bench.connect(b"c", clean=False, session_expiry_interval=5)
    bench.advance(100)
    assert listener.messages() == []
    bench.connect(b"d", will=delayed, session_expiry_interval=5)
    bench.connect(b"d", clean=False)
    bench.advance(100)
    assert listener.messages() == []


@shows(v5="3.1.2-8")
def test_a_clean_start_ends_the_session_and_publishes_its_will() -> None:
    bench = Bench()
    listener = listening(bench)
    bench.connect(b"c", will=will(will_delay_interval=50), session_expiry_interval=90).lose()
    bench.connect(b"c", clean=True)
    assert listener.payloads() == [b"gone"]


@VERSIONS
def test_takeover_publishes_a_will_without_delay(version: int) -> None:
    bench = Bench()
    listener = listening(bench)
    bench.connect(b"c", version, clean=False, will=will(), session_expiry_interval=9)
    bench.connect(b"c", version, clean=False, session_expiry_interval=9)
    assert listener.payloads() == [b"gone"]


def test_the_owner_comes_back_with_the_will() -> None:
    bench = Bench()
    client = bench.connect(b"c", will=will())
    [due] = bench.hub.drop(client.link, bench.now).wills
    assert (due.client_id, due.will, due.owner) == (b"c", will(), None)
    client.closed = True
    assert bench.hub.publish_will(due, bench.now).code == 0x10


def test_a_will_whose_payload_is_not_what_it_says_is_refused() -> None:
    wrong = Will(b"w", b"\xff", properties=WillProperties(payload_format_indicator=1))
    client = Bench().connect(b"c", will=wrong)
    assert client.connack().code == 0x99
    assert client.closed


def test_a_disconnect_of_the_server_publishes_the_will() -> None:
    bench = Bench()
    listener = listening(bench)
    client = bench.connect(b"c", will=will())
    client.write(client.conversation.farewell(0x98))
    client.close()
    assert client.take(Disconnect) == [Disconnect(0x98)]
    assert listener.payloads() == [b"gone"]
