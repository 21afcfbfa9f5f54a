"""Profiles and secrets together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest

from mtlsx.client.settings import ConnectionSettings
from mtlsx.errors import UsageError
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings


@pytest.fixture
def library(tmp_path: Path) -> Iterator[ProfileLibrary]:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield ProfileLibrary(tmp_path)
    keyring.set_keyring(before)


def profile(name: str) -> Profile:
    tls = TlsSettings(certificate_file="dev.pem")
    return Profile(name=name, connection=ConnectionSettings(host="h", port=8883, tls=tls))


def test_the_connection_of_a_profile_can_be_used_as_it_is(
    library: ProfileLibrary, tmp_path: Path
) -> None:
    library.save(profile("dev"))
    library.secrets.set("dev", SecretKind.PASSWORD, Secret("hush"))
    library.secrets.set("dev", SecretKind.PASSPHRASE, Secret("psst"))
    assert library.connection(library.profiles.get("dev")) == ConnectionSettings(
        host="h",
        port=8883,
        password=Secret("hush"),
        tls=TlsSettings(
            certificate_file=str(tmp_path / "profiles" / "dev.pem"), passphrase=Secret("psst")
        ),
    )


def test_a_renamed_profile_keeps_its_secrets(library: ProfileLibrary) -> None:
    library.save(profile("old"))
    library.secrets.set("old", SecretKind.PASSWORD, Secret("hush"))
    library.save(profile("new"), former_name="old")
    assert library.secrets.get("new", SecretKind.PASSWORD) == Secret("hush")
    assert library.secrets.get("old", SecretKind.PASSWORD) is None


def test_a_refused_rename_touches_nobodys_secrets(library: ProfileLibrary) -> None:
    for name in ("one", "two"):
        library.save(profile(name))
        library.secrets.set(name, SecretKind.PASSWORD, Secret(name))
    with pytest.raises(UsageError, match="already a profile"):
        library.save(profile("two"), former_name="one")
    assert library.secrets.get("one", SecretKind.PASSWORD) == Secret("one")
    assert library.secrets.get("two", SecretKind.PASSWORD) == Secret("two")


def test_a_deleted_profile_takes_its_secrets_along(library: ProfileLibrary, tmp_path: Path) -> None:
    library.save(profile("dev"))
    library.secrets.set("dev", SecretKind.PASSWORD, Secret("hush"))
    library.delete("dev")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
