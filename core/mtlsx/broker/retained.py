"""Retained messages: one for each topic, found by topic filter (MQTT 5.0, section 3.3.1.3)."""

from __future__ import annotations

from dataclasses import dataclass

from mtlsx.auth.authorization import topics
from mtlsx.broker.deadlines import Deadlines
from mtlsx.broker.limits import Limits
from mtlsx.broker.messages import Message


@dataclass(slots=True)
class _Node:
    """A level of a topic: what goes on from it, and the message of the topic that ends here."""

    children: dict[bytes, _Node]
    message: Message | None = None


class Retained:
    """The retained messages, within the limits on their number and octets."""

    __slots__ = ("_bytes", "_deadlines", "_limits", "_messages", "_root")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._root = _Node({})
        self._messages: dict[bytes, Message] = {}
        self._deadlines = Deadlines()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def octets(self) -> int:
        """What the messages hold in memory, about."""
        return self._bytes

    def keep(self, message: Message) -> bool:
        """Keep ``message`` in place of its topic's; one without payload just removes that. False: there is no room."""
        self.remove(message.topic)
        if not message.payload:
            return True
        limits = self._limits
        if (
            len(self._messages) >= limits.max_retained
            or self._bytes + message.size > limits.max_retained_bytes
        ):
            return False
        node = self._root
        for level in topics.levels(message.topic):
            child = node.children.get(level)
            if child is None:
                child = node.children[level] = _Node({})
            node = child
        node.message = self._messages[message.topic] = message
        self._bytes += message.size
        if message.expires_at is not None:
            self._deadlines.set(message.topic, message.expires_at)
        return True

    def remove(self, topic: bytes) -> None:
        """Remove the message of ``topic``, if there is one."""
        message = self._messages.pop(topic, None)
        if message is None:
            return
        self._deadlines.cancel(topic)
        self._bytes -= message.size
        way = [(self._root, b"")]
        for level in topics.levels(topic):
            way.append((way[-1][0].children[level], level))
        way[-1][0].message = None
        while len(way) > 1 and not way[-1][0].children and way[-1][0].message is None:
            _, level = way.pop()
            del way[-1][0].children[level]

    def matching(self, topic_filter: bytes, now: float) -> list[Message]:
        """The messages that a new subscription to ``topic_filter`` gets, in the order of their topics' first levels."""
        if b"+" not in topic_filter and b"#" not in topic_filter:
            exact = self._messages.get(topic_filter)
            return [exact] if exact is not None and not exact.expired(now) else []
        levels = topics.levels(topic_filter)
        found: list[Message] = []
        ways = [(self._root, 0)]
        while ways:
            node, depth = ways.pop()
            if depth == len(levels):
                if node.message is not None:
                    found.append(node.message)
                continue
            level = levels[depth]
            if level == b"#":
                found += _messages(node, guarded=depth == 0)
            elif level == b"+":
                ways += [(child, depth + 1) for child in reversed(_children(node, depth == 0))]
            elif level in node.children:
                ways.append((node.children[level], depth + 1))
        return [message for message in found if not message.expired(now)]

    def next_deadline(self) -> float | None:
        """When the next message expires."""
        return self._deadlines.next()

    def tick(self, now: float) -> None:
        """Remove what has expired."""
        for topic in self._deadlines.due(now):
            self.remove(topic)


def _children(node: _Node, guarded: bool) -> list[_Node]:
    """The next levels; wildcards in front do not match ``$`` (MQTT-4.7.2-1)."""
    if guarded:
        return [child for level, child in node.children.items() if not level.startswith(b"$")]
    return list(node.children.values())


def _messages(node: _Node, *, guarded: bool) -> list[Message]:
    """The messages at ``node`` and below."""
    found = [] if node.message is None else [node.message]
    below = _children(node, guarded)
    while below:
        node = below.pop()
        if node.message is not None:
            found.append(node.message)
        below += node.children.values()
    return found
