"""Lets costly steps take turns with everything else: one for each round of the event loop.

A TLS handshake costs a millisecond of signatures. When hundreds of clients arrive together, the messages of those
who are already there would wait for all of them.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable


class Turns:
    """A queue of steps. Steps run in the order in which they came; the first of a round runs at once."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()
        self._taken = False

    def take(self, step: Callable[[], None]) -> None:
        """Run ``step`` now or in a later round."""
        if self._taken:
            self._waiting.append(step)
        else:
            self._begin()
            step()

    def _begin(self) -> None:
        self._taken = True
        self._loop.call_soon(self._next_round)

    def _next_round(self) -> None:
        self._taken = False
        if self._waiting:
            self._begin()
            self._waiting.popleft()()
