"""The failure panel: how far the last attempt came and why it came no further, in the place of the messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mtlsx.probe.verdicts import MEANINGS, RefusedBy, Stage
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.rungs import Rung, Rungs, Tone

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.errors import MtlsxError
    from mtlsx.probe.ladder import Step
    from mtlsx.probe.verdicts import Verdict

_WHO = {
    RefusedBy.US: "we refused the server",
    RefusedBy.SERVER: "the server refused",
    RefusedBy.NETWORK: "the network",
    RefusedBy.NOBODY: "",
}
_MARKS = {True: ("✔", Tone.GOOD), False: ("✘", Tone.BAD), None: ("·", Tone.ASIDE)}


class FailurePanel(VerticalScroll):
    """Shows the ladder and the verdict of one attempt until it is told otherwise."""

    DEFAULT_CSS = """
    FailurePanel {
        padding: 1 1 0 1;
        & > Static { height: auto; }
        & > #failure-head { margin: 0 0 1 0; }
        & > #failure-summary { margin: 0 0 0 2; }
        & > #failure-fix { margin: 0 0 0 2; }
        & > #failure-candidates { margin: 1 0 0 2; color: $text-muted; }
        & > #failure-next { margin: 1 0 0 2; color: $text-muted; }
        &:focus { background: $foreground 4%; background-tint: transparent; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="failure-head")
        yield Rungs()
        yield Static(id="failure-summary")
        yield Static(id="failure-fix")
        yield Static(id="failure-candidates")
        yield Static(id="failure-next")

    def show(self, verdict: Verdict, steps: Sequence[Step] = ()) -> None:
        """Show ``verdict`` below the rungs that led to it."""
        stage = verdict.stage.replace("-", " ")
        local = verdict.stage is Stage.MATERIAL
        who = "nothing was sent yet" if local else _WHO[verdict.refused_by]
        head = Content.assemble(
            (f"✘ {stage}", "$text-error bold"),
            (f"   {who}" if who else "", "$foreground-muted"),
        )
        self._lay_out(head, verdict.summary, verdict.fix, steps, verdict.candidates)

    def show_error(self, error: MtlsxError) -> None:
        """Show why there was not even an attempt."""
        head = Content.styled("✘ not started", "$text-error bold")
        self._lay_out(head, error.summary, error.fix, (), ())

    def show_next(self, text: str) -> None:
        """Say what will happen now."""
        self._say("#failure-next", Content(text) if text else None)

    def _lay_out(
        self,
        head: Content,
        summary: str,
        fix: str | None,
        steps: Sequence[Step],
        candidates: Sequence[str],
    ) -> None:
        # The last rung says what the head would.
        self._say("#failure-head", None if steps else head)
        self.query_one(Rungs).show([rung_of(step) for step in steps])
        self.query_one("#failure-summary", Static).update(
            Content.styled(printable(summary), "bold")
        )
        done = None if fix is None else Content.styled(f"→ {printable(fix)}", "$text-success")
        self._say("#failure-fix", done)
        others = ", or that ".join(MEANINGS.get(each, each) for each in candidates)
        told = Content(f"It may also be that {others}.") if others else None
        self._say("#failure-candidates", told)
        self.scroll_home(animate=False)

    def _say(self, where: str, what: Content | None) -> None:
        place = self.query_one(where, Static)
        place.display = what is not None
        place.update(what or "")


def rung_of(step: Step) -> Rung:
    """A stage of an attempt as a row: mark, short name, what it showed, milliseconds."""
    mark, tone = _MARKS[step.ok]
    time = "" if step.seconds is None else f"{step.seconds * 1000:.0f} ms"
    return Rung(mark, step.detail, tone, step.label, time)
