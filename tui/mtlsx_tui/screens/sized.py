"""Screens that have the classes of their size from the start, so that what is on them is styled once.

Textual styles all widgets as they are mounted, again when the screen is shown, and again when its first resize gives
it these classes. A person waits for that: a form has two hundred widgets.
"""

from __future__ import annotations

from textual import events, on
from textual.screen import Screen, ScreenResultType


class SizedScreen(Screen[ScreenResultType]):
    """A screen whose ``-narrow``, ``-low`` and the like are there before its widgets."""

    _was_shown = False

    @on(events.Compose)
    def _take_size(self) -> None:
        width, height = self.app.size
        self.add_class(
            _fitting(self.app.HORIZONTAL_BREAKPOINTS, width),
            _fitting(self.app.VERTICAL_BREAKPOINTS, height),
        )

    @on(events.ScreenResume)
    def _style_again(self, event: events.ScreenResume) -> None:
        event.refresh_styles = self._was_shown
        self._was_shown = True


def _fitting(breakpoints: list[tuple[int, str]] | None, cells: int) -> str:
    return max((start, name) for start, name in breakpoints or () if start <= cells)[1]
