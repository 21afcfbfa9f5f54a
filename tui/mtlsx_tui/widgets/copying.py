"""The panel from which an identity value, or a message, is copied."""

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

from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult


class CopyPanel(Vertical):
    """Names and values; Enter or a click posts ``Wanted``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close"),
    ]
    DEFAULT_CSS = """
    CopyPanel {
        height: auto;
        max-height: 14;
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
        yield Static("COPY  enter copies, esc closes", classes="title")
        yield OptionList(compact=True, markup=False)

    def open(self, values: Sequence[tuple[str, str]]) -> None:
        """Show ``values``, ready to choose."""
        self._values = dict(values)
        options = self.query_one(OptionList)
        options.set_options(
            Option(Content.assemble((f"{name:<10}", "$foreground-muted"), printable(text)), id=name)
            for name, text in values
        )
        options.highlighted = 0
        self.display = True
        self.screen.set_focus(options)

    def action_close(self) -> None:
        """Hide the panel."""
        self.display = False
        self.post_message(self.Closed())

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.post_message(self.Wanted(event.option_id, self._values[event.option_id]))
