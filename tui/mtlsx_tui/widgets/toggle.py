"""A yes or no in one line: ``☐ retain``."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget


class Toggle(Widget, can_focus=True):
    """Something that is on or off; space, Enter or a click turns it over."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "turn", "Turn on or off", show=False),
    ]
    DEFAULT_CSS = """
    Toggle {
        width: auto;
        height: 1;
        padding: 0 1;
        text-wrap: nowrap;
        color: $text-muted;
        pointer: pointer;
        &.-on { color: $foreground; text-style: bold; }
        &:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """

    value: reactive[bool] = reactive(False, init=False, toggle_class="-on")

    def __init__(self, label: str, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._label = label

    def render(self) -> Content:
        return Content(f"{'☑' if self.value else '☐'} {self._label}")

    def on_click(self) -> None:
        self.action_turn()

    def action_turn(self) -> None:
        """Turn it on, or off."""
        self.value = not self.value
