"""A panel that asks for what an action needs: a few fields, one key that does it, one that does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.fields import Field
from mtlsx_tui.widgets.files import PathSuggester
from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class Asked:
    """One field. ``choices``: the values to choose from, none: a text; ``hint``: what an empty text means; ``path``: it names a file."""

    key: str
    label: str
    value: str = ""
    choices: tuple[str, ...] = ()
    hint: str = ""
    secret: bool = False
    path: bool = False


class AskPanel(Vertical):
    """Asks; has the focus while it does. Posts ``Answered`` and ``Closed``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,enter", "answer", "OK"),
        Binding("escape", "close", "Cancel"),
        # With priority, so that what is typed ahead lands in the next field.
        Binding("tab,down", "step(1)", "Next field", show=False, priority=True),
        Binding("shift+tab,up", "step(-1)", "Previous field", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    AskPanel {
        display: none;
        height: auto;
        padding: 0 1;
        background: $foreground 5%;
        border-top: hkey $primary;
        &.-open { display: block; }
        & > #ask-title { text-style: bold; color: $text-primary; height: auto; }
        & > #ask-error { display: none; height: auto; color: $text-error; &.-shown { display: block; } }
    }
    """

    class Answered(Message):
        """A person wants it done, with these values by key."""

        def __init__(self, action: str, values: Mapping[str, str]) -> None:
            self.action = action
            self.values = values
            super().__init__()

    class Closed(Message):
        """A person does not want it."""

    def __init__(self) -> None:
        super().__init__()
        self._action = ""
        self._asked: tuple[Asked, ...] = ()
        self._count = 0

    def compose(self) -> Sequence[Widget]:
        return (Static(id="ask-title"), Vertical(id="ask-fields"), Static(id="ask-error"))

    def on_mount(self) -> None:
        self.query_one("#ask-fields").styles.height = "auto"

    @property
    def is_open(self) -> bool:
        """Whether it asks."""
        return self.has_class("-open")

    async def open(self, action: str, title: str, asked: Sequence[Asked]) -> None:
        """Ask for what ``action`` needs."""
        self._action, self._asked = action, tuple(asked)
        self._count += 1
        self.query_one("#ask-title", Static).update(Content(printable(title)))
        self.show_error(None)
        place = self.query_one("#ask-fields")
        await place.remove_children()
        await place.mount_all(self._field(each) for each in asked)
        self.add_class("-open")
        controls = self._controls()
        self.screen.set_focus(next(iter(controls.values())) if controls else self)

    def close(self) -> None:
        """Ask no more."""
        self.remove_class("-open")

    def show_error(self, text: str | None) -> None:
        """Say why it was not done; None: nothing is wrong."""
        place = self.query_one("#ask-error", Static)
        place.set_class(text is not None, "-shown")
        place.update(Content(f"✘ {printable(text or '')}"))

    def action_step(self, steps: int) -> None:
        """Go to a neighbouring field, round and round."""
        controls = list(self._controls().values())
        at = next((n for n, each in enumerate(controls) if each.has_focus), -1)
        self.screen.set_focus(controls[(at + steps) % len(controls)])

    @on(Input.Submitted)
    def action_answer(self) -> None:
        """Do it."""
        values = {key: control.value for key, control in self._controls().items()}
        self.post_message(self.Answered(self._action, values))

    def action_close(self) -> None:
        """Do it not."""
        self.close()
        self.post_message(self.Closed())

    def _field(self, asked: Asked) -> Field:
        control: Widget
        # Ids are used once only: the former fields may be on their way out still.
        place = f"ask-{self._count}-{asked.key}"
        if asked.choices:
            control = Choice(asked.choices, asked.value or None, id=place)
        else:
            control = Input(
                asked.value, placeholder=asked.hint, password=asked.secret, compact=True,
                select_on_focus=False, suggester=PathSuggester() if asked.path else None, id=place,
            )  # fmt: skip
        return Field(asked.label, control, id=f"{place}-field")

    def _controls(self) -> dict[str, Input | Choice]:
        found = {}
        for each in self._asked:
            control = self.query_one(f"#ask-{self._count}-{each.key}")
            assert isinstance(control, Input | Choice)  # noqa: S101  (_field makes them so)
            found[each.key] = control
        return found
