"""Deadlines by key, the earliest first. The clock is the caller's: any number of seconds that grows."""

from __future__ import annotations

from heapq import heapify, heappop, heappush


class Deadlines:
    """One deadline for each key. Holds no more than twice the keys that have one, whatever is set and cancelled."""

    __slots__ = ("_at", "_heap")

    def __init__(self) -> None:
        self._at: dict[bytes, float] = {}
        self._heap: list[tuple[float, bytes]] = []

    def set(self, key: bytes, at: float) -> None:
        """Give ``key`` this deadline and no other."""
        self._at[key] = at
        heappush(self._heap, (at, key))
        if len(self._heap) > 2 * len(self._at) + _SLACK:
            self._heap = [(at, key) for key, at in self._at.items()]
            heapify(self._heap)

    def cancel(self, key: bytes) -> None:
        """Forget the deadline of ``key``, if it has one."""
        self._at.pop(key, None)

    def next(self) -> float | None:
        """The earliest deadline."""
        while self._heap:
            at, key = self._heap[0]
            if self._at.get(key) == at:
                return at
            heappop(self._heap)
        return None

    def due(self, now: float) -> list[bytes]:
        """The keys whose deadline has come, in its order; they have none afterwards."""
        keys: list[bytes] = []
        while (at := self.next()) is not None and at <= now:
            _, key = heappop(self._heap)
            del self._at[key]
            keys.append(key)
        return keys


_SLACK = 64
