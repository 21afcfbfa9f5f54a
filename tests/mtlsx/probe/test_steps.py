"""What stands on the rungs: records and certificates to one line each."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.packets.control_packets import Connack
from mtlsx.probe.dialing import Address
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.judge_tls import judge_handshake
from mtlsx.probe.steps import (
    connack_detail,
    dns_detail,
    handshake_steps,
    material_detail,
    network_failure,
    plain_steps,
    refusal_detail,
)
from mtlsx.probe.verdicts import Stage, Verdict
from mtlsx.tls.record import Ended, HandshakeRecord, VerifyError
from mtlsx.tls.settings import TlsSettings
from support.made_pki import CLIENT, NOW, SERVER, make

CA = make("Demo CA", ca=True)
BROKER = make("broker.example", CA, usage=SERVER, names=("broker.example",), days=(-1, 80))
DEVICE = make("dev-1", CA, usage=CLIENT, days=(-1, 212))
LOCAL = LocalSide("broker.example", 8883, TlsSettings(), (DEVICE.der,), (CA.der,), NOW)
AGREED = HandshakeRecord(
    ended=Ended.AGREED, version="TLS 1.3", cipher="TLS_AES_256_GCM_SHA384",
    server_chain=(BROKER.der,), certificate_requested=True, certificate_sent=True, judged=True,
    seconds=0.5, hello_seconds=0.125, server_seconds=0.25,
)  # fmt: skip
REFUSED = replace(AGREED, ended=Ended.ALERT_RECEIVED, alert_received=48, judged=False)


def rungs(record: HandshakeRecord, verdict: Verdict | None = None) -> list[tuple[object, ...]]:
    steps = handshake_steps(record, LOCAL, verdict)
    return [(step.label, step.ok, step.seconds, step.detail) for step in steps]


def addresses(*ips: str) -> tuple[Address, ...]:
    return tuple(Address(socket.AF_INET, ip, (ip, 8883)) for ip in ips)


def test_material_says_what_we_bring() -> None:
    assert material_detail(LOCAL) == "key matches, 212 days left, clientAuth"
    assert material_detail(replace(LOCAL, chain=())) == "no client certificate"
    anything = make("dev", CA, days=(-9, -2)).der
    assert (
        material_detail(replace(LOCAL, chain=(anything,)))
        == "key matches, expired 2 days ago, any use"
    )
    assert "cannot be read" in material_detail(replace(LOCAL, chain=(b"\x30\x00",)))


def test_a_name_is_shown_with_its_addresses() -> None:
    assert dns_detail("broker.example", addresses("192.0.2.7")) == "broker.example → 192.0.2.7"
    many = addresses("192.0.2.1", "192.0.2.1", *(f"192.0.2.{last}" for last in range(2, 8)))
    assert dns_detail("b", many) == "b → 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 and 3 more"


def test_a_handshake_has_three_rungs_with_times_of_their_own() -> None:
    assert rungs(AGREED) == [
        ("tls", True, 0.125, "TLS 1.3, TLS_AES_256_GCM_SHA384"),
        ("server", True, 0.125, "CN=broker.example ← Demo CA, 80 days left, name matches"),
        ("client", True, 0.25, "dev-1 accepted"),
    ]


def test_an_alpn_that_was_offered_in_vain_is_said() -> None:
    offered = replace(LOCAL, settings=TlsSettings(alpn=("mqtt",)))

    assert handshake_steps(AGREED, offered)[0].detail.endswith(", no ALPN agreed")
    assert handshake_steps(replace(AGREED, alpn="mqtt"), offered)[0].detail.endswith(", ALPN mqtt")


def test_a_refusal_of_our_certificate_is_on_the_last_rung() -> None:
    verdict = judge_handshake(REFUSED, LOCAL)

    assert rungs(REFUSED, verdict)[-1] == (
        "client", False, 0.25, "refused by the server: unknown_ca (48)",
    )  # fmt: skip


def test_our_refusal_of_the_server_is_on_its_rung_and_the_last() -> None:
    error = VerifyError(20, "unable to get local issuer certificate", 0, BROKER.der)
    record = replace(AGREED, ended=Ended.REFUSED_BY_US, verify_errors=(error,))
    verdict = judge_handshake(record, LOCAL)

    assert rungs(record, verdict)[1:] == [
        ("server", False, 0.375, "refused by us: unable to get local issuer certificate"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        (HandshakeRecord(ended=Ended.NOT_TLS, first_bytes=b"HTTP"), "the server answered, but not in TLS"),
        (HandshakeRecord(ended=Ended.TIMEOUT), "no answer"),
        (HandshakeRecord(ended=Ended.CLOSED), "the server hung up"),
        (
            HandshakeRecord(ended=Ended.ALERT_RECEIVED, alert_received=70),
            "refused by the server: protocol_version (70)",
        ),
        (
            HandshakeRecord(ended=Ended.REFUSED_BY_US, error="unsupported protocol"),
            "refused by us: unsupported protocol",
        ),
    ],
)  # fmt: skip
def test_no_tls_is_one_rung(record: HandshakeRecord, detail: str) -> None:
    assert rungs(record, judge_handshake(record, LOCAL)) == [("tls", False, 0.0, detail)]


def test_what_was_not_checked_is_neither_passed_nor_failed() -> None:
    error = VerifyError(19, "self-signed certificate in chain", 1, CA.der)
    record = replace(AGREED, verify_errors=(error,), name_error="no such name")
    _, server, _ = rungs(record)

    assert server[1] is None
    assert str(server[3]).endswith(
        "80 days left; not checked: self-signed certificate in chain; no such name"
    )


def test_a_certificate_that_was_not_asked_for_does_not_come_into_it() -> None:
    not_asked = replace(AGREED, certificate_requested=False, certificate_sent=False)
    in_vain = replace(AGREED, certificate_sent=False)
    unjudged = replace(AGREED, judged=False)

    assert rungs(not_asked)[2] == (
        "client", None, None, "the server asked for no certificate; ours was not sent",
    )  # fmt: skip
    assert rungs(in_vain)[2][3] == "the server asked for a certificate, and goes on without one"
    assert rungs(unjudged)[2] == ("client", True, 0.25, "dev-1 sent, no objection so far")


def test_without_tls_its_rungs_are_left_out() -> None:
    assert [(step.label, step.ok) for step in plain_steps()] == [
        ("tls", None), ("server", None), ("client", None),
    ]  # fmt: skip


def test_network_failures_name_the_address() -> None:
    refused = ConnectionRefusedError(111, "Connection refused")

    assert (
        network_failure(refused, "b", addresses("192.0.2.7"))
        == "192.0.2.7:8883: connection refused"
    )
    assert (
        network_failure(TimeoutError(), "b", addresses("192.0.2.7")) == "192.0.2.7:8883: no answer"
    )
    assert network_failure(socket.gaierror(-2, "Name unknown"), "b", ()) == "b: name unknown"


def test_a_refusal_of_connect_names_its_code() -> None:
    assert (
        refusal_detail(Connack(False, 0x87), version5=True)
        == "refused by the server: Not authorized (0x87)"
    )
    assert refusal_detail(Connack(False, 5), version5=True) == refusal_detail(
        Connack(False, 5), version5=False
    )
    assert refusal_detail(Connack(False, 5), version5=False).endswith("(5)")


def test_connack_says_version_client_id_and_session() -> None:
    assert (
        connack_detail(Connack(False, 0), "5", "dev")
        == "MQTT 5 accepted, client id dev, new session"
    )
    assert "session continued" in connack_detail(Connack(True, 0), "3.1.1", "dev")
    assert "does not tell" in connack_detail(Connack(False, 0), "3.1.1", "")


@given(st.binary(max_size=64), st.binary(max_size=64), st.text(max_size=20))
def test_any_certificate_can_be_shown(server: bytes, own: bytes, said: str) -> None:
    local = replace(LOCAL, chain=(own,))
    record = replace(AGREED, server_chain=(server,), cipher=said)
    steps = handshake_steps(record, local)

    assert [step.stage for step in steps] == [
        Stage.TLS, Stage.SERVER_CERTIFICATE, Stage.CLIENT_CERTIFICATE,
    ]  # fmt: skip
    assert all(step.detail.isprintable() for step in steps)
    assert material_detail(local).isprintable()
