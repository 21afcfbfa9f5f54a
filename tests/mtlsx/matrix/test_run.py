"""The matrix with a probe that is told what to find: what is right, wrong or unclear, and what is shown to the server."""

from __future__ import annotations

import stat
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mtlsx.errors import UsageError
from mtlsx.matrix.candidate import Candidate, Kind, Signer
from mtlsx.matrix.judge import Outcome, Try, judge
from mtlsx.matrix.junit import as_junit
from mtlsx.matrix.run import Matrix, run_matrix, versions_of
from mtlsx.matrix.throwaway import CLIENT_NAME, candidates
from mtlsx.packets.control_packets import MQTT_5, Connack, Connect
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.report import Report
from mtlsx.probe.target import Target
from mtlsx.probe.verdicts import KINDS, OK, Stage, Verdict
from mtlsx.tls.material import load_material
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.made_pki import CLIENT, NOW, make

CA = make("Device CA", ca=True)
DEVICE = make("dev-1", CA, usage=CLIENT)
NOBODY = Candidate(Kind.NONE, Signer.NOBODY)
RIGHT = Candidate(Kind.RIGHT, Signer.UNKNOWN)
EXPIRED = Candidate(Kind.EXPIRED, Signer.AUTHORITY, b"certificate", b"key")
TARGET = Target(host="broker.example", port=8883, tls=TlsSettings())


def report(
    verdict: str,
    *,
    asked: bool = True,
    alert: int | None = None,
    at: Stage | None = None,
    target: Target = TARGET,
) -> Report:
    return Report(
        target=target,
        verdict=Verdict(verdict, "It said no.", "Do something.", at=at),
        steps=(),
        local=LocalSide("broker.example", 8883, TlsSettings(), (), None, NOW),
        handshake=HandshakeRecord(
            ended=Ended.AGREED, certificate_requested=asked, alert_received=alert
        ),
        connack=Connack(code=0) if at is Stage.MQTT else None,
    )


def judged(candidate: Candidate, found: Report) -> Try:
    return judge(candidate, TlsVersion.V1_3, found)


# What a try means


@pytest.mark.parametrize(
    ("candidate", "verdict", "outcome", "right"),
    [
        (NOBODY, "client-cert-required", Outcome.REFUSED, True),
        (NOBODY, OK, Outcome.ACCEPTED, False),
        (EXPIRED, "client-cert-expired", Outcome.REFUSED, True),
        (EXPIRED, "client-cert-rejected", Outcome.REFUSED, True),
        (EXPIRED, "not-authorized", Outcome.REFUSED, True),
        (EXPIRED, "closed-without-connack", Outcome.REFUSED, True),
        (EXPIRED, OK, Outcome.ACCEPTED, False),
        (EXPIRED, "connection-lost", Outcome.ACCEPTED, False),
        (RIGHT, OK, Outcome.ACCEPTED, True),
        (RIGHT, "publish-denied", Outcome.ACCEPTED, True),
        (RIGHT, "client-cert-unknown-ca", Outcome.REFUSED, False),
        (RIGHT, "bad-credentials", Outcome.REFUSED, False),
        (RIGHT, "tls-version-mismatch", Outcome.NOT_SPOKEN, None),
        (NOBODY, "tls-timeout", Outcome.UNCLEAR, None),
        (NOBODY, "connack-timeout", Outcome.UNCLEAR, None),
        (NOBODY, "cipher-mismatch", Outcome.UNCLEAR, None),
        (EXPIRED, "server-busy", Outcome.UNCLEAR, None),
        (EXPIRED, "mqtt-version-unsupported", Outcome.UNCLEAR, None),
    ],
)
def test_what_the_verdict_says_of_a_try(
    candidate: Candidate, verdict: str, outcome: Outcome, right: bool | None
) -> None:
    at = Stage.CLIENT_CERTIFICATE if verdict == OK else None
    found = judged(candidate, report(verdict, at=at))
    assert (found.outcome, found.right) == (outcome, right)
    assert (found.why is not None) is (right is False)


