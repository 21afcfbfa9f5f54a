"""Where files go, computed without touching the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.profiles.directories import config_directory, state_directory

if TYPE_CHECKING:
    import pytest


def test_the_environment_decides(tmp_path: Path) -> None:
    environ = {"MTLSX_CONFIG_DIR": str(tmp_path / "c"), "MTLSX_STATE_DIR": str(tmp_path / "s")}
    assert config_directory(environ) == tmp_path / "c"
    assert state_directory(environ) == tmp_path / "s"
    assert list(tmp_path.iterdir()) == []


def test_else_the_platform_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert config_directory({}).name == "mtlsx"
    assert state_directory({"MTLSX_STATE_DIR": ""}).name == "mtlsx"
    assert list(tmp_path.iterdir()) == []
