"""The table of what an authority issued: a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx_tui.widgets.lines import LineTable
from mtlsx_tui.widgets.printable import pad, printable

if TYPE_CHECKING:
    from mtlsx_tui.authorities import Row

_DOTS = {"valid": "●", "ending": "◔", "expired": "✘", "renewed": "○", "revoked": "✘"}
_STYLES = {
    "valid": "good",
    "ending": "warning",
    "expired": "bad",
    "renewed": "muted",
    "revoked": "bad",
}
_FIXED = len("  ● expired  9,999 d  device ")
_UNTIL = len(" 2027-11-26")
_SERIAL = len("  7EF1DB4C7C419DEE40D1CC6818397C138E6AD933")
_NARROWEST_NAME = 22


class IssuedTable(LineTable["Row"]):
    """Certificates, told from each other by their serial numbers."""

    def key(self, row: Row) -> str:
        return row.serial

    def columns(self, row: Row, width: int) -> list[tuple[str, str]]:
        """What has no room is left out."""
        room = width - _FIXED
        until = serial = ""
        if room - _UNTIL >= _NARROWEST_NAME:
            until = f" {row.until:%Y-%m-%d}"
            room -= _UNTIL
        if room - _SERIAL >= _NARROWEST_NAME:
            serial = f"  {row.serial}"
            room -= _SERIAL
        state = str(row.standing)
        return [
            (f" {_DOTS[state]} {state:<8}", _STYLES[state]),
            (f"{row.days:>6,} d ", "text"),
            (f" {row.kind:<6} ", "muted"),
            (pad(printable(row.name), max(1, room)), "text"),
            (until, "muted"),
            (serial, "muted"),
        ]
