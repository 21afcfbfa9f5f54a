"""``mtlsx export mosquitto``."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Program

OPEN = Path(__file__).parents[3] / "docs" / "examples" / "open.toml"


def test_files_are_written_for_their_owner_and_notes_are_told(
    program: Program, tmp_path: Path
) -> None:
    out = tmp_path / "etc"
    run = program("export", "mosquitto", "--config", OPEN, "--out", out)
    assert run.code == 0
    assert run.stdout.decode().splitlines() == [str(out / "mosquitto.conf"), str(out / "acl")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    notes = [line.removeprefix("mtlsx: ") for line in run.stderr.splitlines()]
    assert notes
    assert (out / "mosquitto.conf").read_text().splitlines()[1 : 1 + len(notes)] == [
        f"# - {note}" for note in notes
    ]


def test_files_that_are_there_stay_unless_forced(program: Program, tmp_path: Path) -> None:
    (tmp_path / "acl").write_text("mine")
    run = program("export", "mosquitto", "--config", OPEN, "--out", tmp_path)
    assert (run.code, run.stdout) == (2, b"")
    assert run.stderr.startswith(f"mtlsx: {tmp_path} holds acl already. --force overwrites")
    assert (tmp_path / "acl").read_text() == "mine"
    assert not (tmp_path / "mosquitto.conf").exists()
    run = program("export", "mosquitto", "--config", OPEN, "--out", tmp_path, "--force")
    assert run.code == 0
    assert (tmp_path / "acl").read_text() != "mine"
