"""What ``pip install`` puts on a machine: every module, style sheet and type marker, and the ``mtlsx`` program."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import mtlsx

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", directory],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [path] = directory.glob("*.whl")
    return zipfile.Path(path)


def test_the_wheel_holds_every_source_file(wheel: zipfile.Path) -> None:
    sources = {
        path.relative_to(room).as_posix()
        for room in (ROOT / "core", ROOT / "tui")
        for path in room.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    shipped = {name for name in wheel.root.namelist() if not name.endswith("/")}
    assert {name for name in shipped if ".dist-info/" not in name} == sources
    assert {"mtlsx/py.typed", "mtlsx_tui/py.typed"} <= shipped


def test_the_wheel_installs_the_program(wheel: zipfile.Path) -> None:
    info = wheel / f"mtlsx-{mtlsx.__version__}.dist-info"
    assert "mtlsx = mtlsx_tui.cli.main:main" in (info / "entry_points.txt").read_text()
    assert (info / "licenses" / "LICENSE").is_file()
    metadata = email.message_from_string((info / "METADATA").read_text(encoding="utf-8"))
    assert metadata["Version"] == mtlsx.__version__


def test_the_classifiers_name_the_versions_that_ci_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {
        match[1]
        for classifier in project["classifiers"]
        if (match := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", classifier))
    }
    loop = re.search(r"^for version in ([\d. ]+); do", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert loop is not None
    assert named == {"3.11", *loop[1].split()}
