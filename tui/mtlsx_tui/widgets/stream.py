"""The message stream: a window on a ``MessageRing``, or on the messages of one that a filter leaves; a line each.

The ring is filled on another thread, as fast as messages come; this widget is told nothing of it. The
screen calls ``poll()`` from its one timer, and only the lines in view are ever formatted, so that what
the stream costs does not depend on the rate of messages.

The stream follows its tail until a person scrolls, moves the cursor or presses space; then it holds what
is in view, also while older messages fall out of the ring, until it is told to follow again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mtlsx.client.selection import matcher
from mtlsx_tui.widgets.printable import pad, preview, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events

    from mtlsx.client.message import Message as MqttMessage
    from mtlsx.client.selection import MessageSource

_NARROWEST_TOPIC = 10
_NO_STYLE = Style()
_OTHER_CELLS = len(" 12:00:01.204 ↑  q0 rd ")


class MessageStream(ScrollView, can_focus=True):
    """The messages of one source, oldest first. Posts ``Selected``, ``FollowChanged`` and ``ClearWanted``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home", "oldest", "Oldest", show=False),
        Binding("end", "follow", "Newest", show=False),
        Binding("delete", "clear", "Clear", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "stream--time",
        "stream--topic",
        "stream--qos",
        "stream--mark",
        "stream--sent",
        "stream--payload",
        "stream--cursor",
        "stream--cursor-blurred",
    }
    DEFAULT_CSS = """
    MessageStream {
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        & > .stream--time { color: $text-muted; }
        & > .stream--topic { color: $text-primary; }
        & > .stream--qos { color: $text-muted; }
        & > .stream--mark { color: $text-warning; }
        & > .stream--sent { color: $text-accent; }
        & > .stream--payload { color: $foreground; }
        & > .stream--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .stream--cursor-blurred { background: $block-cursor-blurred-background; }
    }
    """

    # In a ScrollView this lays the whole screen out anew, here at every look at the ring, for nothing: the
    # place of the stream does not depend on its length.
    virtual_size = reactive(Size(0, 0), layout=False, repaint=False)

    following = reactive(True, init=False)
    """Whether new messages move the view."""

    class Selected(Message):
        """A person chose a message."""

        def __init__(self, message: MqttMessage) -> None:
            self.message = message
            super().__init__()

    class FollowChanged(Message):
        """The stream began to follow its tail, or stopped."""

        def __init__(self, *, following: bool) -> None:
            self.following = following
            super().__init__()

    class ClearWanted(Message):
        """A person wants to forget the messages."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._source: MessageSource | None = None
        self._first = 0
        self._next = 0
        self._cursor: int | None = None
        self._scrolling = False
        self._topic_cells = _NARROWEST_TOPIC
        self._styles: dict[str, Style] = {}
        self._coloured: tuple[tuple[str, str], ...] = ()
        self._colours: list[tuple[Callable[[str], bool], Style]] = []

    def colour(self, coloured: tuple[tuple[str, str], ...]) -> None:
        """Topic filters and the colour (``#rrggbb``) of topics that match them; the first that matches counts."""
        if coloured == self._coloured:
            return
        self._coloured = coloured
        self._colours = [(matcher(each), Style(color=colour)) for each, colour in coloured]
        self.refresh()

    def show(self, source: MessageSource | None) -> None:
        """Show the messages of ``source`` from now on, following its tail."""
        self._source = source
        self._first = self._next = 0
        self._cursor = None
        self._topic_cells = _NARROWEST_TOPIC
        self.following = True
        self.poll()
        self.refresh()

    def poll(self) -> bool:
        """Take over what came into the ring since the last call; True when something did."""
        first, after = (self._source.first, self._source.next) if self._source else (0, 0)
        if (first, after) == (self._first, self._next):
            return False
        gone = first - self._first
        self._first, self._next = first, after
        self.virtual_size = Size(self.size.width, after - first)
        if self.following:
            self._scroll_line(self.max_scroll_y)
            self.refresh()
        elif gone:
            # The same messages stay in view, until they fall out themselves.
            self._scroll_line(self.scroll_offset.y - gone)
            self.refresh()
        return True

    @property
    def latest(self) -> MqttMessage | None:
        """The message that came last, as far as ``poll`` has seen."""
        return self._source.get(self._next - 1) if self._source else None

    @property
    def waiting(self) -> int:
        """How many messages lie below the view."""
        return max(0, self._next - self._first - self.scroll_offset.y - self.size.height)

    def watch_virtual_size(self, size: Size) -> None:
        self.vertical_scrollbar.window_virtual_size = size.height

    def watch_following(self, following: bool) -> None:
        if following:
            self._cursor = None
            self._scroll_line(self.max_scroll_y)
        self.refresh()
        self.post_message(self.FollowChanged(following=following))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # Scrolling by wheel, bar or key comes through here, as does our own.
        if not self._scrolling:
            self.following = new_value >= self.max_scroll_y and self._cursor is None

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, self._next - self._first)
        if self.following:
            self._scroll_line(self.max_scroll_y)
        elif self._cursor is not None:
            self._keep_in_view(self._cursor - self._first)

    def render_line(self, y: int) -> Strip:
        """One line of the view: the message at that place, or a blank."""
        width = self.scrollable_content_region.width
        sequence = self._first + self.scroll_offset.y + y
        message = self._source.get(sequence) if self._source and sequence < self._next else None
        if message is None:
            return Strip.blank(width, self._style("payload"))
        if y == 0:
            self._widen_topics()
        columns = self._columns(message, width)
        if sequence == self._cursor:
            cursor = self._style("cursor" if self.has_focus else "cursor-blurred")
            segments = [Segment(text, cursor) for text, _ in columns]
            return Strip(segments).adjust_cell_length(width, cursor)
        segments = [Segment(text, style) for text, style in columns]
        return Strip(segments).adjust_cell_length(width, self._style("payload"))

    def action_move(self, lines: int) -> None:
        """Move the cursor by ``lines``; the first move starts at the newest message in view."""
        if self._next == self._first:
            return
        if self._cursor is None:
            bottom = self._first + self.scroll_offset.y + self.size.height - 1
            self._select(min(bottom, self._next - 1))
        else:
            self._select(self._cursor + lines)

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by ``pages`` heights of the view."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_oldest(self) -> None:
        """Put the cursor on the oldest message."""
        self._select(self._first)

    def action_follow(self) -> None:
        """Follow the newest message."""
        self.following = True

    def action_clear(self) -> None:
        """Ask for the messages to be forgotten."""
        self.post_message(self.ClearWanted())

    def on_click(self, event: events.Click) -> None:
        sequence = self._first + self.scroll_offset.y + event.y
        if sequence < self._next:
            self._select(sequence)

    def _select(self, sequence: int) -> None:
        if self._source is None or self._next == self._first:
            return
        self._cursor = max(self._first, min(sequence, self._next - 1))
        self.following = False
        self._keep_in_view(self._cursor - self._first)
        self.refresh()
        message = self._source.get(self._cursor)
        if message is not None:
            self.post_message(self.Selected(message))

    def _keep_in_view(self, line: int) -> None:
        top = self.scroll_offset.y
        if line < top:
            self._scroll_line(line)
        elif line >= top + self.size.height:
            self._scroll_line(line - self.size.height + 1)

    def _scroll_line(self, line: int) -> None:
        self._scrolling = True
        self.scroll_to(y=max(0, line), animate=False, force=True)
        self._scrolling = False

    def _widen_topics(self) -> None:
        """Make the topic column as wide as the longest topic seen in view; it never gets narrower."""
        if self._source is None:
            return
        top = self._first + self.scroll_offset.y
        for message in self._source.slice(top, top + self.size.height):
            if len(message.topic) > self._topic_cells:
                self._topic_cells = cell_len(printable(message.topic))

    def _columns(self, message: MqttMessage, width: int) -> list[tuple[str, Style]]:
        most = max(_NARROWEST_TOPIC, (width - _OTHER_CELLS) // 2)
        topic_cells = min(self._topic_cells, most)
        marks = ("r" if message.retain else " ") + ("d" if message.dup else " ")
        room = width - _OTHER_CELLS - topic_cells
        return [
            (f" {clock_time(message.received_at)} ", self._style("time")),
            ("↑ " if message.outgoing else "  ", self._style("sent")),
            (pad(printable(message.topic), topic_cells), self._topic_style(message.topic)),
            (f" q{message.qos} ", self._style("qos")),
            (f"{marks} ", self._style("mark")),
            (preview(message.payload, room), self._style("payload")),
        ]

    def _topic_style(self, topic: str) -> Style:
        style = self._style("topic")
        found = (colour for matches, colour in self._colours if matches(topic))
        return style + next(found, _NO_STYLE)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self.get_component_rich_style(f"stream--{name}")
        return style


def clock_time(seconds: float) -> str:
    """Local time of day for ``seconds`` since the epoch, to the millisecond: ``"12:00:01.204"``."""
    whole = int(seconds)
    return f"{time.strftime('%H:%M:%S', time.localtime(whole))}.{int((seconds - whole) * 1000):03}"
