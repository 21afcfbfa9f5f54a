"""A field of a form: its label, its control, and below it what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from mtlsx_tui.identity import Remark

_BAD = "$text-error"


class Field(Vertical):
    """One labelled control, with whatever belongs to its right. ``id`` of the field is not its control's."""

    DEFAULT_CSS = """
    Field {
        height: auto;
        & > Horizontal { height: 1; }
        & > Horizontal > .label { width: 13; color: $text-muted; }
        & > Horizontal > Input { width: 1fr; }
        & > .remark { display: none; height: auto; margin-left: 13; }
        &.-focused > Horizontal > .label { color: $text-primary; text-style: bold; }
        &.-error > .remark { display: block; }
    }
    """

    def __init__(self, label: str, *controls: Widget, id: str) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._label = label
        self._controls = controls
        self._error: str | None = None
        self._remarks: tuple[Remark, ...] = ()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(self._label, classes="label")
            yield from self._controls
        yield Static(classes="remark")

    def on_descendant_focus(self) -> None:
        self.add_class("-focused")

    def on_descendant_blur(self) -> None:
        self.remove_class("-focused")

    def show_error(self, text: str | None) -> None:
        """Say what is wrong; None: nothing is."""
        self._error = text
        self._draw()

    def show_remarks(self, remarks: tuple[Remark, ...]) -> None:
        """Say what will go wrong, below what is wrong."""
        self._remarks = remarks
        self._draw()

    def _draw(self) -> None:
        lines = [] if self._error is None else [Content.styled(f"✘ {printable(self._error)}", _BAD)]
        for remark in self._remarks:
            mark, colour = ("✘", _BAD) if remark.failure else ("⚠", "$text-warning")
            lines.append(Content.styled(f"{mark} {printable(remark.text)}", colour))
        self.set_class(bool(lines), "-error")
        self.query_one(".remark", Static).update(Content("\n").join(lines))
