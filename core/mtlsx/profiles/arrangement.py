"""The order of profiles in a list, their groups, and which of them a search means. Pure: profiles in, profiles out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count

from mtlsx.profiles.model import Profile

_LONGEST_NAME = 200


def place(profile: Profile) -> tuple[str, bool, int, str]:
    """Where a profile stands, as a key to sort by: group, order, name."""
    return (
        profile.group or "",
        profile.order is None,
        profile.order or 0,
        profile.name.casefold(),
    )


def groups(profiles: Iterable[Profile]) -> tuple[str, ...]:
    """The names of the groups that have a profile, in their order."""
    return tuple(sorted({profile.group for profile in profiles if profile.group is not None}))


def moved(profiles: Sequence[Profile], name: str, by: int) -> tuple[Profile, ...]:
    """What changes when the profile ``name`` moves ``by`` places down (up, where negative) within its group.

    The profiles whose ``order`` is another now, none where it is at the end already. Raises KeyError where
    there is none of that name.
    """
    chosen = next((profile for profile in profiles if profile.name == name), None)
    if chosen is None:
        raise KeyError(name)
    members = sorted((each for each in profiles if each.group == chosen.group), key=place)
    before = members.index(chosen)
    after = min(max(before + by, 0), len(members) - 1)
    if after == before:
        return ()
    members.insert(after, members.pop(before))
    return tuple(
        replace(each, order=number) for number, each in enumerate(members) if each.order != number
    )


def found(profiles: Iterable[Profile], text: str) -> tuple[Profile, ...]:
    """The profiles that ``text`` means: each of its words is in the name, group, host, client id or username."""
    words = text.casefold().split()
    return tuple(
        profile
        for profile in profiles
        if all(any(word in place for place in _searched(profile)) for word in words)
    )


def free_name(name: str, taken: Collection[str]) -> str:
    """``name``, or the first of ``name (2)``, ``name (3)`` … that is not ``taken``; never too long for a name."""
    return next(candidate for candidate in _names(name) if candidate not in taken)


def _searched(profile: Profile) -> Iterator[str]:
    connection = profile.connection
    for text in (profile.name, profile.group, connection.host, connection.client_id):
        yield (text or "").casefold()
    yield (connection.username or "").casefold()


def _names(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        suffix = f" ({number})"
        yield name[: _LONGEST_NAME - len(suffix)] + suffix
