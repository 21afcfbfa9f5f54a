"""Messages are counted for each subscription that they came for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.filter_counts import FilterCounts, Rate
from mtlsx.client.selection import matcher

FILTERS = ("#", "a/#", "a/+", "b", "$share/group/a/b")


@given(st.lists(st.sampled_from(["a", "a/b", "a/b/c", "b", "$SYS/x"])))
def test_each_message_counts_for_each_filter_that_matches(topics: list[str]) -> None:
    counts = FilterCounts()
    counts.watch(FILTERS)
    for topic in topics:
        counts.received(topic)
    for each in FILTERS:
        assert counts[each] == sum(map(matcher(each), topics))


def test_a_filter_that_was_left_and_taken_up_again_goes_on() -> None:
    counts = FilterCounts()
    counts.received("a")
    counts.watch(["a"])
    counts.received("a")
    counts.watch([])
    counts.received("a")
    counts.watch(["a", "b"])
    counts.received("a")
    assert (counts["a"], counts["b"], counts["c"]) == (2, 0, 0)


def test_very_many_topics_are_counted_too() -> None:
    counts = FilterCounts()
    counts.watch(["t/+"])
    for number in range(25_000):
        counts.received(f"t/{number}")
    assert counts["t/+"] == 25_000


def test_a_rate_is_taken_over_the_last_seconds() -> None:
    rate = Rate()
    assert rate.observe(100, 10.0) == 0.0
    assert rate.observe(110, 11.0) == 10.0
    assert rate.observe(130, 12.0) == 15.0
    assert rate.observe(130, 15.0) == pytest.approx(6.0)
    assert rate.observe(130, 17.0) == 0.0
    assert rate.observe(190, 23.0) == 0.0  # nothing is known of the time between
    assert rate.observe(200, 3.0) == 0.0  # the clock was set back
    assert rate.observe(204, 4.0) == 4.0
