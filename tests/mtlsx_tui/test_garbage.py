"""Full garbage collections between a person's keys."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from mtlsx_tui.garbage import MANY, SOME, FullCollections


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Loop:
    """An object that only a garbage collection can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def collections(clock: Clock) -> Iterator[FullCollections]:
    collections = FullCollections(clock=clock)
    gc.collect()
    collections.begin()
    yield collections
    collections.end()


def old_garbage(middle_collections: int) -> weakref.ref[Loop]:
    """A loop that nobody has any more and that full collections alone see, with so many others since the last."""
    loop = Loop()
    gc.collect(1)
    found = weakref.ref(loop)
    del loop
    for _ in range(middle_collections):
        gc.collect(1)
    return found


def test_a_full_collection_waits_until_nobody_types(
    collections: FullCollections, clock: Clock
) -> None:
    garbage = old_garbage(SOME)
    clock.now = 10.0
    collections.touched()
    collections.look()
    assert garbage() is not None
    clock.now = 11.0
    collections.look()
    assert garbage() is None


def test_it_does_not_wait_for_ever(collections: FullCollections) -> None:
    garbage = old_garbage(MANY)
    collections.touched()
    collections.look()
    assert garbage() is None


def test_where_little_was_allocated_there_is_none(
    collections: FullCollections, clock: Clock
) -> None:
    garbage = old_garbage(0)
    clock.now = 100.0
    collections.look()
    assert garbage() is not None


def test_everything_is_pythons_again_at_the_end(clock: Clock) -> None:
    before = gc.get_threshold()
    collections = FullCollections(clock=clock)
    collections.begin()
    assert gc.get_threshold() != before
    assert gc.get_freeze_count() > 0
    collections.end()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
