"""Numbers over time, drawn with braille: two by four dots in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from mtlsx.client.numbers import NumberSeries, write_path
from mtlsx_tui.widgets.printable import fit, printable
from mtlsx_tui.widgets.stream import clock_time

if TYPE_CHECKING:
    from textual.app import RenderResult

Point = tuple[float, float]

_DOT_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Of U+2800, by column and row (Unicode, Braille Patterns)."""
_SCALE_CELLS = 10


class NumberPlot(Widget):
    """One series: its path, the last number and the extremes; below it the line, and the time it covers."""

    DEFAULT_CSS = """
    NumberPlot { height: 10; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._series: NumberSeries | None = None
        self._choices = 0

    def show(self, series: NumberSeries | None, choices: int = 0) -> None:
        """Show ``series`` as it is now; ``choices``: how many paths there are to choose from."""
        self._series, self._choices = series, choices
        self.refresh()

    def render(self) -> RenderResult:
        """The head, the line, the time: as many lines as there are."""
        series, width, height = self._series, self.size.width, self.size.height
        if series is None or width <= _SCALE_CELLS + 8 or height < 4:
            return Content("")
        points = list(series.points)
        head = _head(series, self._choices)
        if not points:
            note = "no number there yet" if series.path else "no number in it"
            return Content.assemble(head, "\n", (note, "$foreground-muted"))
        low, high = extremes(points)
        lines = braille(points, width - _SCALE_CELLS, height - 2)
        scale = [""] * len(lines)
        scale[0], scale[-1] = short(high), short(low)
        first, last = clock_time(points[0][0])[:8], clock_time(points[-1][0])[:8]
        gap = " " * max(1, width - _SCALE_CELLS - len(first) - len(last))
        return Content("\n").join(
            [
                head,
                *(
                    Content.assemble(
                        (f"{label:>{_SCALE_CELLS - 1}} ", "$foreground-muted"),
                        (line, "$text-primary"),
                    )
                    for label, line in zip(scale, lines, strict=True)
                ),
                Content.styled(f"{' ' * _SCALE_CELLS}{first}{gap}{last}", "$foreground-muted"),
            ]
        )


def _head(series: NumberSeries, choices: int) -> Content:
    parts = [
        ("PLOT ", "$foreground-muted bold"),
        (fit(printable(write_path(series.path) or "the payload"), 40), "$text-primary bold"),
    ]
    if series.points:
        low, high = extremes(series.points)
        number = series.points[-1][1]
        parts.append((f"  {short(number)}", "bold"))
        count = len(series.points)
        parts.append(
            (
                f"  {count:,} {'point' if count == 1 else 'points'}, {short(low)} to {short(high)}",
                "$foreground-muted",
            )
        )
    if choices > 1:
        parts.append((f"  f next of {choices}", "$foreground-muted"))
    return Content.assemble(*parts)


def extremes(points: Sequence[Point]) -> tuple[float, float]:
    """The lowest number and the highest."""
    numbers = [number for _, number in points]
    return min(numbers), max(numbers)


def short(number: float) -> str:
    """A number in at most nine characters: ``"21.4"``, ``"-1.2e+09"``."""
    text = f"{number:.6g}"
    return text if len(text) < _SCALE_CELLS else f"{number:.1e}"


def braille(points: Sequence[Point], columns: int, rows: int) -> list[str]:
    """A line through ``points`` (seconds, number; at least one, in order of time), ``rows`` lines of ``columns`` cells.

    The whole width is the time from the first point to the last, the whole height from the lowest to the highest.
    """
    across, down = 2 * columns - 1, 4 * rows - 1
    begin, end = points[0][0], points[-1][0]
    low, high = extremes(points)
    cells = [[0] * columns for _ in range(rows)]

    def place(point: Point) -> tuple[int, int]:
        seconds, number = point
        # A clock that was set back stays within the picture.
        x = across * min(1.0, max(0.0, _part(seconds, begin, end)))
        return round(x), round(down * (1 - _part(number, low, high)))

    def dot(x: int, y: int) -> None:
        cells[y // 4][x // 2] |= _DOT_BITS[x % 2][y % 4]

    places = [place(point) for point in points]
    for (x, y), (next_x, next_y) in pairwise(places):
        steps = max(abs(next_x - x), abs(next_y - y), 1)
        for step in range(steps):
            dot(x + round((next_x - x) * step / steps), y + round((next_y - y) * step / steps))
    dot(*places[-1])
    return ["".join(chr(0x2800 + bits) for bits in row) for row in cells]


def _part(value: float, low: float, high: float) -> float:
    """How far ``value`` is on the way from ``low`` to ``high``, from 0 to 1; the middle where they are the same."""
    # Halved, because the whole way may be longer than the largest number.
    way = high / 2 - low / 2
    return (value / 2 - low / 2) / way if way > 0 else 0.5
