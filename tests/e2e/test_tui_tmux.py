"""The main job once more through a real terminal: keys in, characters out, nothing in between but tmux."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.mosquitto import Mosquitto
from support.openssl_pki import DEVICE, Pki
from support.tmux import Terminal

pytestmark = pytest.mark.e2e


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
    terminal.press(*["Down"] * 6)  # version, client id, username, password, colour, CA file
    for path in (pki.ca.certificate, pki.device.certificate, pki.device.key):
        terminal.type(str(path))
        terminal.wait_for(str(path)[-20:])
        terminal.press("Enter")
    terminal.wait_for(f"cn        {DEVICE}", "username  ", "days left", "EC P-256")
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
    terminal.press("Tab", "Tab", "Tab", "Tab")
    terminal.type('{"on": true}')
    terminal.press("C-s")
    terminal.wait_for("MESSAGES  2", "↑ factory/1/set q0", '"on": true')

    terminal.press("Escape")
    terminal.wait_for("n New")  # out of the field
    terminal.press("q")
    terminal.wait_for("ENDED 0")
