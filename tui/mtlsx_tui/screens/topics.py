"""The screen of the topics that messages came on: a tree, the last message of one, and its numbers over time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from mtlsx.client.numbers import parse_path, write_path
from mtlsx.client.settings import Publication
from mtlsx.errors import MtlsxError
from mtlsx_tui.screens import words
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.screens.topics_plot import TopicPlot
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.asking import Asked, AskPanel
from mtlsx_tui.widgets.copying import CopyPanel
from mtlsx_tui.widgets.detail import MessageDetail
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.question import Question
from mtlsx_tui.widgets.status import StatusLine
from mtlsx_tui.widgets.topics import TopicList

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.client.topic_tree import Node
    from mtlsx.payloads.formats import PayloadFormat
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.sessions import Session

_TICK = 1 / 12
"""Seconds between two looks at what came."""

KEYS = (
    # With priority, so that what is typed ahead is searched for; not while the field has the focus.
    Binding("slash,ctrl+f", "search", "Search", tooltip="Search the topics", key_display="/", priority=True),
    Binding("f", "next_number", "Field", tooltip="Plot the next number in the payload"),
    Binding("g", "ask_path", "Path", tooltip="Write the JSON path of the number to plot"),
    Binding("v,f4", "format", "View", tooltip="Show the payload in the next way", show=False),
    Binding("y,ctrl+y", "copy", "Copy", tooltip="Copy the topic or its last payload"),
    Binding("p,ctrl+l", "publish", "Publish", tooltip="Write a message to this topic"),
    Binding("delete,d", "clear", "Clear", tooltip="Clear retained messages here and below", key_display="del"),
    Binding("up", "move(-1)", "Up", show=False),
    Binding("down", "move(1)", "Down", show=False),
    Binding("escape,t", "leave", "Back", tooltip="Go back", key_display="esc"),
)  # fmt: skip


class TopicsScreen(HelpedScreen[str | None]):
    """The topics of the session that ``session`` gives; ends with a topic to publish to, or None.

    ``now``: seconds since the epoch; ``on_view`` is told how a person wants payloads laid out.
    """

    AUTO_FOCUS = "TopicList"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(
        self,
        profile: Profile,
        session: Callable[[], Session | None],
        first: Session,
        *,
        now: Callable[[], float],
        on_view: Callable[[PayloadFormat | None], object],
    ) -> None:
        super().__init__()
        self._profile = profile
        self._session = session
        self._tree = first.topics
        self._now = now
        self._on_view = on_view
        self._list = TopicList(self._tree)
        self._plot = TopicPlot(first.ring)
        self._panel = AskPanel()
        self._refusal = first.refusal
        self._row: Node | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with Horizontal(id="topics-top"):
            yield Static(id="topics-head")
            # Always there: to lay the screen out anew for it is dear, and who types waits for that.
            yield Input(placeholder="search: part of a topic", compact=True, id="topics-search")
        with Container(id="topics-body"):
            with Vertical(id="topics-tree"):
                yield Static(id="topics-note")
                yield self._list
            with Vertical(id="topics-about"):
                yield Static(id="topics-below")
                yield MessageDetail()
                yield self._plot
        yield CopyPanel()
        yield self._panel
        yield Static(id="topics-error")
        yield Question()
        yield KeyLine()

    def on_mount(self) -> None:
        for hidden in (CopyPanel, "#topics-error"):
            self.query_one(hidden).display = False
        self.query_one(MessageDetail).lay_out_as(self._profile.view_format)
        self._tick()
        self.set_interval(_TICK, self._tick)

    # What is shown

    def _tick(self) -> None:
        session = self._session()
        status = words.status(self._profile, session, clock=time.monotonic())
        self.query_one(StatusLine).show(status)
        came = self._list.poll()
        empty = not self._tree.root.topics
        self._list.display = not empty
        note = self.query_one("#topics-note", Static)
        note.display = empty
        if empty:
            note.update(Content("No message has come yet. s in the main screen subscribes."))
        self.query_one("#topics-head", Static).update(self._head(), layout=False)
        self._show_node(self._list.row)
        refusal = None if session is None else session.refusal
        if refusal != self._refusal:
            self._refusal = refusal
            self._say(None if refusal is None else f"not published: {refusal}")
        if came:
            self._plot.take_news()

    def _head(self) -> Content:
        root, table = self._tree.root, self._tree.table
        parts = [
            Content.styled("TOPICS", "$foreground-muted bold"),
            Content(f"{root.topics:,}"),
            Content.styled(_messages(root.messages), "$foreground-muted"),
        ]
        if self._list.searching:
            so_far = " so far" if self._list.looking else ""
            parts.append(Content.styled(f"{self._list.found:,} found{so_far}", "$text-primary"))
        if table.forgotten:
            parts.append(
                Content.styled(f"{table.forgotten:,} forgotten to make room", "$text-warning")
            )
        return Content("  ").join(parts)

    def _show_node(self, node: Node | None) -> None:
        """Show what the cursor is on: at each look and not at each key, so that keys never wait for it."""
        before, self._row = self._row, node
        if node is not before:
            self._say(None)
            # The footer is dear.
            if node is None or before is None:
                self.refresh_bindings()
        topic = None if node is None else node.topic
        # Hidden and not gone: laying the screen out anew is dear, and a cursor passes many levels.
        detail, below = self.query_one(MessageDetail), self.query_one("#topics-below", Static)
        detail.visible = topic is not None
        if topic is not None:
            detail.show(topic.last)
        below.visible = node is not None and bool(node.children)
        if node is not None and node.children:
            topics = "1 topic" if node.topics == 1 else f"{node.topics:,} topics"
            counts = f"{topics}, {_messages(node.messages)}"
            below.update(
                Content.assemble(
                    (f"{printable(_path_of(node))}/", "$text-primary bold"),
                    (f"  {counts}", "$foreground-muted"),
                ),
                layout=False,
            )
        self._plot.look_at(topic)

    # The plot

    def action_next_number(self) -> None:
        """Plot the next number of the payload."""
        self._plot.next_number()

    def action_ask_path(self) -> None:
        """Ask for a path."""
        if self._plot.topic is not None:
            path = self._plot.path
            self._ask("" if path is None else write_path(path))

    @work(group="ask", exclusive=True)
    async def _ask(self, path: str) -> None:
        hint = "status.temperatures[0]; empty: the payload is the number"
        await self._panel.open(
            "path", "The number to plot, by its JSON path", [Asked("path", "path", path, hint=hint)]
        )

    @on(AskPanel.Answered)
    def _answered(self, message: AskPanel.Answered) -> None:
        try:
            path = parse_path(message.values["path"])
        except MtlsxError as error:
            self._panel.show_error(str(error))
            return
        self._plot.choose(path)
        self._leave_panel()

    # Search

    def action_search(self) -> None:
        """Search the topics."""
        self.set_focus(self.query_one("#topics-search"))

    @on(Input.Changed, "#topics-search")
    def _search(self, event: Input.Changed) -> None:
        self._list.search(event.value)
        self.query_one("#topics-head", Static).update(self._head(), layout=False)

    def action_move(self, rows: int) -> None:
        """Move the cursor of the list, while a search is written."""
        self._list.action_move(rows)

    @on(Input.Submitted, "#topics-search")
    def _searched(self) -> None:
        self.set_focus(self._list)

    def _end_search(self) -> None:
        """Show all topics again, with the cursor where it is, in sight."""
        node = self._list.row
        while node is not None and node.parent is not None:
            node = node.parent
            node.open = True
        self.query_one("#topics-search", Input).value = ""
        self._list.search("")
        self.set_focus(self._list)

    # Retained messages

    def action_clear(self) -> None:
        """Ask whether retained messages shall be cleared."""
        node, session = self._list.row, self._session()
        if node is None:
            return
        if session is None or session.state is not State.CONNECTED:
            self._say("nothing can be cleared: there is no connection.")
            return
        topics = [topic.name for topic in self._tree.topics_below(node) if topic.retained]
        if not topics and node.topic is not None:
            topics = [node.topic.name]
        if not topics:
            self._say(f"no retained message came from below {_path_of(node)}.")
            return
        what = (
            f"message of {printable(topics[0])}"
            if len(topics) == 1
            else f"messages of {len(topics):,} topics below {printable(_path_of(node))}"
        )
        self.query_one(Question).ask(
            f"Clear the retained {what}, for all clients of the broker?",
            lambda: self._clear(topics),
        )

    def _clear(self, topics: list[str]) -> None:
        """Publish an empty retained message to each (MQTT 5.0, 3.3.1.3)."""
        session = self._session()
        self._say(None)
        if session is None:
            return
        facts = session.facts
        # With QoS 1 the broker answers, and so a refusal is seen.
        qos = 0 if facts is not None and facts.maximum_qos == 0 else 1
        for done, topic in enumerate(topics):
            try:
                session.publish(Publication(topic, b"", qos, retain=True), now=self._now())
            except MtlsxError as error:
                self._say(f"cleared {done:,} of {len(topics):,}: {error}")
                return

    # Keys

    def action_publish(self) -> None:
        """Go back, to publish to this topic."""
        node = self._list.row
        if node is not None:
            self.dismiss(node.topic.name if node.topic is not None else f"{_path_of(node)}/")

    def action_format(self) -> None:
        """Lay the payload out in the next way."""
        self.query_one(MessageDetail).cycle_format()

    @on(MessageDetail.ViewChosen)
    def _view_chosen(self, message: MessageDetail.ViewChosen) -> None:
        self._on_view(message.wanted)

    def action_copy(self) -> None:
        """Choose what to copy."""
        node = self._list.row
        if node is None:
            return
        message = None if node.topic is None else node.topic.last
        values = words.values_to_copy(None, message) or (("topic", _path_of(node)),)
        self.query_one(CopyPanel).open(values)

    @on(CopyPanel.Wanted)
    def _copy(self, message: CopyPanel.Wanted) -> None:
        self.app.copy_to_clipboard(message.text)
        self.notify(f"Copied: {message.name}", timeout=2, markup=False)

    @on(CopyPanel.Closed)
    @on(AskPanel.Closed)
    def _leave_panel(self) -> None:
        self._panel.close()
        self.set_focus(self._list)

    def action_leave(self) -> None:
        """End the search, or leave the screen."""
        if self._list.searching or self.query_one("#topics-search").has_focus:
            self._end_search()
        else:
            self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """A key is offered where it does something."""
        if self._panel.is_open:
            return action in {"leave", "help"} or action.startswith("app.")
        node = self._list.row
        match action:
            case "search":
                return not self.query_one("#topics-search").has_focus
            case "next_number" | "ask_path" | "format" | "copy" | "publish" | "clear":
                return node is not None
        return True

    def _say(self, text: str | None) -> None:
        place = self.query_one("#topics-error", Static)
        if text is None and not place.display:
            return
        place.display = text is not None
        place.update(Content(f"✘ {printable(text or '')}"))


def _path_of(node: Node) -> str:
    """The levels down to ``node``, as in a topic."""
    levels = []
    at: Node | None = node
    while at is not None and at.parent is not None:
        levels.append(at.level)
        at = at.parent
    return "/".join(reversed(levels))


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"
