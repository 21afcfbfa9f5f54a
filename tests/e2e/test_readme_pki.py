"""The README's recipes for certificates: every line of them is run, in the order in which they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.openssl_pki import openssl
from support.programs import need

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "README.md").read_text().split("## Certificates of your own")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| [^|]* \|([^|]*)\|([^|]*)\|$", SECTION, re.MULTILINE)
SHELL = re.findall(r"^mtlsx .*$", SECTION.split("```sh\n")[1].split("```")[0], re.MULTILINE)


def commands(column: int) -> list[str]:
    """The commands of a column of the table, in its order."""
    return [command for row in ROWS for command in re.findall(r"`([^`]+)`", row[column])]


def run(line: str, directory: Path) -> str:
    """Run a line in a shell, with our own program on the PATH; what it printed."""
    programs = directory / "bin"
    if not programs.exists():
        programs.mkdir()
        (programs / "mtlsx").write_text(
            f'#!/bin/sh\nexec {sys.executable} -c "from mtlsx_tui.cli.main import main; main()" "$@"\n'
        )
        (programs / "mtlsx").chmod(0o755)
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin", "HOME": str(directory), "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "core", ROOT / "tui"))),
        "MTLSX_STATE_DIR": str(directory / "state"),
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-c", line], cwd=directory, env=environment, capture_output=True, text=True, timeout=100
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_two_recipes_make_the_same(tmp_path: Path) -> None:
    need("openssl")
    for column, program in enumerate(("openssl", "mtlsx")):
        directory = tmp_path / program
        directory.mkdir()
        lines = commands(column)
        assert len(lines) >= 5
        assert all(program in line.split(" ")[:2] for line in lines)
        said = {line: run(line, directory) for line in lines}
        verified = next(out for line, out in said.items() if " verify " in line)
        assert verified.startswith("dev-1.crt: OK")
        subject = openssl(
            "x509", "-in", directory / "dev-1.crt", "-noout", "-subject", "-nameopt", "RFC2253"
        )
        assert subject.strip() == "subject=CN=dev-1,O=Acme"
        openssl("verify", "-CAfile", directory / "ca.crt", directory / "dev-1.crt")
        archive = openssl(
            "pkcs12", "-in", directory / "dev-1.p12", "-passin", "pass:secret", "-nodes"
        )
        assert archive.count("BEGIN CERTIFICATE") == 2
    # What the one leaves out: only ours is accepted by strict verifiers.
    ours = tmp_path / "mtlsx"
    openssl(
        "verify",
        "-x509_strict",
        "-purpose",
        "sslclient",
        "-CAfile",
        ours / "ca.crt",
        ours / "dev-1.crt",
    )
    assert (ours / "dev-1.key").stat().st_mode & 0o777 == 0o600


def test_every_line_behind_the_recipe_runs(tmp_path: Path) -> None:
    run(commands(1)[0], tmp_path)
    assert len(SHELL) == 11
    said = {line: run(line, tmp_path) for line in SHELL}
    listed = next(out for line, out in said.items() if "pki list" in line)
    assert "dev-00502" in listed
    assert "dev-00003" not in listed
    assert (tmp_path / "seed.txt").read_text().count("HSET tls_domain:dev-") == 501
