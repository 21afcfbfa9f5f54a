"""``mtlsx cert show`` with a person at a terminal: a pseudo-terminal of its own, 80 columns wide."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

import mtlsx
import mtlsx_tui
from support.made_pki import Made, make

PACKAGES = os.pathsep.join(str(Path(package.__file__).parents[1]) for package in (mtlsx, mtlsx_tui))


class Terminal:
    """The person's side: ``read_to`` what is shown, ``type`` an answer."""

    def __init__(self, master: int) -> None:
        self._master = master
        self.shown = ""

    def read_to(self, words: str) -> None:
        while words not in self.shown:
            self.shown += os.read(self._master, 65536).decode()

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())


@contextmanager
def at_a_terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    """``mtlsx cert show`` at a terminal; "exit CODE" is shown at its end."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    # A session leader that opens a terminal gets it as its own, which a hidden question needs.
    script = 'exec <"$TERMINAL" >"$TERMINAL" 2>&1; "$@"; echo "exit $?"'
    program = [sys.executable, "-c", "from mtlsx_tui.cli.main import main; main()", "cert", "show"]
    with subprocess.Popen(
        ["sh", "-c", script, "sh", *program, *arguments],
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": PACKAGES, "TERMINAL": os.ttyname(slave), **environment},
    ) as process:  # fmt: skip
        try:
            yield Terminal(master)
        finally:
            process.kill()
    os.close(master)
    os.close(slave)


@pytest.fixture
def device() -> Made:
    return make("dev-1", names=("a" * 63 + ".example",))


def test_colour_and_width(device: Made, tmp_path: Path) -> None:
    certificate, _ = device.save(tmp_path, "device")
    with at_a_terminal(certificate) as terminal:
        terminal.read_to("exit 0")
    assert "\x1b[1mX.509 v3 self-signed certificate" in terminal.shown
    assert "\x1b[33m29 days left\x1b[0m" in terminal.shown
    assert f"dns:{'a' * 61}\r\n" in terminal.shown


def test_no_color(device: Made, tmp_path: Path) -> None:
    certificate, _ = device.save(tmp_path, "device")
    with at_a_terminal(certificate, NO_COLOR="1") as terminal:
        terminal.read_to("exit 0")
    assert "\x1b" not in terminal.shown


@pytest.mark.parametrize(
    ("answer", "title"),
    [("right", "Private key (EC P-256), encrypted"), ("", "Private key, encrypted")],
)
def test_a_question_for_the_passphrase(
    device: Made, tmp_path: Path, answer: str, title: str
) -> None:
    key = tmp_path / "device.key"
    encrypted = BestAvailableEncryption(b"right")
    key.write_bytes(device.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encrypted))
    with at_a_terminal(str(key)) as terminal:
        terminal.read_to("(Enter: leave it closed): ")
        terminal.type(answer)
        terminal.read_to("exit 0")
    assert title in terminal.shown
    assert "right" not in terminal.shown
