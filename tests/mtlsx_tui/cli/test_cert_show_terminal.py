"""``mtlsx cert show`` with a person at a terminal: a pseudo-terminal of its own, 80 columns wide."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from support.made_pki import Made, make
from support.terminal import at_a_terminal


@pytest.fixture
def device() -> Made:
    return make("dev-1", names=("a" * 63 + ".example",))


def test_colour_and_width(device: Made, tmp_path: Path) -> None:
    certificate, _ = device.save(tmp_path, "device")
    with at_a_terminal("cert", "show", certificate) as terminal:
        terminal.read_to("exit 0")
    assert "\x1b[1mX.509 v3 self-signed certificate" in terminal.shown
    assert "\x1b[33m29 days left\x1b[0m" in terminal.shown
    assert f"dns:{'a' * 61}\r\n" in terminal.shown


def test_no_color(device: Made, tmp_path: Path) -> None:
    certificate, _ = device.save(tmp_path, "device")
    with at_a_terminal("cert", "show", certificate, NO_COLOR="1") as terminal:
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
    with at_a_terminal("cert", "show", str(key)) as terminal:
        terminal.read_to("(Enter: leave it closed): ")
        terminal.type(answer)
        terminal.read_to("exit 0")
    assert title in terminal.shown
    assert "right" not in terminal.shown
