"""Profiles and secrets together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest

from mtlsx.client.settings import ConnectionSettings, Subscription
from mtlsx.errors import UsageError
from mtlsx.profiles.library import Guest, ProfileLibrary
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


@pytest.fixture
def with_guest(library: ProfileLibrary, tmp_path: Path) -> ProfileLibrary:
    """A library with a profile of the person's, and a guest with a password."""
    library.save(profile("dev"))
    return ProfileLibrary(tmp_path, guests=[Guest(profile("demo"), Secret("hush"))])


def test_a_copy_has_the_secrets_and_a_name_of_its_own(library: ProfileLibrary) -> None:
    library.save(profile("dev"))
    library.secrets.set("dev", SecretKind.PASSWORD, Secret("hush"))
    assert library.duplicate("dev").name == "dev (2)"
    assert library.duplicate("dev").name == "dev (3)"
    for name in ("dev", "dev (2)", "dev (3)"):
        again = library.profiles.get(name)
        assert replace(again, name="dev") == profile("dev")
        assert library.connection(again).password == Secret("hush")
    with pytest.raises(UsageError, match='There is no profile "nobody"'):
        library.duplicate("nobody")


def test_a_copy_of_a_guest_is_a_profile(with_guest: ProfileLibrary, tmp_path: Path) -> None:
    assert with_guest.duplicate("demo").name == "demo (2)"
    assert [each.name for each in with_guest.list().profiles] == ["demo", "demo (2)", "dev"]
    again = ProfileLibrary(tmp_path)
    assert again.connection(again.profiles.get("demo (2)")).password == Secret("hush")


def test_profiles_are_listed_as_they_were_moved(
    library: ProfileLibrary, with_guest: ProfileLibrary
) -> None:
    for name in ("a", "b"):
        library.save(profile(name))
    with_guest.move("dev", -2)
    with_guest.move("demo", 1)
    assert [each.name for each in with_guest.list().profiles] == ["demo", "dev", "a", "b"]
    with pytest.raises(UsageError, match='There is no profile "nobody"'):
        library.move("nobody", 1)


def on_disk(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_guest_is_listed_first_and_connects_with_its_password(
    with_guest: ProfileLibrary,
) -> None:
    guest, _ = listed = with_guest.list().profiles
    assert [each.name for each in listed] == ["demo", "dev"]
    assert with_guest.connection(guest).password == Secret("hush")
    assert "hush" not in repr(with_guest.__dict__)


def test_what_changes_in_passing_is_written_for_a_profile_and_not_for_a_guest(
    with_guest: ProfileLibrary, tmp_path: Path
) -> None:
    before = on_disk(tmp_path)
    changed = replace(profile("demo"), subscriptions=(Subscription("a/#"),))
    with_guest.remember(changed)
    assert on_disk(tmp_path) == before
    assert with_guest.list().profiles[0] == changed
    assert with_guest.connection(changed).password == Secret("hush")
    saved = replace(profile("dev"), subscriptions=(Subscription("b/#"),))
    with_guest.remember(saved)
    assert ProfileLibrary(tmp_path).list().profiles == (saved,)


def test_deleting_a_guest_deletes_no_file(with_guest: ProfileLibrary, tmp_path: Path) -> None:
    before = on_disk(tmp_path)
    with_guest.delete("demo")
    assert on_disk(tmp_path) == before
    assert [each.name for each in with_guest.list().profiles] == ["dev"]


@pytest.mark.parametrize("name", ["demo", "mine"])
def test_a_guest_that_is_saved_is_a_profile_with_its_password(
    with_guest: ProfileLibrary, tmp_path: Path, name: str
) -> None:
    with_guest.save(profile(name), former_name="demo")
    assert sorted(each.name for each in with_guest.list().profiles) == sorted(["dev", name])
    again = ProfileLibrary(tmp_path)
    assert again.connection(again.profiles.get(name)).password == Secret("hush")


def test_a_guest_is_not_saved_over_a_profile(with_guest: ProfileLibrary, tmp_path: Path) -> None:
    before = on_disk(tmp_path)
    with pytest.raises(UsageError, match="already a profile"):
        with_guest.save(profile("dev"), former_name="demo")
    assert on_disk(tmp_path) == before
    assert [each.name for each in with_guest.list().profiles] == ["demo", "dev"]
