"""``mtlsx`` in a terminal of its own, by tmux: keys in, characters out, nothing in between."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import mtlsx
import mtlsx_tui
from support.programs import find

PATIENCE = 30.0  # seconds; for what a healthy machine does in a few milliseconds
PACKAGES = ":".join(str(Path(each.__file__).parents[1]) for each in (mtlsx, mtlsx_tui))


class Terminal:
    """mtlsx with ``arguments`` and its files under ``home``, on 120 columns and 36 lines."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._tmux = [find("tmux"), "-S", str(home / "tmux"), "-f", "/dev/null"]
        environment = {
            "HOME": str(home),
            "TMPDIR": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPATH": PACKAGES,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "MTLSX_CONFIG_DIR": str(home / "config"),
            "MTLSX_STATE_DIR": str(home / "state"),
        }
        program = (
            f"{sys.executable} -c 'from mtlsx_tui.cli.main import main; main()'"
            f" {shlex.join(arguments)}; echo ENDED $?; cat"
        )
        subprocess.run(
            [*self._tmux, "new-session", "-d", "-x", "120", "-y", "36", program],
            env=environment, check=True,
        )  # fmt: skip

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def type(self, text: str) -> None:
        """Type ``text`` as it is."""
        subprocess.run([*self._tmux, "send-keys", "-l", text], check=True)

    @property
    def screen(self) -> str:
        shown = subprocess.run(
            [*self._tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True
        )
        return shown.stdout

    def wait_for(self, *words: str) -> str:
        """The screen, as soon as all of ``words`` are on it."""
        deadline = time.monotonic() + PATIENCE
        while not all(word in (screen := self.screen) for word in words):
            assert time.monotonic() < deadline, f"{words} did not come:\n{screen}"
            time.sleep(0.05)
        return screen

    def wait_until_gone(self, word: str) -> None:
        """Wait until ``word`` is not on the screen."""
        deadline = time.monotonic() + PATIENCE
        while word in (screen := self.screen):
            assert time.monotonic() < deadline, f"{word} did not go:\n{screen}"
            time.sleep(0.05)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)
