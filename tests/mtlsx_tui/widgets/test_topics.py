"""The list of topics: what is open, where the cursor is, and what a search leaves."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from mtlsx.client.message import Message
from mtlsx.client.topic_tree import TopicTree
from mtlsx.client.topics import TopicTable
from mtlsx_tui.widgets.topics import TopicList
from support.tui import until

WIDTH, HEIGHT = 60, 8


class ListApp(App[None]):
    """A list on a tree that tests fill."""

    def __init__(self, most: int = 1000) -> None:
        super().__init__()
        self.topic_tree = TopicTree(TopicTable(most))

    def compose(self) -> ComposeResult:
        yield TopicList(self.topic_tree)

    def on_mount(self) -> None:
        self.list.focus()

    @property
    def list(self) -> TopicList:
        return self.query_one(TopicList)

    def fill(self, *topics: str, payload: bytes = b"x", retain: bool = False) -> None:
        for topic in topics:
            self.topic_tree.table.add(Message(topic, payload, 0, retain, False, False, 0.0))
        self.topic_tree.take()
        self.list.find_rows()

    def lines(self) -> list[str]:
        """The lines in view, without the columns to the right of the names; > marks the cursor."""
        rows = []
        for y in range(HEIGHT):
            strip = self.list.render_line(y)
            row = self.list.row
            name = strip.text[: WIDTH * 9 // 20].rstrip()
            if name:
                at_cursor = row is not None and name.endswith(f" {row.level}")
                rows.append(f">{name}" if at_cursor else f" {name}")
        return rows


@pytest.fixture
def app() -> ListApp:
    return ListApp()


async def test_a_few_topics_are_all_open(app: ListApp) -> None:
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.fill("lab/1", "factory/2/t")
        assert app.lines() == [">▾ factory", "   ▾ 2", "       t", " ▾ lab", "     1"]


async def test_levels_open_and_close(app: ListApp) -> None:
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill("factory/2/t", "lab/1")
        assert app.lines() == [">▾ factory", "   ▾ 2", "       t", " ▾ lab", "     1"]
        await pilot.press("left")
        assert app.lines() == [">▸ factory", " ▾ lab", "     1"]
        await pilot.press("enter", "right")
        assert app.lines() == [" ▾ factory", ">  ▾ 2", "       t", " ▾ lab", "     1"]
        await pilot.press("down", "left", "left", "left")
        assert app.lines() == [">▾ factory", "   ▸ 2", " ▾ lab", "     1"]
        await pilot.press("asterisk")
        assert app.lines() == [">▸ factory", " ▾ lab", "     1"]
        await pilot.press("asterisk")
        assert app.lines() == [">▾ factory", "   ▾ 2", "       t", " ▾ lab", "     1"]


async def test_what_comes_after_a_person_closed_something_stays_closed(app: ListApp) -> None:
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill("factory/2/t")
        await pilot.press("left")
        app.fill("lab/1")
        assert app.lines() == [">▸ factory", " ▸ lab"]


async def test_the_cursor_stays_on_its_topic_while_others_come(app: ListApp) -> None:
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill(*(f"t/{number}" for number in range(5, 20)))
        await pilot.press(*("down",) * 5)
        row = app.list.row
        assert row is not None
        before = [line.startswith(">") for line in app.lines()]
        app.fill(*(f"t/{number}" for number in range(5)))
        assert app.list.row is row
        assert [line.startswith(">") for line in app.lines()] == before


async def test_a_topic_that_is_forgotten_leaves_the_cursor_above_it() -> None:
    app = ListApp(most=2)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill("a/1", "a/2")
        await pilot.press("down")
        app.fill("a/3")
        assert app.lines() == [">▾ a", "     2", "     3"]


async def test_a_search_shows_what_it_finds_and_what_is_above(app: ListApp) -> None:
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill("factory/2/temp", "factory/2/state", "lab/TEMP")
        await pilot.press("left")
        app.list.search("temp")
        await pilot.pause()
        assert app.lines() == [" ▾ factory", "   ▾ 2", ">      temp", " ▾ lab", "     TEMP"]
        assert app.list.found == 2
        app.list.search("")
        assert app.lines()[0] == ">▸ factory"


async def test_what_a_search_finds_first_is_shown_first(
    app: ListApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtlsx_tui.widgets.topics._SEARCH_SECONDS", 0.0)
    monkeypatch.setattr("mtlsx_tui.widgets.topics._SEARCH_STEP", 3)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill("a/10", "a/2", "b/11", "c/12")
        app.list.search("1")
        assert app.list.looking
        assert app.lines() == [" ▾ a", ">    10"]
        await until(pilot, lambda: not app.list.looking, "the end of the search")
        assert app.lines() == [" ▾ a", ">    10", " ▾ b", "     11", " ▾ c", "     12"]
        assert app.list.found == 3


async def test_a_search_leaves_the_cursor_on_a_topic_that_it_finds(
    app: ListApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtlsx_tui.widgets.topics._SEARCH_SECONDS", 0.0)
    monkeypatch.setattr("mtlsx_tui.widgets.topics._SEARCH_STEP", 2)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill("a/10", "a/2", "b/11", "c/12")
        await pilot.press("end")
        app.list.search("1")
        await until(pilot, lambda: not app.list.looking, "the end of the search")
        assert app.lines()[-1] == ">    12"


async def test_topics_that_come_meanwhile_are_found_too(
    app: ListApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mtlsx_tui.widgets.topics._SEARCH_SECONDS", 0.0)
    monkeypatch.setattr("mtlsx_tui.widgets.topics._SEARCH_STEP", 2)
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.fill("a/10", "b/11")
        app.list.search("1")
        assert app.list.looking
        app.topic_tree.table.add(Message("a/12", b"x", 0, False, False, False, 0.0))
        app.list.poll()
        assert not app.list.looking
        assert app.list.found == 3


async def test_a_line_tells_value_count_and_retained(app: ListApp) -> None:
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.fill("a/b", "a/b", payload=b"21\n\xc3\xa9", retain=True)
        app.fill("a//", payload=b"\xff")
        lines = [app.list.render_line(y).text.split() for y in range(5)]
        assert lines == [
            ["▾", "a", "2", "topics", "3"],
            ["▾", "(empty)", "1", "topic", "1"],
            ["(empty)", "0xff", "1"],
            ["b", "r", "21\\né", "2"],
            [],
        ]


async def test_a_click_on_the_mark_opens(app: ListApp) -> None:
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill("factory/2/t", "lab/1")
        await pilot.click(TopicList, offset=(2, 1))
        assert app.lines() == [" ▾ factory", ">  ▸ 2", " ▾ lab", "     1"]
        await pilot.click(TopicList, offset=(8, 2))
        assert app.lines() == [" ▾ factory", "   ▸ 2", ">▾ lab", "     1"]
        await pilot.click(TopicList, offset=(8, 2))
        assert app.lines() == [" ▾ factory", "   ▸ 2", ">▸ lab"]
