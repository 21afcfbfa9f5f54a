"""How long our own messages take to come back: each publication waits here for the message that it becomes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_WAITING = 1000
"""Publications that wait at one time; the oldest are given up, since most never come back."""


class Echoes:
    """Publications by what a subscriber sees of them: topic and payload. Any thread may call any method.

    ``clock``: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # By the payload's hash and length: keeping the payloads could take much memory.
        self._waiting: OrderedDict[tuple[str, int, int], deque[float]] = OrderedDict()

    def published(self, topic: str, payload: bytes) -> None:
        """We hand a publication over now."""
        key = topic, hash(payload), len(payload)
        with self._lock:
            self._waiting.setdefault(key, deque(maxlen=MOST_WAITING)).append(self._clock())
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)

    def received(self, topic: str, payload: bytes) -> float | None:
        """Seconds since we published the message that came now; None where we did not.

        Of several alike, the one that was published first is taken for it.
        """
        if not self._waiting:  # as for most connections at most times
            return None
        key = topic, hash(payload), len(payload)
        with self._lock:
            times = self._waiting.get(key)
            if times is None:
                return None
            since = times.popleft()
            if not times:
                del self._waiting[key]
        return self._clock() - since
