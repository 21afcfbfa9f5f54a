"""Subscriptions: the list with what the server granted and how much came, and the line that adds one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from mtlsx.client.settings import Subscription
from mtlsx_tui.sessions import SubscriptionState
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.colours import readable
from mtlsx_tui.widgets.options import Options
from mtlsx_tui.widgets.printable import fit, printable

if TYPE_CHECKING:
    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many messages a subscription brought, and how many a second."""

    count: int = 0
    rate: float = 0.0


class SubscriptionList(Options):
    """The subscriptions of a session. Posts what a person wants done with the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "post('turn')", "On/off", tooltip="Pause a subscription, or go on"),
        Binding("e", "post('edit')", "Edit", tooltip="Edit the subscription"),
        Binding("delete,x", "post('remove')", "Unsubscribe", tooltip="Remove the subscription"),
    ]

    class Wanted(Message):
        """``action``: ``turn`` (on or off), ``edit``, ``remove``, or ``filter`` (show its messages only)."""

        def __init__(self, action: str, topic_filter: str) -> None:
            self.action = action
            self.topic_filter = topic_filter
            super().__init__()

    def action_post(self, action: str) -> None:
        """Ask for something to be done with the subscription under the cursor."""
        option = self.highlighted_option
        if option is not None and option.id is not None:
            self.post_message(self.Wanted(action, option.id))

    class Resized(Message):
        """There is more or less room for a line."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_post("filter")


class Subscriptions(Vertical):
    """The panel of subscriptions. Posts ``Wanted``; ``open`` shows the line for a new one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
    ]
    DEFAULT_CSS = """
    Subscriptions {
        height: 1fr;
        & > #subscription-new {
            display: none;
            height: auto;
            & > Input { width: 1fr; }
            & > Horizontal { height: 1; }
        }
        &.-open > #subscription-new { display: block; }
        & > #subscription-error { display: none; color: $text-error; }
        &.-error > #subscription-error { display: block; }
        & > #subscription-none { color: $text-muted; }
        & > SubscriptionList { height: 1fr; }
    }
    """

    class Wanted(Message):
        """A person wants to subscribe."""

        def __init__(self, subscription: Subscription) -> None:
            self.subscription = subscription
            super().__init__()

    class Closed(Message):
        """The line for a new subscription was closed."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[Subscription, SubscriptionState | None]] = []
        self._shown_traffic: Mapping[str, Traffic] = {}

    def compose(self) -> ComposeResult:
        yield Static("SUBSCRIPTIONS", classes="title")
        with Vertical(id="subscription-new"):
            yield Input(placeholder="topic filter", compact=True, id="subscription-filter")
            with Horizontal():
                yield Choice(("q0", "q1", "q2"), id="subscription-qos")
                yield Static(" ⏎ add  esc", classes="hint")
        yield Static(id="subscription-error")
        yield Static("none", id="subscription-none")
        yield SubscriptionList(id="subscription-list", compact=True, markup=False)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._paint_again())

    def show(
        self,
        wanted: Sequence[Subscription],
        answers: Mapping[str, SubscriptionState] | None,
        traffic: Mapping[str, Traffic],
    ) -> None:
        """List subscriptions with the server's answers and their messages, by topic filter.

        ``answers``: None where there is no connection.
        """
        self._shown_traffic = traffic
        wanted = tuple({each.topic_filter: each for each in wanted}.values())
        self._rows = [
            (each, None if answers is None else answers.get(each.topic_filter)) for each in wanted
        ]
        options = self.query_one(SubscriptionList)
        highlighted = options.highlighted
        options.set_options(
            Option(prompt, id=topic_filter) for topic_filter, prompt in self._prompts(traffic)
        )
        options.display = bool(wanted)
        self.query_one("#subscription-none").display = not wanted
        if wanted:
            options.highlighted = min(highlighted or 0, len(wanted) - 1)

    def show_traffic(self, traffic: Mapping[str, Traffic]) -> None:
        """Show how many messages have come now."""
        self._shown_traffic = traffic
        options = self.query_one(SubscriptionList)
        for topic_filter, prompt in self._prompts(traffic):
            if options.get_option(topic_filter).prompt != prompt:
                options.replace_option_prompt(topic_filter, prompt)

    @on(SubscriptionList.Resized)
    def _paint_again(self) -> None:
        options = self.query_one(SubscriptionList)
        for topic_filter, prompt in self._prompts(self._shown_traffic):
            # Also where the text is the same: what differs may be its colours.
            options.replace_option_prompt(topic_filter, prompt)

    def _prompts(self, traffic: Mapping[str, Traffic]) -> Iterator[tuple[str, Content]]:
        cells = self.query_one(SubscriptionList).scrollable_content_region.width
        dark = self.app.current_theme.dark
        for subscription, state in self._rows:
            topic_filter = subscription.topic_filter
            came = traffic.get(topic_filter, Traffic())
            yield topic_filter, row(subscription, state, came, cells, dark=dark)

    def open(self) -> None:
        """Show the line for a new subscription, ready to type."""
        self.show_error(None)
        self.add_class("-open")
        self.screen.set_focus(self.query_one(Input))

    def focus_list(self) -> None:
        """Give the list the focus."""
        self.screen.set_focus(self.query_one(SubscriptionList))

    def show_error(self, text: str | None) -> None:
        """Say why the last wish could not be followed; None clears it."""
        self.set_class(text is not None, "-error")
        self.query_one("#subscription-error", Static).update(Content(text or ""))

    def accept(self) -> None:
        """What was typed has been taken: be ready for the next, out of the way."""
        self.query_one(Input).value = ""
        self._hide()

    def action_close(self) -> None:
        """Hide the line for a new subscription."""
        self._hide()
        self.post_message(self.Closed())

    def _hide(self) -> None:
        self.show_error(None)
        self.remove_class("-open")

    @on(Input.Submitted, "#subscription-filter")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        topic_filter = event.value.strip()
        if not topic_filter:
            self.show_error("Type a topic filter, such as factory/#.")
            return
        qos = int(self.query_one("#subscription-qos", Choice).value[1])
        self.show_error(None)
        self.post_message(self.Wanted(Subscription(topic_filter, qos)))


