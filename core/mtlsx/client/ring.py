"""A bounded store of messages: the oldest go first, and what went is counted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.client.message import Message

MAX_MESSAGES = 100_000
MAX_BYTES = 64 * 1024 * 1024
RECORD_BYTES = 200
"""What a message costs beside its topic and payload, in bytes."""


class MessageRing:
    """The last messages of a connection, within a number of messages and a number of bytes.

    Each message gets a sequence number, counted from 0 and never used again, so that a view can keep its
    place while old messages go. Any thread may call any method.
    """

    def __init__(self, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._slots: list[Message | None] = [None] * max_messages
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._first = 0
        self._next = 0
        self._bytes = 0
        self._dropped = 0

    @property
    def first(self) -> int:
        """The sequence number of the oldest message that is kept; equals ``next`` when there is none."""
        return self._first

    @property
    def next(self) -> int:
        """The sequence number that the next message will get."""
        return self._next

    @property
    def dropped(self) -> int:
        """How many messages had to go to make room for newer ones."""
        return self._dropped

    @property
    def bytes(self) -> int:
        """What the kept messages cost by this ring's own count, in bytes."""
        return self._bytes

    def __len__(self) -> int:
        return self._next - self._first

    def append(self, message: Message) -> None:
        """Keep ``message``, at the price of the oldest ones where there is no room."""
        cost = _cost(message)
        with self._lock:
            slots = self._slots
            size = len(slots)
            if self._next - self._first == size:
                self._drop_oldest()
            slots[self._next % size] = message
            self._next += 1
            self._bytes += cost
            while self._bytes > self._max_bytes and self._next - self._first > 1:
                self._drop_oldest()

    def get(self, sequence: int) -> Message | None:
        """The message with this sequence number, or None where it is no longer or not yet there."""
        with self._lock:
            if self._first <= sequence < self._next:
                return self._slots[sequence % len(self._slots)]
            return None

    def slice(self, start: int, stop: int) -> list[Message]:
        """The kept messages with ``start`` <= sequence number < ``stop``, oldest first."""
        with self._lock:
            wanted = range(max(start, self._first), min(stop, self._next))
            size = len(self._slots)
            return [message for at in wanted if (message := self._slots[at % size]) is not None]

    def clear(self) -> None:
        """Forget all messages; sequence numbers go on, and nothing is counted as dropped."""
        with self._lock:
            self._slots = [None] * len(self._slots)
            self._first = self._next
            self._bytes = 0

    def _drop_oldest(self) -> None:
        at = self._first % len(self._slots)
        oldest = self._slots[at]
        assert oldest is not None  # noqa: S101  (first < next: the slot is filled)
        self._slots[at] = None
        self._bytes -= _cost(oldest)
        self._first += 1
        self._dropped += 1


def _cost(message: Message) -> int:
    return RECORD_BYTES + len(message.topic) + len(message.payload)
