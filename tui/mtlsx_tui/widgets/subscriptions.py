"""Subscriptions: the list with what the server granted, and the line that adds one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

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
from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult


class SubscriptionList(OptionList):
    """The subscriptions of a session; delete gives the one under the cursor up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete,x", "unsubscribe", "Unsubscribe"),
    ]

    class UnsubscribeWanted(Message):
        """A person wants to give a subscription up."""

        def __init__(self, topic_filter: str) -> None:
            self.topic_filter = topic_filter
            super().__init__()

    def action_unsubscribe(self) -> None:
        """Ask to give up the subscription under the cursor."""
        option = self.highlighted_option
        if option is not None and option.id is not None:
            self.post_message(self.UnsubscribeWanted(option.id))


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

    def show(
        self, wanted: Sequence[Subscription], answers: Mapping[str, SubscriptionState] | None
    ) -> None:
        """List subscriptions with the server's answers by topic filter, None where it was not asked."""
        options = self.query_one(SubscriptionList)
        highlighted = options.highlighted
        options.set_options(
            Option(
                _row(each, None if answers is None else answers.get(each.topic_filter)),
                id=each.topic_filter,
            )
            for each in wanted
        )
        options.display = bool(wanted)
        self.query_one("#subscription-none").display = not wanted
        if wanted:
            options.highlighted = min(highlighted or 0, len(wanted) - 1)

    def open(self) -> None:
        """Show the line for a new subscription, ready to type."""
        self.show_error(None)
        self.add_class("-open")
        self.screen.set_focus(self.query_one(Input))

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


def _row(subscription: Subscription, state: SubscriptionState | None) -> Content:
    topic_filter = printable(subscription.topic_filter)
    if state is None:
        return Content.styled(f"○ {topic_filter} q{subscription.qos}", "$foreground-muted")
    if state.code is None:
        return Content.assemble(
            ("◌ ", "$text-warning"), topic_filter, (" asked", "$foreground-muted")
        )
    if state.refused:
        refusal = f"\n  {printable(state.text)}"
        return Content.assemble(("✘ ", "$text-error"), topic_filter, (refusal, "$text-error"))
    granted = f" q{state.code}"
    if state.code != subscription.qos:
        granted += f" (asked q{subscription.qos})"
    return Content.assemble(("● ", "$text-success"), topic_filter, (granted, "$foreground-muted"))
