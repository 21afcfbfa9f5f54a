"""The first line of a screen: the program, the profile, and how its connection stands, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

DOTS = {
    State.DISCONNECTED: ("○", "$foreground-muted"),
    State.CONNECTING: ("◐", "$text-warning"),
    State.CONNECTED: ("●", "$text-success"),
    State.WAITING: ("◔", "$text-warning"),
    State.FAILED: ("✘", "$text-error"),
}
"""The mark of each state, and the theme's colour for it; the same wherever a state is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the line says.

    ``words``: the state; ``facts``: short texts; ``mapping``: the broker's, left out where there is no
    room; ``alarm``: a check that is off.
    """

    profile: str | None = None
    group: str | None = None
    state: State = State.DISCONNECTED
    words: str = ""
    facts: tuple[str, ...] = ()
    mapping: str | None = None
    alarm: str | None = None


class StatusLine(Horizontal):
    """The status of the profile that is shown."""

    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        background: $panel;
        & > #status-place { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
        & > #status-state { width: auto; text-wrap: nowrap; margin: 0 1; }
        & > #status-mapping { display: none; width: auto; margin: 0 1 0 2; }
        &.-mapped > #status-mapping { display: block; }
        & > #status-alarm { width: auto; background: $error; color: $text; text-style: bold; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._status: Status | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="status-place")
        yield Static(id="status-alarm")
        yield Static(id="status-state")
        yield Static(id="status-mapping")

    def show(self, status: Status) -> None:
        """Show ``status`` from now on."""
        if status == self._status:
            return
        self._status = status
        place = [Content.styled(" mtlsx ", "$text-primary bold"), Content("  ")]
        if status.profile is not None:
            if status.group:
                place.append(Content.styled(f"{printable(status.group)} / ", "$foreground-muted"))
            place.append(Content.styled(printable(status.profile), "bold"))
        self.query_one("#status-place", Static).update(Content("").join(place))

        dot, colour = DOTS[status.state]
        parts = [Content.styled(f"{dot} {status.words}", colour)] if status.words else []
        parts += [Content.styled(fact, "$foreground-muted") for fact in status.facts]
        self.query_one("#status-state", Static).update(Content("  ").join(parts))
        mapping = Content.styled(status.mapping or "", "$foreground-muted")
        self.query_one("#status-mapping", Static).update(mapping)
        self.set_class(status.mapping is not None, "-mapped")
        alarm = self.query_one("#status-alarm", Static)
        alarm.display = status.alarm is not None
        alarm.update(f" {status.alarm} ")
