"""The publish line: topic, QoS, retain, payload, send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Button, Input, Static

from mtlsx.client.settings import Publication
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.toggle import Toggle

if TYPE_CHECKING:
    from textual.app import ComposeResult


class PublishLine(Horizontal):
    """What to publish. Posts ``Wanted`` on Enter in a field, on the button, and when told to ``send``."""

    DEFAULT_CSS = """
    PublishLine {
        height: auto;
        & > Horizontal { height: 1; width: 1fr; }
        & #publish-title { width: auto; }
        & Input { width: 1fr; }
        & Button { min-width: 8; width: auto; }
        & Choice { margin: 0 0 0 1; }
    }
    """

    class Wanted(Message):
        """A person wants to publish."""

        def __init__(self, publication: Publication) -> None:
            self.publication = publication
            super().__init__()

    def compose(self) -> ComposeResult:
        with Horizontal(id="publish-where"):
            yield Static("PUBLISH ", classes="title", id="publish-title")
            yield Input(placeholder="topic", compact=True, id="publish-topic")
            yield Choice(("q0", "q1", "q2"), id="publish-qos")
            yield Toggle("retain", id="publish-retain")
        with Horizontal(id="publish-what"):
            yield Input(placeholder="payload", compact=True, id="publish-payload")
            yield Button("send", compact=True, id="publish-send")

    def open(self, to: str = "") -> None:
        """Make it ready to type: the topic first, the payload where there is a topic, such as ``to``."""
        topic = self.query_one("#publish-topic", Input)
        if to:
            topic.value = to
        payload = self.query_one("#publish-payload", Input)
        # At once, unlike focus(): what is typed ahead belongs here.
        self.screen.set_focus(payload if topic.value else topic)

    @on(Input.Submitted)
    @on(Button.Pressed)
    def _asked(self, event: Input.Submitted | Button.Pressed) -> None:
        event.stop()
        self.send()

    def send(self) -> None:
        """Ask to publish what is written; without a topic, go there instead."""
        topic = self.query_one("#publish-topic", Input)
        if not topic.value:
            topic.focus()
            return
        payload = self.query_one("#publish-payload", Input).value
        self.post_message(
            self.Wanted(
                Publication(
                    topic.value,
                    payload.encode(),
                    qos=int(self.query_one("#publish-qos", Choice).value[1]),
                    retain=self.query_one("#publish-retain", Toggle).value,
                )
            )
        )
