"""``mtlsx profile``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.odd_certificates import certificate

if TYPE_CHECKING:
    from conftest import Program

FILES = Path(__file__).parents[2] / "mtlsx" / "profiles" / "exchange" / "files"


def test_list_has_a_line_for_each(program: Program, stored_profile: str) -> None:
    assert program("profile", "list") == (0, b"dev  mqtts://broker.example:8884  factory\n", "")
    assert json.loads(program("profile", "list", "--json").stdout) == [
        {
            "name": "dev",
            "group": "factory",
            "host": "broker.example",
            "port": 8884,
            "transport": "mqtts",
            "mqtt_version": "5",
            "certificate": None,
        }
    ]


def test_json_says_how_long_certificates_are_good_for(
    program: Program, stored_profile: str, tmp_path: Path
) -> None:
    path = tmp_path / "config" / "profiles" / "dev.pem"
    path.write_bytes(certificate())  # of the years 2026 to 2035
    (listed,) = json.loads(program("profile", "list", "--json").stdout)
    assert listed["certificate"]["state"] == "valid"
    assert 30 <= listed["certificate"]["days"] <= 3652


def test_files_that_an_import_wrote_are_named_when_the_profile_goes(
    program: Program, tmp_path: Path
) -> None:
    program("profile", "import", FILES / "explorer-settings.json")
    run = program("profile", "rm", "lab", "factory")
    folder = tmp_path / "config" / "profiles" / "certificates" / "factory"
    assert (run.code, run.stderr) == (
        0,
        f"mtlsx: Its certificates and keys are still in {folder}.\n",
    )
    assert (folder / "client.key").exists()


def test_without_profiles_there_is_nothing(program: Program, tmp_path: Path) -> None:
    assert program("profile", "list") == (0, b"", "")
    assert json.loads(program("profile", "list", "--json").stdout) == []
    assert not (tmp_path / "config").exists()


def test_a_file_that_is_no_profile_is_named(
    program: Program, stored_profile: str, tmp_path: Path
) -> None:
    (tmp_path / "config" / "profiles" / "odd.toml").write_text("a = \n")
    run = program("profile", "list")
    assert run.code == 2
    assert run.stdout.startswith(b"dev ")
    assert "odd.toml" in run.stderr
    assert "line 1" in run.stderr


def test_show_has_everything_but_the_secrets(program: Program, stored_profile: str) -> None:
    run = program("profile", "show", "dev")
    assert (run.code, run.stderr) == (0, "")
    assert b'host = "broker.example"' in run.stdout
    assert b"hush" not in run.stdout
    content = json.loads(program("profile", "show", "dev", "--json").stdout)
    assert content["connection"]["tls"]["key_file"] == "dev.key"


def test_rm_takes_secrets_along(program: Program, stored_profile: str, tmp_path: Path) -> None:
    assert program("profile", "rm", "dev", "other").code == 2
    assert program("profile", "list").stdout != b""
    assert program("profile", "rm", "dev") == (0, b"", "")
    assert [path for path in (tmp_path / "config").rglob("*") if path.is_file()] == []


def test_a_name_that_is_not_there_is_a_sentence(program: Program, stored_profile: str) -> None:
    for command in ("show", "rm"):
        run = program("profile", command, "nobody")
        assert run.code == 2
        assert 'There is no profile "nobody"' in run.stderr
        assert 'There is "dev".' in run.stderr


def test_a_reader_that_has_had_enough_is_no_error(stored_profile: str, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing) as nobody:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from mtlsx_tui.cli.main import main; main(['profile', 'list'])",
            ],
            stdout=nobody,
            stderr=subprocess.PIPE,
            env={
                "PYTHONPATH": os.pathsep.join(sys.path),
                "MTLSX_CONFIG_DIR": str(tmp_path / "config"),
            },
        )
    assert (done.returncode, done.stderr) == (0, b"")
