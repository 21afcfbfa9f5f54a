"""The certificates of many profiles: read once, again when the file changed, and left out where there is none."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mtlsx.certificates.times import Validity, ValidityState
from mtlsx.client.settings import ConnectionSettings, Transport
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui import expiry
from mtlsx_tui.expiry import Expiries
from support.tui import NOW, Material


def profile(name: str, path: str | None) -> Profile:
    tls = TlsSettings(certificate_file=path)
    return Profile(name=name, connection=ConnectionSettings(host="h", port=8883, tls=tls))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are opened."""
    opened: list[str] = []

    def counted(path: str) -> object:
        opened.append(Path(path).name)
        return load(path)

    load = expiry.load_file
    monkeypatch.setattr(expiry, "load_file", counted)
    return opened


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, reads: list[str]) -> None:
    material = Material(tmp_path)
    profiles = [profile("one", "device.pem"), profile("two", str(material.certificate))]
    expiries = Expiries()
    expected = {name: Validity(ValidityState.VALID, 212) for name in ("one", "two")}
    assert expiries.read(profiles, tmp_path, now=NOW.timestamp()) == expected
    assert expiries.read(profiles, tmp_path, now=NOW.timestamp()) == expected
    assert reads == ["device.pem"]
    later = NOW.timestamp() + 200 * 86_400
    assert expiries.read(profiles, tmp_path, now=later)["one"] == Validity(ValidityState.ENDING, 12)
    after = NOW.timestamp() + 214 * 86_400
    assert expiries.read(profiles, tmp_path, now=after)["one"] == Validity(ValidityState.EXPIRED, 1)
    assert reads == ["device.pem"]
    os.utime(material.certificate, ns=(1, 1))
    expiries.read(profiles, tmp_path, now=NOW.timestamp())
    assert reads == ["device.pem"] * 2
    material.certificate.unlink()
    assert expiries.read(profiles, tmp_path, now=NOW.timestamp()) == {}


def test_what_has_no_certificate_is_left_out(tmp_path: Path) -> None:
    material = Material(tmp_path)
    (tmp_path / "empty.pem").touch()
    plain = profile("plain", "device.pem")
    profiles = [
        profile("none", None),
        profile("missing", "missing.pem"),
        profile("empty", "empty.pem"),
        profile("key", material.key.name),
        profile("odd", "a\0b"),
        profile("directory", "."),
        replace(plain, connection=replace(plain.connection, transport=Transport.MQTT)),
    ]
    assert Expiries().read(profiles, tmp_path, now=NOW.timestamp()) == {}
