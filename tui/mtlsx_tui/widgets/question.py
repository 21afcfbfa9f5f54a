"""A question in one line, where something would be lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from mtlsx_tui.widgets.keys import OwnKeysOnly
from mtlsx_tui.widgets.wrapped import Wrapped

if TYPE_CHECKING:
    from textual.widget import Widget


class Question(OwnKeysOnly, Static, can_focus=True):
    """Asks, has the focus while it does, and calls back on ``y``; to go elsewhere means no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]
    DEFAULT_CSS = """
    Question {
        height: auto;
        padding: 0 1;
        background: $warning-muted;
        color: $foreground;
        text-style: bold;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._yes: Callable[[], object] | None = None
        self._asked_from: Widget | None = None

    def on_mount(self) -> None:
        self.display = False

    def ask(self, text: str, yes: Callable[[], object]) -> None:
        """Ask ``text``; ``yes`` is called if a person agrees."""
        self._yes = yes
        self._asked_from = self.screen.focused
        self.update(Wrapped(f"{text}  y yes · n no"))
        self.display = True
        self.screen.set_focus(self)

    def on_blur(self) -> None:
        self._yes = None
        self.display = False

    def action_answer(self, agreed: bool) -> None:
        """End the question."""
        yes, self._yes = self._yes, None
        self.screen.set_focus(self._asked_from)
        if agreed and yes is not None:
            yes()
