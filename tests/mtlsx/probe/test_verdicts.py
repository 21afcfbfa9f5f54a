"""Verdict ids with their stage, side and exit code, as the README promises them to scripts."""

from __future__ import annotations

import pytest

from mtlsx.probe.verdicts import KINDS, MEANINGS, OK, RefusedBy, Stage, Verdict

PROMISED = """
material            us      10 file-missing file-unreadable not-a-certificate not-a-key key-encrypted
material            us      10 passphrase-wrong key-mismatch ca-file-has-no-ca
dns                 network 11 dns-not-found
tcp                 network 11 tcp-refused tcp-timeout tcp-unreachable
tls                 nobody  17 not-tls
tls                 network 17 tls-timeout
tls                 server  17 tls-version-mismatch cipher-mismatch alpn-mismatch sni-unrecognized
tls                 server  17 tls-closed tls-alert
server-certificate  us      12 server-unknown-ca server-self-signed server-expired server-not-yet-valid
server-certificate  us      12 server-name-mismatch server-missing-intermediate server-weak-crypto
server-certificate  us      12 server-wrong-usage server-revoked
client-certificate  server  13 client-cert-required client-cert-unknown-ca client-cert-self-signed
client-certificate  server  13 client-cert-expired client-cert-not-yet-valid client-cert-wrong-usage
client-certificate  server  13 client-cert-revoked client-cert-missing-intermediate
client-certificate  server  13 client-cert-weak-crypto client-cert-rejected
mqtt                nobody  14 not-mqtt
mqtt                network 14 connack-timeout
mqtt                server  14 mqtt-version-unsupported client-id-rejected bad-credentials not-authorized
mqtt                server  14 server-unavailable server-busy banned use-another-server connack-refused
mqtt                server  14 closed-without-connack
subscribe           server  15 subscribe-denied
publish             server  15 publish-denied
session             server  16 session-taken-over disconnected-by-server
session             network 16 connection-lost
session             nobody  0  ok
"""


def promised() -> dict[str, tuple[str, str, int]]:
    rows = {}
    for line in PROMISED.strip().splitlines():
        stage, side, code, *ids = line.split()
        rows |= {name: (stage, side, int(code)) for name in ids}
    return rows


def test_the_kinds_are_those_that_were_promised() -> None:
    ours = {name: (str(k.stage), str(k.refused_by), k.exit_code) for name, k in KINDS.items()}
    assert ours == promised()


def test_each_kind_has_a_meaning() -> None:
    assert set(MEANINGS) == set(KINDS)
    assert not [words for words in MEANINGS.values() if words.endswith(".")]


def test_ok_ends_at_the_stage_that_ran_last() -> None:
    verdict = Verdict(OK, "Nothing is wrong.", at=Stage.MQTT)
    assert (verdict.stage, verdict.refused_by, verdict.exit_code) == ("mqtt", "nobody", 0)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.exit_code == 13])
def test_a_refused_certificate_is_never_tried_again(name: str) -> None:
    assert Verdict(name, "").definite


def test_the_evidence_may_move_a_refusal_to_our_side() -> None:
    verdict = Verdict("cipher-mismatch", "No.", "Yes.", by=RefusedBy.US)
    assert (verdict.refused_by, verdict.stage, verdict.exit_code) == ("us", Stage.TLS, 17)
    assert str(verdict) == "No. Yes."
