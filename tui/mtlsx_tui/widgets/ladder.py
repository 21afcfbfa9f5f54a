"""A decision and the steps that led to it, as a ladder: a mark and a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mtlsx.auth.trace import Mark
from mtlsx_tui.broker_log import BAD, GOOD, Decision, text_of
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.rungs import Rung, Rungs, Tone
from mtlsx_tui.widgets.stream import clock_time

if TYPE_CHECKING:
    from textual.app import ComposeResult

_TONES = {
    Mark.GOOD: Tone.GOOD,
    Mark.BAD: Tone.BAD,
    Mark.WARNING: Tone.WARNING,
    Mark.HINT: Tone.HINT,
}
_COLOURS = {GOOD: "$text-success", BAD: "$text-error"}


class Ladder(VerticalScroll):
    """Shows one decision until it is told otherwise."""

    DEFAULT_CSS = """
    Ladder {
        padding: 0 1;
        &:focus { background: $foreground 4%; background-tint: transparent; }
        & > Static { height: auto; }
        & > #ladder-steps { margin-top: 1; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._decision: Decision | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="ladder-head")
        yield Rungs(id="ladder-steps")

    def show(self, decision: Decision | None) -> None:
        """Show ``decision``, from its first step."""
        if decision is not self._decision:
            self._decision = decision
            self.scroll_home(animate=False)
            self._draw()

    def _draw(self) -> None:
        decision = self._decision
        head, steps = self.query_one("#ladder-head", Static), self.query_one(Rungs)
        if decision is None:
            head.update(Content.styled("Nothing is decided yet.", "$foreground-muted"))
            steps.show(())
            return
        head.update(self._head(decision))
        steps.show(
            [
                Rung(mark, sentence, _TONES.get(Mark(mark), Tone.PLAIN))
                for mark, sentence in decision.ladder
            ]
        )

    def _head(self, decision: Decision) -> Content:
        place = "" if decision.host is None else f" from {decision.host}:{decision.port}"
        said = f"{decision.mark} {decision.what} {decision.said}"
        who = printable(text_of(decision.client_id))
        return Content.assemble(
            (said, _COLOURS.get(decision.mark, "$foreground-muted")),
            (f"  {who}" if who else "", "bold"),
            (f"{place}  {clock_time(decision.at)}", "$foreground-muted"),
            f"\n{printable(decision.detail)}",
        )
