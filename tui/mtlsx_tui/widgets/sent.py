"""The panel of what was sent: one of it is filled in again, or sent again as it was."""

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
from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.client.draft import Draft

_SHOWN = 200  # characters of a payload


class SentPanel(Vertical):
    """What was sent, the newest first. Posts ``Chosen`` and ``Closed``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose(False)", "Fill in"),
        Binding("ctrl+s", "choose(True)", "Send again"),
        Binding("escape", "close", "Close"),
    ]
    DEFAULT_CSS = """
    SentPanel {
        display: none;
        height: auto;
        max-height: 12;
        padding: 0 1;
        background: $foreground 5%;
        border-top: hkey $primary;
        &.-open { display: block; }
        & > OptionList { height: auto; max-height: 9; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    class Chosen(Message):
        """A person wants this one: ``again``: to be sent as it was, else to be filled in."""

        def __init__(self, draft: Draft, *, again: bool) -> None:
            self.draft = draft
            self.again = again
            super().__init__()

    class Closed(Message):
        """A person is done here."""

    def __init__(self) -> None:
        super().__init__()
        self._drafts: tuple[Draft, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static("SENT  enter fills in, ctrl+s sends again, esc closes", classes="title")
        yield Options(compact=True, markup=False)

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self.has_class("-open")

    def open(self, drafts: Sequence[Draft]) -> None:
        """Show ``drafts``, ready to choose."""
        self._drafts = tuple(drafts)
        options = self.query_one(OptionList)
        options.set_options(Option(_line(draft)) for draft in drafts)
        options.highlighted = 0
        self.add_class("-open")
        self.screen.set_focus(options)

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-open")

    def action_close(self) -> None:
        """Hide it, because a person wants that."""
        self.close()
        self.post_message(self.Closed())

    def action_choose(self, again: bool) -> None:
        """Take the chosen one."""
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.close()
            self.post_message(self.Chosen(self._drafts[at], again=again))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_choose(again=False)


def _line(draft: Draft) -> Content:
    marks = f" q{draft.qos} {'r' if draft.retain else ' '} "
    return Content.assemble(
        (printable(draft.topic), "$text-primary"),
        (marks, "$foreground-muted"),
        printable(draft.text[:_SHOWN]),
    )
