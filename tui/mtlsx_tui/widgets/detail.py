"""One message in full: topic, flags, properties, and the payload laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import on
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message as Posted
from textual.widgets import Button, Static

from mtlsx.client.message import Message
from mtlsx.client.settings import PublishProperties
from mtlsx.payloads.formats import PayloadFormat
from mtlsx_tui.widgets.payload import View, lay_out, views
from mtlsx_tui.widgets.printable import fit, printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

_LEAST_BUTTON = 12
"""The cells of the button at least."""
_LEAST_TOPIC = 12


class MessageDetail(VerticalScroll):
    """Shows one message. Posts ``ViewChosen``."""

    class ViewChosen(Posted):
        """A person wants payloads laid out this way; None: as each looks."""

        def __init__(self, wanted: PayloadFormat | None) -> None:
            self.wanted = wanted
            super().__init__()

    DEFAULT_CSS = """
    MessageDetail {
        & > #detail-head {
            height: 1;
            & > #detail-facts { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
            & > Button { width: auto; min-width: 12; margin-left: 1; }  /* _LEAST_BUTTON */
        }
        & > #detail-properties { display: none; color: $text-muted; height: auto; }
        & > #detail-payload { height: auto; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._message: Message | None = None
        self._view = View.AUTO
        self._lines = 0

    def compose(self) -> ComposeResult:
        with Horizontal(id="detail-head"):
            yield Static(id="detail-facts")
            yield Button(self._label, compact=True, id="detail-format")
        yield Static(id="detail-properties")
        yield Static(id="detail-payload")

    @property
    def _label(self) -> str:
        return f"view: {self._view}"

    @property
    def message(self) -> Message | None:
        """The message that is shown."""
        return self._message

    def on_mount(self) -> None:
        self.display = False

    def show(self, message: Message | None) -> None:
        """Show ``message``, or nothing."""
        if message is self._message:
            return
        self._message = message
        self.scroll_home(animate=False)
        self._lay_out()

    def lay_out_as(self, wanted: PayloadFormat | None) -> None:
        """Lay payloads out as ``wanted``, where they are that; None: as each looks."""
        view = View.AUTO if wanted is None else View(wanted)
        if view is not self._view:
            self._view = view
            self.query_one(Button).label = self._label
            self._lay_out()

    def cycle_format(self) -> None:
        """Lay the payload out in the next way that fits; the choice stays for the messages after it."""
        if self._message is None:
            return
        choices = views(self._message.payload)
        at = choices.index(self._view) if self._view in choices else 0
        view = choices[(at + 1) % len(choices)]
        wanted = None if view is View.AUTO else PayloadFormat(view)
        self.lay_out_as(wanted)
        self.post_message(self.ViewChosen(wanted))

    @on(Button.Pressed)
    def _view_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.cycle_format()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        message = self._message
        self.display = message is not None
        if message is None:
            return
        cells = self.scrollable_content_region.width
        declared = message.properties.content_type if message.properties else None
        payload, name = lay_out(message.payload, self._view, cells=cells, content_type=declared)
        room = cells - max(_LEAST_BUTTON, len(self._label) + 2) - 1
        self.query_one("#detail-facts", Static).update(_facts(message, name, room), layout=False)
        # Laying the screen out is dear, and this happens several times a second while messages come.
        lines = payload.plain.count("\n")
        self.query_one("#detail-payload", Static).update(payload, layout=lines != self._lines)
        self._lines = lines
        properties = _properties(message.properties)
        line = self.query_one("#detail-properties", Static)
        line.display = bool(properties)
        if properties:
            texts = (f"{name}: {printable(value)}" for name, value in properties)
            line.update(Content("\n".join(texts)))


def _facts(message: Message, payload_name: str, cells: int) -> Content:
    """The topic and the facts in words; where there are not enough ``cells``, with short words, and part of the topic."""
    topic = printable(message.topic)
    facts = _in_words(message, payload_name, short=False)
    if cell_len(topic + facts) > cells:
        facts = _in_words(message, payload_name, short=True)
        topic = fit(topic, max(cells - cell_len(facts), _LEAST_TOPIC))
    return Content.assemble((topic, "$text-primary bold"), (facts, "$foreground-muted"))


def _in_words(message: Message, payload_name: str, *, short: bool) -> str:
    facts = [f"q{message.qos}" if short else f"QoS {message.qos}"]
    if message.retain:
        facts.append("retained")
    if message.dup:
        facts.append("DUP")
    size = len(message.payload)
    facts.append(f"{size:,} B" if short else "1 byte" if size == 1 else f"{size:,} bytes")
    facts.append(payload_name)
    if message.outgoing:
        facts.append("sent")
    if message.latency is not None:
        facts.append(f"back after {message.latency * 1000:.1f} ms")
    return "".join(f" · {fact}" for fact in facts)


def _properties(properties: PublishProperties | None) -> list[tuple[str, str]]:
    if properties is None:
        return []
    named = {
        "payload format indicator": properties.payload_format_indicator,
        "message expiry interval": properties.message_expiry_interval,
        "content type": properties.content_type,
        "response topic": properties.response_topic,
        "correlation data": properties.correlation_data and properties.correlation_data.hex(),
    }
    lines = [(name, str(value)) for name, value in named.items() if value is not None]
    lines += [
        ("subscription identifier", str(each)) for each in properties.subscription_identifiers
    ]
    lines += [(f"user property {name}", value) for name, value in properties.user_properties]
    return lines