@pytest.mark.parametrize("candidate", [NOBODY, EXPIRED, RIGHT])
@pytest.mark.parametrize("verdict", KINDS)
def test_every_verdict_can_be_judged(candidate: Candidate, verdict: str) -> None:
    found = judged(candidate, report(verdict))
    assert found.how
    assert (found.right is None) is (found.outcome in (Outcome.NOT_SPOKEN, Outcome.UNCLEAR))


def test_how_it_was_refused() -> None:
    assert (
        judged(NOBODY, report("client-cert-required", alert=116)).how
        == "certificate_required (116)"
    )
    assert judged(EXPIRED, report("client-cert-rejected")).how == "hung up"
    assert judged(EXPIRED, report("not-authorized")).how == "not-authorized"


def test_who_asks_for_no_certificate_lets_in_everybody() -> None:
    found = judged(EXPIRED, report(OK, asked=False, at=Stage.TLS))
    assert (found.right, found.how) == (False, "asks for none")
    assert found.fix is not None
    assert "fail_if_no_peer_cert" in found.fix
    assert judged(RIGHT, report(OK, asked=False, at=Stage.TLS)).right


# A run


def answering(answers: Callable[[Target], str]) -> Callable[[Target], Report]:
    return lambda target: report(answers(target), target=target, at=None)


def good_server(target: Target) -> str:
    assert target.tls is not None
    if target.tls.certificate_file is None:
        return "client-cert-required"
    own = load_material(target.tls).chain[0]
    return OK if own == DEVICE.der else "client-cert-unknown-ca"


@pytest.fixture
def target(tmp_path: Path) -> Target:
    certificate, key = DEVICE.save(tmp_path, "dev")
    return replace(TARGET, tls=TlsSettings(certificate_file=certificate, key_file=key))


EVERYBODY = candidates((DEVICE.der,), (CA.der,), None, NOW)


def test_each_comes_at_each_version(target: Target) -> None:
    matrix = run_matrix(target, EVERYBODY, answering(good_server))
    assert [(each.candidate, each.version) for each in matrix.tries] == [
        (candidate, version) for candidate in EVERYBODY for version in TlsVersion
    ]
    assert all(each.right for each in matrix.tries)
    assert (matrix.exit_code, matrix.stopped) == (0, None)


def test_only_the_versions_that_the_settings_allow(target: Target) -> None:
    assert target.tls is not None
    only = replace(target.tls, minimum_version=TlsVersion.V1_3)
    assert versions_of(only) == (TlsVersion.V1_3,)
    matrix = run_matrix(replace(target, tls=only), EVERYBODY, answering(good_server))
    assert {each.version for each in matrix.tries} == {TlsVersion.V1_3}


def test_what_is_shown_loads_is_for_its_owner_alone_and_is_gone_afterwards(target: Target) -> None:
    files: set[str] = set()

    def looking(one: Target) -> Report:
        tls = one.tls
        assert tls is not None
        assert tls.minimum_version is tls.maximum_version
        if tls.certificate_file and tls.key_file:
            load_material(tls)
            assert target.tls is not None
            if tls.key_file != target.tls.key_file:
                files.add(tls.key_file)
                assert stat.S_IMODE(Path(tls.key_file).stat().st_mode) == 0o600
                assert stat.S_IMODE(Path(tls.key_file).parent.stat().st_mode) == 0o700
        return report(good_server(one), target=one)

    run_matrix(target, EVERYBODY, looking)
    assert len(files) == len(EVERYBODY) - 2
    assert not any(Path(file).parent.exists() for file in files)


