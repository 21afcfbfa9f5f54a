"""From one probe to what the server did with a candidate, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mtlsx.matrix.candidate import Candidate, Kind
from mtlsx.probe.verdicts import OK, Stage, Verdict
from mtlsx.tls.alerts import alert_text

if TYPE_CHECKING:
    from mtlsx.probe.report import Report
    from mtlsx.tls.settings import TlsVersion


class Outcome(StrEnum):
    """What a server did with a candidate."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SPOKEN = "not-spoken"  # it does not speak this TLS version
    UNCLEAR = "unclear"  # the connection failed for another reason


@dataclass(frozen=True, slots=True)
class Try:
    """One candidate at one TLS version.

    ``right``: whether the server did what it must, None where that cannot be said. ``how``: in two or three words,
    ``"unknown_ca (48)"``; ``why`` and ``fix``, a sentence each, where it did not.
    """

    candidate: Candidate
    version: TlsVersion
    outcome: Outcome
    right: bool | None
    how: str
    verdict: Verdict
    why: str | None = None
    fix: str | None = None


# Verdicts that say nothing of the certificate we showed: no later try can go better.
HOPELESS_STAGES = frozenset({Stage.MATERIAL, Stage.DNS, Stage.TCP, Stage.SERVER_CERTIFICATE})

# What MQTT refuses, TLS has let through; but nobody came in. Others say something of the server, not of us.
_REFUSALS_OF_MQTT = frozenset(
    [
        "client-id-rejected",
        "bad-credentials",
        "not-authorized",
        "banned",
        "connack-refused",
        "closed-without-connack",
    ]
)

_REQUIRE = (
    "Let it require a certificate: verify = verify_peer and fail_if_no_peer_cert = true in EMQX, require_certificate true"
    " in Mosquitto."
)
_VERIFY = (
    "Let it verify who issued the certificate (verify = verify_peer in EMQX, require_certificate true in Mosquitto), with a"
    " CA file that holds the CA of the devices alone."
)
_JUDGE = (
    "Look for what switches its checks off: a verify function of its own, a proxy that ends TLS."
)
_LET_IN = {
    Kind.NONE: ("It lets in a client that shows no certificate.", _REQUIRE),
    Kind.SELF_SIGNED: ("It lets in whoever signs a certificate for himself.", _VERIFY),
    Kind.OTHER_CA: ("It lets in certificates of a CA that was made a moment ago.", _VERIFY),
    Kind.NAMESAKE_CA: (
        "It lets in certificates of a CA that only has the right name: it does not check the signature.",
        _VERIFY,
    ),
    Kind.EXPIRED: ("It lets in a certificate that has expired.", _JUDGE),
    Kind.NOT_YET_VALID: ("It lets in a certificate that is not valid yet.", _JUDGE),
    Kind.WRONG_USAGE: ("It lets in a certificate that is for servers only.", _JUDGE),
}


def judge(candidate: Candidate, version: TlsVersion, report: Report) -> Try:
    """What the server did with ``candidate`` at ``version``, as the probe's ``report`` tells."""
    verdict = report.verdict
    outcome = _outcome(verdict)
    how = _how(report, outcome)
    if outcome in (Outcome.NOT_SPOKEN, Outcome.UNCLEAR):
        return Try(candidate, version, outcome, None, how, verdict)
    right = (outcome is Outcome.ACCEPTED) is candidate.must_accept
    if right:
        return Try(candidate, version, outcome, True, how, verdict)
    if candidate.must_accept:
        return Try(candidate, version, outcome, False, how, verdict, verdict.summary, verdict.fix)
    why, fix = _LET_IN[candidate.kind]
    record = report.handshake
    if record is not None and not record.certificate_requested:
        why, fix = "It asks for no certificate, so it lets in everybody.", _REQUIRE
    return Try(candidate, version, outcome, False, how, verdict, why, fix)


def _outcome(verdict: Verdict) -> Outcome:
    if verdict.id == OK:
        return Outcome.ACCEPTED
    if verdict.id == "tls-version-mismatch":
        return Outcome.NOT_SPOKEN
    if verdict.stage is Stage.CLIENT_CERTIFICATE or verdict.id in _REFUSALS_OF_MQTT:
        return Outcome.REFUSED
    # Whatever is refused later, or lost, had a CONNACK: it was in.
    if verdict.stage in (Stage.SUBSCRIBE, Stage.PUBLISH, Stage.SESSION):
        return Outcome.ACCEPTED
    return Outcome.UNCLEAR


def _how(report: Report, outcome: Outcome) -> str:
    record, verdict = report.handshake, report.verdict
    if outcome is Outcome.ACCEPTED:
        if record is not None and not record.certificate_requested:
            return "asks for none"
        return "CONNACK" if report.connack is not None else "TLS agreed"
    if outcome is Outcome.REFUSED and verdict.stage is Stage.CLIENT_CERTIFICATE:
        alert = None if record is None else record.alert_received
        return "hung up" if alert is None else alert_text(alert)
    return verdict.id
