"""An application on a profile store of its own, with scripted connections and a clock that stands still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import keyring.backends.fail
import pytest

from mtlsx.client.settings import ConnectionSettings, Subscription
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.app import MtlsxApp
from support.pictures import Pictured, picturing
from support.scripted_connection import Script
from support.tui import NOW, Material

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One time zone, and no keyring of this machine."""
    former = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
    keyring.set_keyring(former)


@pytest.fixture(params=[(80, 24), (120, 36)], ids=["small", "large"])
def pictured(request: pytest.FixtureRequest, snapshot: SnapshotAssertion) -> Pictured:
    """Compares pictures of an application, in a small terminal and in a large one."""
    return picturing(snapshot, request.param)


@pytest.fixture
def library(tmp_path: Path) -> ProfileLibrary:
    return ProfileLibrary(tmp_path)


@pytest.fixture
def material(library: ProfileLibrary) -> Material:
    """Beside the profiles, so that a profile can name its files without a path."""
    return Material(library.profiles.directory)


@pytest.fixture
def profile(library: ProfileLibrary, material: Material) -> Profile:
    """A saved profile with a certificate and a remembered subscription."""
    tls = TlsSettings(certificate_file=material.certificate.name, key_file=material.key.name)
    profile = Profile(
        name="dev-346a004d",
        group="factory",
        connection=ConnectionSettings(
            host="broker.example", port=8883, client_id="mtlsx_9f2c01ab", tls=tls
        ),
        subscriptions=(Subscription("factory/#", 1),),
    )
    library.save(profile)
    return profile


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def app(library: ProfileLibrary, script: Script, tmp_path: Path) -> MtlsxApp:
    pki = tmp_path / "pki"
    return MtlsxApp(library, connect=script.connect, now=NOW.timestamp, pki=pki)
