"""The messages of a session: a head line, the stream, and the selected message below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mtlsx_tui.widgets.detail import MessageDetail
from mtlsx_tui.widgets.stream import MessageStream

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.client.ring import MessageRing

_TICKS_PER_LOOK_WHEN_HELD = 4
_TICKS_PER_DETAIL = 6
"""While the stream follows, the newest message is laid out on every sixth look at the ring."""


class MessagesPane(Vertical):
    """Shows one ring. The screen calls ``poll`` from its timer."""

    DEFAULT_CSS = """
    MessagesPane {
        & > #messages-head { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > #messages-note { height: 1fr; color: $text-muted; padding: 1 2; }
        & > MessageStream { height: 1fr; }
        & > MessageDetail { height: 10; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._ring: MessageRing | None = None
        self._ticks = 0

    def compose(self) -> ComposeResult:
        yield Static(id="messages-head")
        yield Static(id="messages-note")
        yield MessageStream()
        yield MessageDetail()

    def show(self, ring: MessageRing | None) -> None:
        """Show the messages of ``ring`` from now on."""
        if ring is not self._ring:
            self._ring = ring
            self.query_one(MessageDetail).show(None)
            self.query_one(MessageStream).show(ring)
        self._arrange()

    def say(self, note: str | Content) -> None:
        """What to say while there is no message."""
        self.query_one("#messages-note", Static).update(note)

    def poll(self) -> None:
        """Take over what came into the ring."""
        stream, detail = self.query_one(MessageStream), self.query_one(MessageDetail)
        self._ticks += 1
        if not stream.following and self._ticks % _TICKS_PER_LOOK_WHEN_HELD:
            return  # what is in view stays; only the counts change
        news = stream.poll()
        if news:
            self._arrange()
        if stream.following and (detail.message is None or self._ticks % _TICKS_PER_DETAIL == 0):
            detail.show(stream.latest)

    def toggle_following(self) -> None:
        """Hold what is in view, or follow the newest message again."""
        stream = self.query_one(MessageStream)
        stream.following = not stream.following

    @on(MessageStream.Selected)
    def _selected(self, event: MessageStream.Selected) -> None:
        event.stop()
        self.query_one(MessageDetail).show(event.message)

    @on(MessageStream.FollowChanged)
    def _follow_changed(self, event: MessageStream.FollowChanged) -> None:
        event.stop()
        self._arrange()

    def _arrange(self) -> None:
        empty = self._ring is None or len(self._ring) == 0
        self.query_one(MessageStream).display = not empty
        self.query_one("#messages-note").display = empty
        self.query_one("#messages-head", Static).update(self._head(), layout=False)

    def _head(self) -> Content:
        parts = [Content.styled("MESSAGES", "$foreground-muted bold")]
        ring = self._ring
        if ring is not None and ring.next:
            parts.append(Content(f"{len(ring):,}"))
            if ring.dropped:
                parts.append(
                    Content.styled(f"{ring.dropped:,} dropped to make room", "$text-warning")
                )
            stream = self.query_one(MessageStream)
            if stream.following:
                parts.append(Content.styled("space holds", "$foreground-muted"))
            else:
                below = f", {stream.waiting:,} below" if stream.waiting else ""
                parts.append(Content.styled(f"held{below}", "$text-warning"))
                parts.append(Content.styled("space follows", "$foreground-muted"))
        return Content("  ").join(parts)
