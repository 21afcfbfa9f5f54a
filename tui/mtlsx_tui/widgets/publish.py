"""The publish line: topic, QoS, retain, payload and its format, send; the payload on one line or in an editor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Button, Input, Static, TextArea

from mtlsx.client.draft import Draft, SentDrafts
from mtlsx.payloads.formats import PayloadFormat
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.toggle import Toggle

if TYPE_CHECKING:
    from textual.app import ComposeResult

Completion = Callable[[str], str | None]
"""A topic that begins with a text, if one is known."""


class PublishLine(Vertical):
    """What to publish.

    ``sent`` is what the arrow keys go through: topics in the topic's field, whole messages in the payload's.
    Posts ``Wanted`` on Enter in a field, on the button, and when told to ``send``; ``Changed`` while it is written.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(1)", "Older", show=False),
        Binding("down", "recall(-1)", "Newer", show=False),
    ]
    DEFAULT_CSS = """
    PublishLine {
        height: auto;
        & > Horizontal { height: auto; }
        & #publish-where, & #publish-what { height: 1; width: 1fr; }
        & #publish-title { width: auto; }
        & Input { width: 1fr; }
        & Button { min-width: 8; width: auto; }
        & #publish-format { min-width: 9; margin-right: 1; }
        & Choice { margin: 0 0 0 1; }
        & TextArea { height: 8; display: none; border: none; padding: 0; }
        &.-editor TextArea { display: block; }
        &.-editor #publish-payload { visibility: hidden; }
    }
    """

    class Wanted(Message):
        """A person wants to publish."""

        def __init__(self, draft: Draft) -> None:
            self.draft = draft
            super().__init__()

    class Changed(Message):
        """What is written changed."""

    class FormatChosen(Message):
        """A person writes payloads in this format."""

        def __init__(self, wanted: PayloadFormat) -> None:
            self.wanted = wanted
            super().__init__()

    def __init__(self, sent: SentDrafts, complete: Completion) -> None:
        super().__init__()
        self._sent = sent
        self._complete = complete
        self._format = PayloadFormat.TEXT
        self._recalled = -1

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Horizontal(id="publish-where"):
                yield Static("PUBLISH ", classes="title", id="publish-title")
                yield Input(
                    placeholder="topic", compact=True, id="publish-topic",
                    suggester=_TopicSuggester(self._sent, self._complete),
                )  # fmt: skip
                yield Choice(("q0", "q1", "q2"), id="publish-qos")
                yield Toggle("retain", id="publish-retain")
            with Horizontal(id="publish-what"):
                yield Button(self._format, compact=True, id="publish-format")
                yield Input(placeholder="payload", compact=True, id="publish-payload")
                yield Button("send", compact=True, id="publish-send")
        yield TextArea(
            compact=True, id="publish-editor", placeholder="payload", tab_behavior="focus"
        )

    @property
    def draft(self) -> Draft:
        """What is written, without properties."""
        editor = self.query_one(TextArea)
        payload = self.query_one("#publish-payload", Input)
        return Draft(
            self.query_one("#publish-topic", Input).value,
            editor.text if self._editing else payload.value,
            self._format,
            int(self.query_one("#publish-qos", Choice).value[1]),
            self.query_one("#publish-retain", Toggle).value,
        )

    @property
    def _editing(self) -> bool:
        return self.has_class("-editor")

    def open(self, to: str = "") -> None:
        """Make it ready to type: the topic first, the payload where there is a topic, such as ``to``."""
        topic = self.query_one("#publish-topic", Input)
        if to:
            topic.value = to
        # At once, unlike focus(): what is typed ahead belongs here.
        self.screen.set_focus(self._payload if topic.value else topic)

    def write_as(self, wanted: PayloadFormat) -> None:
        """The payload is written in the format ``wanted``."""
        self._format = wanted
        self.query_one("#publish-format", Button).label = str(wanted)

    def fill(self, draft: Draft) -> None:
        """Write ``draft`` into the fields."""
        self.query_one("#publish-topic", Input).value = draft.topic
        self.query_one("#publish-qos", Choice).value = f"q{draft.qos}"
        self.query_one("#publish-retain", Toggle).value = draft.retain
        self.write_as(draft.format)
        self._set_text(draft.text)

    def send(self) -> None:
        """Ask to publish what is written; without a topic, go there instead."""
        draft = self.draft
        if not draft.topic:
            self.query_one("#publish-topic", Input).focus()
            return
        self._recalled = -1
        self.post_message(self.Wanted(draft))

    def turn_editor(self) -> None:
        """Write the payload in several lines, or in one again, as long as it has no more."""
        text = self.draft.text
        if self._editing and "\n" in text:
            return
        self.toggle_class("-editor")
        self._set_text(text)
        self.screen.set_focus(self._payload)

    def show_repeating(self, *, repeating: bool) -> None:
        """Whether the button ends what is repeated."""
        self.query_one("#publish-send", Button).label = "stop" if repeating else "send"

    def action_recall(self, steps: int) -> None:
        """Fill in an older one of what was sent, or a newer one."""
        topic = self.query_one("#publish-topic", Input)
        drafts = self._sent.drafts
        if topic.has_focus:
            drafts = tuple(replace(self.draft, topic=each) for each in self._sent.topics)
        at = self._recalled + steps
        if 0 <= at < len(drafts):
            self._recalled = at
            self.fill(drafts[at])
            topic.cursor_position = len(topic.value)

    def on_descendant_focus(self) -> None:
        self._recalled = -1

    @property
    def _payload(self) -> Input | TextArea:
        if self._editing:
            return self.query_one(TextArea)
        return self.query_one("#publish-payload", Input)

    def _set_text(self, text: str) -> None:
        self.set_class(self._editing or "\n" in text, "-editor")
        if self._editing:
            self.query_one(TextArea).text = text
        else:
            self.query_one("#publish-payload", Input).value = text

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.send()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "publish-send":
            self.send()
            return
        formats = list(PayloadFormat)
        self.write_as(formats[(formats.index(self._format) + 1) % len(formats)])
        self.post_message(self.FormatChosen(self._format))
        self.post_message(self.Changed())

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _changed(self, event: Input.Changed | TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())


class _TopicSuggester(Suggester):
    """Completes a topic from those published to, then from those that messages came on."""

    def __init__(self, sent: SentDrafts, complete: Completion) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._sent = sent
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        known = (topic for topic in self._sent.topics if topic.startswith(value))
        return next(known, None) or self._complete(value)
