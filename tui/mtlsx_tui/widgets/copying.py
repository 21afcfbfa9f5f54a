"""The panel from which an identity value, or a message, is copied.

Whether a terminal takes what OSC 52 gives it cannot be asked everywhere: what was copied is shown whole and selected, so
that it can be taken by the terminal's own means too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mtlsx_tui.widgets.options import Options
from mtlsx_tui.widgets.printable import ELLIPSIS, printable

if TYPE_CHECKING:
    from textual.app import ComposeResult


_SHOWN = 2000
"""Characters of what was copied that are shown again."""

_TITLE = "COPY  enter copies, esc closes"


class CopyPanel(Vertical):
    """Names and values; Enter or a click posts ``Wanted``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close"),
    ]
    DEFAULT_CSS = """
    CopyPanel {
        height: auto;
        max-height: 14;
        & > #copied { height: auto; max-height: 6; }
        & > OptionList { height: auto; max-height: 12; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    class Wanted(Message):
        """A person wants a value in the clipboard."""

        def __init__(self, name: str, text: str) -> None:
            self.name = name
            self.text = text
            super().__init__()

    class Closed(Message):
        """A person is done here."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._values: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        yield Static(_TITLE, id="copy-title", classes="title")
        yield Options(compact=True, markup=False)
        yield Static(id="copied", markup=False)

    def open(self, values: Sequence[tuple[str, str]]) -> None:
        """Show ``values``, ready to choose."""
        self._values = dict(values)
        options = self.query_one(OptionList)
        options.set_options(
            Option(Content.assemble((f"{name:<10}", "$foreground-muted"), printable(text)), id=name)
            for name, text in values
        )
        options.highlighted = 0
        self.query_one("#copy-title", Static).update(_TITLE)
        self.query_one("#copied").display = False
        self.display = True
        self.screen.set_focus(options)

    def action_close(self) -> None:
        """Hide the panel."""
        self.screen.clear_selection()
        self.display = False
        self.post_message(self.Closed())

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            value = self._values[event.option_id]
            self.post_message(self.Wanted(event.option_id, value))
            self._show_whole(value)

    def _show_whole(self, value: str) -> None:
        title = "COPIED  or take it below, with shift and the mouse"
        self.query_one("#copy-title", Static).update(title)
        copied = self.query_one("#copied", Static)
        lines = (printable(line) for line in value[:_SHOWN].splitlines())
        copied.update("\n".join(lines) + ELLIPSIS * (len(value) > _SHOWN))
        copied.display = True
        copied.text_select_all()
