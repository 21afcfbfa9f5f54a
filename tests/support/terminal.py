"""``mtlsx`` with a person at a terminal: a pseudo-terminal of its own, 80 columns wide."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mtlsx
import mtlsx_tui

_PACKAGES = os.pathsep.join(
    str(Path(package.__file__).parents[1]) for package in (mtlsx, mtlsx_tui)
)


class Terminal:
    """The person's side: ``read_to`` what is shown after what was read before, ``type`` an answer."""

    def __init__(self, master: int) -> None:
        self._master = master
        self.shown = ""
        self._read = 0

    def read_to(self, words: str) -> None:
        while (at := self.shown.find(words, self._read)) < 0:
            self.shown += os.read(self._master, 65536).decode()
        self._read = at + len(words)

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())


@contextmanager
def at_a_terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    """``mtlsx`` with ``arguments`` at a terminal; "exit CODE" is shown at its end."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    # A session leader that opens a terminal gets it as its own, which a hidden question needs.
    script = 'exec <"$TERMINAL" >"$TERMINAL" 2>&1; "$@"; echo "exit $?"'
    program = [sys.executable, "-c", "from mtlsx_tui.cli.main import main; main()"]
    with subprocess.Popen(
        ["sh", "-c", script, "sh", *program, *arguments],
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": _PACKAGES, "TERMINAL": os.ttyname(slave), **environment},
    ) as process:  # fmt: skip
        try:
            yield Terminal(master)
        finally:
            process.kill()
    os.close(master)
    os.close(slave)
