"""Handshake records to verdicts: the same alert means different things for different certificates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
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
    "good": make("dev", CA, usage=CLIENT, days=(-9, 30)),
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


# What servers send for each fault of ours: OpenSSL (Mosquitto), Erlang (EMQX), Go, Go 1.19, rustls, Java, GnuTLS.
HABITS = {
    "expired": ("client-cert-expired", (45, 45, 45, 42, 45, 46, 49)),
    "future": ("client-cert-not-yet-valid", (42, 45, 45, 42, 45, 46, 49)),
    "self-signed": ("client-cert-self-signed", (48, 42, 48, 42, 48, 46, 49)),
    "server only": ("client-cert-wrong-usage", (43, 40, 42, 42, 43, 46, 49)),
}


@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("own", HABITS)
def test_a_fault_is_found_whichever_server_refuses_it(own: str, version: str) -> None:
    verdict, alerts = HABITS[own]
    for alert in alerts:
        record = replace(SENT, version=version, alert_received=alert)
        assert judge_handshake(record, local(own)).id == verdict, alert


@pytest.mark.parametrize("alert", [40, 41, 42, 43, 46, 48, 49, 50, 116])
def test_none_was_sent_whichever_alert_says_so(alert: int) -> None:
    """Go says 42 on TLS 1.2, or 40; Java 42; GnuTLS 50; OpenSSL and EMQX 40, on 1.3 116."""
    assert judge_handshake(replace(NOT_SENT, alert_received=alert), LOCAL).id == (
        "client-cert-required"
    )


@pytest.mark.parametrize("own", HABITS)
def test_a_server_that_hangs_up_leaves_what_is_seen_from_here(own: str) -> None:
    """Node.js does this for every fault."""
    verdict, _ = HABITS[own]
    judged = judge_handshake(replace(SENT, ended=Ended.CLOSED), local(own))
    assert (judged.id, judged.candidates[0]) == ("client-cert-rejected", verdict)
    assert "as seen from here, it " in judged.summary


@pytest.mark.parametrize("alert", [42, 46, 48, 49])
def test_the_accepted_cas_decide_where_the_alert_is_vague(alert: int) -> None:
    """Java sends 46 for whatever is wrong, and names whom it trusts."""
    name = PLANT.certificate.subject.public_bytes()
    record = replace(SENT, alert_received=alert, accepted_cas=(name,))
    judged = judge_handshake(record, local("good"))
    assert judged.id == "client-cert-unknown-ca"
    assert 'the broker asked for one from "Plant CA"' in judged.summary


def test_a_ca_of_the_same_name_with_another_key_is_told() -> None:
    at_hand = replace(local("good"), anchors=(make("Demo CA", ca=True).der,))
    for alert in (42, 46, 48, 51):
        judged = judge_handshake(replace(SENT, alert_received=alert), at_hand)
        assert judged.id == "client-cert-unknown-ca"
        assert "another key" in judged.summary


def test_what_our_certificate_speaks_against_is_no_candidate() -> None:
    judged = judge_handshake(replace(SENT, alert_received=40), local("good"))
    assert judged.id == "client-cert-rejected"
    assert judged.candidates == ("client-cert-unknown-ca",)


def test_an_alert_that_contradicts_our_dates_says_so() -> None:
    """A stale CRL on Mosquitto does this."""
    judged = judge_handshake(replace(SENT, alert_received=45), local("good"))
    assert "but it is in date" in judged.summary
    assert judged.candidates == ("client-cert-revoked",)


def test_a_clock_that_differs_by_hours_remains_possible() -> None:
    young = replace(LOCAL, chain=(make("dev", CA, days=(0, 30)).der,))
    judged = judge_handshake(replace(SENT, alert_received=45), young)
    assert judged.candidates == ("client-cert-not-yet-valid", "client-cert-revoked")


def test_an_issuer_of_ours_that_has_expired_is_named() -> None:
    old = make("Old CA", CA, ca=True, days=(-90, -1))
    ours = replace(LOCAL, chain=(make("dev", old).der, old.der))
    judged = judge_handshake(replace(SENT, alert_received=45), ours)
    assert judged.id == "client-cert-expired"
    assert 'its issuer "Old CA" expired' in judged.summary


def test_a_certificate_that_erlang_cannot_decode_is_told() -> None:
    """EMQX: 40 on TLS 1.2, a bare end of file on 1.3, for a CN that is an IA5String."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dev", _ASN1Type.IA5String)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(CA.certificate.subject)
        .public_key(CA.key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(NOW + timedelta(days=9))
        .sign(CA.key, hashes.SHA256())
    )
    odd = replace(LOCAL, chain=(certificate.public_bytes(Encoding.DER),))
    for record in (replace(SENT, alert_received=40), replace(SENT, ended=Ended.CLOSED)):
        judged = judge_handshake(record, odd)
        assert judged.id == "client-cert-rejected"
        assert "cannot decode it" in judged.summary


