"""The programs that end-to-end tests drive: where they are, or a skip with the reason."""

from __future__ import annotations

import os
import shutil

import pytest

# Debian puts servers where an ordinary user's PATH does not look.
_SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def need(*names: str) -> None:
    """Skip the running test where one of the programs is missing."""
    for name in names:
        if shutil.which(name, path=_SEARCH) is None:
            pytest.skip(f"{name} is not installed")


def find(name: str) -> str:
    """The full path of a program; the test is skipped where there is none."""
    need(name)
    path = shutil.which(name, path=_SEARCH)
    assert path is not None
    return path
