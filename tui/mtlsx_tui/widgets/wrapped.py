"""Text over several lines, broken at spaces, and in a digest between two bytes: so a person compares it with another.

In: one line of printable text, and the cells there are. Out: lines that fit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells
from rich.measure import Measurement
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.style import Style

_DIGEST = re.compile(r"[0-9A-Fa-f]{2}(?P<colon>:?)[0-9A-Fa-f]{2}(?:(?P=colon)[0-9A-Fa-f]{2})*")


def wrapped(text: str, cells: int) -> list[str]:
    """The lines of ``text``, each of at most ``cells`` terminal cells; at least one."""
    lines: list[str] = []
    line: str | None = None
    for word in text.split(" "):
        longer = word if line is None else f"{line} {word}"
        if cell_len(longer) <= cells:
            line = longer
            continue
        if line is not None:
            lines.append(line)
        *whole, line = broken(word, cells)
        lines += whole
    return lines if line is None else [*lines, line]


def broken(word: str, cells: int) -> list[str]:
    """The pieces of a word or value, each of at most ``cells`` terminal cells; at least one.

    A digest, in hexadecimal with or without colons, is broken between two bytes.
    """
    digest = _DIGEST.fullmatch(word)
    if digest is not None:
        byte = 2 + len(digest["colon"])
        cells = max(cells - cells % byte, byte)
    return chop_cells(word, cells) or [""]


class Wrapped:
    """``text`` as Rich draws it, in as much room as there is."""

    def __init__(self, text: str, style: Style | str = "") -> None:
        self._text = text
        self._style = style

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, Text(self._text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("\n".join(wrapped(self._text, options.max_width)), self._style)
