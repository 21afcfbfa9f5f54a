"""The table of what an authority issued: a line each, however many there are; only those in view are formatted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mtlsx_tui.widgets.printable import pad, printable

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events

    from mtlsx_tui.authorities import Row

_DOTS = {"valid": "●", "ending": "◔", "expired": "✘", "renewed": "○", "revoked": "✘"}
_FIXED = len("  ● expired  9,999 d  device ")
_UNTIL = len(" 2027-11-26")
_SERIAL = len("  7EF1DB4C7C419DEE40D1CC6818397C138E6AD933")
_NARROWEST_NAME = 22


class IssuedTable(ScrollView, can_focus=True):
    """Rows with a cursor on one of them. Posts ``Moved`` when that is another."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home", "move_to_end(False)", "First", show=False),
        Binding("end", "move_to_end(True)", "Last", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "issued--text",
        "issued--muted",
        "issued--valid",
        "issued--ending",
        "issued--expired",
        "issued--renewed",
        "issued--revoked",
        "issued--cursor",
        "issued--cursor-blurred",
    }
    DEFAULT_CSS = """
    IssuedTable {
        overflow-x: hidden;
        overflow-y: auto;
        & > .issued--text { color: $foreground; }
        & > .issued--muted, & > .issued--renewed { color: $text-muted; }
        & > .issued--valid { color: $text-success; }
        & > .issued--ending { color: $text-warning; }
        & > .issued--expired, & > .issued--revoked { color: $text-error; }
        & > .issued--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .issued--cursor-blurred { background: $block-cursor-blurred-background; }
    }
    """

    class Moved(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, row: Row | None) -> None:
            self.row = row
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()
        self._cursor = 0
        self._styles: dict[str, Style] = {}

    @property
    def row(self) -> Row | None:
        """The row under the cursor; None where there is none."""
        return self._rows[self._cursor] if self._rows else None

    def show(self, rows: Sequence[Row], serial: str | None = None) -> None:
        """Show ``rows``, with the cursor on the certificate ``serial`` if it is among them, else on the first."""
        self._rows = tuple(rows)
        found = (at for at, row in enumerate(self._rows) if row.serial == serial)
        self._cursor = next(found, 0)
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._keep_in_view()
        self.refresh()
        self.post_message(self.Moved(self.row))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._keep_in_view()

    def render_line(self, y: int) -> Strip:
        """One line of the view: the certificate at that place, or a blank."""
        width = self.scrollable_content_region.width
        at = self.scroll_offset.y + y
        text = self._style("text")
        if at >= len(self._rows):
            return Strip.blank(width, text)
        columns = self._columns(self._rows[at], width)
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
            self.post_message(self.Moved(self.row))

    def _keep_in_view(self) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, force=True)

    def _columns(self, row: Row, width: int) -> list[tuple[str, str]]:
        """The parts of a line, each with the name of its style; what has no room is left out."""
        room = width - _FIXED
        until = serial = ""
        if room - _UNTIL >= _NARROWEST_NAME:
            until = f" {row.until:%Y-%m-%d}"
            room -= _UNTIL
        if room - _SERIAL >= _NARROWEST_NAME:
            serial = f"  {row.serial}"
            room -= _SERIAL
        state = str(row.standing)
        return [
            (f" {_DOTS[state]} {state:<8}", state),
            (f"{row.days:>6,} d ", "text"),
            (f" {row.kind:<6} ", "muted"),
            (pad(printable(row.name), max(1, room)), "text"),
            (until, "muted"),
            (serial, "muted"),
        ]

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self.get_component_rich_style(f"issued--{name}")
        return style
