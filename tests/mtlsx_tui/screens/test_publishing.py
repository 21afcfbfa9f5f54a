"""Publishing, driven as a person would, on a scripted connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, TextArea

from mtlsx.client.message import Message
from mtlsx.client.settings import Publication, PublishProperties
from mtlsx_tui.app import MtlsxApp
from support.scripted_connection import Script
from support.tui import gone, paste, settle, shown, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 36)

pytestmark = pytest.mark.usefixtures("profile")


@asynccontextmanager
async def connected(app: MtlsxApp) -> AsyncIterator[Pilot[None]]:
    """The main screen, connected, with the focus in the topic of the publish line."""
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        await pilot.press("p")
        yield pilot


async def write(pilot: Pilot[None], topic: str, payload: str) -> None:
    pilot.app.screen.query_one("#publish-topic", Input).value = topic
    pilot.app.screen.query_one("#publish-payload", Input).value = payload
    await pilot.pause()


async def test_a_topic_is_completed_from_what_was_sent_and_what_came(
    app: MtlsxApp, script: Script
) -> None:
    async with connected(app) as pilot:
        script.connection.deliver(Message("factory/1/temp", b"x", 0, False, False, False, 0.0))
        topic = app.screen.query_one("#publish-topic", Input)
        for typed, completed in (("fact", "factory/1/temp"), ("fac", "factory/1/set")):
            topic.value = ""
            await pilot.press(*typed)
            await until(pilot, lambda: topic._suggestion == completed, completed)  # noqa: B023
            await pilot.press("right")
            assert topic.value == completed
            await write(pilot, "factory/1/set", "on")
            await pilot.press("ctrl+s", "ctrl+l")
            topic.focus()


async def test_the_arrows_go_through_what_was_sent(app: MtlsxApp, script: Script) -> None:
    async with connected(app) as pilot:
        for topic, payload in (("a", "1"), ("b", "2"), ("a", "3")):
            await write(pilot, topic, payload)
            await pilot.press("enter")
        await pilot.press("up", "up")
        assert app.screen.query_one("#publish-topic", Input).value == "b"
        assert app.screen.query_one("#publish-payload", Input).value == "3"
        app.screen.query_one("#publish-payload", Input).focus()
        await pilot.pause()
        await pilot.press("up", "up", "up", "down", "enter")
        assert script.connection.published[-1] == Publication("b", b"2")


async def test_what_was_sent_is_sent_again_or_filled_in(app: MtlsxApp, script: Script) -> None:
    async with connected(app) as pilot:
        await write(pilot, "a", "1")
        await pilot.press("enter")
        await write(pilot, "b", "2")
        await pilot.press("enter", "f5")
        await shown(pilot, "SENT", "b q0   2", "a q0   1")
        await pilot.press("down", "ctrl+s")
        await settle(pilot)
        assert [each.topic for each in script.connection.published] == ["a", "b", "a"]
        await pilot.press("ctrl+l", "f5", "down", "enter")
        await settle(pilot)
        assert app.screen.query_one("#publish-topic", Input).value == "b"
        await pilot.press("end", "0", "enter")
        assert script.connection.published[-1] == Publication("b", b"20")


async def test_properties_go_with_the_message(app: MtlsxApp, script: Script) -> None:
    async with connected(app) as pilot:
        await write(pilot, "a", "1")
        await pilot.press("ctrl+g")
        await settle(pilot)
        await pilot.press("tab")
        await paste(pilot, "text/plain")
        await pilot.press("tab", *"re/#", "enter")
        await shown(pilot, '"re/#" is not one topic')
        await pilot.press("backspace", "1", "enter")
        await shown(pilot, "text/plain · response to re/1")
        await pilot.press("ctrl+s")
        properties = PublishProperties(content_type="text/plain", response_topic="re/1")
        assert script.connection.published == [Publication("a", b"1", properties=properties)]


async def test_a_message_is_repeated_until_it_is_stopped(app: MtlsxApp, script: Script) -> None:
    async with connected(app) as pilot:
        await write(pilot, "a", "1")
        await pilot.press("ctrl+g")
        await settle(pilot)
        await pilot.press(*"0.1", "enter", "ctrl+s")
        published = script.connection.published
        await until(pilot, lambda: len(published) >= 3, "a third message")
        await shown(pilot, "↻ a every 0.1 s", "stop")
        await pilot.press("ctrl+s")
        count = len(published)
        text = await shown(pilot, "repeated every 0.1 s")
        assert "↻" not in text
        beats: list[int] = []
        app.set_interval(0.1, lambda: beats.append(len(published)))  # as it was repeated
        await until(pilot, lambda: len(beats) >= 3, "a third beat")
        assert beats[-1] == count


async def test_repetition_ends_with_the_connection(app: MtlsxApp, script: Script) -> None:
    async with connected(app) as pilot:
        await write(pilot, "a", "1")
        await pilot.press("ctrl+g")
        await settle(pilot)
        await pilot.press(*"0.1", "enter", "ctrl+s")
        await shown(pilot, "↻ a every 0.1 s")
        script.connection.stop()
        await gone(pilot, "↻")


async def test_a_payload_is_checked_at_each_key_and_refused_in_its_format(
    app: MtlsxApp, script: Script
) -> None:
    async with connected(app) as pilot:
        await write(pilot, "a", '{"c": ')
        await shown(pilot, "⚠ This is not JSON")
        app.screen.query_one("#publish-format").focus()
        await pilot.press("enter", "ctrl+s")
        await shown(pilot, " json ", "✘ not published: This is not JSON")
        assert script.connection.published == []
        await write(pilot, "a", '{"c": 1}')
        await pilot.press("ctrl+s")
        assert script.connection.published == [Publication("a", b'{"c": 1}')]


async def test_a_payload_of_several_lines_is_written_in_the_editor(
    app: MtlsxApp, script: Script
) -> None:
    async with connected(app) as pilot:
        await write(pilot, "a", "1")
        await pilot.press("f2")
        editor = app.screen.query_one(TextArea)
        assert editor.has_focus
        await pilot.press("end", "enter", "2", "f2", "ctrl+s")
        assert script.connection.published == [Publication("a", b"1\n2")]
        assert editor.display  # two lines have no room in one
        await pilot.press("backspace", "backspace", "f2")
        assert app.screen.query_one("#publish-payload", Input).has_focus
        assert app.screen.query_one("#publish-payload", Input).value == "1"
