"""The line of keys: what it leaves out where there is no room, and a click on a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import TextArea

from mtlsx_tui.widgets.keys import KeyLine, fitted
from mtlsx_tui.widgets.question import Question

if TYPE_CHECKING:
    from textual.app import ComposeResult

KEYS = [Content(text) for text in ("c Connect", "s Subscribe", "p Publish")]
HELP = [Content("? Help")]
PALETTE = [Content("^p palette")]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (60, "c Connect  s Subscribe  p Publish         ? Help  ^p palette"),
        (52, "c Connect  s Subscribe  p Publish ? Help  ^p palette"),
        (51, "c Connect s Subscribe p Publish   ? Help ^p palette"),
        (49, "c Connect s Subscribe p Publish ? Help ^p palette"),
        (48, "c Connect s Subscribe p Publish           ? Help"),
        (38, "c Connect s Subscribe p Publish ? Help"),
        (37, "c Connect s Subscribe …        ? Help"),
        (30, "c Connect s Subscribe … ? Help"),
        (29, "c Connect …            ? Help"),
        (10, "…   ? Help"),
        (7, "…? Help"),
    ],
)
def test_help_stays_where_keys_are_left_out(width: int, line: str) -> None:
    assert fitted(KEYS, HELP, PALETTE, width).plain == line


class Clicked(App[None]):
    BINDINGS = [  # noqa: RUF012  (as Textual)
        Binding("a", "note('a')", "Add"),
        Binding("d", "note('d')", "Delete"),
        Binding("h", "note('h')", "hidden", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    def compose(self) -> ComposeResult:
        yield KeyLine()

    def action_note(self, key: str) -> None:
        self.noted.append(key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if action == "note" and parameters == ("d",) else True


async def test_a_click_is_the_key_unless_it_cannot_be_now() -> None:
    app = Clicked()
    async with app.run_test(size=(60, 5)) as pilot:
        line = app.query_one(KeyLine)
        text = line.render().plain
        assert text.startswith("a Add  d Delete")
        assert "hidden" not in text
        await pilot.click(KeyLine, offset=(text.index("Add"), 0))
        await pilot.click(KeyLine, offset=(text.index("Delete"), 0))
        await pilot.pause()
        assert app.noted == ["a"]


class Asked(App[None]):
    AUTO_FOCUS = None
    BINDINGS = [Binding("c", "note", "Connect")]  # noqa: RUF012  (as Textual)

    def compose(self) -> ComposeResult:
        yield Question()
        yield KeyLine()


async def test_while_a_question_is_asked_only_its_answers_are_offered() -> None:
    app = Asked()
    async with app.run_test() as pilot:
        line = app.query_one(KeyLine)
        assert "c Connect" in line.render().plain
        app.query_one(Question).ask("Sure?", lambda: None)
        await pilot.pause()
        assert line.render().plain.split()[:4] == ["y", "Yes", "n", "No"]
        assert "Connect" not in line.render().plain


class Typed(Screen[None]):
    BINDINGS = [  # noqa: RUF012  (as Textual)
        Binding("ctrl+s", "send", "Send"),
        # A field has this key too, and it comes before the screen's.
        Binding("ctrl+y", "copy", "Copy", priority=True),
    ]

    def compose(self) -> ComposeResult:
        yield TextArea()
        yield KeyLine()


async def test_the_keys_of_a_screen_keep_their_order_in_a_field() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        screen = Typed()
        await app.push_screen(screen)
        await pilot.pause()
        assert screen.query_one(TextArea).has_focus
        assert screen.query_one(KeyLine).render().plain.startswith("^s Send  ^y Copy")
