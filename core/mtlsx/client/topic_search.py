"""A search in a topic tree, a few nodes at a time: a person who types waits for the first rows, not for all.

In: the root of a tree, which must not get or lose nodes until the search is done, and a text. Out: the topics with
that text in their names and the levels above them, from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mtlsx.client.topic_tree import Node


class _Level(NamedTuple):
    """A node on the way down: what comes behind it, whether its topic is found, and its place in the rows."""

    behind: Iterator[Node]
    found: bool
    place: int


class TopicSearch:
    """The topics below ``root`` with ``text``, which is not empty, in their names, whatever its case.

    ``topics``: how many were found; ``first``: the place of the first of these in ``rows``, 0 where there is none.
    """

    def __init__(self, root: Node, text: str) -> None:
        self._wanted = text.casefold()
        self._rows: list[Node] = []
        self._sure = 0
        self._below = iter(root.children)
        self._above: list[_Level] = []
        self.done = False
        self.topics = 0
        self.first = 0

    @property
    def rows(self) -> list[Node]:
        """What was found, and what is above it."""
        return self._rows[: self._sure]

    def finds(self, node: Node) -> bool:
        """Whether the topic that ends at ``node`` is one of those."""
        return self._wanted in node.folded

    def advance(self, nodes: int) -> bool:
        """Look at the next ``nodes`` nodes or somewhat less; whether that was all of them."""
        wanted, rows, above = self._wanted, self._rows, self._above
        while nodes > 0 and not self.done:
            for node in self._below:
                nodes -= 1
                found = wanted in node.folded
                if found or node.children:
                    rows.append(node)
                if found:
                    self._count_last()
                if node.children:
                    above.append(_Level(self._below, found, len(rows) - 1))
                    self._below = iter(node.children)
                    break
                if nodes <= 0:
                    break
            else:
                self._go_up()
        return self.done

    def _count_last(self) -> None:
        if not self.topics:
            self.first = len(self._rows) - 1
        self.topics += 1
        self._sure = len(self._rows)

    def _go_up(self) -> None:
        if not self._above:
            self.done = True
            return
        self._below, found, place = self._above.pop()
        if not found and len(self._rows) == place + 1:
            self._rows.pop()
