"""Percentiles from bounded memory, against those of the sorted durations themselves."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from mtlsx.bench.histogram import Histogram

durations = st.lists(st.floats(0, 10_000, allow_nan=False), min_size=1, max_size=300)
shares = st.floats(0.001, 1.0)


def filled(seconds: list[float]) -> Histogram:
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    return histogram


@given(durations, shares)
def test_a_percentile_is_never_too_low_and_at_most_a_hundredth_too_high(
    seconds: list[float], share: float
) -> None:
    exact = sorted(seconds)[math.ceil(share * len(seconds)) - 1]
    found = filled(seconds).percentile(share)
    # Durations are kept in whole microseconds.
    assert exact - 0.000_001 <= found <= exact * 1.01 + 0.000_001


@given(durations)
def test_a_summary_goes_up_and_ends_in_the_longest(seconds: list[float]) -> None:
    found = filled(seconds).summary()
    assert found is not None
    assert found.count == len(seconds)
    assert found.p50 <= found.p95 <= found.p99 <= found.maximum
    assert math.isclose(found.maximum, max(seconds) * 1000, abs_tol=0.001)
    assert math.isclose(found.mean, sum(seconds) / len(seconds) * 1000, abs_tol=0.001)


def test_a_hundred_milliseconds_from_one_to_a_hundred() -> None:
    found = filled([n / 1000 for n in range(1, 101)]).summary()
    assert found is not None
    assert (round(found.p50), round(found.p95), round(found.p99)) == (50, 95, 99)


def test_none_is_no_summary() -> None:
    assert Histogram().summary() is None
    assert Histogram().percentile(0.5) == 0.0


def test_a_clock_that_was_set_back_counts_as_zero() -> None:
    assert filled([-3.0]).percentile(1.0) == 0.0


def test_memory_does_not_grow_with_the_number_of_durations() -> None:
    histogram = filled([n / 1_000_000 for n in range(200_000)])
    assert len(histogram._counts) < 2000
