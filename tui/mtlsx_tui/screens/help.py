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

_MOVING = (
    ("tab, shift+tab", "next and previous field or panel"),
    ("↑ ↓ pgup pgdn home", "move in a list, or scroll"),
    ("← → space", "choose one of the values of a field"),
    ("mouse", "click rows, values to copy, and keys below"),
)
_OTHERS = Binding.Group("KEYS")


class HelpScreen(ModalScreen[None]):
    """Lists the keys of the screen below it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1", "dismiss", "Back", key_display="esc"),
    ]

    def __init__(self, bindings: Sequence[Binding], moving: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._bindings_below = tuple(bindings)
        self._moving = (*_MOVING[:-1], *moving, _MOVING[-1])

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            sections = self._sections()
            width = max(len(keys) for _, rows in sections for keys, _ in rows)
            for title, rows in sections:
                yield Static(title, classes="title")
                yield Static(_table(rows, width))
            yield Static("MOVING", classes="title")
            yield Static(_table(self._moving, max(len(keys) for keys, _ in self._moving)))
        yield KeyLine()

    def _sections(self) -> list[tuple[str, Sequence[tuple[str, str]]]]:
        """Titles, and below each a row for each action, with all its keys: letters outside fields, the others anywhere."""
        groups: dict[str, dict[str, list[str]]] = {}
        for binding in self._bindings_below:
            if binding.tooltip:
                rows = groups.setdefault((binding.group or _OTHERS).description, {})
                rows.setdefault(binding.tooltip, []).append(self.app.get_key_display(binding))
        sections: list[tuple[str, Sequence[tuple[str, str]]]] = [
            (title, [(", ".join(keys), text) for text, keys in rows.items()])
            for title, rows in groups.items()
        ]
        palette = ("^p", "Find a command by its name")
        title, last = sections[-1]
        return [*sections[:-1], (title, [*last, palette])]


def _table(rows: Sequence[tuple[str, str]], width: int) -> Content:
    return Content("\n").join(
        Content.assemble((f"  {keys:<{width}}", "$text-primary bold"), f"  {text}")
        for keys, text in rows
    )
