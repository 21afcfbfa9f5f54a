"""Rows of a mark and a text, as ladders and evidence have them: a long text goes on below itself, not below its mark."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.wrapped import Wrapped

if TYPE_CHECKING:
    from rich.style import Style


class Tone(StrEnum):
    """What the colour of a mark says."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    HINT = "hint"
    ASIDE = "aside"


class Rung(NamedTuple):
    """One row. ``name`` stands before the text, ``time`` at the right edge; ``tone`` is the mark's."""

    mark: str
    text: str
    tone: Tone = Tone.PLAIN
    name: str = ""
    time: str = ""


class Rungs(Static):
    """Shows rows until it is told otherwise. Columns that no row fills are left out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"rungs--{tone}" for tone in Tone),
        "rungs--name",
    }
    DEFAULT_CSS = """
    Rungs {
        height: auto;
        & > .rungs--good { color: $text-success; }
        & > .rungs--bad { color: $text-error; }
        & > .rungs--warning { color: $text-warning; }
        & > .rungs--hint { color: $text-accent; }
        & > .rungs--aside { text-style: dim; }
        & > .rungs--name { text-style: dim; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._rows: tuple[Rung, ...] = ()

    @property
    def rows(self) -> tuple[Rung, ...]:
        """What is shown."""
        return self._rows

    def show(self, rows: Sequence[Rung]) -> None:
        """Show ``rows`` from now on."""
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self._draw()

    def on_mount(self) -> None:
        self._draw()
        # The colours of a table are those of the theme it was drawn in.
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw())

    def _draw(self) -> None:
        marked, named, timed = (
            any(row.mark for row in self._rows),
            any(row.name for row in self._rows),
            any(row.time for row in self._rows),
        )
        table = Table.grid(padding=(0, 1, 0, 0), expand=timed)
        if marked:
            table.add_column(no_wrap=True, width=1)
        if named:
            table.add_column(no_wrap=True)
        table.add_column(ratio=1 if timed else None)
        if timed:
            table.add_column(no_wrap=True, justify="right")
        for row in self._rows:
            mark, text = self._cells(row)
            table.add_row(
                *([mark] if marked else []),
                *([Text(printable(row.name), self._style("name"))] if named else []),
                text,
                *([Text(row.time, self._style("name"))] if timed else []),
            )
        self.update(table)

    def _cells(self, row: Rung) -> tuple[Text, Wrapped]:
        style = self._style(row.tone)
        # What is set aside is so as a whole; elsewhere the mark alone is coloured.
        whole = style if row.tone is Tone.ASIDE else ""
        return Text(row.mark, style), Wrapped(printable(row.text), whole)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"rungs--{name}", partial=True)
