"""The list of what the local broker decided: a line each, the newest first."""

from __future__ import annotations

from mtlsx_tui.broker_log import BAD, GOOD, NOTE, Decision, text_of
from mtlsx_tui.widgets.lines import LineTable
from mtlsx_tui.widgets.printable import fit, pad, printable
from mtlsx_tui.widgets.stream import clock_time

_STYLES = {GOOD: "good", BAD: "bad"}
_FIXED = len(" 12:00:01 ✔ SUBSCRIBE  ")
_NARROWEST_WHO = 12
_WIDEST_WHO = 38


class DecisionTable(LineTable[Decision]):
    """Decisions, told from each other by their numbers. On the newest, the cursor stays on the newest."""

    def key(self, row: Decision) -> int:
        return row.number

    def columns(self, row: Decision, width: int) -> list[tuple[str, str]]:
        room = max(2 * _NARROWEST_WHO, width - _FIXED)
        who = min(_WIDEST_WHO, max(_NARROWEST_WHO, room // 3))
        style = _STYLES.get(row.mark, "muted")
        name = text_of(row.client_id) or row.host or ""
        said = row.said if row.mark is BAD and row.what not in ("CONNECT", "TLS") else ""
        detail = f"{row.detail}  {said}" if said else row.detail
        return [
            (f" {clock_time(row.at)[:8]} ", "muted"),
            (f"{row.mark} ", style),
            (f"{row.what:<10}", style),
            (f"{pad(printable(name), who)} ", "text"),
            (fit(printable(detail), room - who), "muted" if row.mark is NOTE else "text"),
        ]
