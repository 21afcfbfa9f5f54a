"""Handshake records to verdicts: the same alert means different things for different certificates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.judge_tls import judge_handshake
from mtlsx.probe.verdicts import KINDS, RefusedBy
from mtlsx.tls.record import Ended, HandshakeRecord, VerifyError
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.made_pki import CLIENT, NOW, SERVER, make

CA = make("Demo CA", ca=True)
PLANT = make("Plant CA", CA, ca=True)
BROKER = make("broker", CA, usage=SERVER, names=("localhost",))
OWN = {
    "good": make("dev", CA, usage=CLIENT),
    "expired": make("dev", CA, days=(-9, -2)),
    "future": make("dev", CA, days=(2, 9)),
    "server only": make("dev", CA, usage=SERVER),
    "self-signed": make("dev"),
    "of the plant": make("dev", PLANT),
}
LOCAL = LocalSide("broker.example", 8883, TlsSettings(ca_file="ca.pem"), (), (CA.der,), NOW)
SENT = HandshakeRecord(
    ended=Ended.ALERT_RECEIVED, version="TLS 1.3", cipher="c", server_chain=(BROKER.der,),
    certificate_requested=True, certificate_sent=True,
)  # fmt: skip
NOT_SENT = replace(SENT, certificate_sent=False)
BEFORE_HELLO = HandshakeRecord(ended=Ended.ALERT_RECEIVED)


def local(own: str | None) -> LocalSide:
    return LOCAL if own is None else replace(LOCAL, chain=(OWN[own].der,))


@pytest.mark.parametrize(
    ("alert", "own", "record", "verdict"),
    [
        # Mosquitto and OpenSSL
        (116, None, NOT_SENT, "client-cert-required"),
        (40, None, NOT_SENT, "client-cert-required"),
        (48, "good", SENT, "client-cert-unknown-ca"),
        (45, "expired", SENT, "client-cert-expired"),
        (42, "future", SENT, "client-cert-not-yet-valid"),
        (43, "server only", SENT, "client-cert-wrong-usage"),
        (44, "good", SENT, "client-cert-revoked"),
        (51, "good", SENT, "client-cert-rejected"),
        # EMQX
        (45, "future", SENT, "client-cert-not-yet-valid"),
        (42, "self-signed", SENT, "client-cert-self-signed"),
        (40, "server only", SENT, "client-cert-wrong-usage"),
        (40, "good", SENT, "client-cert-rejected"),
        (42, "good", SENT, "client-cert-rejected"),
        # whoever else
        (48, "self-signed", SENT, "client-cert-self-signed"),
        (46, "expired", SENT, "client-cert-expired"),
        (46, "good", SENT, "client-cert-rejected"),
        (45, "good", SENT, "client-cert-rejected"),
        (80, "good", SENT, "client-cert-rejected"),
        # not about the certificate
        (70, "good", BEFORE_HELLO, "tls-version-mismatch"),
        (71, "good", BEFORE_HELLO, "cipher-mismatch"),
        (40, "good", BEFORE_HELLO, "cipher-mismatch"),
        (112, "good", BEFORE_HELLO, "sni-unrecognized"),
        (120, "good", BEFORE_HELLO, "alpn-mismatch"),
        (80, "good", BEFORE_HELLO, "tls-alert"),
        (45, None, BEFORE_HELLO, "tls-alert"),
    ],
)
def test_alerts(alert: int, own: str | None, record: HandshakeRecord, verdict: str) -> None:
    judged = judge_handshake(replace(record, alert_received=alert), local(own))
    assert judged.id == verdict
    assert f"({alert})" in judged.summary
    assert verdict not in judged.candidates


def test_an_intermediate_at_hand_proves_that_it_is_missing() -> None:
    record = replace(SENT, alert_received=48)
    without = judge_handshake(record, local("of the plant"))
    assert without.id == "client-cert-unknown-ca"
    assert "client-cert-missing-intermediate" in without.candidates
    at_hand = replace(local("of the plant"), anchors=(CA.der, PLANT.der))
    with_it = judge_handshake(record, at_hand)
    assert with_it.id == "client-cert-missing-intermediate"
    assert "Plant CA" in with_it.summary


def test_the_issuers_that_the_server_asked_for_are_named() -> None:
    record = replace(
        SENT, alert_received=48, accepted_cas=(PLANT.certificate.subject.public_bytes(),)
    )
    summary = judge_handshake(record, local("good")).summary
    assert '"Demo CA"' in summary
    assert '"Plant CA"' in summary


@pytest.mark.parametrize(
    ("record", "verdict", "candidate"),
    [
        (replace(SENT, ended=Ended.CLOSED), "client-cert-rejected", None),
        (replace(NOT_SENT, ended=Ended.CLOSED), "client-cert-required", None),
        (HandshakeRecord(ended=Ended.CLOSED), "tls-closed", "not-tls"),
        (HandshakeRecord(ended=Ended.TIMEOUT), "tls-timeout", "not-tls"),
        (HandshakeRecord(ended=Ended.NOT_TLS, first_bytes=b"\x20\x02"), "not-tls", None),
    ],
)
def test_ends_without_an_alert(
    record: HandshakeRecord, verdict: str, candidate: str | None
) -> None:
    judged = judge_handshake(record, local("good"))
    assert judged.id == verdict
    assert candidate is None or candidate in judged.candidates


def refused(**changes: object) -> HandshakeRecord:
    return HandshakeRecord(ended=Ended.REFUSED_BY_US, server_chain=(BROKER.der,), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (2, "server-unknown-ca"),
        (9, "server-not-yet-valid"),
        (10, "server-expired"),
        (18, "server-self-signed"),
        (19, "server-unknown-ca"),
        (20, "server-unknown-ca"),
        (21, "server-unknown-ca"),
        (23, "server-revoked"),
        (26, "server-wrong-usage"),
        (66, "server-weak-crypto"),
        (67, "server-weak-crypto"),
        (68, "server-weak-crypto"),
        (99, "server-unknown-ca"),
    ],
)
def test_our_objections_to_the_server(code: int, verdict: str) -> None:
    error = VerifyError(code, "words", 0, BROKER.der)
    judged = judge_handshake(refused(verify_errors=(error,)), LOCAL)
    assert (judged.id, judged.refused_by) == (verdict, RefusedBy.US)
    assert "broker.example:8883" in judged.summary


def test_an_intermediate_of_ours_proves_that_the_server_lacks_it() -> None:
    chain = (make("broker", PLANT).der,)
    record = replace(refused(verify_errors=(VerifyError(20, "", 0, chain[0]),)), server_chain=chain)
    holding = replace(LOCAL, chain=(OWN["of the plant"].der, PLANT.der))
    assert judge_handshake(record, holding).id == "server-missing-intermediate"
    unknown = judge_handshake(record, LOCAL)
    assert unknown.id == "server-unknown-ca"
    assert "Plant CA" in unknown.summary


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"name_error": "no"}, "server-name-mismatch"),
        ({"error": "unsupported protocol"}, "tls-version-mismatch"),
        ({"error": "wrong cipher returned"}, "cipher-mismatch"),
        ({"error": "dh key too small"}, "server-weak-crypto"),
        ({"error": "bad signature"}, "tls-alert"),
    ],
)
def test_what_else_we_refuse(changes: dict[str, str], verdict: str) -> None:
    judged = judge_handshake(refused(**changes), LOCAL)
    assert (judged.id, judged.refused_by) == (verdict, RefusedBy.US)


def test_the_other_tls_version_is_the_fix() -> None:
    only_13 = TlsSettings(minimum_version=TlsVersion.V1_3)
    record = replace(BEFORE_HELLO, alert_received=70)
    fix = judge_handshake(record, replace(LOCAL, settings=only_13)).fix
    assert fix is not None
    assert "TLS 1.2" in fix


def test_days_are_counted_from_our_clock() -> None:
    later = replace(local("good"), now=NOW + timedelta(days=40))
    judged = judge_handshake(replace(SENT, alert_received=46), later)
    assert judged.id == "client-cert-expired"
    assert "10 days ago" in judged.summary


# OpenSSL's own words
words = st.text(st.characters(min_codepoint=32, max_codepoint=126))
records = st.builds(
    HandshakeRecord,
    ended=st.sampled_from(Ended),
    version=st.sampled_from([None, "TLS 1.2", "TLS 1.3"]),
    server_chain=st.lists(st.one_of(st.just(BROKER.der), st.binary()), max_size=2).map(tuple),
    verify_errors=st.lists(
        st.builds(VerifyError, st.integers(0, 100), words, st.integers(0, 3), st.binary()),
        max_size=2,
    ).map(tuple),
    name_error=st.sampled_from([None, "no"]),
    certificate_requested=st.booleans(),
    certificate_sent=st.booleans(),
    accepted_cas=st.sampled_from([None, (b"junk",)]),
    alert_received=st.one_of(st.none(), st.integers(0, 255)),
    first_bytes=st.binary(max_size=64),
    error=st.one_of(st.none(), words),
)


@given(records, st.lists(st.one_of(st.just(OWN["good"].der), st.binary()), min_size=1).map(tuple))
def test_any_record_gets_a_verdict(record: HandshakeRecord, chain: tuple[bytes, ...]) -> None:
    judged = judge_handshake(record, replace(LOCAL, chain=chain, anchors=chain))
    assert judged.id in KINDS
    assert set(judged.candidates) <= set(KINDS)
    assert judged.summary.isprintable()
