"""A ladder as text: a line for each rung with its mark, its name, what it showed and its milliseconds."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtlsx.probe.ladder import Step

_MARKS = {True: ("✔", "green"), False: ("✘", "red"), None: ("·", None)}
_LABEL = 11
_TIME = 11  # "  123,456 ms"
_INDENT = 3 + _LABEL
_NARROWEST, _WIDEST = 20, 76


def ladder_lines(steps: Sequence[Step], width: int | None) -> Iterator[str]:
    """The lines, styled, in ``width`` columns; None keeps a rung on one line, however long."""
    longest = max((len(step.detail) for step in steps), default=0)
    room = min(longest, _WIDEST)
    if width is not None:
        room = max(min(room, width - _INDENT - _TIME), _NARROWEST)
    for step in steps:
        mark, colour = _MARKS[step.ok]
        first, *others = _wrapped(step.detail, None if width is None else room)
        time = "" if step.seconds is None else f"{step.seconds * 1000:,.0f} ms"
        line = f"{step.label:<{_LABEL}}{first:<{room}}{time:>{_TIME}}".rstrip()
        yield f" {click.style(mark, fg=colour)} {line}"
        for other in others:
            yield f"{' ' * _INDENT}{other}"


def _wrapped(text: str, room: int | None) -> list[str]:
    return [text] if room is None else textwrap.wrap(text, room) or [""]