@pytest.mark.parametrize("alert", [10, 20, 47, 109, 110])
def test_an_alert_about_the_protocol_is_not_about_our_certificate(alert: int) -> None:
    assert judge_handshake(replace(SENT, alert_received=alert), local("expired")).id == "tls-alert"


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
        (3, "server-unknown-ca"),
        (7, "server-unknown-ca"),
        (12, "server-unknown-ca"),
        (13, "server-not-yet-valid"),
        (14, "server-expired"),
        (25, "server-wrong-usage"),
        (47, "server-wrong-usage"),
        (62, "server-name-mismatch"),
        (79, "server-wrong-usage"),
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


def test_no_revocation_list_of_the_issuer_is_a_sentence_of_its_own() -> None:
    record = refused(verify_errors=(VerifyError(3, "unable to get crl", 0, BROKER.der),))
    judged = judge_handshake(record, LOCAL)
    assert 'holds no list of "Demo CA"' in judged.summary
    assert judged.candidates == ("server-revoked",)


def test_a_clock_that_is_wrong_is_told() -> None:
    record = refused(verify_errors=(VerifyError(9, "", 0, BROKER.der),))
    judged = judge_handshake(record, replace(local("good"), now=NOW.replace(year=1970)))
    assert judged.id == "server-not-yet-valid"
    assert "this machine's clock looks wrong" in judged.summary
    assert judged.fix == "Set this machine's clock."


def test_an_issuer_of_the_server_is_named() -> None:
    record = refused(verify_errors=(VerifyError(32, "words", 1, PLANT.der),))
    assert 'issuer "Plant CA" is no CA' in judge_handshake(record, LOCAL).summary


def test_a_name_in_the_cn_alone_is_told() -> None:
    chain = (make("broker.example", CA).der,)
    record = replace(refused(name_error="no"), server_chain=chain)
    judged = judge_handshake(record, LOCAL)
    assert judged.id == "server-name-mismatch"
    assert "in its common name alone" in judged.summary


def test_a_fetched_intermediate_proves_that_the_server_lacks_it() -> None:
    chain = (make("broker", PLANT).der,)
    record = replace(refused(verify_errors=(VerifyError(20, "", 0, chain[0]),)), server_chain=chain)
    judged = judge_handshake(record, replace(LOCAL, fetched=(PLANT.der,)))
    assert judged.id == "server-missing-intermediate"


@pytest.mark.parametrize(
    ("first_bytes", "words"),
    [
        (b"HTTP/1.1 400 Bad Request", "an HTTP server"),
        (b"\x20\x02\x00\x05", "an MQTT broker without TLS"),
        (b"hello", "'hello'."),
    ],
)
def test_who_speaks_there_is_told(first_bytes: bytes, words: str) -> None:
    record = HandshakeRecord(ended=Ended.NOT_TLS, first_bytes=first_bytes)
    assert words in judge_handshake(record, LOCAL).summary


@pytest.mark.parametrize(
    ("ended", "verdict"), [("closed", "tls-closed"), ("timeout", "tls-timeout")]
)
def test_a_plain_port_is_told(ended: str, verdict: str) -> None:
    judged = judge_handshake(HandshakeRecord(ended=Ended(ended)), replace(LOCAL, port=1883))
    assert (judged.id, judged.candidates[0]) == (verdict, "not-tls")
    assert "usually a plain one" in judged.summary


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"error": "bad alpn"}, "alpn-mismatch"),
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
