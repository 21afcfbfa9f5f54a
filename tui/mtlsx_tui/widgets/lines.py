"""A table of lines with a cursor on one of them, however many there are: only those in view are formatted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events

RowT = TypeVar("RowT")


class LineTable(ScrollView, Generic[RowT], can_focus=True):
    """Rows with a cursor on one of them. Posts ``Moved`` when that is another, or may be.

    A subclass says what a line shows (``columns``) and what makes a row the same as before (``key``).
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home", "move_to_end(False)", "First", show=False),
        Binding("end", "move_to_end(True)", "Last", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--text",
        "lines--muted",
        "lines--good",
        "lines--warning",
        "lines--bad",
        "lines--cursor",
        "lines--cursor-blurred",
    }
    DEFAULT_CSS = """
    LineTable {
        overflow-x: hidden;
        overflow-y: auto;
        & > .lines--text { color: $foreground; }
        & > .lines--muted { color: $text-muted; }
        & > .lines--good { color: $text-success; }
        & > .lines--warning { color: $text-warning; }
        & > .lines--bad { color: $text-error; }
        & > .lines--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .lines--cursor-blurred { background: $block-cursor-blurred-background; }
    }
    """

    class Moved(Message):
        """The cursor is on another row, or on none; ``table.row`` is it."""

        def __init__(self, table: LineTable[Any]) -> None:
            self.table = table
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._rows: tuple[RowT, ...] = ()
        self._cursor = 0
        self._styles: dict[str, Style] = {}

    @abstractmethod
    def columns(self, row: RowT, width: int) -> list[tuple[str, str]]:
        """The parts of a line of ``width`` cells, each with the name of its style."""

    @abstractmethod
    def key(self, row: RowT) -> object:
        """What tells a row from others."""

    @property
    def row(self) -> RowT | None:
        """The row under the cursor; None where there is none."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def at_first(self) -> bool:
        """Whether the cursor is on the first row."""
        return self._cursor == 0

    def show(self, rows: Sequence[RowT], key: object = None) -> None:
        """Show ``rows``, with the cursor on the one with ``key`` if it is among them, else on the first."""
        found = (at for at, row in enumerate(rows) if self.key(row) == key)
        self.show_at(rows, next(found, 0) if key is not None else 0)

    def show_at(self, rows: Sequence[RowT], cursor: int) -> None:
        """Show ``rows``, with the cursor on the one at ``cursor``."""
        in_view = self._cursor - self.scroll_offset.y
        self._rows = tuple(rows)
        self._cursor = cursor
        self.virtual_size = Size(self.size.width, len(self._rows))
        # The row stays where it is, also where others came above it.
        self.scroll_to(y=max(0, self._cursor - in_view), animate=False, force=True, immediate=True)
        self._keep_in_view()
        self.refresh()
        self.post_message(self.Moved(self))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._keep_in_view()

    def render_line(self, y: int) -> Strip:
        """One line of the view: the row at that place, or a blank."""
        width = self.scrollable_content_region.width
        at = self.scroll_offset.y + y
        text = self._style("text")
        if at >= len(self._rows):
            return Strip.blank(width, text)
        columns = self.columns(self._rows[at], width)
        if at == self._cursor:
            cursor = self._style("cursor" if self.has_focus else "cursor-blurred")
            segments = [
                Segment(part, cursor if self.has_focus else self._style(name) + cursor)
                for part, name in columns
            ]
            return Strip(segments).adjust_cell_length(width, cursor)
        segments = [Segment(part, self._style(name)) for part, name in columns]
        return Strip(segments).adjust_cell_length(width, text)

    def action_move(self, rows: int) -> None:
        """Move the cursor by ``rows``."""
        self._move_to(self._cursor + rows)

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by ``pages`` heights of the view."""
        self._move_to(self._cursor + pages * max(1, self.size.height - 1))

    def action_move_to_end(self, last: bool) -> None:
        """Move the cursor to the first row, or the last."""
        self._move_to(len(self._rows) - 1 if last else 0)

    def on_click(self, event: events.Click) -> None:
        self._move_to(self.scroll_offset.y + event.y)

    def _move_to(self, at: int) -> None:
        if not self._rows:
            return
        at = max(0, min(at, len(self._rows) - 1))
        if at != self._cursor:
            self._cursor = at
            self._keep_in_view()
            self.refresh()
            self.post_message(self.Moved(self))

    def _keep_in_view(self) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True, immediate=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, force=True, immediate=True)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self.get_component_rich_style(f"lines--{name}")
        return style
