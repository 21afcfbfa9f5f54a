"""``mtlsx`` inside the test's process: its arguments in, its exit code and output out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from mtlsx_tui.cli.main import main

_SECRETS = ("MTLSX_PASSWORD", "MTLSX_PASSPHRASE", "MTLSX_KEY_PASSPHRASE", "SSLKEYLOGFILE")


class Run(NamedTuple):
    """What a run left."""

    code: int
    stdout: bytes
    stderr: str


Program = Callable[..., Run]


@pytest.fixture
def program(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Program:
    """Runs ``mtlsx`` with its files under ``tmp_path``, without any of the caller's secrets."""
    for name in _SECRETS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MTLSX_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MTLSX_STATE_DIR", str(tmp_path / "state"))

    def run(*arguments: object) -> Run:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return Run(ended.value.code, captured.out, captured.err.decode())

    return run
