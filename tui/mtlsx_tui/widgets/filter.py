"""The filter line: which of the messages are shown, by topic, text and direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from mtlsx.client.selection import Criteria, Direction
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult


class FilterLine(Vertical):
    """Asks for ``Criteria``. Posts ``Changed`` with each change, ``Done`` on Enter, ``Closed`` on escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Show all", show=False),
    ]
    DEFAULT_CSS = """
    FilterLine {
        display: none;
        height: auto;
        padding: 0 1;
        background: $foreground 8%;
        &.-open { display: block; }
        & > Horizontal { height: 1; }
        & #filter-title { width: auto; color: $text-primary; text-style: bold; }
        & Input { width: 1fr; margin-right: 1; }
        & #filter-topic { width: 2fr; }
        & > #filter-error { display: none; height: auto; color: $text-error; &.-shown { display: block; } }
    }
    """

    class Changed(Message):
        """Other messages are wanted now."""

        def __init__(self, criteria: Criteria) -> None:
            self.criteria = criteria
            super().__init__()

    class Done(Message):
        """A person has written what is wanted, and goes on to the messages."""

    class Closed(Message):
        """All messages are wanted again."""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("FILTER ", id="filter-title")
            yield Input(placeholder="topic", compact=True, id="filter-topic")
            yield Input(placeholder="text", compact=True, id="filter-text")
            yield Choice(tuple(Direction), id="filter-direction")
        yield Static(id="filter-error")

    def open(self, topic: str | None = None) -> None:
        """Show the line, ready to type; ``topic``: a topic filter that is written already."""
        self.add_class("-open")
        field = self.query_one("#filter-topic", Input)
        if topic is not None:
            field.value = topic
        self.screen.set_focus(field)

    def show_error(self, text: str | None) -> None:
        """Say why what is written cannot be meant; None: it can."""
        place = self.query_one("#filter-error", Static)
        place.set_class(text is not None, "-shown")
        if text is not None:  # each update lays out the whole screen
            place.update(Content(f"✘ {printable(text)}"))

    def action_close(self) -> None:
        """Want all messages again, and leave."""
        self.remove_class("-open")
        for field in self.query(Input):
            field.value = ""
        self.query_one(Choice).value = Direction.ALL
        self.post_message(self.Closed())

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Input.Changed | Choice.Changed) -> None:
        event.stop()
        criteria = Criteria(
            self.query_one("#filter-topic", Input).value.strip(),
            self.query_one("#filter-text", Input).value,
            Direction(self.query_one(Choice).value),
        )
        self.post_message(self.Changed(criteria))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Done())
