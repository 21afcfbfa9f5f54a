"""The table of the clients of the local broker: a line each."""

from __future__ import annotations

from textual.widgets import Static

from mtlsx_tui.broker_log import Client, text_of
from mtlsx_tui.widgets.lines import LineTable
from mtlsx_tui.widgets.printable import pad, printable
from mtlsx_tui.widgets.stream import clock_time

_TITLES = ("client id", "username", "CN", "MQTT", "address", "since")
_VERSION, _ADDRESS, _SINCE = 6, 16, 9
_NARROWEST_NAME = 14


class ClientTable(LineTable[Client]):
    """Clients, told from each other by where they come from."""

    def key(self, row: Client) -> tuple[str, int]:
        return row.host, row.port

    def columns(self, row: Client, width: int) -> list[tuple[str, str]]:
        """The CN and the address are left out where there is no room for them."""
        texts = (
            text_of(row.client_id),
            text_of(row.username) or "–",
            text_of(row.common_name) or "–",
            row.version,
            f"{row.host}:{row.port}",
            clock_time(row.since)[:8],
        )
        styles = ("text", "text", "muted", "muted", "muted", "muted")
        return [
            (_cell(text, cells), style)
            for text, style, cells in zip(texts, styles, _widths(width), strict=True)
        ]


class ClientTitles(Static):
    """What the columns of ``ClientTable`` are."""

    DEFAULT_CSS = """
    ClientTitles { height: 1; padding-right: 1; color: $text-muted; text-wrap: nowrap; }
    """

    def on_resize(self) -> None:
        widths = _widths(self.size.width)
        self.update(
            "".join(_cell(title, cells) for title, cells in zip(_TITLES, widths, strict=True))
        )


def _cell(text: str, cells: int) -> str:
    return f" {pad(printable(text), cells - 1)}" if cells else ""


def _widths(width: int) -> tuple[int, int, int, int, int, int]:
    """The cells of each column, with the blank before it; 0 for one that is left out."""
    room = width - _VERSION - _SINCE
    count = 3 if room >= 3 * _NARROWEST_NAME else 2
    address = _ADDRESS + 1 if room - _ADDRESS - 1 >= count * _NARROWEST_NAME else 0
    room -= address
    each = max(4, room // count)
    return room - (count - 1) * each, each, each if count == 3 else 0, _VERSION, address, _SINCE
