"""A connection that ends for what was asked: by a server that hangs up on what its access rules deny."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from paho.mqtt.client import Client as PahoClient

from mtlsx.client.denial import (
    AT_ONCE,
    Asked,
    Denied,
    Unanswered,
    judge_denial,
    last_denial,
    unanswered_subscribe,
)
from mtlsx.client.events import Connected, Failed, Subscribed
from mtlsx.client.packet_log import PacketLog
from mtlsx.client.session import Session
from mtlsx.client.settings import ConnectionSettings, Publication, Subscription, Transport
from mtlsx.packets.control_packets import (
    MQTT_5,
    Connect,
    ControlPacket,
    Disconnect,
    Publish,
    Suback,
    Subscribe,
)
from mtlsx.packets.control_packets import Subscription as Asks
from mtlsx.packets.encode import encode
from mtlsx.packets.framing import PacketFilter, PacketType
from mtlsx.packets.properties import DisconnectProperties
from mtlsx.probe.verdicts import Verdict
from support.client import WAIT, Client
from support.scripted_broker import CONNACK_OK_5, Peer, ScriptedBroker

TARGET = "broker.example:8883"
NOT_AUTHORIZED = Disconnect(0x87, DisconnectProperties())
SHUTTING_DOWN = Disconnect(0x8B, DisconnectProperties())
ASKED_FOR = Unanswered(("a/#", "b"), subscribe=True)
SENT = Unanswered(("a/b",), subscribe=False)
DENIED = Denied((("a/#", "Not authorized (0x87)"),), None, at=100.0)


def judged(
    asked: Asked, disconnect: Disconnect | None = None, *, now: float = 100.1, hung_up: bool = True
) -> Verdict | None:
    return judge_denial(TARGET, asked, disconnect, now=now, hung_up=hung_up)


def test_hanging_up_at_once_after_a_denial_is_for_that() -> None:
    verdict = judged(Asked(DENIED))
    assert verdict is not None
    assert verdict.id == "subscribe-denied"
    assert '"a/#" (Not authorized (0x87))' in verdict.summary


@pytest.mark.parametrize(
    ("now", "hung_up"),
    [(100.1 + AT_ONCE, True), (100.1, False)],
    ids=["later", "reset"],
)
def test_a_connection_that_ends_after_a_denial_may_end_for_anything(
    now: float, hung_up: bool
) -> None:
    assert judged(Asked(DENIED), now=now, hung_up=hung_up) is None


def test_a_dismissal_in_place_of_an_answer_denies_what_was_asked() -> None:
    verdict = judged(Asked(None, ASKED_FOR), NOT_AUTHORIZED, hung_up=False)
    assert verdict is not None
    assert verdict.id == "subscribe-denied"
    assert '"a/#" (Not authorized (0x87)), "b" (Not authorized (0x87))' in verdict.summary
    verdict = judged(Asked(None, SENT), NOT_AUTHORIZED)
    assert verdict is not None
    assert verdict.id == "publish-denied"


@pytest.mark.parametrize(
    ("asked", "disconnect"),
    [
        (Asked(None, ASKED_FOR), SHUTTING_DOWN),
        (Asked(), NOT_AUTHORIZED),
        (Asked(DENIED), SHUTTING_DOWN),
        (Asked(), None),
    ],
)
def test_what_says_nothing_of_a_denial(asked: Asked, disconnect: Disconnect | None) -> None:
    assert judged(asked, disconnect) is None


def test_hanging_up_in_place_of_an_answer_may_be_a_denial() -> None:
    for unanswered, word in ((ASKED_FOR, "subscribe"), (SENT, "publish")):
        verdict = judged(Asked(None, unanswered))
        assert verdict is not None
        assert verdict.id == "connection-lost"
        assert f"on {word.upper()} for" in verdict.summary
        assert verdict.candidates[0] == f"{word}-denied"
        assert judged(Asked(None, unanswered), hung_up=False) is None


# ---------------------------------------------------------------------- from the log


def logged(*packets: ControlPacket) -> PacketLog:
    """A log of ``packets``: ours are CONNECT, SUBSCRIBE and PUBLISH."""
    log = PacketLog(MQTT_5, "", clock=lambda: 1.5)
    ours, theirs = (PacketFilter(frozenset(), note) for note in (log.sent, log.received))
    for each in packets:
        way = ours if isinstance(each, Connect | Subscribe | Publish) else theirs
        way.feed(encode(each, MQTT_5))
    return log


CONNECT = Connect(version=MQTT_5, client_id=b"dev")
BOTH = Subscribe(7, (Asks(b"a/#", 1), Asks(b"b", 0)))
OTHER = Subscribe(8, (Asks(b"c", 0),))


def test_the_log_tells_what_was_denied_last() -> None:
    log = logged(CONNECT, BOTH, OTHER, Suback(8, (0,)), Suback(7, (0, 0x87)))
    denied = last_denial(log, version5=True)
    assert denied == Denied((("b", "Not authorized (0x87)"),), None, 1.5)
    assert unanswered_subscribe(log) is None


@pytest.mark.parametrize(
    "after",
    [(), (Suback(7, (0, 1)),), (Suback(7, (0, 0x87)), Publish(b"a/1", b"")), (Suback(9, (0x87,)),)],
    ids=["nothing", "granted", "something else", "nobody asked"],
)
def test_the_log_tells_of_no_denial(after: tuple[ControlPacket, ...]) -> None:
    assert last_denial(logged(CONNECT, BOTH, *after), version5=True) is None


def test_the_log_tells_what_was_not_answered() -> None:
    assert unanswered_subscribe(logged(CONNECT, BOTH)) == ASKED_FOR
    assert unanswered_subscribe(logged(CONNECT, BOTH, OTHER, Suback(7, (0, 0)))) == Unanswered(
        ("c",), subscribe=True
    )


def test_what_an_earlier_connection_asked_counts_no_more() -> None:
    assert unanswered_subscribe(logged(CONNECT, BOTH, CONNECT)) is None
    assert (
        last_denial(logged(CONNECT, BOTH, CONNECT, Suback(7, (0x87, 0x87))), version5=True) is None
    )


# ---------------------------------------------------------------------- over a connection


def ended(script: Callable[[Peer], None], ask: Callable[[Client], object]) -> Failed:
    """How a connection ends when ``script`` answers what ``ask`` asks."""

    def whole(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        script(peer)

    with ScriptedBroker(whole) as broker:
        settings = ConnectionSettings(
            host="127.0.0.1", port=broker.port, transport=Transport.MQTT, client_id="dev"
        )
        with Client(settings) as client:
            client.event(Connected)
            ask(client)
            outcome = client.outcome()
    assert isinstance(outcome, Failed)
    return outcome


def subscribe(client: Client) -> None:
    client.connection.subscribe([Subscription("a/#")])


def test_who_is_denied_and_hung_up_on_does_not_come_back() -> None:
    def deny(peer: Peer) -> None:
        packet = peer.expect(PacketType.SUBSCRIBE)
        peer.send(b"\x90\x04" + packet.body[:2] + b"\x00\x87")

    outcome = ended(deny, subscribe)
    assert (outcome.verdict.id, outcome.retry_in) == ("subscribe-denied", None)
    assert (outcome.steps[-1].stage, outcome.steps[-1].ok) == ("subscribe", False)


def test_who_is_denied_one_thing_of_two_comes_back_after_a_loss() -> None:
    def deny(peer: Peer) -> None:
        packet = peer.expect(PacketType.SUBSCRIBE)
        peer.send(b"\x90\x04" + packet.body[:2] + b"\x00\x87")
        peer.send(encode(Publish(b"b", b"1"), MQTT_5))

    def ask(client: Client) -> None:
        subscribe(client)
        client.event(Subscribed)
        client.message()

    outcome = ended(deny, ask)
    assert outcome.verdict.id == "connection-lost"
    assert outcome.retry_in is not None


def test_an_answer_is_told_before_the_loss_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However late the thread that asked comes to know what its request is called."""
    over = threading.Event()
    lost, send = Session._lost, PahoClient.subscribe

    def seen(session: Session, *, unanswered_ping: bool) -> Verdict:
        verdict = lost(session, unanswered_ping=unanswered_ping)
        over.set()
        return verdict

    def slow(client: PahoClient, *args: Any, **more: Any) -> Any:
        given = send(client, *args, **more)
        assert over.wait(WAIT)
        return given

    monkeypatch.setattr(Session, "_lost", seen)
    monkeypatch.setattr(PahoClient, "subscribe", slow)

    def grant(peer: Peer) -> None:
        packet = peer.expect(PacketType.SUBSCRIBE)
        peer.send(b"\x90\x04" + packet.body[:2] + b"\x00\x00")

    def ask(client: Client) -> None:
        subscribe(client)
        assert client.event(Subscribed).codes == (0,)

    assert ended(grant, ask).verdict.id == "connection-lost"


def test_a_dismissal_on_publish_is_a_denial() -> None:
    def dismiss(peer: Peer) -> None:
        peer.expect(PacketType.PUBLISH)
        peer.send(encode(NOT_AUTHORIZED, MQTT_5))

    outcome = ended(
        dismiss, lambda client: client.connection.publish(Publication("a/b", b"1", qos=1))
    )
    assert (outcome.verdict.id, outcome.retry_in) == ("publish-denied", None)


def test_hanging_up_on_subscribe_names_what_was_asked() -> None:
    outcome = ended(lambda peer: peer.expect(PacketType.SUBSCRIBE) and None, subscribe)
    assert outcome.verdict.id == "connection-lost"
    assert 'closed the connection on SUBSCRIBE for "a/#"' in outcome.verdict.summary
    assert outcome.retry_in is not None
