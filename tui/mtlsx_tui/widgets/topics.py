"""The topic tree: levels that open and close, the last value and the count of each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive

from mtlsx.client.topic_search import TopicSearch
from mtlsx.client.topic_tree import Node, TopicTree, rows_below
from mtlsx_tui.widgets.lines import LineTable
from mtlsx_tui.widgets.printable import pad, preview, printable

if TYPE_CHECKING:
    from textual import events

_COUNT_CELLS = 10
_MARK_CELLS = 2
_OPEN_AT_FIRST = 200
"""Up to so many topics, all levels are open until a person opens or closes one."""
_PART_OF_THE_TIME = 0.05
"""What finding the rows anew may take, while topics come: it is done less often where there are many."""

_SEARCH_SECONDS = 0.008
"""How long a search looks at topics before the screen has its turn, and how long that is."""
_SCREEN_SECONDS = 0.008
_SEARCH_STEP = 1000


class TopicList(LineTable[Node]):
    """The nodes of one tree that are in view. Posts ``Moved``. The screen calls ``poll`` from its timer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "open", "Open", show=False),
        Binding("left", "close", "Close", show=False),
        Binding("enter,space", "turn", "Open or close", show=False),
        Binding("asterisk", "turn_all", "Open or close all below", show=False),
    ]
    DEFAULT_CSS = """
    TopicList { overflow-y: scroll; }
    """

    # As in the stream: what surrounds it does not depend on its length, and topics come all the time.
    virtual_size = reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(self, tree: TopicTree, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._tree = tree
        self._wanted = ""
        self._search: TopicSearch | None = None
        self._waiting = False
        self._messages = -1
        self._find_again_at = 0.0
        self._stale = True
        self.found = 0
        """How many topics a search found."""

    @property
    def searching(self) -> bool:
        """Whether only what was searched for is shown."""
        return bool(self._wanted)

    def poll(self) -> bool:
        """Take over what came since the last call; True when something did."""
        if self._tree.take():
            self._stale = True
            if self.looking:  # in a tree that changes it would go astray
                self._find_again_at = 0.0
            self._search = None
        if self._stale and time.monotonic() >= self._find_again_at:
            self.find_rows()
        elif self._messages == self._tree.root.messages:
            return False
        self._messages = self._tree.root.messages
        self.refresh()
        return True

    def search(self, text: str) -> None:
        """Show only topics with ``text`` in them, and what is above them; an empty one: all as it was.

        What is found first is shown first; ``looking`` until all is.
        """
        self._wanted = text
        if not text:
            self.find_rows()
            return
        if self._search is None or not self._search.narrow(text):
            self._search = TopicSearch(self._tree.root, text)
        self._waiting = True
        self._look()

    @property
    def looking(self) -> bool:
        """Whether a search has topics before it that it has not looked at."""
        return self._search is not None and not self._search.done

    def _look(self) -> None:
        """Look for a while, and show what comes of it: the first rows, and at the end all."""
        search, chosen = self._search, self._tree.chosen
        if search is None:
            return
        until = time.monotonic() + _SEARCH_SECONDS
        while not search.advance(_SEARCH_STEP) and time.monotonic() < until:
            pass
        # The cursor stays on a topic that is found too, and so waits for it.
        some = search.topics and (chosen is None or not search.finds(chosen))
        if search.done or (self._waiting and some):
            self._waiting = False
            self._show_found(search)
        if not search.done:
            # Not at once: others want to paint, and to read keys.
            self.set_timer(_SCREEN_SECONDS, self._look_on)

    def _look_on(self) -> None:
        if self.looking:
            self._look()

    def find_rows(self) -> None:
        """Show the rows as the tree is now, with the cursor on the node it was on, or on one above that."""
        begin = time.monotonic()
        self._stale = False
        self._search = None
        if self._wanted:
            search = self._search = TopicSearch(self._tree.root, self._wanted)
            while not search.advance(_SEARCH_STEP):
                pass
            self._show_found(search)
        else:
            self._show_open()
        now = time.monotonic()
        self._find_again_at = now + (now - begin) / _PART_OF_THE_TIME

    def _show_open(self) -> None:
        tree, chosen = self._tree, self._tree.chosen
        if not tree.arranged and tree.root.topics <= _OPEN_AT_FIRST:
            _open_below(tree.root, opened=True)
        rows = rows_below(tree.root)
        # Above a node that is gone, or closed away, is one that is not.
        above = chosen
        while above is not None and above.parent is not None:
            if not above.topics or not (above.parent.open or above.parent is tree.root):
                chosen = above.parent
            above = above.parent
        at_level = chosen is not None and chosen is not tree.root
        self.show_at(rows, rows.index(chosen) if chosen is not None and at_level else 0)

    def _show_found(self, search: TopicSearch) -> None:
        rows, self.found = search.rows, search.topics
        chosen = self._tree.chosen
        if chosen is not None and chosen.topic is not None and chosen in rows:
            self.show_at(rows, rows.index(chosen))
        else:
            self.show_at(rows, search.first)

    def watch_virtual_size(self, size: Size) -> None:
        self.vertical_scrollbar.window_virtual_size = size.height

    def key(self, row: Node) -> object:
        return row

    def columns(self, row: Node, width: int) -> list[tuple[str, str]]:
        topic, is_open = row.topic, self._is_open(row)
        name_cells = max(16, width * 9 // 20)
        value_cells = width - name_cells - _COUNT_CELLS - 3
        indent = "  " * min(row.depth - 1, (name_cells - 8) // 2)
        level = printable(row.level) if row.level else "(empty)"
        if topic is None or (row.children and not is_open):
            value, style = f"{row.topics:,} topic{'s'[: row.topics != 1]}", "muted"
        else:
            value, style = preview(topic.last.payload, value_cells), "text"
        return [
            (indent + ("  " if not row.children else "▾ " if is_open else "▸ "), "muted"),
            (pad(level, name_cells - len(indent) - _MARK_CELLS), "text"),
            (" r " if topic is not None and topic.retained else "   ", "warning"),
            (pad(value, value_cells), style),
            (f"{row.messages:>{_COUNT_CELLS},}", "muted"),
        ]

    def on_line_table_moved(self) -> None:
        self._tree.chosen = self.row

    def on_click(self, event: events.Click) -> None:
        before = self.row
        super().on_click(event)
        row = self.row
        if row is None or self.scroll_offset.y + event.y >= len(self._rows):
            return
        on_mark = 0 <= event.x - 2 * (row.depth - 1) < _MARK_CELLS
        if on_mark or row is before:
            self.action_turn()

    def action_open(self) -> None:
        """Open the level, or go to the first below it."""
        row = self.row
        if row is None or not row.children:
            return
        if self._is_open(row):
            self.action_move(1)
        else:
            self._set_open(row, opened=True)

    def action_close(self) -> None:
        """Close the level, or go to the one above it."""
        row = self.row
        if row is None:
            return
        if row.children and row.open and not self.searching:
            self._set_open(row, opened=False)
        elif row.parent in self._rows:
            self._move_to(self._rows.index(row.parent))

    def action_turn(self) -> None:
        """Open the level, or close it."""
        row = self.row
        if row is not None and row.children and not self.searching:
            self._set_open(row, opened=not row.open)

    def action_turn_all(self) -> None:
        """Open the level and all below it, or close them all."""
        row = self.row
        if row is not None and row.children and not self.searching:
            _open_below(row, opened=not row.open)
            self._set_open(row, opened=not row.open)

    def _is_open(self, row: Node) -> bool:
        return row.open or self.searching

    def _set_open(self, row: Node, *, opened: bool) -> None:
        row.open = opened
        self._tree.arranged = True
        self._tree.chosen = row
        self.find_rows()


def _open_below(node: Node, *, opened: bool) -> None:
    for each in rows_below(node, closed_too=True):
        each.open = opened
