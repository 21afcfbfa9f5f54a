"""Imported profiles into a library: names, secrets, files, and the paths of certificates on this machine."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest

from mtlsx.client.settings import ConnectionSettings
from mtlsx.errors import MaterialError, MtlsxError, UsageError
from mtlsx.profiles.exchange.files import read_file
from mtlsx.profiles.exchange.incoming import CarriedFile, Incoming
from mtlsx.profiles.exchange.relocation import relocated
from mtlsx.profiles.exchange.taking import plan, take
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind, SecretPlace
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings


@pytest.fixture
def library(tmp_path: Path) -> Iterator[ProfileLibrary]:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield ProfileLibrary(tmp_path / "config")
    keyring.set_keyring(before)


def incoming(name: str = "dev", *, host: str = "h", **tls: str) -> Incoming:
    connection = ConnectionSettings(host=host, port=8883, tls=TlsSettings(**tls))  # type: ignore[arg-type]
    return Incoming(profile=Profile(name=name, connection=connection))


def test_a_name_that_is_taken_gets_a_number() -> None:
    items = [incoming("dev"), incoming("dev"), incoming("other")]
    planned = plan(items, ["dev"])
    assert [(each.incoming.profile.name, each.replaces) for each in planned] == [
        ("dev (2)", False),
        ("dev (3)", False),
        ("other", False),
    ]
    planned = plan(items, ["dev"], overwrite=True, group="lab")
    assert [(each.incoming.profile.name, each.replaces) for each in planned] == [
        ("dev", True),
        ("dev (2)", False),
        ("other", False),
    ]
    assert {each.incoming.profile.group for each in planned} == {"lab"}


def test_what_cannot_be_saved_is_refused_before_anything_is_written(
    library: ProfileLibrary, tmp_path: Path
) -> None:
    (planned,) = plan([incoming(host="\ud800")], [])
    assert planned.refused == 'Profile "dev" holds text that is not Unicode.'
    with pytest.raises(UsageError, match="not Unicode"):
        take(planned, library)
    assert not (tmp_path / "config").exists()


def test_secrets_and_files_go_to_their_places(library: ProfileLibrary) -> None:
    item = replace(
        incoming(),
        password=Secret("hush"),
        files=(
            CarriedFile("ca_file", "ca.pem", b"ca"),
            CarriedFile("crl_file", "ca.pem", b"crl"),
            CarriedFile("certificate_file", "dev.pem", b"both"),
            CarriedFile("key_file", "dev.pem", b"both"),
        ),
    )
    (planned,) = plan([item], [])
    taken = take(planned, library)
    assert taken.secrets == ((SecretKind.PASSWORD, SecretPlace.FILE),)
    connection = library.connection(library.profiles.get("dev"))
    assert connection.password == Secret("hush")
    tls = connection.tls
    assert [
        Path(path or "").read_bytes()
        for path in (tls.ca_file, tls.crl_file, tls.certificate_file, tls.key_file)
    ] == [b"ca", b"crl", b"both", b"both"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in taken.files} == {0o600}
    assert taken.profile.connection.tls.ca_file == "certificates/dev/ca.pem"
    assert library.list().unreadable == ()


def test_files_are_never_written_over_those_that_are_there(library: ProfileLibrary) -> None:
    item = replace(incoming(), files=(CarriedFile("ca_file", "ca.pem", b"one"),))
    (first,) = take(plan([item], [])[0], library).files
    item = replace(incoming(), files=(CarriedFile("ca_file", "ca.pem", b"two"),))
    (second,) = take(plan([item], ["dev"], overwrite=True)[0], library).files
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")


def test_a_replaced_profile_keeps_the_secrets_that_do_not_come(library: ProfileLibrary) -> None:
    take(plan([replace(incoming(), password=Secret("hush"))], [])[0], library)
    take(plan([incoming(host="new")], ["dev"], overwrite=True)[0], library)
    connection = library.connection(library.profiles.get("dev"))
    assert (connection.host, connection.password) == ("new", Secret("hush"))


def test_a_place_that_cannot_be_written_is_a_sentence(
    library: ProfileLibrary, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("a file")
    item = replace(incoming(), files=(CarriedFile("ca_file", "ca.pem", b"one"),))
    with pytest.raises(MtlsxError, match="cannot be made"):
        take(plan([item], [])[0], library)


def test_certificates_are_found_beside_the_file_and_where_one_says(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    for directory in (home, other):
        directory.mkdir()
    (home / "ca.pem").touch()
    (home / "dev.pem").touch()
    (other / "dev.pem").touch()
    (other / "dev.key").touch()
    item = incoming(
        ca_file="ca.pem",
        certificate_file="C:\\certs\\dev.pem",
        key_file="/no/such/dev.key",
        crl_file="/no/such/crl.pem",
    )
    found = relocated(item, home, [other])
    assert found.profile.connection.tls == TlsSettings(
        ca_file=str(home / "ca.pem"),
        certificate_file=str(other / "dev.pem"),
        key_file=str(other / "dev.key"),
        crl_file="/no/such/crl.pem",
    )
    assert found.notes == (
        f"certificate_file: C:\\certs\\dev.pem is now {other / 'dev.pem'}.",
        f"key_file: /no/such/dev.key is now {other / 'dev.key'}.",
        "crl_file: there is no /no/such/crl.pem here; name its directory under certificates (--certificates DIR).",
    )
    beside = relocated(item, home).profile.connection.tls
    assert beside.certificate_file == str(home / "dev.pem")


@pytest.mark.parametrize("path", ["/", "..", "a\0b", "", "~nobody-there/x"])
def test_an_odd_path_is_left_as_it_is(path: str, tmp_path: Path) -> None:
    item = incoming(ca_file=path)
    assert relocated(item, tmp_path).profile.connection.tls.ca_file == path


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MaterialError, match="does not exist"):
        read_file(tmp_path / "none", ask=lambda: None)
    with pytest.raises(MaterialError, match="Is a directory"):
        read_file(tmp_path, ask=lambda: None)
