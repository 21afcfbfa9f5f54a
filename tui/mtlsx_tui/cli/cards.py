"""Cards: a title, then rows of a label and its lines, wrapped to the terminal with the labels kept apart."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

_INDENT = 2
_LABEL = 13
_NARROWEST = 20


@dataclass(frozen=True, slots=True)
class Row:
    """``lines`` must be safe to show; ``colour`` is that of all of them."""

    label: str
    lines: tuple[str, ...]
    colour: str | None = None


def card(title: str, rows: Iterable[Row | None], *, width: int | None) -> Iterator[str]:
    """The card's lines, styled; None among ``rows`` is an empty line, ``width`` None keeps lines whole."""
    yield from (click.style(line, bold=True) for line in _wrap(title, width))
    for row in rows:
        if row is None:
            yield ""
        else:
            yield from _row(row, width)


def _row(row: Row, width: int | None) -> Iterator[str]:
    space = None if width is None else max(width - _INDENT - _LABEL, _NARROWEST)
    label = row.label
    for line in row.lines:
        for part in _wrap(line, space):
            yield f"{' ' * _INDENT}{click.style(f'{label:<{_LABEL}}', dim=True)}{_coloured(part, row.colour)}"
            label = ""


def _wrap(line: str, width: int | None) -> list[str]:
    if width is None or len(line) <= width:
        return [line]
    return textwrap.wrap(line, width, break_on_hyphens=False)


def _coloured(text: str, colour: str | None) -> str:
    return click.style(text, fg=colour) if colour else text
