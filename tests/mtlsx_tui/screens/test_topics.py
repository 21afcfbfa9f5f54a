"""The screen of topics, driven as a person would, on a scripted connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from mtlsx.client.message import Message
from mtlsx.client.settings import Publication
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.main import MainScreen
from mtlsx_tui.screens.topics import TopicsScreen
from support.scripted_connection import Script
from support.tui import NOW, gone, settle, shown

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 36)

pytestmark = pytest.mark.usefixtures("profile")


def message(topic: str, payload: bytes, number: int = 0, *, retain: bool = False) -> Message:
    return Message(topic, payload, 1, retain, False, False, NOW.timestamp() + number)


@asynccontextmanager
async def opened(app: MtlsxApp, script: Script, *messages: Message) -> AsyncIterator[Pilot[None]]:
    """The screen on a connection to which ``messages`` came."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        for each in messages:
            script.connection.deliver(each)
        await pilot.press("t")
        await settle(pilot)
        assert isinstance(app.screen, TopicsScreen)
        yield pilot


TEMPERATURES = tuple(
    message("factory/1/temp", b'{"id": 7, "c": %d}' % number, number, retain=number == 20)
    for number in range(20, 24)
)


async def test_topics_are_counted_while_they_come(app: MtlsxApp, script: Script) -> None:
    async with opened(app, script) as pilot:
        await shown(pilot, "No message has come yet")
        script.connection.deliver(message("factory/1/temp", b"21"))
        script.connection.deliver(message("factory/1/temp", b"22"))
        await shown(pilot, "TOPICS  1  2 messages", "▾ factory", "22")


async def test_what_we_publish_is_counted_when_it_comes_back_only(
    app: MtlsxApp, script: Script
) -> None:
    async with opened(app, script, message("t", b"1")) as pilot:
        session = app.main.sessions.get("dev-346a004d")
        assert session is not None
        session.publish(Publication("other", b"2"), now=0.0)
        script.connection.deliver(message("t", b"3"))
        await shown(pilot, "TOPICS  1  2 messages")


async def test_a_number_is_plotted_with_what_came_before(app: MtlsxApp, script: Script) -> None:
    async with opened(app, script, *TEMPERATURES) as pilot:
        await pilot.press("end")
        await shown(pilot, "PLOT id  7  4 points, 7 to 7  f next of 2", '"c": 23')
        await pilot.press("f")
        await shown(pilot, "PLOT c  23  4 points, 20 to 23")
        script.connection.deliver(message("factory/1/temp", b'{"id": 7, "c": 30}', 9))
        await shown(pilot, "PLOT c  30  5 points, 20 to 30", "14:13:29")


async def test_a_path_is_written_and_refused_where_it_is_none(
    app: MtlsxApp, script: Script
) -> None:
    async with opened(app, script, message("t", b'{"a": [1, 2]}')) as pilot:
        await shown(pilot, "PLOT a[0]")
        await pilot.press("g")
        await settle(pilot)
        field = app.screen.query_one("AskPanel Input", Input)
        assert field.value == "a[0]"
        field.value = "a["
        await pilot.press("enter")
        await shown(pilot, "'a[' is not a path into JSON.")
        field.value = "a[1]"
        await pilot.press("enter")
        await shown(pilot, "PLOT a[1]  2  1 point, 2 to 2")


async def test_a_search_is_typed_ahead_and_ended(app: MtlsxApp, script: Script) -> None:
    others = (message("lab/1", b"x"), message("factory/2/humidity", b"y"))
    async with opened(app, script, *TEMPERATURES, *others) as pilot:
        await pilot.press("slash", *"humi", "enter")
        text = await shown(pilot, "1 found", "▾ factory", "humidity")
        assert "lab" not in text
        await pilot.press("escape")
        text = await shown(pilot, "lab", "temp", "factory/2/hum… · q1")  # the cursor stayed
        assert "found" not in text


async def test_a_retained_message_is_cleared_after_a_question(
    app: MtlsxApp, script: Script
) -> None:
    async with opened(app, script, *TEMPERATURES, message("lab", b"1")) as pilot:
        await shown(pilot, " r {")
        await pilot.press("delete")
        await shown(pilot, "Clear the retained message of factory/1/temp, for all clients")
        await pilot.press("n")
        assert script.connection.published == []
        await pilot.press("delete", "y")
        assert script.connection.published == [Publication("factory/1/temp", b"", 1, retain=True)]
        await settle(pilot)
        await gone(pilot, " r {")


async def test_a_broker_that_refuses_to_clear_is_believed(app: MtlsxApp, script: Script) -> None:
    script.publish_answer = (0x87, "Not authorized (0x87)")
    async with opened(app, script, *TEMPERATURES) as pilot:
        await pilot.press("delete", "y")
        await shown(pilot, "not published: factory/1/temp: Not authorized (0x87)", " r {")


async def test_all_retained_messages_below_a_level_are_cleared(
    app: MtlsxApp, script: Script
) -> None:
    many = [message(f"t/{number}", b"1", retain=number != 2) for number in range(4)]
    async with opened(app, script, *many) as pilot:
        await pilot.press("delete")
        await shown(pilot, "Clear the retained messages of 3 topics below t")
        await pilot.press("y")
        assert [each.topic for each in script.connection.published] == ["t/0", "t/1", "t/3"]


async def test_without_a_connection_nothing_is_cleared(app: MtlsxApp, script: Script) -> None:
    async with opened(app, script, *TEMPERATURES) as pilot:
        script.connection.stop()
        await settle(pilot)
        await pilot.press("delete")
        await shown(pilot, "nothing can be cleared: there is no connection.")


async def test_p_goes_back_to_publish_to_the_topic(app: MtlsxApp, script: Script) -> None:
    async with opened(app, script, *TEMPERATURES) as pilot:
        await pilot.press("end", "p")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
        assert app.screen.query_one("#publish-topic", Input).value == "factory/1/temp"
        await pilot.press("o", "n")
        assert app.screen.query_one("#publish-payload", Input).value == "on"


async def test_what_was_open_is_open_again(app: MtlsxApp, script: Script) -> None:
    async with opened(app, script, *TEMPERATURES, message("lab/1", b"x")) as pilot:
        await pilot.press("left", "down", "escape")
        await settle(pilot)
        await pilot.press("t")
        text = await shown(pilot, "▸ factory", "▾ lab")
        assert "temp" not in text.partition("│")[0]


async def test_a_topic_and_its_payload_are_copied(app: MtlsxApp, script: Script) -> None:
    async with opened(app, script, message("t", b"21")) as pilot:
        await pilot.press("y", "down", "enter")
        await settle(pilot)
        assert app.clipboard == "21"
