"""What tests of the terminal application share: material, a clock that stands still, and a look at the screen."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from textual import events
from textual._compositor import LayoutUpdate
from textual.worker import WorkerCancelled, WorkerFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App
    from textual.pilot import Pilot

DEVICE = "346a004d-1dab-4016-bb38-03cca7094415"
PASSPHRASE = "open sesame"
NOW = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)

_PATIENCE = 30.0  # seconds, on a machine that does much else


class Material:
    """A device certificate whose every byte is the same in each run, and keys."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        # Ed25519 signs without chance, and this key is no secret.
        key = Ed25519PrivateKey.from_private_bytes(b"mtlsx test key, known to all: 32")
        other = Ed25519PrivateKey.from_private_bytes(b"another key that is known to all")
        attributes = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Demo"),
            x509.NameAttribute(NameOID.COMMON_NAME, DEVICE),
        ]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(attributes))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Demo Device CA")]))
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(NOW - timedelta(days=153))
            .not_valid_after(NOW + timedelta(days=212, hours=1))
            .sign(key, None)
        )
        self.certificate = directory / "device.pem"
        self.key = directory / "device.key"
        self.encrypted_key = directory / "encrypted.key"
        self.other_key = directory / "other.key"
        self.der = certificate.public_bytes(Encoding.DER)
        self.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
        self.key.write_bytes(_pem(key))
        self.other_key.write_bytes(_pem(other))
        self.encrypted_key.write_bytes(_pem(key, passphrase=PASSPHRASE))
        for file in (self.key, self.other_key, self.encrypted_key):
            file.chmod(0o600)


def self_signed(name: str) -> bytes:
    """A self-signed certificate (DER) whose every byte is the same in each run."""
    key = Ed25519PrivateKey.from_private_bytes(b"a third key which all of us know")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 2)
        .not_valid_before(NOW - timedelta(days=100))
        .not_valid_after(NOW + timedelta(days=3650))
    )
    return builder.sign(key, None).public_bytes(Encoding.DER)


def _pem(key: Ed25519PrivateKey, *, passphrase: str | None = None) -> bytes:
    sealed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until nothing is under way: workers, the messages they post, and what these start.

    The loader of a directory tree lives as long as the tree.
    """
    workers = pilot.app.workers
    for _ in range(3):
        await pilot.pause()
        while running := [each for each in workers if each.is_running and each.name != "_loader"]:
            with suppress(WorkerCancelled, WorkerFailed):  # the application hears of those
                await workers.wait_for_complete(running)
            await pilot.pause()


async def paste(pilot: Pilot[Any], text: str) -> None:
    """Put ``text`` where the focus is, as a terminal does when a person pastes."""
    await pilot.pause()
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


async def until(pilot: Pilot[Any], holds: Callable[[], object], what: str) -> None:
    """Wait until ``holds`` does, for what comes by a clock of its own.

    Raises ``AssertionError`` with ``what`` and the screen if it does not after 30 s.
    """
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while not holds():
        late = asyncio.get_running_loop().time() > deadline
        assert not late, f"{what} has not come, on\n{screen_text(pilot.app)}"
        await pilot.pause()


async def shown(pilot: Pilot[Any], *texts: str) -> str:
    """Wait until all ``texts`` are on the screen; return what is on it."""

    def all_there() -> bool:
        seen = screen_text(pilot.app)
        return all(text in seen for text in texts)

    await until(pilot, all_there, f"one of {texts}")
    return screen_text(pilot.app)


async def gone(pilot: Pilot[Any], text: str) -> str:
    """Wait until ``text`` is no longer on the screen; return what is on it."""
    await until(pilot, lambda: text not in screen_text(pilot.app), f"the end of {text!r}")
    return screen_text(pilot.app)


def screen_text(app: App[Any]) -> str:
    """What is on the screen, line by line, without colours and without spaces at the ends of lines."""
    screen = app.screen
    # What App.export_screenshot draws, without the drawing.
    update = screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    lines = ("".join(segment.text for strip in line for segment in strip) for line in update.strips)
    return "\n".join(line.rstrip() for line in lines)
