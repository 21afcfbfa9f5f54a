"""A choice is made with arrow keys, space or a click, and says so once."""

from __future__ import annotations

import pytest
from textual import on
from textual.app import App, ComposeResult

from mtlsx_tui.widgets.choice import Choice


class ChoiceApp(App[None]):
    """Remembers what was chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield Choice(("q0", "q1", "q2"))

    @on(Choice.Changed)
    def remember(self, event: Choice.Changed) -> None:
        self.chosen.append(event.value)


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        (["right"], ["q1"]),
        (["right", "right", "right"], ["q1", "q2"]),
        (["left"], []),
        (["space", "space", "space"], ["q1", "q2", "q0"]),
    ],
)
async def test_keys_choose(keys: list[str], chosen: list[str]) -> None:
    app = ChoiceApp()
    async with app.run_test() as pilot:
        await pilot.press(*keys)
        assert app.chosen == chosen


async def test_a_click_chooses_what_is_under_the_mouse() -> None:
    app = ChoiceApp()
    async with app.run_test() as pilot:
        await pilot.click(Choice, offset=(11, 0))
        assert app.query_one(Choice).value == "q2"
        await pilot.click(Choice, offset=(1, 0))
        assert app.query_one(Choice).value == "q0"
