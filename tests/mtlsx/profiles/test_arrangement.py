"""The order of profiles, their groups, moving, searching."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.settings import ConnectionSettings
from mtlsx.profiles.arrangement import found, free_name, groups, moved, place
from mtlsx.profiles.model import Profile


def profile(name: str, group: str | None = None, order: int | None = None) -> Profile:
    connection = ConnectionSettings(
        host=f"{name}.example", port=8883, client_id="Sensor 7", username="ada"
    )
    return Profile(name=name, group=group, order=order, connection=connection)


def arranged(profiles: list[Profile]) -> list[str]:
    return [each.name for each in sorted(profiles, key=place)]


def test_arranged_profiles_come_before_those_that_are_not() -> None:
    profiles = [profile("b"), profile("A"), profile("z", order=0), profile("y", "lab", 1)]
    assert arranged(profiles) == ["z", "A", "b", "y"]
    assert groups(profiles) == ("lab",)


@pytest.mark.parametrize(
    ("name", "by", "expected"),
    [("a", 1, "bac"), ("a", 9, "bca"), ("c", -1, "acb"), ("b", -5, "bac"), ("a", -1, "abc"), ("c", 1, "abc")],
)  # fmt: skip
def test_a_profile_moves_within_its_group(name: str, by: int, expected: str) -> None:
    profiles = [profile(each, "g") for each in "abc"] + [profile("other")]
    changed = {each.name: each for each in moved(profiles, name, by)}
    after = [changed.get(each.name, each) for each in profiles]
    assert arranged(after) == ["other", *expected]
    assert "other" not in changed


def test_a_profile_that_is_not_there_does_not_move() -> None:
    with pytest.raises(KeyError):
        moved([profile("a")], "b", 1)


@given(
    st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=8),
    st.integers(0, 7),
    st.integers(-9, 9),
)
def test_all_others_keep_their_order(orders: list[int | None], which: int, by: int) -> None:
    profiles = [profile(f"p{number}", order=order) for number, order in enumerate(orders)]
    before = arranged(profiles)
    name = profiles[which % len(profiles)].name
    changed = {each.name: each for each in moved(profiles, name, by)}
    after = arranged([changed.get(each.name, each) for each in profiles])
    target = min(max(before.index(name) + by, 0), len(before) - 1)
    assert after.index(name) == target
    assert [each for each in after if each != name] == [each for each in before if each != name]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["one", "two"]),
        ("ONE", ["one"]),
        ("fact two", ["two"]),
        ("example one", ["one"]),
        ("sensor", ["one", "two"]),
        ("ada", ["one", "two"]),
        ("one two", []),
    ],
)
def test_a_search_finds_each_word_somewhere(text: str, names: list[str]) -> None:
    profiles = [profile("one"), replace(profile("two"), group="Factory")]
    assert [each.name for each in found(profiles, text)] == names


def test_a_free_name_is_numbered_and_never_too_long() -> None:
    assert free_name("dev", {"other"}) == "dev"
    assert free_name("dev", {"dev", "dev (2)"}) == "dev (3)"
    long = "x" * 200
    assert len(free_name(long, {long})) == 200