def test_only_the_right_one_is_the_device_in_mqtt(target: Target) -> None:
    connect = Connect(version=MQTT_5, client_id=b"dev-1", clean_start=True, keep_alive=60)
    seen: dict[bool, set[bytes]] = {True: set(), False: set()}
    topics = {True: set(), False: set()}

    def looking(one: Target) -> Report:
        own = (
            one.tls is not None
            and one.tls.certificate_file == (target.tls or TlsSettings()).certificate_file
        )
        assert one.connect is not None
        seen[own].add(one.connect.client_id)
        topics[own].add(one.topic)
        return report(OK, target=one)

    run_matrix(replace(target, connect=connect, topic="factory/1"), EVERYBODY, looking)
    assert (seen[True], topics[True]) == ({b"dev-1"}, {"factory/1"})
    assert b"dev-1" not in seen[False]
    assert topics[False] == {None}
    assert CLIENT_NAME != "dev-1"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (good_server, 0),
        (lambda _: OK, 12),
        (lambda _: "client-cert-rejected", 13),
        (lambda _: "not-authorized", 14),
        (lambda _: "tls-timeout", 17),
        (lambda _: "tls-version-mismatch", 17),
        (lambda _: "tcp-refused", 11),
        (lambda _: "server-expired", 12),
        (lambda target: good_server(target) if target.tls.certificate_file else "tls-timeout", 17),
        (
            lambda target: (
                good_server(target)
                if target.tls.maximum_version == "1.3"
                else "tls-version-mismatch"
            ),
            0,
        ),
    ],
)
def test_exit_codes(target: Target, answers: Callable[[Target], str], code: int) -> None:
    assert run_matrix(target, EVERYBODY, answering(answers)).exit_code == code


def test_a_server_that_cannot_be_reached_is_tried_once(target: Target) -> None:
    calls = []

    def refusing(one: Target) -> Report:
        calls.append(one)
        return report("dns-not-found", target=one)

    matrix = run_matrix(target, EVERYBODY, refusing)
    assert len(calls) == 1
    assert matrix.stopped is not None
    assert matrix.stopped.id == "dns-not-found"


def test_without_tls_there_is_nothing_to_try() -> None:
    with pytest.raises(UsageError, match="without TLS"):
        run_matrix(replace(TARGET, tls=None), EVERYBODY, answering(good_server))


# JUnit XML


def suite_of(matrix: Matrix) -> ET.Element:
    (suite,) = ET.fromstring(as_junit([matrix]))  # noqa: S314  (it is ours)
    return suite


def test_junit_has_a_case_for_each_try(target: Target) -> None:
    suite = suite_of(run_matrix(target, EVERYBODY, answering(good_server)))
    assert suite.attrib["tests"] == str(2 * len(EVERYBODY))
    assert suite.attrib["failures"] == suite.attrib["errors"] == suite.attrib["skipped"] == "0"
    assert suite[0].attrib["name"] == "no certificate, TLS 1.2"
    assert not any(len(case) for case in suite)


def test_junit_tells_failures_errors_and_what_was_skipped(target: Target) -> None:
    answers = iter([OK, "tls-timeout", "tls-version-mismatch"])
    matrix = run_matrix(
        target, EVERYBODY, answering(lambda _: next(answers, "client-cert-rejected"))
    )
    suite = suite_of(matrix)
    assert (suite.attrib["failures"], suite.attrib["errors"], suite.attrib["skipped"]) == (
        "3", "1", "1",
    )  # fmt: skip
    assert suite[0][0].tag == "failure"
    assert "shows no certificate" in suite[0][0].attrib["message"]


def test_junit_of_a_server_that_could_not_be_tried(target: Target) -> None:
    suite = suite_of(run_matrix(target, EVERYBODY, answering(lambda _: "tcp-refused")))
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("1", "1")


def test_junit_holds_no_character_that_xml_forbids(target: Target) -> None:
    verdict = Verdict("tls-alert", "It said \x00\x1b\ud800.")
    document = as_junit([Matrix(target, (), verdict)])
    assert ET.fromstring(document) is not None  # noqa: S314  (it is ours)
