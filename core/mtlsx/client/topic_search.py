"""A search in a topic tree, a few nodes at a time: a person who types waits for the first rows, not for all.

In: the root of a tree, which must not get or lose nodes while the search is used, and a text. Out: the topics with
that text in their names and the levels above them, from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterator

from mtlsx.client.topic_tree import Node


class TopicSearch:
    """The topics below ``root`` with ``text``, which is not empty, in their names, whatever its case.

    ``rows`` are what was found, and what is above it; ``topics``: how many topics were found; ``first``: the place of
    the first of these in ``rows``, 0 where there is none. ``done``: whether all nodes were looked at.
    """

    def __init__(self, root: Node, text: str) -> None:
        self._root = root
        self._wanted = text.casefold()
        self._below = iter(root.children)
        self._behind: list[Iterator[Node]] = []
        self.done = False
        self._clear()

    def finds(self, node: Node) -> bool:
        """Whether the topic that ends at ``node`` is one of those."""
        return self._wanted in node.folded

    def narrow(self, text: str) -> bool:
        """Search for ``text`` from now on, if that finds nothing that was not found before; whether it is so."""
        wanted = text.casefold()
        if self._wanted not in wanted:
            return False
        self._wanted = wanted
        before = self.rows
        self._clear()
        for node in before:
            if wanted in node.folded:
                self._add(node)
        return True

    def advance(self, nodes: int) -> bool:
        """Look at the next ``nodes`` nodes, at most; whether those were the last."""
        wanted = self._wanted
        while nodes > 0 and not self.done:
            for node in self._below:
                nodes -= 1
                if wanted in node.folded:
                    self._add(node)
                if node.children:
                    self._behind.append(self._below)
                    self._below = iter(node.children)
                    break
                if nodes <= 0:
                    break
            else:
                self.done = not self._behind
                if self._behind:
                    self._below = self._behind.pop()
        return self.done

    def _clear(self) -> None:
        self.rows: list[Node] = []
        self._levels: set[Node] = set()
        self.topics = 0
        self.first = 0

    def _add(self, node: Node) -> None:
        """Put a topic behind the others, and above it what is not there yet."""
        levels = self._levels
        above: list[Node] = []
        level = node.parent
        while level is not None and level is not self._root and level not in levels:
            above.append(level)
            level = level.parent
        self.rows += reversed(above)
        levels.update(above)
        if node.children:
            levels.add(node)
        if not self.topics:
            self.first = len(self.rows)
        self.topics += 1
        self.rows.append(node)
