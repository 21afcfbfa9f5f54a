"""The main job once more through a real terminal: keys in, characters out, nothing in between but tmux."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mtlsx
import mtlsx_tui
from support.mosquitto import Mosquitto
from support.openssl_pki import DEVICE, Pki
from support.programs import find

pytestmark = pytest.mark.e2e

PATIENCE = 30.0  # seconds; for what a healthy machine does in a few milliseconds
PACKAGES = ":".join(str(Path(each.__file__).parents[1]) for each in (mtlsx, mtlsx_tui))


class Terminal:
    """mtlsx in a terminal of its own, 120 columns and 36 lines."""

    def __init__(self, home: Path) -> None:
        self._tmux = [find("tmux"), "-S", str(home / "tmux"), "-f", "/dev/null"]
        environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPATH": PACKAGES,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "MTLSX_CONFIG_DIR": str(home / "config"),
            "MTLSX_STATE_DIR": str(home / "state"),
        }
        program = (
            f"{sys.executable} -c 'from mtlsx_tui.cli.main import main; main()'; echo ENDED $?; cat"
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


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_the_main_job_in_a_terminal(
    terminal: Terminal, pki: Pki, mosquitto: Callable[..., Mosquitto]
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    terminal.wait_for("No profiles yet")
    terminal.press("n")
    terminal.wait_for("GENERAL", "what to call this device")
    terminal.type("device")
    terminal.press("Enter", "Enter", "Enter")  # no group; mqtts
    terminal.type("localhost")
    terminal.press("Enter", "C-u")
    terminal.wait_until_gone("8883")  # Textual acts on such a key later than on letters
    terminal.type(str(broker.port))
    terminal.press(*["Down"] * 5)  # version, client id, username, password, CA file
    for path in (pki.ca.certificate, pki.device.certificate, pki.device.key):
        terminal.type(str(path))
        terminal.wait_for(str(path)[-20:])
        terminal.press("Enter")
    terminal.wait_for(f"cn        {DEVICE}", "username  ", "days left", "RSA 2048")
    terminal.press("C-o")
    terminal.wait_for("● connected  TLS 1.3  MQTT 5", "Connected. s subscribes")
    broker.wait_for_log(f"u'{DEVICE}'")

    terminal.press("s")
    terminal.wait_for("⏎ add")
    terminal.type("factory/#")
    terminal.press("Enter")
    terminal.wait_for("● factory/# q0")
    terminal.press("C-l")
    terminal.type("factory/1/set")
    terminal.press("Tab", "Tab", "Tab")
    terminal.type('{"on": true}')
    terminal.press("C-s")
    terminal.wait_for("MESSAGES  2", "↑ factory/1/set q0", '"on": true')

    terminal.press("Escape")
    terminal.wait_for("n New e Edit")  # out of the field
    terminal.press("q")
    terminal.wait_for("ENDED 0")
