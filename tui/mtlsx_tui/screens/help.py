"""The help screen: every key, from the bindings themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mtlsx_tui.widgets.keys import KeyLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

MOVING = (
    ("tab, shift+tab", "next and previous field or panel"),
    ("↑ ↓ pgup pgdn home", "move in a list or in the messages; that holds the view"),
    ("end", "newest message; the view follows again"),
    ("enter", "on a profile: connect it, or go to its messages; on a group: fold it"),
    ("delete", "on a profile: delete it; on a subscription: unsubscribe; on messages: forget them"),
    ("space, e, enter", "on a subscription: pause it, edit it, show its messages only"),
    ("← → space", "choose a QoS, a transport, a version, a format"),
    ("mouse", "click what you see: profiles, messages, values to copy, keys in the last line"),
)


class HelpScreen(ModalScreen[None]):
    """Lists the keys of the screen below it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1", "dismiss", "Back", key_display="esc"),
    ]

    def __init__(self, bindings: Sequence[Binding]) -> None:
        super().__init__()
        self._bindings_below = tuple(bindings)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static("KEYS", classes="title")
            yield Static(_table(self._key_rows()))
            yield Static("MOVING", classes="title")
            yield Static(_table(MOVING))
        yield KeyLine()

    def _key_rows(self) -> list[tuple[str, str]]:
        """A row for each action, with all its keys: letters outside fields, the others anywhere."""
        keys: dict[str, list[str]] = {}
        for binding in self._bindings_below:
            if binding.tooltip:
                keys.setdefault(binding.tooltip, []).append(self.app.get_key_display(binding))
        return [
            *((", ".join(each), text) for text, each in keys.items()),
            ("ctrl+p", "Find a command by its name"),
        ]


def _table(rows: Sequence[tuple[str, str]]) -> Content:
    width = max(len(keys) for keys, _ in rows)
    return Content("\n").join(
        Content.assemble((f"  {keys:<{width}}", "$text-primary bold"), f"  {text}")
        for keys, text in rows
    )
