"""Latencies in bounded memory: any number of durations in, percentiles out, each at most 1 % too high."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

_BITS = 7  # of each value are kept: 2 ** -7 is the error


@dataclass(frozen=True, slots=True)
class Latencies:
    """A summary; all in milliseconds. ``count`` is how many there were."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    maximum: float


class Histogram:
    """Counts durations by their first eight bits in microseconds, of which there are a few thousand in a century."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._sum = 0
        self._maximum = 0

    def add(self, seconds: float) -> None:
        """Count one duration; one below zero (a clock that was set back) is zero."""
        value = max(round(seconds * 1_000_000), 0)
        shift = max(value.bit_length() - _BITS - 1, 0)
        # The largest value with these first bits, so that no percentile is told too low.
        self._counts[(value >> shift << shift) + (1 << shift) - 1] += 1
        self._sum += value
        self._maximum = max(self._maximum, value)

    def percentile(self, share: float) -> float:
        """What ``share`` (more than 0, at most 1) of the durations do not exceed, in seconds; 0 without any."""
        return self._microseconds(share) / 1_000_000

    def summary(self) -> Latencies | None:
        """The usual numbers; None without any durations."""
        count = self._counts.total()
        if not count:
            return None
        p50, p95, p99 = (self._microseconds(share) / 1000 for share in (0.5, 0.95, 0.99))
        return Latencies(count, self._sum / count / 1000, p50, p95, p99, self._maximum / 1000)

    def _microseconds(self, share: float) -> int:
        wanted = math.ceil(share * self._counts.total())
        seen = 0
        for value in sorted(self._counts):
            seen += self._counts[value]
            if seen >= wanted:
                return min(value, self._maximum)
        return 0
