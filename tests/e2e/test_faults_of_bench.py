"""The faults of the laboratory, met by ``mtlsx bench``: every device ends in the verdict that one connection gets.

It has TLS without a socket of its own (``mtlsx.tls.exchange``), which must judge a server no sooner than the others do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from mtlsx.probe.verdicts import KINDS
from support.cli import as_environment, as_options
from support.faults.case import TOPIC, Ask, Case, keeps_secrets, says_why
from support.faults.catalogue import CASES
from support.program import program

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings
    from support.program import Program

__all__ = ["program"]

pytestmark = pytest.mark.e2e

DEVICES, MANY = 3, 20
# A bench speaks no websockets.
LOGIN = [case for case in CASES if case.ask is not Ask.TOPIC and "websocket" not in case.name]
# A publication that is denied on 3.1.1 looks like any other.
TOPICS = [
    case for case in CASES if case.ask is Ask.TOPIC and case.name != "publication_denied_on_3_1_1"
]
# Our certificate on TLS 1.3, which each make of server judges in its own time and words.
LATE = (
    "no_certificate",
    "certificate_of_another_ca",
    "verdict_that_comes",
    "good_certificate_that",
)
SOME = [case for case in LOGIN if case.tls == "1.3" and case.name.startswith(LATE)]
SEEN = {case.verdicts[0] for case in SOME}
# Of the other verdicts one each.
OTHERS = {case.verdicts[0]: case for case in LOGIN if case.verdicts[0] not in SEEN}.values()


def each(cases: Iterable[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", list(cases), ids=str)


@each([*SOME, *OTHERS])
def test_each_device_says_what_failed(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench(case, attempt, program, monkeypatch, DEVICES if case.repeated else 1)


@pytest.mark.slow
@each(LOGIN)
def test_each_of_many_devices_says_what_failed(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench(case, attempt, program, monkeypatch, MANY if case.repeated else 1)


@each(TOPICS)
def test_each_device_says_what_failed_for_a_topic(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of ``sub`` and ``pub``; those say more only where they were connected by themselves."""
    bring_secrets(monkeypatch, attempt)
    options = [*as_options(attempt), "-t", TOPIC]
    of_many = [*as_options_of_many(attempt), "-t", TOPIC, "-c", "1", "--json"]
    if "publish-denied" in case.verdicts:
        one = program("pub", *options, "-q", "1", "-m", "hello")
        run = program(
            "bench", "pub", *options, "-q", "1", "-m", "hello", "-c", 1, "-L", 1, "--json"
        )
    else:
        one = program("sub", *options, "-C", "1", "-W", "20")
        run = program("bench", "sub", *of_many, "-W", "1")
    failures = json.loads(run.stdout)["failures"]
    assert set(failures) <= set(case.verdicts), failures
    assert (run.code, one.code) == (one.code, failures_code(failures))
    for failure in failures.values():
        assert says_why(case, failure["summary"])
        assert one.stderr.removeprefix("mtlsx: ").strip() == failure["summary"]
    assert keeps_secrets(run.stdout.decode() + run.stderr)


def bench(
    case: Case,
    attempt: ConnectionSettings,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    devices: int,
) -> None:
    bring_secrets(monkeypatch, attempt)
    options = as_options_of_many(attempt)
    run = program("bench", "conn", *options, "-c", devices, "-i", 0, "--json")
    if not run.stdout:  # a file that all devices share
        assert run.code in {KINDS[verdict].exit_code for verdict in case.verdicts}
        assert says_why(case, run.stderr)
        assert keeps_secrets(run.stderr)
        return
    said = json.loads(run.stdout)
    assert said["connected"] == 0, said
    assert set(said["failures"]) <= set(case.verdicts), said
    assert sum(failure["devices"] for failure in said["failures"].values()) == devices
    assert run.code == failures_code(said["failures"])
    for failure in said["failures"].values():
        assert says_why(case, failure["summary"])
    assert keeps_secrets(run.stdout.decode() + run.stderr)


def as_options_of_many(attempt: ConnectionSettings) -> list[str]:
    """Each device has a client id of its own, where the server wants one."""
    options = as_options(attempt)
    if attempt.client_id:
        at = options.index("-i")
        options[at : at + 2] = "-I", f"{attempt.client_id}-%i"
    return options


def bring_secrets(monkeypatch: pytest.MonkeyPatch, attempt: ConnectionSettings) -> None:
    for name, value in as_environment(attempt).items():
        monkeypatch.setenv(name, value)


def failures_code(failures: dict[str, dict[str, int]]) -> int:
    return max(failure["exit_code"] for failure in failures.values())
