"""A probe's report as text and as JSON, from values: nothing is connected to."""

from __future__ import annotations

import json
from dataclasses import replace

import click
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.packets.control_packets import Connack
from mtlsx.packets.properties import ConnackProperties
from mtlsx.probe.brokers import Broker, Maker
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.judge_tls import judge_handshake
from mtlsx.probe.report import Report
from mtlsx.probe.steps import handshake_steps
from mtlsx.probe.target import Target
from mtlsx.probe.verdicts import OK, Stage, Verdict
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.cli.probe_json import report_json
from mtlsx_tui.cli.probe_text import report_text
from support.made_pki import CLIENT, NOW, SERVER, make

CA = make("Demo CA", ca=True)
OTHER = make("Other CA", ca=True)
BROKER = make("localhost", CA, usage=SERVER, names=("localhost",), days=(-1, 80))
DEVICE = make("dev-1", OTHER, usage=CLIENT, days=(-1, 212))
LOCAL = LocalSide("localhost", 8883, TlsSettings(), (DEVICE.der,), (CA.der,), NOW)
REFUSED = HandshakeRecord(
    ended=Ended.ALERT_RECEIVED, version="TLS 1.3", cipher="TLS_AES_256_GCM_SHA384", alert_received=48,
    server_chain=(BROKER.der, CA.der), certificate_requested=True, certificate_sent=True,
    accepted_cas=(CA.certificate.subject.public_bytes(),), seconds=0.02, hello_seconds=0.01,
    server_seconds=0.011,
)  # fmt: skip
VERDICT = judge_handshake(REFUSED, LOCAL)
REPORT = Report(
    target=Target(host="localhost", port=8883, tls=TlsSettings()),
    verdict=VERDICT,
    steps=handshake_steps(REFUSED, LOCAL, VERDICT),
    local=LOCAL,
    handshake=REFUSED,
)


def lines(report: Report, width: int | None = None) -> list[str]:
    return click.unstyle(report_text(report, width=width)).splitlines()


def test_both_sides_stand_under_the_verdict() -> None:
    text = lines(REPORT)

    assert text[:4] == [
        "Probe of localhost:8883",
        " ✔ tls        TLS 1.3, TLS_AES_256_GCM_SHA384                         10 ms",
        " ✔ server     CN=localhost ← Demo CA, 80 days left, name matches       1 ms",
        " ✘ client     refused by the server: unknown_ca (48)                   9 ms",
    ]
    assert text[4].endswith("(client-cert-unknown-ca)")
    assert text[5].startswith("   → ")
    assert text[6] == (
        "   or: our certificate file lacks an intermediate certificate (client-cert-missing-intermediate)"
    )
    assert text[7:] == [
        "",
        "What was seen",
        "  TLS          TLS 1.3, TLS_AES_256_GCM_SHA384",
        "  Server       localhost ← Demo CA, 80 days left",
        "               Demo CA self-signed, 30 days left",
        "  Its names    localhost",
        "  Accepts      client certificates of Demo CA",
        "  Ours         dev-1 ← Other CA, 212 days left",
    ]


def test_what_the_server_does_not_tell_is_said() -> None:
    silent = replace(REPORT, handshake=replace(REFUSED, accepted_cas=None))

    assert "  Accepts      client certificates; the server did not tell of which CAs" in lines(
        silent
    )


def test_warnings_and_checks_that_are_off_are_loud() -> None:
    warning = Finding(
        "own-cert-expired", Level.WARNING, "dates", "It has expired.", None, "Renew it."
    )
    target = replace(REPORT.target, tls=TlsSettings(verify_chain=False, verify_name=False))
    broker = Broker(Maker.EMQX, "5.0", "the profile says emqx5.0")
    text = lines(replace(REPORT, warnings=(warning,), target=target, broker=broker))

    assert "  Warning      It has expired. (own-cert-expired)" in text
    assert "               → Renew it." in text
    assert "  NOT CHECKED  the server's chain and name" in text
    assert "  Broker       EMQX 5.0, because the profile says emqx5.0" in text


def test_a_narrow_terminal_wraps() -> None:
    assert max(map(len, lines(REPORT, width=60))) <= 60


def test_json_has_both_sides_and_the_evidence() -> None:
    said = ConnackProperties(
        assigned_client_identifier=b"auto-1", user_properties=((b"node", b"a"),)
    )
    content = report_json(replace(REPORT, connack=Connack(True, 0, said)))

    assert content["verdict"] == "client-cert-unknown-ca"
    assert content["candidates"] == ["client-cert-missing-intermediate"]
    assert content["server"]["accepted_cas"] == ["CN=Demo CA"]
    assert [each["subject"] for each in content["server"]["chain"]] == [
        "CN=localhost",
        "CN=Demo CA",
    ]
    assert (content["client"]["chain"][0]["issuer"], content["client"]["sent"]) == (
        "CN=Other CA",
        True,
    )
    assert content["evidence"]["handshake"]["alert_received"] == "unknown_ca (48)"
    assert content["evidence"]["clock"] == NOW.isoformat()
    assert content["evidence"]["server_name"] == "localhost"
    assert content["evidence"]["connack"]["assigned_client_id"] == "auto-1"
    assert content["stages"][-1] == {
        "stage": "client-certificate", "ok": False, "ms": 9.0,
        "detail": "refused by the server: unknown_ca (48)",
    }  # fmt: skip
    assert json.loads(json.dumps(content)) == content


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=64), st.text(max_size=20))
def test_whatever_was_seen_can_be_printed(
    server: bytes, name: bytes, said: bytes, alpn: str
) -> None:
    record = replace(
        REFUSED, server_chain=(server,), accepted_cas=(name,), alpn=alpn, name_error=alpn or None,
        first_bytes=said,
    )  # fmt: skip
    report = replace(
        REPORT,
        handshake=record,
        local=replace(LOCAL, chain=(server,)),
        steps=handshake_steps(record, LOCAL),
        verdict=Verdict(OK, "Well.", at=Stage.CLIENT_CERTIFICATE),
    )
    assert all(map(str.isprintable, lines(report)))
    assert json.dumps(report_json(report))
