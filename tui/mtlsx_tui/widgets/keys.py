"""The last line of a screen: the keys that apply now, each to be clicked too.

Textual's ``Footer`` mounts a widget for each key, anew with each move of the focus, and cuts what does not fit in the
middle of a word. This is one widget that draws a line; where there is no room for all keys, the way to the others stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import ActiveBinding
    from textual.screen import Screen

_HELP = "help"
_MORE = Content.styled("…", "$foreground-muted")
_WIDE, _NARROW = Content("  "), Content(" ")


class OwnKeysOnly:
    """Mixed into a widget that keeps a person waiting for an answer: while it has the focus, no other keys are shown."""


class KeyLine(Widget, can_focus=False):
    """The keys of its screen: those of what has the focus first, and help at the right end.

    Where there is room for all of them, the command palette's is among them.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        pointer: pointer;
    }
    """

    def on_mount(self) -> None:
        self.auto_links = False
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def render(self) -> Content:
        """One line that is not wider than there is room."""
        bindings = self.screen.active_bindings
        keys: dict[str, Content] = {}
        for active in self._in_order(bindings.values()):
            if active.binding.show:
                keys.setdefault(active.binding.action, self._key(active))
        last = [keys.pop(_HELP)] if _HELP in keys else []
        palette = bindings.get(self.app.COMMAND_PALETTE_BINDING)
        more = [] if palette is None else [self._key(palette)]
        return fitted(list(keys.values()), last, more, self.size.width)

    def _in_order(self, bindings: Iterable[ActiveBinding]) -> list[ActiveBinding]:
        """Those of the focus, then the screen's as it lists them; while a question is asked, its only keys.

        Textual puts a key that a field has too where the field has it.
        """
        screen, focused = self.screen, self.screen.focused
        if isinstance(focused, OwnKeysOnly):
            return [each for each in bindings if each.node is focused]
        listed = [each.action for each in screen.BINDINGS if isinstance(each, Binding)]
        place = {action: at for at, action in reversed(list(enumerate(listed)))}
        return sorted(
            bindings,
            key=lambda each: place.get(each.binding.action, -1) if each.node is screen else -1,
        )

    def _key(self, active: ActiveBinding) -> Content:
        binding = active.binding
        name = self.app.get_key_display(binding)
        key = Content.assemble(
            (name, "$footer-key-foreground bold"),
            (f" {binding.description}", "$footer-description-foreground"),
        )
        if not active.enabled:
            return key.stylize("dim")
        return key.stylize(Style.from_meta({"@click": f"app.simulate_key({binding.key!r})"}))

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and self.app.app_focus:
            self.refresh()


def fitted(keys: list[Content], last: list[Content], more: list[Content], width: int) -> Content:
    """``keys`` from the left, ``last`` at the right end of ``width`` cells, and ``more`` after it.

    Where there is no room, they move together, then ``more`` is left out, and at last the hindmost of ``keys``, of which
    an ellipsis tells.
    """
    for gap, end in ((_WIDE, [*last, *more]), (_NARROW, [*last, *more]), (_NARROW, last)):
        left, right = gap.join(keys), gap.join(end)
        if left.cell_length + right.cell_length < width:
            break
    while keys and left.cell_length + right.cell_length >= width:
        keys = keys[:-1]
        left = _NARROW.join([*keys, _MORE])
    return left + " " * (width - left.cell_length - right.cell_length) + right
