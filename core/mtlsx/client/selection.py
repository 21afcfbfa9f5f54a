"""Which messages a person wants to see, and those of a ring that are: found step by step, however many there are.

``Criteria`` say what is wanted. ``SelectedMessages`` looks like the ring with only the wanted messages in it; its owner
calls ``advance`` until it has caught up, in steps as short as nobody notices.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from mtlsx.client.rules import check_subscription
from mtlsx.client.settings import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.client.message import Message
    from mtlsx.client.ring import MessageRing

_SHARED = re.compile(r"\$share/[^/]*/")
_LEAST_TO_FORGET = 4096


class Direction(StrEnum):
    """Whose messages."""

    ALL = "all"
    RECEIVED = "received"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a message must be. Each that is empty, or ``ALL``, lets every message pass.

    ``topic``: a topic filter where it holds ``+`` or ``#``, else a part of the topic, in any case. ``text``: a part of
    the payload, in any case of letters.
    """

    topic: str = ""
    text: str = ""
    direction: Direction = Direction.ALL

    def predicate(self) -> Callable[[Message], bool]:
        """Whether a message is wanted. Raises UsageError for a topic filter that MQTT forbids."""
        topic, text = topic_predicate(self.topic), _text_predicate(self.text)
        outgoing = self.direction is Direction.SENT
        any_direction = self.direction is Direction.ALL

        def wanted(message: Message) -> bool:
            return (
                (any_direction or message.outgoing is outgoing)
                and (topic is None or topic(message.topic))
                and (text is None or text(message.payload))
            )

        return wanted


def topic_predicate(wanted: str) -> Callable[[str], bool] | None:
    """Whether a topic is wanted, as ``Criteria.topic`` says it; None: each one is. Raises UsageError."""
    if not wanted:
        return None
    if "+" not in wanted and "#" not in wanted:
        part = wanted.casefold()
        return lambda topic: part in topic.casefold()
    check_subscription(Subscription(wanted))
    return matcher(wanted)


def matcher(topic_filter: str) -> Callable[[str], bool]:
    """Whether a topic matches a valid topic filter (MQTT 5.0, section 4.7), also one of a shared subscription."""
    levels = _SHARED.sub("", topic_filter, count=1).split("/")
    # Wildcards at the first level match no topic that begins with $ (4.7.2), and # the level above it, too (4.7.1.2).
    pattern = "(?!\\$)" if levels[0] in {"+", "#"} else ""
    rest = levels.pop() if levels[-1] == "#" else None
    pattern += "/".join("[^/]*" if level == "+" else re.escape(level) for level in levels)
    if rest is not None:
        pattern += "(?:/.*)?" if levels else ".*"
    compiled = re.compile(pattern, re.DOTALL)
    return lambda topic: compiled.fullmatch(topic) is not None


def _text_predicate(wanted: str) -> Callable[[bytes], bool] | None:
    if not wanted:
        return None
    if wanted.isascii():
        part = wanted.lower().encode()
        return lambda payload: part in payload.lower()
    folded = wanted.casefold()
    return lambda payload: folded in payload.decode(errors="replace").casefold()


class MessageSource(Protocol):
    """What a view of messages needs: numbers that go on for ever, and the messages that are kept under them."""

    @property
    def first(self) -> int: ...
    @property
    def next(self) -> int: ...
    def get(self, sequence: int, /) -> Message | None: ...
    def slice(self, start: int, stop: int, /) -> list[Message]: ...


class SelectedMessages:
    """The messages of ``ring`` that ``wanted`` takes, numbered for themselves. For one thread."""

    def __init__(self, ring: MessageRing, wanted: Callable[[Message], bool]) -> None:
        self._ring = ring
        self._wanted = wanted
        self._sequences = array("Q")
        self._forgotten = 0
        self._gone = 0
        self._examined = 0

    def advance(self, most: int) -> bool:
        """Look at up to ``most`` further messages; whether there are no more to look at."""
        first, messages = self._ring.since(
            self._examined, max(self._examined, self._ring.first) + most
        )
        wanted = self._wanted
        self._sequences.extend(
            sequence for sequence, message in enumerate(messages, first) if wanted(message)
        )
        self._examined = first + len(messages)
        return self._examined >= self._ring.next

    @property
    def first(self) -> int:
        """The number of the oldest message that is kept; equals ``next`` when there is none."""
        self._gone = bisect_left(self._sequences, self._ring.first, lo=self._gone)
        if self._gone > max(_LEAST_TO_FORGET, len(self._sequences) // 2):
            del self._sequences[: self._gone]
            self._forgotten += self._gone
            self._gone = 0
        return self._forgotten + self._gone

    @property
    def next(self) -> int:
        """The number that the next message will get."""
        return self._forgotten + len(self._sequences)

    def __len__(self) -> int:
        return self.next - self.first

    def get(self, sequence: int, /) -> Message | None:
        """The message with this number, or None where it is no longer or not yet there."""
        at = sequence - self._forgotten
        return self._ring.get(self._sequences[at]) if 0 <= at < len(self._sequences) else None

    def slice(self, start: int, stop: int, /) -> list[Message]:
        """The kept messages with ``start`` <= number < ``stop``, oldest first."""
        begin, end = (max(0, each - self._forgotten) for each in (start, stop))
        return self._ring.pick(self._sequences[begin:end])
