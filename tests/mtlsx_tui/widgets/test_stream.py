"""The stream shows what is in the ring, follows its tail, and holds still when it is told to."""

from __future__ import annotations

import pytest
from textual import on
from textual.app import App, ComposeResult

from mtlsx.client.message import Message
from mtlsx.client.ring import MessageRing
from mtlsx_tui.widgets.stream import MessageStream, clock_time

WIDTH, HEIGHT = 60, 10


def message(number: int, topic: str = "t", payload: bytes | None = None) -> Message:
    body = b"%d" % number if payload is None else payload
    return Message(topic, body, 1, retain=False, dup=False, outgoing=False, received_at=0.0)


class StreamApp(App[None]):
    """A stream on a ring of 50 messages; remembers what was selected."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = MessageRing(max_messages=50)
        self.selected: list[bytes] = []

    def compose(self) -> ComposeResult:
        yield MessageStream()

    def on_mount(self) -> None:
        self.stream.show(self.ring)
        self.stream.focus()

    @property
    def stream(self) -> MessageStream:
        return self.query_one(MessageStream)

    def fill(self, first: int, last: int) -> None:
        for number in range(first, last + 1):
            self.ring.append(message(number))
        self.stream.poll()

    def rows(self) -> list[str]:
        """The payloads in view."""
        lines = [self.stream.render_line(y).text for y in range(HEIGHT)]
        return [line.split()[-1] for line in lines if line.strip()]

    @on(MessageStream.Selected)
    def remember(self, event: MessageStream.Selected) -> None:
        self.selected.append(event.message.payload)


async def test_it_follows_the_newest() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.fill(0, 3)
        assert app.rows() == ["0", "1", "2", "3"]
        app.fill(4, 29)
        assert app.rows() == [str(number) for number in range(20, 30)]


async def test_it_follows_when_messages_fall_out() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.fill(0, 199)
        assert app.rows() == [str(number) for number in range(190, 200)]


async def test_held_it_keeps_the_same_messages_in_view_while_others_come_and_go() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill(0, 49)
        app.stream.following = False
        await pilot.pause()
        app.fill(50, 79)
        assert app.rows() == [str(number) for number in range(40, 50)]
        assert app.stream.waiting == 30
        app.fill(80, 94)  # now 45 is the oldest that is kept
        assert app.rows() == [str(number) for number in range(45, 55)]


async def test_following_again_goes_to_the_end() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill(0, 29)
        await pilot.press("home")
        assert app.rows()[0] == "0"
        await pilot.press("end")
        assert app.stream.following
        assert app.rows()[-1] == "29"


async def test_the_cursor_selects_and_holds() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill(0, 29)
        await pilot.press("up", "up", "pageup", "down")
        assert app.selected == [b"29", b"28", b"19", b"20"]
        assert not app.stream.following


async def test_a_click_selects() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill(0, 29)
        await pilot.click(MessageStream, offset=(5, 2))
        assert app.selected == [b"22"]


async def test_the_wheel_holds_and_follows_at_the_end() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.fill(0, 29)
        app.stream.scroll_to(y=5, animate=False)
        await pilot.pause()
        assert not app.stream.following
        app.stream.scroll_end(animate=False)
        await pilot.pause()
        assert app.stream.following


async def test_an_empty_stream_takes_every_key() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        await pilot.press("up", "down", "pageup", "home", "end")
        assert app.selected == []


@pytest.mark.parametrize(
    "payload", [b"\x1b[2Jboo\x07", "温度".encode() * 40, b"\xff" * 500, b"a\nb"]
)
async def test_hostile_payloads_stay_in_their_line(payload: bytes) -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.ring.append(message(0, topic="evil\x1b[H\u202e", payload=payload))
        app.stream.poll()
        line = app.stream.render_line(0)
        assert line.text.isprintable()
        assert line.cell_length == WIDTH - 1  # beside the scroll bar


async def test_marks_tell_retained_dup_and_sent() -> None:
    app = StreamApp()
    async with app.run_test(size=(WIDTH, HEIGHT)):
        app.ring.append(
            Message("t", b"x", 2, retain=True, dup=True, outgoing=True, received_at=0.0)
        )
        app.stream.poll()
        assert app.stream.render_line(0).text.split()[1:] == ["↑", "t", "q2", "rd", "x"]


def test_the_time_has_milliseconds() -> None:
    assert clock_time(1_790_000_000.2049).endswith(":20.204")
