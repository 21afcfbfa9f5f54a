"""What tests of the commands need: the program, a broker that is none, standard input, a profile."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest

from mtlsx.client.settings import ConnectionSettings, Subscription
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings
from support.fake_broker import FakeBroker, FakeConnection
from support.program import Program, Run, program

__all__ = ["Program", "Run", "program"]


@pytest.fixture(autouse=True)
def _no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    """The broker that the commands connect to."""
    fake = FakeBroker()
    connection = functools.partial(FakeConnection, fake)
    monkeypatch.setattr("mtlsx.client.connection.Connection", connection)
    return fake


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Gives the program bytes to read; without a call, its standard input says nothing and does not end."""
    reading, writing = os.pipe()
    source = os.fdopen(reading)
    with os.fdopen(writing, "wb") as sink:
        monkeypatch.setattr("sys.stdin", source)

        def give(data: bytes) -> None:
            sink.write(data)
            sink.close()

        yield give
    for thread in threading.enumerate():
        if thread.name == "lines":
            thread.join()
    source.close()


@pytest.fixture
def stored_profile(tmp_path: Path) -> str:
    """The name of a profile that has a password, a certificate beside it and a subscription."""
    library = ProfileLibrary(tmp_path / "config")
    library.save(
        Profile(
            name="dev",
            group="factory",
            connection=ConnectionSettings(
                host="broker.example",
                port=8884,
                username="ada",
                client_id="dev-1",
                tls=TlsSettings(ca_file="ca.pem", certificate_file="dev.pem", key_file="dev.key"),
            ),
            subscriptions=(Subscription("factory/#", qos=1),),
        )
    )
    library.secrets.set("dev", SecretKind.PASSWORD, Secret("hush"))
    library.secrets.set("dev", SecretKind.PASSPHRASE, Secret("psst"))
    return "dev"
