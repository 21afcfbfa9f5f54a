"""The messages of one device that the broker has not acknowledged yet: no more than it takes, each with its time."""

from __future__ import annotations

import asyncio

_WINDOW = 100  # the most, whatever the broker would take


class InFlight:
    """A window of messages by packet identifier; whoever wants to send waits for ``room``."""

    def __init__(self) -> None:
        self._most = _WINDOW
        self._sent_at: dict[int, float] = {}
        self._last_id = 0
        self._open = True
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sent_at)

    def __contains__(self, packet_id: int) -> bool:
        return packet_id in self._sent_at

    def limit(self, receive_maximum: int | None) -> None:
        """Keep to the broker's Receive Maximum; None is what MQTT has without one."""
        self._most = min(_WINDOW, receive_maximum or _WINDOW)

    def new_id(self) -> int:
        """A packet identifier that is not in use."""
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self._sent_at:
                return self._last_id

    def add(self, packet_id: int, now: float) -> None:
        self._sent_at[packet_id] = now

    def take(self, packet_id: int) -> float | None:
        """When the message was sent that is acknowledged now; None for one that is unknown."""
        sent_at = self._sent_at.pop(packet_id, None)
        self._changed.set()
        return sent_at

    async def room(self) -> None:
        """Wait until one more may be sent, or until ``close``."""
        await self._shrunk_below(self._most)

    async def empty(self) -> None:
        """Wait until everything is acknowledged, or until ``close``."""
        await self._shrunk_below(1)

    def close(self) -> int:
        """Give up; how many messages never got their answer."""
        left = len(self._sent_at)
        self._sent_at.clear()
        self._open = False
        self._changed.set()
        return left

    async def _shrunk_below(self, count: int) -> None:
        while self._open and len(self._sent_at) >= count:
            self._changed.clear()
            await self._changed.wait()
