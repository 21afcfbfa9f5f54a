"""What ``mtlsx cert check`` prints for people: a line for each finding, why below it, and what to do."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.strings import printable

MARKS = {Level.OK: "✔", Level.NOTE: "·", Level.WARNING: "⚠", Level.FAILURE: "✘"}
COLOURS = {Level.OK: "green", Level.NOTE: None, Level.WARNING: "yellow", Level.FAILURE: "red"}
_TOPIC = 12
_INDENT = 2 + 2 + _TOPIC + 1
_NARROWEST = 20


def as_text(results: Sequence[tuple[str, Sequence[Finding]]], width: int | None) -> str:
    """The findings on each file, wrapped to ``width`` columns (None: not), and how they add up."""
    return "\n\n".join("\n".join(_file(source, found, width)) for source, found in results)


def _file(source: str, findings: Sequence[Finding], width: int | None) -> Iterator[str]:
    yield click.style(printable(source), bold=True)
    for finding in findings:
        yield from _finding(finding, width)
    counts = Counter(each.level for each in findings)
    yield f"  {_sum(counts[Level.FAILURE], counts[Level.WARNING])}"


def _finding(finding: Finding, width: int | None) -> Iterator[str]:
    space = None if width is None else max(width - _INDENT, _NARROWEST)
    colour = COLOURS[finding.level]
    head = f"  {click.style(MARKS[finding.level], fg=colour)} {click.style(f'{finding.topic:<{_TOPIC}}', dim=True)} "
    for line in _wrapped(finding.what, space):
        yield head + line
        head = " " * _INDENT
    for line in _wrapped(finding.why or "", space):
        yield " " * _INDENT + click.style(line, dim=True)
    if finding.fix is not None:
        for line in _wrapped(f"→ {finding.fix}", space):
            yield " " * _INDENT + line


def _wrapped(text: str, width: int | None) -> list[str]:
    text = _visible(text)
    if width is None:
        return [text] if text else []
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _visible(text: str) -> str:
    """``text``, which is safe to show but for the names of files in it: they may hold anything."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _sum(failures: int, warnings: int) -> str:
    warned = f"{warnings} warning{'' if warnings == 1 else 's'}"
    if failures:
        return click.style(f"{failures} will fail, {warned}.", fg="red")
    return f"Nothing will fail, {warned if warnings else 'no warnings'}."
