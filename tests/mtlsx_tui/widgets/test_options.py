"""The row under the cursor of a list can be read, whatever colours its words have."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Input
from textual.widgets.option_list import Option

from mtlsx_tui.widgets.options import Options


class _Listed(App[None]):
    def compose(self) -> ComposeResult:
        rows = (
            Content.assemble((name, "$foreground-muted"), (" ✘", "$text-error")) for name in "ab"
        )
        yield Options(*(Option(row, id=row.plain[0]) for row in rows))
        yield Input()


def _colours(app: App[None], line: int) -> set[str]:
    strip = app.query_one(Options).render_line(line)
    return {str(each.style.color) for each in strip if each.style is not None and each.text.strip()}


async def test_the_row_under_the_cursor_has_one_colour_while_the_list_has_the_focus() -> None:
    app = _Listed()
    async with app.run_test() as pilot:
        options = app.query_one(Options)
        options.highlighted = 0
        options.focus()
        await pilot.pause()
        assert len(_colours(app, 0)) == 1
        assert len(_colours(app, 1)) == 2
        app.query_one(Input).focus()
        await pilot.pause()
        assert len(_colours(app, 0)) == 2
