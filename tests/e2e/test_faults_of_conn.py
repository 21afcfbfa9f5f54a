"""The faults of the laboratory, met by ``mtlsx conn``, ``sub`` and ``pub``: the same verdict, the right exit code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from mtlsx.probe.verdicts import KINDS
from support.cli import as_environment, as_options
from support.faults.case import TOPIC, Ask, Case, keeps_secrets, says_why
from support.faults.catalogue import CASES
from support.program import program

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings
    from support.cli import Cli
    from support.program import Program, Run

__all__ = ["program"]

pytestmark = pytest.mark.e2e

OFTEN = 20
LOGIN = [case for case in CASES if case.ask is not Ask.TOPIC]
TOPICS = [case for case in CASES if case.ask is Ask.TOPIC]
# One for each exit code, as processes of their own.
PROCESSES = {
    "wrong_passphrase": 10,
    "closed": 11,
    "wrong_ca_file-1.3": 12,
    "certificate_of_another_ca_on_mosquitto-1.2": 13,
    "certificate_of_another_ca_on_mosquitto-1.3": 13,
    "wrong_password_on_5": 14,
    "another_tls_version_on_mosquitto-1.3": 17,
}
# A publication that is denied on 3.1.1 looks like any other to ``pub``.
UNSEEN = {"publication_denied_on_3_1_1"}


def each(cases: Iterable[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", list(cases), ids=str)


@each(LOGIN)
def test_conn_says_what_failed(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_secrets(monkeypatch, attempt)
    check_json(case, program("conn", *as_options(attempt), "--json"))


@pytest.mark.slow
@each(case for case in LOGIN if case.repeated)
def test_conn_says_it_each_time(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal in TLS 1.3 is a race for who reads what first."""
    bring_secrets(monkeypatch, attempt)
    for _ in range(OFTEN):
        check_json(case, program("conn", *as_options(attempt), "--json"))


@each(case for case in LOGIN if str(case) in PROCESSES)
def test_conn_ends_with_one_sentence(case: Case, attempt: ConnectionSettings, cli: Cli) -> None:
    run = cli.run("conn", *as_options(attempt), environment=as_environment(attempt))
    assert run.code == PROCESSES[str(case)]
    assert run.stdout == ""
    assert says_why(case, run.stderr)
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert keeps_secrets(run.stderr)


@each(case for case in TOPICS if str(case) not in UNSEEN)
def test_sub_and_pub_say_what_failed(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_secrets(monkeypatch, attempt)
    options = [*as_options(attempt), "-t", TOPIC]
    if "publish-denied" in case.verdicts:
        run = program("pub", *options, "-q", "1", "-m", "hello")
    else:
        run = program("sub", *options, "-C", "1", "-W", "20")
    assert run.code in exit_codes(case), run
    assert says_why(case, run.stderr)
    assert keeps_secrets(run.stderr)


def check_json(case: Case, run: Run) -> None:
    said: dict[str, Any] = json.loads(run.stdout)
    verdict = said["verdict"]
    assert verdict in case.verdicts, said
    assert said["stage"] == KINDS[verdict].stage
    assert said["refused_by"] == case.refused_by(verdict)
    assert case.candidates <= set(said["candidates"]), said
    assert run.code == KINDS[verdict].exit_code
    assert says_why(case, run.stderr)
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert keeps_secrets(run.stdout.decode() + run.stderr)


def bring_secrets(monkeypatch: pytest.MonkeyPatch, attempt: ConnectionSettings) -> None:
    for name, value in as_environment(attempt).items():
        monkeypatch.setenv(name, value)


def exit_codes(case: Case) -> set[int]:
    return {KINDS[verdict].exit_code for verdict in case.verdicts}
