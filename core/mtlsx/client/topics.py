"""The topics that messages came on: how many on each, and the last one. Bounded; what had to go is counted.

``TopicTable`` takes a message in a fraction of the time that receiving it takes, on the connection's own
thread. Whoever shows the topics asks from time to time for what changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.client.message import Message

MAX_TOPICS = 50_000
MAX_BYTES = 64 * 1024 * 1024
RECORD_BYTES = 600
"""What a topic costs beside its name and its last payload, in bytes, with its place in a tree."""
LEVEL_BYTES = 100
"""What each of its levels costs, of which it shares some with others."""
MOST_LEVELS = 16
"""From here on, the rest of a topic counts as one level: a topic may have 65,535 of them."""


@dataclass(slots=True, eq=False)
class Topic:
    """One topic. ``messages``: how many came; ``last``: the newest of them.

    ``retained``: whether one of them was a retained one, so that the broker has one to clear.
    """

    name: str
    last: Message
    messages: int = 0
    retained: bool = False
    _told: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since it was last asked for: topics with the number of new messages, and those that went."""

    news: tuple[tuple[Topic, int], ...]
    gone: tuple[Topic, ...]


class TopicTable:
    """The topics heard last, within a number of topics and a number of bytes. Any thread may call any method."""

    def __init__(self, max_topics: int = MAX_TOPICS, max_bytes: int = MAX_BYTES) -> None:
        self._max_topics = max_topics
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._topics: OrderedDict[str, Topic] = OrderedDict()
        self._changed: dict[Topic, None] = {}
        self._gone: list[Topic] = []
        self._bytes = 0
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._topics)

    @property
    def forgotten(self) -> int:
        """How many topics had to go, those first that had been silent longest; one that comes back counts anew."""
        return self._forgotten

    @property
    def bytes(self) -> int:
        """What the topics cost by this table's own count, in bytes."""
        return self._bytes

    def add(self, message: Message) -> None:
        """Count ``message`` for its topic, at the price of the topic silent longest where there is no room."""
        name = message.topic
        with self._lock:
            topic = self._topics.get(name)
            if topic is None:
                topic = self._topics[name] = Topic(name, message)
                self._bytes += _cost(topic)
            else:
                self._topics.move_to_end(name)
                self._bytes += len(message.payload) - len(topic.last.payload)
                topic.last = message
            topic.messages += 1
            if message.retain:
                # An empty one tells that there is none any more (MQTT 5.0, 3.3.1.3).
                topic.retained = bool(message.payload)
            self._changed[topic] = None
            while len(self._topics) > 1 and (
                len(self._topics) > self._max_topics or self._bytes > self._max_bytes
            ):
                self._forget_oldest()

    def complete(self, beginning: str) -> str | None:
        """The topic heard last whose name begins so."""
        with self._lock:
            names = reversed(self._topics)
            return next((name for name in names if name.startswith(beginning)), None)

    def cleared(self, name: str) -> None:
        """The broker has no retained message for this topic any more."""
        with self._lock:
            topic = self._topics.get(name)
            if topic is not None:
                topic.retained = False

    def clear(self) -> None:
        """Forget all topics; nothing is counted as forgotten."""
        with self._lock:
            self._gone += (topic for topic in self._topics.values() if topic._told)
            self._topics.clear()
            self._changed.clear()
            self._bytes = self._forgotten = 0

    def changes(self, most: int) -> Changes:
        """What changed since the last call, for one caller that keeps up with the table; at most ``most`` news."""
        news = []
        with self._lock:
            gone, self._gone = self._gone, []
            for topic in tuple(islice(self._changed, most)):
                del self._changed[topic]
                news.append((topic, topic.messages - topic._told))
                topic._told = topic.messages
        return Changes(tuple(news), tuple(gone))

    def _forget_oldest(self) -> None:
        _, oldest = self._topics.popitem(last=False)
        self._bytes -= _cost(oldest)
        self._forgotten += 1
        self._changed.pop(oldest, None)
        if oldest._told:
            self._gone.append(oldest)


def _cost(topic: Topic) -> int:
    levels = min(topic.name.count("/") + 1, MOST_LEVELS)
    return RECORD_BYTES + LEVEL_BYTES * levels + len(topic.name) + len(topic.last.payload)
