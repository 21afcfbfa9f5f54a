"""``mtlsx export emqx``."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtlsx.configuration.load import load

if TYPE_CHECKING:
    from conftest import Program

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def export(
    program: Program, out: Path, *more: object, example: str = "jwt"
) -> tuple[int, str, str]:
    run = program("export", "emqx", "--config", EXAMPLES / f"{example}.toml", "--out", out, *more)
    return run.code, run.stdout.decode(), run.stderr


def test_files_are_written_for_their_owner_and_named(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "etc"
    code, stdout, _ = export(program, out)
    assert code == 0
    assert stdout.splitlines() == [str(out / "emqx.conf"), str(out / "users.json")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}


def test_secrets_are_written_when_asked_for(program: Program, tmp_path: Path) -> None:
    secret = "a secret of at least 32 characters"
    _, _, stderr = export(program, tmp_path / "without")
    assert secret not in (tmp_path / "without" / "emqx.conf").read_text()
    assert stderr == "mtlsx: Secrets are left out: fill in what is written as ${NAME}.\n"
    _, _, stderr = export(program, tmp_path / "with", "--with-secrets")
    assert stderr == ""
    assert load([tmp_path / "with" / "emqx.conf"]) == load([EXAMPLES / "jwt.toml"])


def test_files_that_are_there_stay_unless_forced(program: Program, tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text("mine")
    code, stdout, stderr = export(program, tmp_path)
    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"mtlsx: {tmp_path} holds users.json already. --force overwrites")
    assert (tmp_path / "users.json").read_text() == "mine"
    assert not (tmp_path / "emqx.conf").exists()
    assert export(program, tmp_path, "--force")[0] == 0
    assert (tmp_path / "users.json").read_text() != "mine"


def test_4_gets_its_two_files_and_reads_them_back(program: Program, tmp_path: Path) -> None:
    export(program, tmp_path / "a", "--with-secrets", example="emqx4.2")
    files = [tmp_path / "a" / "emqx.conf", tmp_path / "a" / "plugins" / "emqx_auth_redis.conf"]
    configs = [word for file in files for word in ("--config", file)]
    run = program("export", "emqx", *configs, "--out", tmp_path / "b", "--with-secrets")
    assert run.code == 0
    for file in files:
        again = tmp_path / "b" / file.relative_to(tmp_path / "a")
        assert again.read_text() == file.read_text()


def test_what_was_passed_over_is_told(program: Program, tmp_path: Path) -> None:
    config = tmp_path / "emqx.conf"
    config.write_text("node.name = x\nmqtt.max_inflight = 3")
    run = program("export", "emqx", "--config", config, "--out", tmp_path / "out")
    assert run.code == 0
    assert run.stderr == "mtlsx: Passed over, as nothing here depends on it: node.\n"


@pytest.mark.parametrize("text", ["mqtt.max_inflight = x", "a = {"])
def test_a_wrong_configuration_is_a_wrong_usage(
    program: Program, tmp_path: Path, text: str
) -> None:
    config = tmp_path / "emqx.conf"
    config.write_text(text)
    run = program("export", "emqx", "--config", config, "--out", tmp_path / "out")
    assert run.code == 2
    assert run.stderr.startswith(f"mtlsx: Configuration file {config}: ")
    assert not (tmp_path / "out").exists()


def test_a_directory_that_cannot_be_made_is_named(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, stderr = export(program, tmp_path / "file" / "out")
    assert code == 2
    assert "cannot be written: " in stderr
