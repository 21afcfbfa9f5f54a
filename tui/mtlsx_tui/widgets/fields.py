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
    """One labelled control, with whatever belongs to its right. ``id`` of the field is not its control's.

    Forms have many: the label is drawn and not mounted, and what is wrong is mounted when something is.
    """

    DEFAULT_CSS = """
    Field {
        height: auto;
        & > LabelledRow > Input { width: 1fr; }
        & > .remark { height: auto; margin-left: 13; }
    }
    """

    def __init__(self, label: str, *controls: Widget, id: str) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._row = LabelledRow(label, *controls)
        self._remark: Static | None = None
        self._error: str | None = None
        self._remarks: tuple[Remark, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._row

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
        if self._remark is None and lines:
            self._remark = Static(classes="remark")
            self.mount(self._remark)
        if self._remark is not None:
            self._remark.display = bool(lines)
            self._remark.update(Content("\n").join(lines))


class LabelledRow(Horizontal):
    """A label, and controls from the 13th cell on."""

    DEFAULT_CSS = """
    LabelledRow {
        height: 1;
        & > *:first-child { margin-left: 13; }
    }
    """

    def __init__(self, label: str, *controls: Widget) -> None:
        super().__init__(*controls)
        self._label = label

    def render(self) -> Content:
        """The label; the controls lie over the rest of the line."""
        return Content.styled(
            self._label, "$text-primary bold" if self.has_focus_within else "$foreground-muted"
        )

    def on_descendant_focus(self) -> None:
        self.refresh()

    def on_descendant_blur(self) -> None:
        self.refresh()
