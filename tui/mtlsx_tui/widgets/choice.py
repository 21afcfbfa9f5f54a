"""One of a few short values, all in sight: ``q0 q1 q2``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

if TYPE_CHECKING:
    from textual import events


class Choice(Widget, can_focus=True):
    """A row of values of which one is chosen, by the arrow keys, space or a click. Posts ``Changed``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("right", "step(1)", "Next", show=False),
        Binding("space", "cycle", "Next", show=False),
    ]
    DEFAULT_CSS = """
    Choice {
        width: auto;
        height: 1;
        text-wrap: nowrap;
        color: $text-muted;
        pointer: pointer;
    }
    """

    value: reactive[str] = reactive("", init=False)

    class Changed(Message):
        """The chosen value changed."""

        def __init__(self, choice: Choice, value: str) -> None:
            self.choice = choice
            self.value = value
            super().__init__()

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(
        self,
        values: Sequence[str],
        value: str | None = None,
        *,
        id: str | None = None,  # noqa: A002  (Textual's name)
    ) -> None:
        super().__init__(id=id)
        self._values = tuple(values)
        self.set_reactive(Choice.value, value if value is not None else self._values[0])

    def watch_value(self, value: str) -> None:
        self.post_message(self.Changed(self, value))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render(self) -> Content:
        chosen = (
            "$block-cursor-foreground on $block-cursor-background bold"
            if self.has_focus
            else "$foreground on $foreground 15% bold"
        )
        return Content(" ").join(
            Content.styled(f" {value} ", chosen if value == self.value else "")
            for value in self._values
        )

    def on_click(self, event: events.Click) -> None:
        start = 0
        for value in self._values:
            end = start + len(value) + 2
            if start <= event.x <= end:
                self.value = value
                return
            start = end + 1

    def action_step(self, steps: int) -> None:
        """Choose a neighbour, stopping at the ends."""
        at = self._values.index(self.value) + steps
        self.value = self._values[max(0, min(at, len(self._values) - 1))]

    def action_cycle(self) -> None:
        """Choose the next value, starting over after the last."""
        at = self._values.index(self.value) + 1
        self.value = self._values[at % len(self._values)]
