"""The failure panel: why there is no connection, in the place of the messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mtlsx.probe.verdicts import RefusedBy, Stage
from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.errors import MtlsxError
    from mtlsx.probe.verdicts import Verdict

_WHO = {
    RefusedBy.US: "we refused the server",
    RefusedBy.SERVER: "the server refused",
    RefusedBy.NETWORK: "the network",
    RefusedBy.NOBODY: "",
}


class FailurePanel(VerticalScroll):
    """Shows a verdict until it is told otherwise."""

    DEFAULT_CSS = """
    FailurePanel {
        padding: 1 2 0 2;
        & > Static { height: auto; }
        & > #failure-fix { margin: 0 0 0 2; }
        & > #failure-summary { margin: 0 0 0 2; }
        & > #failure-evidence { margin: 1 0 0 2; }
        & > #failure-next { margin: 1 0 0 2; color: $text-muted; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._verdict: str | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="failure-head")
        yield Static(id="failure-summary")
        yield Static(id="failure-fix")
        yield Static(id="failure-evidence")
        yield Static(id="failure-next")

    def show(self, verdict: Verdict) -> None:
        """Show ``verdict``; the evidence follows with ``show_evidence``."""
        stage = verdict.stage.replace("-", " ")
        local = verdict.stage is Stage.MATERIAL
        who = "nothing was sent yet" if local else _WHO[verdict.refused_by]
        head = Content.assemble(
            (f"✘ {stage}", "$text-error bold"),
            (f"   {who}", "$foreground-muted"),
        )
        self._lay_out(head, verdict.summary, verdict.fix)
        self._verdict = verdict.id
        self.show_evidence(())

    def show_error(self, error: MtlsxError) -> None:
        """Show why there was not even an attempt."""
        self._lay_out(Content.styled("✘ not started", "$text-error bold"), error.summary, error.fix)
        self._verdict = None
        self.show_evidence(())

    def show_evidence(self, lines: Sequence[tuple[str, str]]) -> None:
        """Show what the handshake showed: names and texts."""
        if self._verdict is not None:
            lines = [*lines, ("verdict", self._verdict)]
        # A table, so that a long text goes on below itself and not below its name.
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in lines:
            table.add_row(name, Text(printable(text)))
        evidence = self.query_one("#failure-evidence", Static)
        evidence.display = bool(lines)
        evidence.update(table)

    def _lay_out(self, head: Content, summary: str, fix: str | None) -> None:
        self.query_one("#failure-head", Static).update(head)
        self.query_one("#failure-summary", Static).update(
            Content.styled(printable(summary), "bold")
        )
        place = self.query_one("#failure-fix", Static)
        place.display = fix is not None
        place.update(Content.styled(f"→ {printable(fix or '')}", "$text-success"))
        self.scroll_home(animate=False)

    def show_next(self, text: str) -> None:
        """Say what will happen now."""
        self.query_one("#failure-next", Static).update(Content(text))
