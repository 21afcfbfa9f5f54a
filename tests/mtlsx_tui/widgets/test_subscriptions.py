"""A subscription's row says how it stands and what it brought, in the room there is."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from mtlsx.client.settings import Subscription
from mtlsx_tui.sessions import SubscriptionState
from mtlsx_tui.widgets.subscriptions import Subscriptions, Traffic, row
from support.tui import shown

FACTORY = Subscription("factory/#", 1)


@pytest.mark.parametrize(
    ("subscription", "state", "traffic", "text"),
    [
        (FACTORY, None, Traffic(), "○ factory/# q1"),
        (FACTORY, SubscriptionState(FACTORY), Traffic(), "◌ factory/# asked"),
        (FACTORY, SubscriptionState(FACTORY, 0), Traffic(), "● factory/# q0 (asked q1)"),
        (FACTORY, SubscriptionState(FACTORY, 0x87, "Not authorized"), Traffic(), "✘ factory/#\n  Not authorized"),
        (FACTORY, SubscriptionState(FACTORY, 1), Traffic(9999, 0.4), "● factory/#           q1 9,999"),
        (FACTORY, SubscriptionState(FACTORY, 1), Traffic(12_345, 99.6), "● factory/#        q1 12k 100/s"),
        (FACTORY, SubscriptionState(FACTORY, 1), Traffic(1_250_000, 0.0), "● factory/#            q1 1.2M"),
        (Subscription("a" * 40, enabled=False), None, Traffic(), "‖ " + "a" * 23 + "… off"),
        (Subscription("a", alias="Käse\x1b"), None, Traffic(), "○ Käse\\x1b q0"),
    ],
)  # fmt: skip
def test_a_row(
    subscription: Subscription, state: SubscriptionState | None, traffic: Traffic, text: str
) -> None:
    shown = row(subscription, state, traffic, 30, dark=True).plain
    words = shown.split("\n")[0].split()
    assert words == text.split("\n", maxsplit=1)[0].split()
    assert shown.split("\n")[1:] == text.split("\n")[1:]
    assert all(cell_len(line) <= 30 for line in shown.split("\n"))
    assert not traffic.count or cell_len(shown) == 30


class Panel(App[None]):
    """The panel with one subscription that nobody is connected for."""

    def compose(self) -> ComposeResult:
        yield Subscriptions()

    def on_mount(self) -> None:
        self.query_one(Subscriptions).show([FACTORY], None, {})


async def test_a_row_takes_the_room_that_it_gets_later() -> None:
    """The list is shown with its first row, and the terminal may be made larger."""
    app = Panel()
    async with app.run_test(size=(12, 6)) as pilot:
        await shown(pilot, "○ factor… q1")
        await pilot.resize_terminal(30, 6)
        await shown(pilot, "○ factory/# q1")
