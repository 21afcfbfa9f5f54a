"""The messages of a session: a head line, the filter, the stream, and the selected message below it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mtlsx.client.selection import Criteria, MessageSource, SelectedMessages
from mtlsx.errors import UsageError
from mtlsx_tui.widgets.colours import readable
from mtlsx_tui.widgets.detail import MessageDetail
from mtlsx_tui.widgets.filter import FilterLine
from mtlsx_tui.widgets.stream import MessageStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from mtlsx.client.ring import MessageRing
    from mtlsx.client.settings import Subscription

_TICKS_PER_LOOK_WHEN_HELD = 4
_TICKS_PER_DETAIL = 6
"""While the stream follows, the newest message is laid out on every sixth look at the ring."""

_SEARCH_SECONDS = 0.008
"""How long the filter looks at messages before the screen has its turn."""
_SEARCH_STEP = 250
_EVERYTHING = Criteria()


class MessagesPane(Vertical):
    """Shows one ring, or what the filter leaves of it. The screen calls ``poll`` from its timer."""

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
        self._criteria = _EVERYTHING
        self._matching: SelectedMessages | None = None
        self._searching = False
        self._dropped_before = 0
        self._ticks = 0
        self._subscriptions: tuple[Subscription, ...] = ()
        self._warning: str | None = None

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.colour(self._subscriptions))

    def compose(self) -> ComposeResult:
        yield Static(id="messages-head")
        yield FilterLine()
        yield Static(id="messages-note")
        yield MessageStream()
        yield MessageDetail()

    def show(self, ring: MessageRing | None) -> None:
        """Show the messages of ``ring`` from now on."""
        if ring is not self._ring:
            self._ring = ring
            self.query_one(MessageDetail).show(None)
            self._filter()
        self._arrange()

    @property
    def searching(self) -> bool:
        """Whether the filter has messages before it that it has not looked at."""
        return self._searching

    @property
    def source(self) -> MessageSource | None:
        """The messages that are shown; complete, also where the filter was still looking for some."""
        if self._matching is None:
            return self._ring
        while not self._matching.advance(_SEARCH_STEP):
            pass
        return self._matching

    @property
    def detail(self) -> MessageDetail:
        """The message below the others."""
        return self.query_one(MessageDetail)

    def say(self, note: str | Content) -> None:
        """What to say while there is no message."""
        self.query_one("#messages-note", Static).update(note)

    def warn(self, warning: str | None) -> None:
        """Say in a few words beside the title what is wrong with how messages are kept; None: nothing is."""
        if warning != self._warning:
            self._warning = warning
            self._arrange()

    def poll(self) -> None:
        """Take over what came into the ring."""
        stream, detail = self.query_one(MessageStream), self.query_one(MessageDetail)
        self._ticks += 1
        if not self._searching:
            self._search()
        if not stream.following and self._ticks % _TICKS_PER_LOOK_WHEN_HELD:
            return  # what is in view stays; only the counts change
        news = stream.poll()
        if news:
            self._arrange()
        if stream.following and (detail.message is None or self._ticks % _TICKS_PER_DETAIL == 0):
            detail.show(stream.latest)

    def open_filter(self, topic: str | None = None) -> None:
        """Ask which messages to show; ``topic``: a topic filter to begin with."""
        self.query_one(FilterLine).open(topic)

    def colour(self, subscriptions: Sequence[Subscription]) -> None:
        """Show the topics of each of ``subscriptions`` in its colour."""
        self._subscriptions = tuple(subscriptions)
        dark = self.app.current_theme.dark
        self.query_one(MessageStream).colour(
            tuple(
                (each.topic_filter, colour)
                for each in subscriptions
                if (colour := readable(each.colour, dark=dark)) is not None
            )
        )

    def clear(self) -> None:
        """Forget all messages, shown or not."""
        if self._ring is not None:
            self._ring.clear()
            self.query_one(MessageDetail).show(None)
            self.query_one(MessageStream).following = True
            self.poll()
            self._arrange()

    @on(FilterLine.Changed)
    def _criteria_changed(self, event: FilterLine.Changed) -> None:
        event.stop()
        if event.criteria != self._criteria:
            self._criteria = event.criteria
            self._filter()
            self._arrange()

    @on(FilterLine.Done)
    def _filter_done(self, event: FilterLine.Done) -> None:
        event.stop()
        self.screen.set_focus(self.query_one(MessageStream))

    def _filter(self) -> None:
        """Begin to look for what is wanted; where that cannot be meant, leave what is shown."""
        line, stream = self.query_one(FilterLine), self.query_one(MessageStream)
        try:
            predicate = self._criteria.predicate()
        except UsageError as error:
            line.show_error(str(error))
            return
        line.show_error(None)
        if self._ring is None or self._criteria == _EVERYTHING:
            self._matching = None
            stream.show(self._ring)
        else:
            self._matching = SelectedMessages(self._ring, predicate)
            self._search()
            stream.show(self._matching)

    def _search(self) -> None:
        selected = self._matching
        if selected is None:
            self._searching = False
            return
        until = time.monotonic() + _SEARCH_SECONDS
        done = False
        while not done and time.monotonic() < until:
            done = selected.advance(_SEARCH_STEP)
        was_searching, self._searching = self._searching, not done
        if was_searching or not done:
            self.query_one(MessageStream).poll()
            self._arrange()
        if not done:
            # Not at once: others want to paint, and to read keys.
            self.set_timer(_SEARCH_SECONDS, self._search)

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
        if not event.following and self._ring is not None:
            self._dropped_before = self._ring.dropped
        self._arrange()

    def _arrange(self) -> None:
        # The stream stays where the filter leaves nothing: it has the focus, and something may come.
        empty = self._ring is None or len(self._ring) == 0
        self.query_one(MessageStream).display = not empty
        self.query_one("#messages-note").display = empty
        self.query_one("#messages-head", Static).update(self._head(), layout=False)

    def _head(self) -> Content:
        parts = [Content.styled("MESSAGES", "$foreground-muted bold")]
        ring = self._ring
        warning = [] if self._warning is None else [Content.styled(self._warning, "$text-warning")]
        if ring is None or not ring.next:
            parts += warning
        else:
            parts += [Content(f"{len(ring):,}"), *warning]
            stream = self.query_one(MessageStream)
            if ring.dropped and stream.following:
                parts.append(
                    Content.styled(f"{ring.dropped:,} dropped to make room", "$text-warning")
                )
            if self._matching is not None:
                searching = " so far" if self._searching else ""
                shown = f"{len(self._matching):,} shown{searching}"
                parts.append(Content.styled(shown, "$text-primary"))
            if stream.following:
                parts.append(Content.styled("space holds, / filters", "$foreground-muted"))
            else:
                below = f", {stream.waiting:,} below" if stream.waiting else ""
                gone = ring.dropped - self._dropped_before
                fell_out = f", {gone:,} fell out" if gone else ""
                parts.append(Content.styled(f"held{below}{fell_out}", "$text-warning"))
                parts.append(Content.styled("space follows", "$foreground-muted"))
        return Content("  ").join(parts)
