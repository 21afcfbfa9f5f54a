"""What tests of the terminal application share: material, a clock that stands still, and a look at the screen."""

from __future__ import annotations

import asyncio
import html
import re
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
from rich.cells import cell_len

if TYPE_CHECKING:
    from textual.app import App
    from textual.pilot import Pilot

DEVICE = "346a004d-1dab-4016-bb38-03cca7094415"
PASSPHRASE = "open sesame"
NOW = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)

_PATIENCE = 30.0  # seconds, on a machine that does much else
_CELL = 12.2  # the width of a cell in Rich's pictures
_TEXT = re.compile(r'<text[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')


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
    for _ in range(3):
        await pilot.pause()
        while any(each.is_running for each in pilot.app.workers if each.name != "_loader"):
            await pilot.pause(0.01)


async def shown(pilot: Pilot[Any], *texts: str) -> str:
    """Wait until all ``texts`` are on the screen, for what comes by a clock of its own; return what is on it.

    Raises ``AssertionError`` with the screen if they have not come after 30 s.
    """
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while missing := [text for text in texts if text not in (seen := screen_text(pilot.app))]:
        assert asyncio.get_running_loop().time() < deadline, f"{missing} not on\n{seen}"
        await pilot.pause(0.05)
    return seen


def screen_text(app: App[Any]) -> str:
    """What is on the screen, line by line, without colours."""
    lines: dict[float, str] = {}
    for x, y, text in _TEXT.findall(app.export_screenshot()):
        line = lines.get(float(y), "")
        # Spaces between pieces are left out of the picture.
        gap = round(float(x) / _CELL) - cell_len(line)
        lines[float(y)] = line + " " * gap + html.unescape(text).replace("\xa0", " ")
    return "\n".join(line for _, line in sorted(lines.items()))
