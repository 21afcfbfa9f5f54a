"""The profile store: one file each, whole at every moment, and no file lost that it does not understand."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mtlsx
from mtlsx.client.settings import ConnectionSettings
from mtlsx.errors import MtlsxError, UsageError
from mtlsx.profiles.document import parse
from mtlsx.profiles.model import Profile
from mtlsx.profiles.store import Listing, ProfileStore


def profile(name: str, host: str = "broker.example") -> Profile:
    return Profile(name=name, connection=ConnectionSettings(host=host, port=8883))


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path / "config" / "profiles")


def test_nothing_is_made_before_the_first_save(store: ProfileStore, tmp_path: Path) -> None:
    assert store.list().profiles == ()
    assert store.list().unreadable == ()
    store.delete("nobody")
    assert list(tmp_path.iterdir()) == []


def test_what_was_saved_is_listed_by_group_and_name(store: ProfileStore) -> None:
    for each in (
        profile("beta"),
        profile("Alpha"),
        replace(profile("aaa"), group="lab"),
        replace(profile("zzz"), group="factory"),
    ):
        store.save(each)
    assert [each.name for each in store.list().profiles] == ["Alpha", "beta", "zzz", "aaa"]
    assert store.get("beta") == profile("beta")


def test_files_and_directories_are_private(store: ProfileStore, tmp_path: Path) -> None:
    path = store.save(profile("dev"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o700
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_profile_is_saved_over_itself_in_its_own_file(store: ProfileStore) -> None:
    store.directory.mkdir(parents=True)
    by_hand = store.directory / "my own name.toml"
    store.save(profile("dev")).rename(by_hand)
    assert store.save(profile("dev", host="other.example")) == by_hand
    assert store.get("dev").connection.host == "other.example"
    assert list(store.directory.iterdir()) == [by_hand]


def test_a_renamed_profile_is_one_profile(store: ProfileStore) -> None:
    store.save(profile("old"))
    store.save(profile("new", host="other.example"), former_name="old")
    assert store.list().profiles == (profile("new", host="other.example"),)


def test_no_profile_is_renamed_over_another(store: ProfileStore) -> None:
    store.save(profile("one"))
    path = store.save(profile("two"))
    with pytest.raises(UsageError, match=f'already a profile "two": {path}'):
        store.save(profile("two", host="lost.example"), former_name="one")
    assert store.list().profiles == (profile("one"), profile("two"))


def test_deleting_takes_the_file_away(store: ProfileStore) -> None:
    store.save(profile("dev"))
    store.delete("dev")
    assert list(store.directory.iterdir()) == []


def test_a_name_that_is_not_there_is_an_error_that_says_what_is(store: ProfileStore) -> None:
    with pytest.raises(UsageError, match="There are no profiles yet"):
        store.get("dev")
    store.save(profile("one"))
    with pytest.raises(UsageError, match=r'no profile "dev" in .* There is "one"'):
        store.get("dev")


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("dev-346a", "dev-346a.toml"),
        ("Dev 346a", "dev-346a-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("Zürich", "zurich-"),
        ("工場", ""),
        ("nul", "nul-"),
        (".hidden", "hidden-"),
        ("x" * 200, "x" * 60 + "-"),
    ],
)
def test_file_names_are_safe_and_readable(store: ProfileStore, name: str, file_name: str) -> None:
    path = store.save(profile(name))
    assert path.parent == store.directory
    assert path.name.startswith(file_name)
    assert path.name.isascii()
    assert path.name == path.name.lower()
    assert store.get(name) == profile(name)


def test_names_that_look_alike_get_files_of_their_own(store: ProfileStore) -> None:
    names = ["dev", "Dev", "DEV", "dev ", "dev!", "dév", "de\u0301v"]
    for name in names:
        store.save(profile(name))
    assert {each.name for each in store.list().profiles} == set(names)
    assert len({path.name.casefold() for path in store.directory.iterdir()}) == len(names)


def test_a_file_that_cannot_be_parsed_is_kept_and_named(store: ProfileStore) -> None:
    store.save(profile("good"))
    broken = store.directory / "dev.toml"
    broken.write_text('name = "dev"\n[connection\n')
    (store.directory / "directory.toml").mkdir()
    (store.directory / "notes.txt").write_text("not ours")
    os.mkfifo(store.directory / "pipe.toml")
    listing = store.list()
    assert listing.profiles == (profile("good"),)
    assert [each.path.name for each in listing.unreadable] == [
        "dev.toml",
        "directory.toml",
        "pipe.toml",
    ]
    assert "line 2" in str(listing.unreadable[0].error)
    assert str(broken) in str(listing.unreadable[0].error)

    path = store.save(profile("dev"))
    assert path != broken
    assert broken.read_text() == 'name = "dev"\n[connection\n'
    assert store.get("dev") == profile("dev")


def test_two_files_of_one_name_are_not_mixed_up(store: ProfileStore) -> None:
    first = store.save(profile("dev"))
    copy = store.directory / "zz-copy.toml"
    copy.write_bytes(first.read_bytes())
    listing = store.list()
    assert listing.profiles == (profile("dev"),)
    assert [each.path for each in listing.unreadable] == [copy]
    assert str(first) in str(listing.unreadable[0].error)


def test_a_huge_file_is_not_read(store: ProfileStore) -> None:
    store.save(profile("dev"))
    with (store.directory / "huge.toml").open("wb") as file:
        file.truncate(10 * 1024**3)
    listing = store.list()
    assert listing.profiles == (profile("dev"),)
    assert "larger than 1048576 bytes" in str(listing.unreadable[0].error)


# No deadline: how long a disk takes to sync is not ours to judge.
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_no_file_crashes_the_store(store: ProfileStore, data: bytes) -> None:
    store.save(profile("dev"))
    odd = store.directory / "odd.toml"
    odd.write_bytes(data)
    assert store.list().profiles == (profile("dev"),)
    store.save(profile("odd"))
    assert odd.read_bytes() == data
    store.delete("odd")


def test_a_link_stays_a_link(store: ProfileStore, tmp_path: Path) -> None:
    path = store.save(profile("dev"))
    elsewhere = tmp_path / "dotfiles.toml"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    store.save(profile("dev", host="other.example"))
    assert path.is_symlink()
    assert b"other.example" in elsewhere.read_bytes()


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MtlsxError, match=r"cannot be (read|saved)"):
        ProfileStore(tmp_path / "file" / "profiles").save(profile("dev"))


def test_what_a_killed_writer_left_is_removed_in_time(store: ProfileStore) -> None:
    store.save(profile("dev"))
    old = store.directory / ".dev.toml.0123.tmp"
    new = store.directory / ".dev.toml.4567.tmp"
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (time.time() - 86_400, time.time() - 86_400))
    store.save(profile("dev"))
    assert not old.exists()
    assert new.exists()


def test_of_many_writers_one_wins_whole(store: ProfileStore) -> None:
    hosts = [f"{'x' * 1000}{number}.example" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda host: store.save(profile("Dev 1", host=host)), hosts))
    assert store.list().unreadable == ()
    assert [each.connection.host in hosts for each in store.list().profiles] == [True]


SAVE_FOR_EVER = """
import sys
from pathlib import Path
from mtlsx.client.settings import ConnectionSettings
from mtlsx.profiles.document import parse
from mtlsx.profiles.model import Profile
from mtlsx.profiles.store import Listing, ProfileStore
store = ProfileStore(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for host in ("old", "new"):
        connection = ConnectionSettings(host=host * 2000, port=8883)
        store.save(Profile(name="Dev 1", connection=connection))
        store.save(Profile(name="Dev 2", connection=connection), former_name="Dev 3")
        store.save(Profile(name="Dev 3", connection=connection), former_name="Dev 2")
"""


def test_a_kill_leaves_the_old_profile_or_the_new_one(store: ProfileStore) -> None:
    chance = random.Random(1)  # noqa: S311  (moments to kill at, the same ones each time)
    for name in ("Dev 1", "Dev 3"):
        store.save(profile(name, host="old" * 2000))
    for _ in range(20):  # test_killed.py kills far more often, without a new interpreter each time
        with subprocess.Popen(
            [sys.executable, "-c", SAVE_FOR_EVER, str(store.directory)],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(Path(mtlsx.__file__).parents[1])},
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.03))
            writer.kill()
        listing = store.list()
        assert listing.unreadable == ()
        assert [each.name for each in listing.profiles] in (["Dev 1", "Dev 2"], ["Dev 1", "Dev 3"])
        assert {each.connection.host for each in listing.profiles} <= {"old" * 2000, "new" * 2000}


def test_a_file_is_read_again_when_somebody_changed_it(tmp_path: Path) -> None:
    ours, theirs = ProfileStore(tmp_path), ProfileStore(tmp_path)
    path = ours.save(profile("one"))
    (before,) = ours.list().profiles
    assert ours.list().profiles == (before,)
    changed = replace(before, group="lab")
    theirs.save(changed)
    assert ours.list().profiles == (changed,)
    path.write_text("not toml")
    assert [each.path for each in ours.list().unreadable] == [path]
    path.unlink()
    assert ours.list() == Listing((), ())


def test_saving_one_of_many_does_not_parse_the_others_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def counted(data: bytes, *, source: str) -> Profile:
        opened.append(source)
        return parse(data, source=source)

    monkeypatch.setattr("mtlsx.profiles.store.parse", counted)
    store = ProfileStore(tmp_path)
    for number in range(10):
        store.save(profile(f"dev-{number}"))
    assert len(store.list().profiles) == 10
    assert len(opened) == 10
