"""Screens with help: ``?``, or ``f1`` inside fields too, lists their keys, from the bindings themselves."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ScreenResultType

from mtlsx_tui.screens.help import HelpScreen
from mtlsx_tui.screens.sized import SizedScreen


class HelpedScreen(SizedScreen[ScreenResultType]):
    """What every screen of the application is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", tooltip="List all keys", key_display="?"),
        Binding("f1", "help", "Help", tooltip="List all keys"),
    ]

    def action_help(self) -> None:
        """List all keys."""
        self.app.push_screen(self.help())

    def help(self) -> HelpScreen:
        """The keys in the order in which the screen declares them, and last the way to this help."""
        bindings = (*self.BINDINGS, *HelpedScreen.BINDINGS)
        keys = [each for each in bindings if isinstance(each, Binding)]
        return HelpScreen(keys)
