"""A list to choose from whose row under the cursor can be read.

Rows have words in colours of their own: states, labels, topics. Textual draws these on the cursor's bar as they are, where
a muted grey or a dark red is hardly there.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widgets import OptionList


class Options(OptionList):
    """An option list that draws all of the row under the cursor in the cursor's own colour, while it has the focus."""

    def render_line(self, y: int) -> Strip:
        """The line ``y`` of what is in view."""
        strip = super().render_line(y)
        if not self.has_focus or self.highlighted is None:
            return strip
        first = next(iter(strip), None)
        meta = {} if first is None or first.style is None else first.style.meta
        if meta.get("option") != self.highlighted:
            return strip
        cursor = self.get_visual_style("option-list--option", "option-list--option-highlighted")
        colour = Style(color=cursor.rich_style.color)
        return Strip(
            [Segment(text, (style or Style()) + colour, control) for text, style, control in strip],
            strip.cell_length,
        )
