"""How many messages each subscription brought, and how many a second."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from mtlsx.client.selection import matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MOST_TOPICS = 10_000
"""Topics whose subscriptions are remembered; above that, they are found anew."""
_WINDOW = 5.0
"""Seconds over which a rate is taken."""


class FilterCounts:
    """Counts received messages by the topic filters that match them; one that several match counts for each.

    ``received`` is for the thread that receives, the rest for any other.
    """

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._table = _Table({})

    def watch(self, topic_filters: Iterable[str]) -> None:
        """Count for these valid filters from now on; those that were watched before go on from where they are."""
        for topic_filter in topic_filters:
            self._counts.setdefault(topic_filter, [0])
        self._table = _Table({each: self._counts[each] for each in topic_filters})

    def received(self, topic: str) -> None:
        """Count a message on ``topic``."""
        for counter in self._table.counters(topic):
            counter[0] += 1

    def __getitem__(self, topic_filter: str) -> int:
        """How many messages came for a filter since it was watched first; 0 for others."""
        return self._counts.get(topic_filter, (0,))[0]


class _Table:
    """The counters of some filters, and of each topic once it has come."""

    def __init__(self, counters: Mapping[str, list[int]]) -> None:
        self._matchers: list[tuple[Callable[[str], bool], list[int]]] = [
            (matcher(each), counter) for each, counter in counters.items()
        ]
        self._by_topic: dict[str, tuple[list[int], ...]] = {}

    def counters(self, topic: str) -> tuple[list[int], ...]:
        found = self._by_topic.get(topic)
        if found is None:
            if len(self._by_topic) >= _MOST_TOPICS:
                self._by_topic.clear()
            found = tuple(counter for matches, counter in self._matchers if matches(topic))
            self._by_topic[topic] = found
        return found


class Rate:
    """How fast a count grows, over the last seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def observe(self, count: int, clock: float) -> float:
        """Note a count at ``clock`` (seconds); how many more there were a second, 0 where it is the first look."""
        if self._seen and clock < self._seen[-1][0]:
            self._seen.clear()  # somebody set the clock back
        self._seen.append((clock, count))
        while clock - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        since, before = self._seen[0]
        return 0.0 if clock <= since else (count - before) / (clock - since)
