"""One message in full: its facts fit on their line."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from mtlsx.client.message import Message
from mtlsx.payloads.formats import PayloadFormat
from mtlsx_tui.widgets.detail import MessageDetail
from support.tui import screen_text, until

MESSAGE = Message("factory/2/temperature", b'{"c": 1}', 1, True, False, False, 0.0)


class DetailApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[PayloadFormat | None] = []

    def compose(self) -> ComposeResult:
        yield MessageDetail()

    def on_message_detail_view_chosen(self, message: MessageDetail.ViewChosen) -> None:
        self.chosen.append(message.wanted)


@pytest.mark.parametrize(
    ("width", "facts"),
    [(90, "· QoS 1 · retained · 8 bytes · JSON"), (66, "· q1 · retained · 8 B · JSON")],
)
async def test_the_facts_are_short_where_there_is_little_room(width: int, facts: str) -> None:
    app = DetailApp()
    async with app.run_test(size=(width, 10)) as pilot:
        app.query_one(MessageDetail).show(MESSAGE)
        await until(pilot, lambda: "view: auto" in screen_text(app), "the message")
        await until(pilot, lambda: f"temperature {facts}" in screen_text(app), facts)
        assert app.query_one("#detail-facts", Static).size.width >= len(MESSAGE.topic) + len(facts)


async def test_a_long_topic_gives_way_to_the_facts() -> None:
    app = DetailApp()
    async with app.run_test(size=(56, 10)) as pilot:
        app.query_one(MessageDetail).show(MESSAGE)
        shown = "factory/2/tem… · q1 · retained · 8 B · JSON"
        await until(pilot, lambda: shown in screen_text(app), shown)


async def test_the_view_is_told_to_who_remembers_it() -> None:
    app = DetailApp()
    async with app.run_test(size=(90, 10)) as pilot:
        detail = app.query_one(MessageDetail)
        detail.show(MESSAGE)
        detail.lay_out_as(PayloadFormat.HEX)
        await until(pilot, lambda: "view: hex" in screen_text(app), "the view")
        assert app.chosen == []
        detail.cycle_format()
        detail.cycle_format()
        await until(pilot, lambda: len(app.chosen) == 2, "what was chosen")
        assert app.chosen == [PayloadFormat.BASE64, None]
