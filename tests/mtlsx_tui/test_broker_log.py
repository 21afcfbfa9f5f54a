"""What the broker told, as the screen keeps it: its clients, and its last decisions with their ladders."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mtlsx_tui.broker_log import BrokerLog, text_of
from support.scripted_local_broker import connected, decided, gone, handshake_refused, refused


def log_of(*events: dict[str, Any]) -> BrokerLog:
    log = BrokerLog()
    for number, event in enumerate(events):
        log.take(event, float(number))
    return log


def test_clients_come_and_go() -> None:
    log = log_of(connected("a", 1), connected("b", 2, version=3), gone("a", 1))
    (client,) = log.clients
    assert (client.client_id, client.username, client.version) == ("b", "b", "3.1")
    assert (client.host, client.port, client.since) == ("127.0.0.1", 2, 1.0)


def test_a_client_that_is_taken_over_stays_with_its_new_connection() -> None:
    log = log_of(connected("a", 1), connected("b", 2), connected("a", 3), gone("a", 1, by="broker"))
    assert [(each.client_id, each.port) for each in log.clients] == [("b", 2), ("a", 3)]


def test_those_that_came_before_anybody_listened_are_found() -> None:
    log = log_of(connected("a", 1))
    found = [
        {**connected(name, port), "connected_for": 5.0}
        for name, port in (("early", 9), ("a", 1), ("z", 3))
    ]
    log.found(found, 100.0)
    assert [(each.client_id, each.since) for each in log.clients] == [
        ("early", 95.0),
        ("a", 0.0),
        ("z", 95.0),
    ]
    log.over()
    assert log.clients == ()


def test_decisions_are_the_newest_first_and_say_what_became_of_them() -> None:
    log = log_of(
        connected("a", 1, is_superuser=True),
        refused("b", 2),
        decided("a", "subscribe", "a/#", allowed=True),
        decided("a", "publish", "a/1", allowed=True),
        decided("a", "publish", "b/1", allowed=False),
        decided("a", "will", "b/2", allowed=False),
        gone("a", 1),
    )
    assert [(each.mark, each.what, each.said, each.detail) for each in log.decisions] == [
        ("✘", "WILL", "denied Not authorized (0x87)", "b/2"),
        ("✘", "PUBLISH", "denied Not authorized (0x87)", "b/1"),
        ("✔", "SUBSCRIBE", "allowed", "a/#"),
        ("✘", "CONNECT", "refused", "Bad User Name or Password (0x86)"),
        ("✔", "CONNECT", "let in", "as a, superuser, MQTT 5"),
    ]


def test_the_ladder_has_a_mark_and_a_sentence_for_each_step() -> None:
    (decision,) = log_of(refused("dev-1", 2)).decisions
    assert [mark for mark, _ in decision.ladder] == ["·", "·", "·", "·", "✘", "✘"]
    assert decision.ladder[1][1] == "The username is dev-1, from cn."
    assert decision.ladder[-1][1] == "The client is refused."


def test_a_refusal_without_a_trace_gives_its_reason() -> None:
    (decision,) = log_of(refused("a", 1, trace=[], code=None, reason="banned")).decisions
    assert decision.detail == "closed without CONNACK"
    assert decision.ladder == (("✘", "banned"),)


def test_a_rejected_certificate_is_described() -> None:
    (decision,) = log_of(handshake_refused(1)).decisions
    assert (decision.what, decision.detail) == ("TLS", "O=Else, CN=stranger: unknown_ca (48)")
    text = " ".join(sentence for _, sentence in decision.ladder)
    for part in (
        "O=Else, CN=stranger",
        "CN=Other CA",
        "61b2d4f6",
        "2027-01-01",
        "unable to get local issuer certificate",
        "unknown_ca (48)",
    ):
        assert part in text
    bare = {**handshake_refused(1), "certificate": None, "alert": None}
    (decision,) = log_of(bare).decisions
    assert decision.detail == "closed without an alert"


def test_what_else_the_transport_refuses_is_kept() -> None:
    where = {"listener": "ssl:default", "host": "127.0.0.1", "port": 1}
    log = log_of(
        {**where, "event": "upgrade_refused", "status": 400, "reason": "no websocket"},
        {**where, "event": "connection_refused", "limit": "max_connections", "count": 1024},
        {"event": "reload_failed", "listener": "ssl:default", "reason": "no such file"},
        {**where, "event": "listener_started", "exposure": None},
        {"event": "session_ended", "client_id": "a"},
    )
    assert [each.what for each in log.decisions] == ["RELOAD", "LIMIT", "WEBSOCKET"]
    assert "max_connections is 1,024" in log.decisions[1].ladder[0][1]


def test_a_client_that_the_broker_ended_is_a_note() -> None:
    (end, _) = log_of(connected("a", 1), gone("a", 1, by="broker")).decisions
    assert (end.mark, end.what) == ("·", "END")


def test_octets_that_are_no_text_are_shown_in_hex() -> None:
    log = log_of(connected("a", 1) | {"client_id": {"hex": "ff00"}, "username": None})
    assert text_of(log.clients[0].client_id) == "0xff00"
    assert text_of(log.clients[0].username) == ""
    log.take(gone("a", 1) | {"client_id": {"hex": "ff00"}}, 2.0)
    assert log.clients == ()


@given(st.integers(1, 20), st.integers(0, 60))
def test_no_more_than_the_most_are_kept(most: int, count: int) -> None:
    log = BrokerLog(most)
    for number in range(count):
        log.take(refused(f"dev-{number}", number), 0.0)
    kept = [each.number for each in log.decisions]
    assert kept == list(range(count, max(0, count - most), -1))
