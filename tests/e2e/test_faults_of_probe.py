"""The laboratory: every fault, met by ``mtlsx probe``, which says the right id, side, stage and exit code each time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mtlsx.probe.verdicts import KINDS
from support.cli import as_environment, as_options
from support.faults.case import TOPIC, Ask, Case, Scene, keeps_secrets, says_why
from support.faults.catalogue import CASES, NOT_A_FAULT
from support.faults.tls_servers import SERVERS
from support.program import program

if TYPE_CHECKING:
    from pathlib import Path

    from mtlsx.client.settings import ConnectionSettings
    from support.cli import Cli
    from support.faults.laboratory import Laboratory
    from support.program import Program

__all__ = ["program"]

pytestmark = pytest.mark.e2e

TIMES, OFTEN = 3, 20
KEYS = {"target", "verdict", "stage", "refused_by", "summary", "fix", "candidates", "warnings", "evidence",
        "stages", "server", "client"}  # fmt: skip
SERVER_KEYS = {"chain", "tls_version", "cipher", "alpn", "accepted_cas"}
FURTHER = {Ask.TLS: [], Ask.CONNECT: ["--mqtt"], Ask.TOPIC: ["-t", TOPIC]}


def test_every_verdict_is_brought_about() -> None:
    shown = {case.verdicts[0] for case in CASES}
    assert shown | set(NOT_A_FAULT) == set(KINDS)
    assert shown.isdisjoint(NOT_A_FAULT)


def test_cases_have_names_of_their_own() -> None:
    names = [str(case) for case in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_probe_names_the_fault(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe_often(case, attempt, program, monkeypatch, TIMES if case.repeated else 1)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case.repeated], ids=str)
def test_probe_names_the_fault_each_time(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe_often(case, attempt, program, monkeypatch, OFTEN)


@pytest.mark.parametrize("make", SERVERS)
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("device", ["device_rsa", "device_ec", "device_ed25519"])
def test_a_good_certificate_is_well(
    laboratory: Laboratory, program: Program, tmp_path: Path, make: str, tls: str, device: str
) -> None:
    scene = Scene(laboratory, tmp_path, None, tls)  # type: ignore[arg-type]  # nothing of its own is started
    settings = scene.settings(SERVERS[make](laboratory, tls), getattr(laboratory.pki, device))
    run = program("probe", *as_arguments(settings), "--json")
    said = json.loads(run.stdout)
    assert (run.code, said["verdict"], said["refused_by"]) == (0, "ok", "nobody")
    assert said["stage"] == "client-certificate"
    assert said["server"]["tls_version"] == f"TLS {tls}"
    assert all(stage["ok"] for stage in said["stages"])


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_topic_that_may_be_used_is_well(
    laboratory: Laboratory, program: Program, tmp_path: Path, tls: str
) -> None:
    scene = Scene(laboratory, tmp_path, None, tls)  # type: ignore[arg-type]  # as above
    settings = scene.settings(SERVERS["mosquitto"](laboratory, tls), laboratory.pki.device)
    run = program("probe", *as_arguments(replace(settings, password=None)), "-t", TOPIC, "--json")
    said = json.loads(run.stdout)
    assert (run.code, said["verdict"], said["stage"]) == (0, "ok", "publish")


PROCESSES = {
    "closed": 11, "wrong_ca_file-1.3": 12, "expired_certificate_on_mosquitto-1.3": 13,
    "wrong_password_on_5": 14, "subscription_denied": 15, "server_that_hangs_up_after_connack": 16,
    "another_tls_version_on_mosquitto-1.3": 17,
}  # fmt: skip


@pytest.mark.parametrize("case", [case for case in CASES if str(case) in PROCESSES], ids=str)
def test_the_ladder_says_it_in_words(case: Case, attempt: ConnectionSettings, cli: Cli) -> None:
    """As a process of its own, for a person."""
    arguments = [*as_arguments(attempt), *FURTHER[case.ask]]
    run = cli.run("probe", *arguments, environment=as_environment(attempt))
    assert run.code == PROCESSES[str(case)]
    # The lines are wrapped where the words allow it.
    assert says_why(case, " ".join(run.stdout.split()))
    assert "✘" in run.stdout
    assert f"({case.verdicts[0]})" in run.stdout
    assert keeps_secrets(run.stdout + run.stderr)


def probe_often(
    case: Case, attempt: ConnectionSettings, program: Program, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:  # fmt: skip
    for name, value in as_environment(attempt).items():
        monkeypatch.setenv(name, value)
    for _ in range(times):
        run = program("probe", *as_arguments(attempt), *FURTHER[case.ask], "--json")
        said: dict[str, Any] = json.loads(run.stdout)
        check(case, attempt, said)
        assert run.code == KINDS[said["verdict"]].exit_code
        assert keeps_secrets(run.stdout.decode() + run.stderr)


def check(case: Case, attempt: ConnectionSettings, said: dict[str, Any]) -> None:
    verdict = said["verdict"]
    assert verdict in case.verdicts, said
    assert said["refused_by"] == case.refused_by(verdict)
    assert said["stage"] == KINDS[verdict].stage
    assert case.candidates <= set(said["candidates"]), said
    assert verdict not in said["candidates"]
    assert set(said["candidates"]) <= set(KINDS)
    assert says_why(case, f"{said['summary']} {said['fix']}")
    assert said["target"] == f"{attempt.host}:{attempt.port}"
    assert set(said) == KEYS
    assert set(said["server"]) == SERVER_KEYS
    failed = [stage["stage"] for stage in said["stages"] if stage["ok"] is False]
    assert failed[0] == said["stage"]
    if (
        case.ask is not Ask.TOPIC
    ):  # there a denied subscription does not keep the publication from being tried
        assert said["stages"][-1]["stage"] == said["stage"]


def as_arguments(settings: ConnectionSettings) -> list[str]:
    """The server as an argument, the rest as options."""
    _h, host, _p, port, *options = as_options(settings)
    return [f"{host}:{port}", *options]
