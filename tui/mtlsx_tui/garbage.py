"""Full garbage collections between a person's keys.

With all topics and messages that the application keeps, a full collection takes a fifth of a second, in which nothing
is drawn, and Python begins one whenever enough was allocated: often just when a key was pressed. Here the small ones
stay Python's, and full ones wait until nobody typed for a moment, or until there may be too much to wait longer.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_IDLE = 1.0
"""Seconds without a key after which a person is taken not to be typing."""
SOME, MANY = 20, 200
"""How many collections of the middle generation, 7,000 objects or more each, a full one waits for: where nobody types,
and where somebody does."""
_NEVER = 1_000_000_000


class FullCollections:
    """Those of this process, from ``begin`` to ``end``. Call ``touched`` for each input, and ``look`` about each second.

    ``clock`` gives seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._touched = clock()
        self._thresholds = gc.get_threshold()

    def begin(self) -> None:
        """Take full collections over from Python. What is there now is never looked at again."""
        self._thresholds = gc.get_threshold()
        gc.freeze()
        gc.set_threshold(*self._thresholds[:2], _NEVER)

    def end(self) -> None:
        """Leave everything to Python again."""
        gc.unfreeze()
        gc.set_threshold(*self._thresholds)

    def touched(self) -> None:
        """A person pressed a key or moved the mouse."""
        self._touched = self._clock()

    def look(self) -> None:
        """Collect, if it is time to."""
        idle = self._clock() - self._touched >= _IDLE
        if gc.get_count()[2] >= (SOME if idle else MANY):
            gc.collect()
