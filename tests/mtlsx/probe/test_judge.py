"""Network errors, CONNACKs and losses to verdicts."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.packets.control_packets import Connack, Disconnect
from mtlsx.packets.properties import ConnackProperties, DisconnectProperties
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.judge import (
    judge_close_before_connack,
    judge_connack,
    judge_loss,
    judge_network,
    judge_upgrade,
)
from mtlsx.probe.verdicts import Verdict
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.settings import TlsSettings
from support.made_pki import CLIENT, NOW, make

LOCAL = LocalSide("broker.example", 8883, TlsSettings(), (), None, NOW)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (socket.gaierror(-2, "Name or service not known"), "dns-not-found"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "tcp-refused"),
        (TimeoutError("timed out"), "tcp-timeout"),
        (OSError(errno.ETIMEDOUT, "Connection timed out"), "tcp-timeout"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "tcp-unreachable"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "tcp-unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "tcp-refused"),
    ],
)
def test_network_errors(error: OSError, verdict: str) -> None:
    judged = judge_network(error, "broker.example", 8883)
    assert judged.id == verdict
    assert "broker.example" in judged.summary


def test_a_code_1_from_a_3_1_1_server_is_understood_in_version_5() -> None:
    judged = judge_connack(Connack(False, 1), LOCAL, version5=True)
    assert judged.id == "mqtt-version-unsupported"


@pytest.mark.parametrize("judged", [True, False])
def test_hanging_up_after_connect_may_still_be_about_our_certificate(judged: bool) -> None:
    said = closed_after_connect(judged=judged, days=(-1, 9))
    assert (said.id, said.candidates) == ("closed-without-connack", ("client-cert-rejected",))
    assert "it had asked for our certificate" in said.summary


def test_a_fault_that_can_be_seen_decides_where_the_server_had_said_nothing() -> None:
    taken = closed_after_connect(judged=True, days=(-9, -2))
    assert taken.id == "closed-without-connack"
    assert taken.candidates == ("client-cert-expired", "client-cert-rejected")
    silent = closed_after_connect(judged=False, days=(-9, -2))
    assert silent.id == "client-cert-rejected"
    assert silent.candidates[:2] == ("client-cert-expired", "closed-without-connack")
    for said in (taken, silent):
        assert "seen from here, it expired" in said.summary


def closed_after_connect(*, judged: bool, days: tuple[int, int]) -> Verdict:
    record = HandshakeRecord(
        ended=Ended.AGREED, certificate_requested=True, certificate_sent=True, judged=judged
    )
    ca = make("Demo CA", ca=True)
    device = make("dev-1", ca, usage=CLIENT, days=days)
    local = replace(LOCAL, chain=(device.der,), anchors=(ca.der,))
    return judge_close_before_connack(record, local, b"", None)


def test_hanging_up_after_connect_may_be_about_the_lack_of_a_certificate() -> None:
    record = HandshakeRecord(ended=Ended.AGREED, certificate_requested=True, judged=True)
    said = judge_close_before_connack(record, LOCAL, b"", None)
    assert (said.id, said.candidates) == ("closed-without-connack", ("client-cert-required",))
    assert "none was given" in said.summary
    silent = judge_close_before_connack(replace(record, judged=False), LOCAL, b"", None)
    assert (silent.id, silent.candidates) == ("client-cert-required", ("closed-without-connack",))


def test_hanging_up_after_connect_is_not_about_a_certificate_that_nobody_asked_for() -> None:
    record = HandshakeRecord(ended=Ended.AGREED, judged=True)
    said = judge_close_before_connack(record, LOCAL, b"", None)
    assert (said.id, said.candidates) == ("closed-without-connack", ())


def test_a_late_alert_is_the_reason() -> None:
    record = HandshakeRecord(
        ended=Ended.ALERT_RECEIVED, certificate_requested=True, alert_received=116
    )
    assert judge_close_before_connack(record, LOCAL, b"", None).id == "client-cert-required"


def test_a_loss_without_a_word_may_be_a_second_client() -> None:
    judged = judge_loss(None, "h", 1883, unanswered_ping=False)
    assert (judged.id, judged.candidates) == ("connection-lost", ("session-taken-over",))
    silent = judge_loss(None, "h", 1883, unanswered_ping=True)
    assert (silent.id, silent.candidates) == ("connection-lost", ())


def test_a_loss_with_a_reason_tells_it() -> None:
    judged = judge_loss(
        Disconnect(0x98, DisconnectProperties(reason_string="maintenance")),
        "h",
        1883,
        unanswered_ping=False,
    )
    assert judged.id == "disconnected-by-server"
    assert 'Administrative action (0x98), saying "maintenance"' in judged.summary


def test_another_http_answer_than_an_upgrade_is_not_mqtt() -> None:
    judged = judge_upgrade("HTTP/1.1 404 Not Found", "/wrong")
    assert judged.id == "not-mqtt"
    assert "/wrong" in judged.summary
    assert "404 Not Found" in judged.summary


@given(st.text(), st.text())
def test_what_the_server_says_cannot_reach_the_terminal_raw(reason: str, other: str) -> None:
    connack = Connack(False, 0x9D, ConnackProperties(reason_string=reason, server_reference=other))
    disconnect = Disconnect(0x98, DisconnectProperties(reason_string=reason))
    for judged in (
        judge_connack(connack, LOCAL, version5=True),
        judge_loss(disconnect, "h", 1, unanswered_ping=False),
        judge_close_before_connack(None, LOCAL, b"", disconnect),
        judge_close_before_connack(None, LOCAL, reason.encode(errors="replace"), None),
        judge_upgrade(f"HTTP/1.1 {reason}", "/mqtt"),
    ):
        assert str(judged).isprintable()
