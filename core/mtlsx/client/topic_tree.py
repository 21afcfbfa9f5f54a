"""Topics as a tree of their levels, with counts at each: what a person looks through.

In: a ``TopicTable``, which another thread fills. Out: the nodes that are in view, in order. The tree is for one
thread, which calls ``take`` as often as it likes; what that costs depends on the topics that changed meanwhile, not
on the rate of messages.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from mtlsx.client.topics import MOST_LEVELS, Topic, TopicTable

MOST_NEWS = 4000
"""How many topics a call takes in at most, where their first messages come faster than a screen is drawn."""

_NUMBER = re.compile(r"[0-9]+")
_DIGITS = 12


@dataclass(slots=True, eq=False)
class Node:
    """One level of one or more topics.

    ``level``: its text, which may be empty; ``parent``: None for the root, which is no level. ``topic``: the topic
    that ends here, if messages came on it, and ``folded`` its name for searches, without case; else None and "".
    ``topics`` and ``messages`` count what is here and below. ``open``: whether a person sees what is below.
    """

    level: str
    parent: Node | None
    depth: int
    order: str
    topic: Topic | None = None
    folded: str = ""
    topics: int = 0
    messages: int = 0
    open: bool = False
    children: list[Node] = field(default_factory=list)
    """In order: numbers by their value, all else by its text."""


class TopicTree:
    """The topics of ``table``.

    ``chosen``: the node that a person looked at last; ``arranged``: whether a person opened or closed one.
    """

    def __init__(self, table: TopicTable) -> None:
        self.table = table
        self.root = Node("", None, 0, "")
        self.chosen: Node | None = None
        self.arranged = False
        self._ends: dict[Topic, Node] = {}

    def take(self, most: int = MOST_NEWS) -> bool:
        """Come up with the table, by at most ``most`` topics; whether nodes came or went."""
        changes = self.table.changes(most)
        for topic in changes.gone:
            self._remove(topic)
        known = len(self._ends)
        for topic, messages in changes.news:
            self._count(topic, messages)
        return bool(changes.gone) or len(self._ends) != known

    def find(self, topic_name: str) -> Node | None:
        """The node where ``topic_name`` ends, if there is one."""
        node: Node | None = self.root
        for level in _levels(topic_name):
            node = None if node is None else _child(node, level)
        return node

    def topics_below(self, node: Node) -> list[Topic]:
        """The topics that end at ``node`` or below it."""
        nodes = [node, *rows_below(node, closed_too=True)]
        return [each.topic for each in nodes if each.topic is not None]

    def _count(self, topic: Topic, messages: int) -> None:
        end = self._ends.get(topic)
        new = end is None
        if end is None:
            end = self._ends[topic] = self._node(topic.name)
            end.topic = topic
            folded = topic.name.casefold()
            end.folded = topic.name if folded == topic.name else folded
        node: Node | None = end
        while node is not None:
            node.messages += messages
            node.topics += new
            node = node.parent

    def _node(self, topic_name: str) -> Node:
        node = self.root
        for level in _levels(topic_name):
            child = _child(node, level)
            if child is None:
                child = Node(level, node, node.depth + 1, natural_order(level))
                insort(node.children, child, key=_ORDER)
            node = child
        return node

    def _remove(self, topic: Topic) -> None:
        end = self._ends.pop(topic)
        # What is below was counted here too, and stays.
        messages = end.messages - sum(child.messages for child in end.children)
        end.topic, end.folded = None, ""
        node: Node | None = end
        while node is not None:
            parent = node.parent
            node.messages -= messages
            node.topics -= 1
            if not node.topics and parent is not None:
                del parent.children[bisect_left(parent.children, node.order, key=_ORDER)]
            node = parent


def rows_below(node: Node, *, closed_too: bool = False) -> list[Node]:
    """The nodes below ``node``, from top to bottom: those whose parents are all open, or all of them."""
    rows: list[Node] = []
    above: list[Iterator[Node]] = []
    below = iter(node.children)
    while True:
        for each in below:
            rows.append(each)
            if each.children and (closed_too or each.open):
                above.append(below)
                below = iter(each.children)
                break
        else:
            if not above:
                return rows
            below = above.pop()


_ORDER = attrgetter("order")


def natural_order(level: str) -> str:
    """What to compare a level by, so that ``dev-9`` comes before ``dev-10``; never the same for two levels."""
    padded = _NUMBER.sub(lambda number: number[0].zfill(_DIGITS), level)
    return level if padded == level else f"{padded}\0{level}"


def _levels(topic_name: str) -> list[str]:
    return topic_name.split("/", MOST_LEVELS - 1)


def _child(node: Node, level: str) -> Node | None:
    children = node.children
    at = bisect_left(children, natural_order(level), key=_ORDER)
    return children[at] if at < len(children) and children[at].level == level else None
