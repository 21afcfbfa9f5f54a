"""Kill -9 while profiles are saved, renamed and deleted: each is the old or the new one, whenever it comes.

Some kills in the ordinary suite, 1,000 with ``-m slow``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import keyring
import keyring.backends.fail
import pytest

from mtlsx.client.settings import ConnectionSettings
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from support.killed import STEP, Say, killed

if TYPE_CHECKING:
    from pathlib import Path

TIMES = [
    pytest.param(20, id="20"),
    pytest.param(1000, id="1000", marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
]
NAMES = ["one", "two", "three"]


@pytest.fixture(autouse=True)
def _no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)


def profile(name: str, number: int) -> Profile:
    """The profile ``name`` in its ``number``-th version, large enough for several writes."""
    connection = ConnectionSettings(host=f"host-{number}", port=8883, username="x" * 20_000)
    return Profile(name=name, connection=connection)


def version_of(saved: Profile) -> int:
    """Which version it is; it must be all of it."""
    number = int(saved.connection.host.removeprefix("host-"))
    assert saved == profile(saved.name, number)
    return number


def listed(library: ProfileLibrary) -> dict[str, int]:
    listing = library.list()
    assert listing.unreadable == ()
    return {each.name: version_of(each) for each in listing.profiles}


@pytest.mark.parametrize("times", TIMES)
def test_while_profiles_are_saved(tmp_path: Path, times: int) -> None:
    library = ProfileLibrary(tmp_path)
    for name in NAMES:
        library.save(profile(name, 0))
    done = 0
    for _ in range(times):
        before = listed(library)

        def save(say: Say, start: int = max(before.values())) -> None:
            for number in itertools.count(start + 1):
                for name in NAMES:
                    library.save(profile(name, number))
                    say(STEP)

        steps = killed(save)
        after = listed(library)
        start = max(before.values())
        # What was reported is there; beyond that at most the one that was on its way.
        turns = [(start + 1 + step // 3, NAMES[step % 3]) for step in range(steps + 1)]
        expected = before | {name: number for number, name in turns[:-1]}
        possible = {**expected, turns[-1][1]: turns[-1][0]}
        assert after in (expected, possible)
        done += steps
    assert done > 0


@pytest.mark.parametrize("times", TIMES)
def test_while_a_profile_is_renamed(tmp_path: Path, times: int) -> None:
    library = ProfileLibrary(tmp_path)
    library.save(profile("name-0", 0))
    library.secrets.set("name-0", SecretKind.PASSWORD, Secret("hush"))
    done = 0
    for _ in range(times):
        (before,) = listed(library)

        def rename(say: Say, start: int = int(before.removeprefix("name-"))) -> None:
            for number in itertools.count(start):
                saved = replace(profile("x", 0), name=f"name-{number + 1}")
                library.save(saved, former_name=f"name-{number}")
                say(STEP)

        steps = killed(rename)
        (after,) = listed(library)
        moved = int(after.removeprefix("name-")) - int(before.removeprefix("name-"))
        assert steps <= moved <= steps + 1
        # Under whichever name, it has its password.
        assert library.connection(library.profiles.get(after)).password == Secret("hush")
        done += steps
    assert done > 0
