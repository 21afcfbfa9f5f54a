"""The foot of the main screen: the publish line, what was sent, options, repetition, and why something was not sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from mtlsx.client.draft import Draft, SentDrafts
from mtlsx.client.settings import MqttVersion
from mtlsx.errors import MtlsxError
from mtlsx.payloads.formats import PayloadFormat, encode
from mtlsx_tui.screens.publish_options import Options, questions, read_options, summary
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.asking import AskPanel
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.publish import PublishLine
from mtlsx_tui.widgets.sent import SentPanel

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from mtlsx.client.settings import Publication
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.sessions import Session

_LONGEST_CHECKED = 64 * 1024  # characters that are checked at each key


@dataclass(slots=True)
class _Repetition:
    """What is sent again and again over a session."""

    session: Session
    publication: Publication
    seconds: float
    timer: Timer
    sent: int = 1


class Publishing(Vertical):
    """Publishes over one session. ``now``: seconds since the epoch, for the time of our own messages.

    Posts ``Left`` when a person is done with one of its panels.
    """

    DEFAULT_CSS = """
    Publishing { height: auto; }
    """

    class Left(Message):
        """A person is done with a panel."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        super().__init__()
        self.sent = SentDrafts()
        self.line = PublishLine(self.sent, self._complete)
        self._panel = AskPanel()
        self._sent_panel = SentPanel()
        self._note = Static(id="publish-note")
        self._about = Static(id="publish-about")
        self._now = now
        self._session: Session | None = None
        self._shown: str | None = None
        self._version = MqttVersion.V5
        self._options = Options()
        self._repetitions: dict[str, _Repetition] = {}

    def compose(self) -> ComposeResult:
        yield self._sent_panel
        yield self._panel
        yield self.line
        yield self._about
        yield self._note

    def on_mount(self) -> None:
        self._show_refusal(None)
        self._show_about()

    def show(self, profile: Profile, session: Session | None) -> None:
        """Publish over ``session`` of ``profile`` from now on, in the format that it was written in last."""
        self._session = session
        if profile.name != self._shown:
            self._shown = profile.name
            self.line.write_as(profile.publish_format)
        self._version = profile.connection.version
        self._show_refusal(session.refusal if session else None)
        self._show_about()

    @property
    def asking(self) -> bool:
        """Whether one of its panels is open."""
        return self._panel.is_open or self._sent_panel.is_open

    def _complete(self, beginning: str) -> str | None:
        return None if self._session is None else self._session.topics.table.complete(beginning)

    # Sending

    @on(PublishLine.Wanted)
    def _wanted(self, message: PublishLine.Wanted) -> None:
        message.stop()
        if self._stop_repeating():
            return
        self._send(replace(message.draft, properties=self._options.properties))

    def _send(self, draft: Draft) -> None:
        session = self._session
        try:
            publication = draft.publication(self._version)
            if session is None or session.state is not State.CONNECTED:
                self._show_refusal("there is no connection; ctrl+o connects.")
                return
            session.publish(publication, now=self._now())
        except MtlsxError as error:
            self._show_refusal(str(error))
            return
        self.sent.add(draft)
        self._show_refusal(None)
        seconds = self._options.repeat
        if seconds is not None:
            timer = self.set_interval(seconds, lambda: self._repeat(session.profile))
            self._repetitions[session.profile] = _Repetition(session, publication, seconds, timer)
            self._show_about()

    def _repeat(self, profile: str) -> None:
        """Send once more, as long as it is the same connection and takes it."""
        repetition = self._repetitions[profile]
        session = repetition.session
        try:
            if session.state is not State.CONNECTED:
                self._end(profile)
                return
            session.publish(repetition.publication, now=self._now())
        except MtlsxError as error:
            self._end(profile)
            self._show_refusal(str(error))
            return
        repetition.sent += 1
        self._show_about()

    def _stop_repeating(self) -> bool:
        """End what is repeated over this session; whether something was."""
        if self._session is None or self._session.profile not in self._repetitions:
            return False
        self._end(self._session.profile)
        return True

    def _end(self, profile: str) -> None:
        self._repetitions.pop(profile).timer.stop()
        self._show_about()

    # What was sent, options, editor

    def open_sent(self) -> None:
        """Show what was sent."""
        if self.sent.drafts:
            self._panel.close()
            self._sent_panel.open(self.sent.drafts)

    @on(SentPanel.Chosen)
    def _chosen(self, message: SentPanel.Chosen) -> None:
        message.stop()
        if message.again:
            self._send(message.draft)
            self.post_message(self.Left())
            return
        self._options = replace(self._options, properties=message.draft.properties)
        self.line.fill(message.draft)
        self.line.open()
        self._show_about()

    @work(exclusive=True, group="options")
    async def open_options(self) -> None:
        """Ask for properties and repetition."""
        self._sent_panel.close()
        title = "With the message, and how often (properties are MQTT 5's)"
        await self._panel.open("options", title, questions(self._options))

    @on(AskPanel.Answered)
    def _answered(self, message: AskPanel.Answered) -> None:
        message.stop()
        try:
            self._options = read_options(message.values)
        except MtlsxError as error:
            self._panel.show_error(str(error))
            return
        self._panel.close()
        self.line.open()
        self._show_about()

    @on(AskPanel.Closed)
    @on(SentPanel.Closed)
    def _panel_closed(self, message: AskPanel.Closed | SentPanel.Closed) -> None:
        message.stop()
        self.line.open()

    # What is shown

    @on(PublishLine.Changed)
    def _check(self, message: PublishLine.Changed) -> None:
        """Say at each key whether the payload is written as its format wants it, or as the JSON it looks like."""
        message.stop()
        draft = self.line.draft
        meant = draft.format
        if meant is PayloadFormat.TEXT and draft.text.lstrip().startswith(("{", "[")):
            meant = PayloadFormat.JSON
        self._show_about()
        if meant is PayloadFormat.TEXT or not draft.text or len(draft.text) > _LONGEST_CHECKED:
            return
        try:
            encode(draft.text.encode(), meant)
        except MtlsxError as error:
            self._about.display = True
            mark, style = ("✘", "$text-error") if meant is draft.format else ("⚠", "$text-warning")
            self._about.update(Content.styled(f"{mark} {printable(str(error))}", style))

    def _show_about(self) -> None:
        """Say what goes with the message, or what is being repeated."""
        session = self._session
        repetition = None if session is None else self._repetitions.get(session.profile)
        self.line.show_repeating(repeating=repetition is not None)
        if repetition is not None:
            where = printable(repetition.publication.topic)
            text = f"↻ {where} every {repetition.seconds:g} s, sent {repetition.sent:,} times; ctrl+s stops"
        else:
            text = printable(summary(self._options))
        self._about.display = bool(text)
        if text:  # each update lays out the whole screen
            self._about.update(
                Content.styled(text, "$text-accent" if repetition else "$text-muted")
            )

    def _show_refusal(self, text: str | None) -> None:
        self._note.display = text is not None
        if text is not None:
            self._note.update(Content(f"✘ not published: {printable(text)}"))