def row(
    subscription: Subscription,
    state: SubscriptionState | None,
    traffic: Traffic,
    cells: int,
    *,
    dark: bool,
) -> Content:
    """One subscription in ``cells`` columns: its state, its name, the QoS, and at the right what came.

    ``dark``: whether the theme is.
    """
    mark, mark_colour, remark, below = _standing(subscription, state)
    name = printable(subscription.alias or subscription.topic_filter)
    refused = state is not None and state.refused
    came = "" if refused else _came(traffic)
    room = max(4, cells - 2 - cell_len(remark) - (len(came) + 1 if came else 0))
    name = fit(name, room)
    gap = " " * (room - cell_len(name)) if came and cells else ""
    muted = not subscription.enabled or state is None
    return Content.assemble(
        (f"{mark} ", mark_colour),
        (name, "$foreground-muted" if muted else readable(subscription.colour, dark=dark) or ""),
        (remark, "$foreground-muted"),
        gap,
        (f" {came}" if came else "", "$text-accent"),
        (f"\n  {below}" if below else "", "$text-error"),
    )


def _standing(
    subscription: Subscription, state: SubscriptionState | None
) -> tuple[str, str, str, str]:
    """The mark and its colour, what to say after the name, and what below it."""
    if not subscription.enabled:
        return "‖", "$foreground-muted", " off", ""
    if state is None:
        return "○", "$foreground-muted", f" q{subscription.qos}", ""
    if state.code is None:
        return "◌", "$text-warning", " asked", ""
    if state.refused:
        return "✘", "$text-error", "", printable(state.text)
    granted = f" q{state.code}"
    if state.code != subscription.qos:
        granted += f" (asked q{subscription.qos})"
    return "●", "$text-success", granted, ""


def _came(traffic: Traffic) -> str:
    if not traffic.count:
        return ""
    rate = f" {_short(round(traffic.rate))}/s" if traffic.rate >= 0.5 else ""
    return _short(traffic.count) + rate


def _short(number: int) -> str:
    """At most five characters: ``9,999``, ``10k``, ``1.2M``."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number // 1000}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"
