"""A decision and the steps that led to it, as a ladder: a mark and a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mtlsx.auth.trace import Mark
from mtlsx_tui.broker_log import BAD, GOOD, Decision, text_of
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.stream import clock_time

if TYPE_CHECKING:
    from textual.app import ComposeResult

_STYLES = {Mark.GOOD: "good", Mark.BAD: "bad", Mark.WARNING: "warning", Mark.HINT: "hint"}
_COLOURS = {GOOD: "$text-success", BAD: "$text-error"}


class Ladder(VerticalScroll):
    """Shows one decision until it is told otherwise."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "ladder--good",
        "ladder--bad",
        "ladder--warning",
        "ladder--hint",
    }
    DEFAULT_CSS = """
    Ladder {
        padding: 0 1;
        &:focus { background: $foreground 4%; background-tint: transparent; }
        & > Static { height: auto; }
        & > #ladder-steps { margin-top: 1; }
        & > .ladder--good { color: $text-success; }
        & > .ladder--bad { color: $text-error; }
        & > .ladder--warning { color: $text-warning; }
        & > .ladder--hint { color: $text-accent; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's name)
        super().__init__(id=id)
        self._decision: Decision | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="ladder-head")
        yield Static(id="ladder-steps")

    def show(self, decision: Decision | None) -> None:
        """Show ``decision``, from its first step."""
        if decision is not self._decision:
            self._decision = decision
            self.scroll_home(animate=False)
            self._draw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        decision = self._decision
        head, steps = (
            self.query_one("#ladder-head", Static),
            self.query_one("#ladder-steps", Static),
        )
        if decision is None:
            head.update(Content.styled("Nothing is decided yet.", "$foreground-muted"))
            steps.update("")
            return
        head.update(self._head(decision))
        # A table, so that a long sentence goes on below itself and not below its mark.
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for mark, sentence in decision.ladder:
            name = _STYLES.get(Mark(mark))
            style = self.get_component_rich_style(f"ladder--{name}", partial=True) if name else ""
            table.add_row(Text(mark, style), Text(printable(sentence)))
        steps.update(table)

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
