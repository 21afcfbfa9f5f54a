"""SVG screenshots to PNG: in goes the path of an SVG that Rich or Textual exported, out comes a PNG beside it.

Such an SVG gives each run of text its length (``textLength``) and trusts the viewer to stretch the run to the
terminal's grid. rsvg-convert ignores that attribute, so columns drift and Fira Code's ligatures swallow cells.
Here every character is put in its own place first.
"""

from __future__ import annotations

import re
import subprocess
from html import escape, unescape
from pathlib import Path

from rich.cells import cell_len

CELL = 12.2  # the width of a cell in Rich's SVG: font-size 20 times Fira Code's aspect ratio, 0.61
RUN = re.compile(r'<text ([^>]*?)\bx="([\d.]+)"([^>]*?) textLength="[\d.]+"([^>]*)>([^<]*)</text>')


def write_png(svg: Path) -> Path:
    """Convert ``svg`` with rsvg-convert to the PNG of the same name; return its path.

    Raises FileNotFoundError where rsvg-convert is not installed, CalledProcessError where it fails.
    """
    png = svg.with_suffix(".png")
    subprocess.run(
        ["rsvg-convert", "--format=png", f"--output={png}"],
        input=place_each_character(svg.read_text(encoding="utf-8")).encode(),
        check=True,
    )
    return png


def place_each_character(svg: str) -> str:
    """``svg`` with the characters of each run of text in a ``<tspan x=…>`` of their own."""
    return RUN.sub(_placed, svg)


def _placed(run: re.Match[str]) -> str:
    before, start, between, after, text = run.groups()
    column = 0
    spans: list[str] = []
    for cluster in _clusters(unescape(text)):
        if not cluster.isspace():
            x = float(start) + column * CELL
            spans.append(f'<tspan x="{x:.1f}">{escape(cluster)}</tspan>')
        column += cell_len(cluster)
    return f"<text {before}{between}{after}>{''.join(spans)}</text>"


def _clusters(text: str) -> list[str]:
    """The characters of ``text``, each with the zero-width ones that follow it (accents, joiners)."""
    clusters: list[str] = []
    for character in text:
        if clusters and cell_len(character) == 0:
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters
