"""Bounded stores of messages: the oldest go first, and what went is counted.

Each connection has a ``MessageRing``, all of them share one ``MessageBudget``.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mtlsx.client.message import Message
    from mtlsx.client.settings import PublishProperties

MAX_MESSAGES = 100_000
MAX_BYTES = 64 * 1024 * 1024
RECORD_BYTES = 200
"""What a message costs beside its topic, payload and properties, in bytes."""


class MessageBudget:
    """The memory that the messages of all connections together may take, in bytes.

    Where it is used up, the connection with the most gives up its oldest, so that a loud one costs a quiet one nothing.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._rings: list[MessageRing] = []
        self._lock = threading.Lock()

    @property
    def max_bytes(self) -> int:
        """What there is."""
        return self._max_bytes

    @property
    def bytes(self) -> int:
        """What is used."""
        return self._bytes


class MessageRing:
    """The last messages of a connection, within a number of messages and the bytes of a ``budget``.

    Each message gets a sequence number, counted from 0 and never used again, so that a view can keep its
    place while old messages go. The newest one always stays. Any thread may call any method.
    """

    def __init__(
        self, max_messages: int = MAX_MESSAGES, budget: MessageBudget | None = None
    ) -> None:
        self._slots: list[Message | None] = [None] * max_messages
        self._budget = MessageBudget() if budget is None else budget
        self._lock = self._budget._lock
        self._first = 0
        self._next = 0
        self._bytes = 0
        self._dropped = 0
        self._closed = False
        with self._lock:
            self._budget._rings.append(self)

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
        budget = self._budget
        with self._lock:
            if self._closed:
                return
            slots = self._slots
            size = len(slots)
            if self._next - self._first == size:
                self._drop_oldest()
            slots[self._next % size] = message
            self._next += 1
            self._bytes += cost
            budget._bytes += cost
            while budget._bytes > budget._max_bytes:
                fullest = self._fullest()
                if fullest is None:
                    break
                fullest._drop_oldest()

    def get(self, sequence: int) -> Message | None:
        """The message with this sequence number, or None where it is no longer or not yet there."""
        with self._lock:
            if self._first <= sequence < self._next:
                return self._slots[sequence % len(self._slots)]
            return None

    def slice(self, start: int, stop: int) -> list[Message]:
        """The kept messages with ``start`` <= sequence number < ``stop``, oldest first."""
        return self.since(start, stop)[1]

    def since(self, start: int, stop: int) -> tuple[int, list[Message]]:
        """As ``slice``, with the sequence number of the first of them before it."""
        with self._lock:
            first = max(start, self._first)
            size = len(self._slots)
            wanted = range(first, min(stop, self._next))
            return first, [
                message for at in wanted if (message := self._slots[at % size]) is not None
            ]

    def pick(self, sequences: Iterable[int]) -> list[Message]:
        """The messages with these sequence numbers, as far as they are kept."""
        with self._lock:
            first, after, size = self._first, self._next, len(self._slots)
            return [
                message
                for at in sequences
                if first <= at < after and (message := self._slots[at % size]) is not None
            ]

    def clear(self) -> None:
        """Forget all messages; sequence numbers go on, and nothing is counted as dropped."""
        with self._lock:
            self._slots = [None] * len(self._slots)
            self._first = self._next
            self._budget._bytes -= self._bytes
            self._bytes = 0

    def close(self) -> None:
        """Forget all messages, keep no more, and leave the budget to the others."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._budget._rings.remove(self)
        self.clear()

    def _fullest(self) -> MessageRing | None:
        """The ring that gives something up next; None where each has only its newest message."""
        rings = self._budget._rings
        # Looking at all of them for each message would be dear; one that has its share or more is full enough.
        if len(self) > 1 and self._bytes * len(rings) >= self._budget._bytes:
            return self
        full = [ring for ring in rings if len(ring) > 1]
        return max(full, key=lambda ring: ring.bytes) if full else None

    def _drop_oldest(self) -> None:
        at = self._first % len(self._slots)
        oldest = self._slots[at]
        assert oldest is not None  # noqa: S101  (first < next: the slot is filled)
        self._slots[at] = None
        cost = _cost(oldest)
        self._bytes -= cost
        self._budget._bytes -= cost
        self._first += 1
        self._dropped += 1


def _cost(message: Message) -> int:
    size = RECORD_BYTES + len(message.topic) + len(message.payload)
    return size if message.properties is None else size + _properties_cost(message.properties)


def _properties_cost(properties: PublishProperties) -> int:
    texts = (properties.content_type, properties.response_topic, properties.correlation_data)
    size = RECORD_BYTES + sum(len(text) for text in texts if text is not None)
    return size + sum(RECORD_BYTES + len(a) + len(b) for a, b in properties.user_properties)
