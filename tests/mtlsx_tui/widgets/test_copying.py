"""The copy panel: what is chosen is wanted, and shown whole for terminals that take no copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.widgets import Static

from mtlsx_tui.widgets.copying import CopyPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult

PEM = "-----BEGIN CERTIFICATE-----\n" + "A" * 64 + "\n-----END CERTIFICATE-----\n"


class Panel(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield CopyPanel()

    def on_copy_panel_wanted(self, message: CopyPanel.Wanted) -> None:
        self.wanted.append((message.name, message.text))


async def test_what_was_copied_is_shown_whole_and_selected() -> None:
    app = Panel()
    async with app.run_test(size=(80, 20)) as pilot:
        panel, copied = app.query_one(CopyPanel), app.query_one("#copied", Static)
        panel.open((("cn", "dev-1"), ("pem", PEM)))
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.wanted == [("pem", PEM)]
        assert copied.display
        assert str(copied.content) == PEM.rstrip()
        assert (app.screen.get_selected_text() or "").rstrip() == PEM.rstrip()

        panel.open((("payload", "x" * 5000 + "\x1b[2J"),))
        assert not copied.display
        await pilot.press("enter")
        await pilot.pause()
        assert app.wanted[-1] == ("payload", "x" * 5000 + "\x1b[2J")
        assert str(copied.content) == "x" * 2000 + "…"


async def test_nothing_copied_moves_the_cursor_of_the_terminal() -> None:
    app = Panel()
    async with app.run_test(size=(80, 20)) as pilot:
        app.query_one(CopyPanel).open((("cn", "\x1b[2Jdev"),))
        await pilot.press("enter")
        await pilot.pause()
        assert str(app.query_one("#copied", Static).content) == r"\x1b[2Jdev"
