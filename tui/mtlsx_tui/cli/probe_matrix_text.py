"""What ``mtlsx probe --matrix`` prints for people: a row for each certificate, a column for each TLS version."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from mtlsx.certificates.strings import printable
from mtlsx.matrix.judge import Outcome
from mtlsx.matrix.words import candidate_name
from mtlsx.probe.verdicts import Stage

if TYPE_CHECKING:
    from mtlsx.matrix.judge import Try
    from mtlsx.matrix.run import Matrix

_GAP = "  "
_MARKS = {True: ("✔", "green"), False: ("✘", "red"), None: ("·", None)}
_WORDS = {
    Outcome.ACCEPTED: "let in",
    Outcome.REFUSED: "refused",
    Outcome.NOT_SPOKEN: "not spoken",
    Outcome.UNCLEAR: "unclear",
}


def matrix_text(matrix: Matrix, width: int | None) -> str:
    """The table, what is wrong below it, and what it does not prove; wrapped to ``width`` columns (None: not)."""
    lines = [click.style(f"Matrix of {printable(str(matrix.target))}", bold=True)]
    if matrix.tries:
        lines += _table(matrix.tries)
    if matrix.stopped is not None:
        lines += _paragraph(f"It cannot be tried: {matrix.stopped.summary}", "  ✘ ", width, "red")
        if matrix.stopped.fix:
            lines += _paragraph(matrix.stopped.fix, "    → ", width)
        return "\n".join(lines)
    lines += _faults(matrix.tries, width)
    for note in _notes(matrix.tries):
        lines += _paragraph(note, "  · ", width)
    return "\n".join(lines)


def _table(tries: Sequence[Try]) -> Iterator[str]:
    versions = list(dict.fromkeys(each.version for each in tries))
    candidates = list(dict.fromkeys(each.candidate for each in tries))
    cells = {(each.candidate, each.version): each for each in tries}
    names = [candidate_name(each) for each in candidates]
    label = max(map(len, names))
    column = max(len(_cell(each)) for each in tries)
    heads = (f"TLS {version}".ljust(column) for version in versions)
    yield click.style(f"{_GAP}{' ' * label}{_GAP}{_GAP.join(heads)}".rstrip(), dim=True)
    for candidate, name in zip(candidates, names, strict=True):
        row = [
            _coloured(cells[candidate, version], column)
            for version in versions
            if (candidate, version) in cells
        ]
        yield f"{_GAP}{name:<{label}}{_GAP}{_GAP.join(row)}".rstrip()


def _cell(each: Try) -> str:
    mark, _ = _MARKS[each.right]
    text = f"{mark} {_WORDS[each.outcome]}"
    return text if each.outcome is Outcome.NOT_SPOKEN else f"{text}: {printable(each.how)}"


def _coloured(each: Try, column: int) -> str:
    mark, colour = _MARKS[each.right]
    return click.style(mark, fg=colour) + f"{_cell(each):<{column}}".removeprefix(mark)


def _faults(tries: Sequence[Try], width: int | None) -> Iterator[str]:
    wrong = [each for each in tries if each.right is False]
    if not wrong:
        judged = [each for each in tries if each.right is not None]
        if judged:
            yield click.style(
                f"  ✔ In {len(judged)} of {len(tries)} tries it did what it must.", fg="green"
            )
        return
    for fix, reasons in _grouped(wrong).items():
        for why, several in reasons.items():
            names = dict.fromkeys(candidate_name(each.candidate) for each in several)
            versions = dict.fromkeys(f"TLS {each.version}" for each in several)
            lead = f"{', '.join(names)}; {' and '.join(versions)}: "
            yield from _paragraph(f"{lead}{why}", "  ✘ ", width, "red")
        if fix:
            yield from _paragraph(fix, "    → ", width)


def _grouped(wrong: Sequence[Try]) -> dict[str | None, dict[str | None, list[Try]]]:
    """The tries that went wrong by what helps, then by why."""
    groups: dict[str | None, dict[str | None, list[Try]]] = {}
    for each in wrong:
        groups.setdefault(each.fix, {}).setdefault(each.why, []).append(each)
    return groups


def _notes(tries: Sequence[Try]) -> Iterator[str]:
    candidates = list(dict.fromkeys(each.candidate for each in tries))
    if not any(each.must_accept for each in candidates):
        yield (
            "No right certificate was given, so a broker that refuses everybody would pass, too:"
            " give it with --cert and --key, or the CA's key with --matrix-ca-key."
        )
    if any(each.is_of_another_ca_too for each in candidates):
        yield (
            "Without the CA's key (--matrix-ca-key) the expired, the not yet valid and the one for servers are of"
            " another CA: that they are refused says nothing about dates and usage."
        )
    names = dict.fromkeys(
        candidate_name(each.candidate)
        for each in tries
        if each.outcome is Outcome.REFUSED and each.verdict.stage is Stage.MQTT
    )
    if names:
        yield (
            f"TLS lets these through, and only MQTT refuses them: {', '.join(names)}. With another username or"
            " password they may come in."
        )
    for each in tries:
        if each.outcome is Outcome.UNCLEAR:
            yield f"{candidate_name(each.candidate)}, TLS {each.version}: {each.verdict.summary}"


def _paragraph(text: str, lead: str, width: int | None, colour: str | None = None) -> list[str]:
    text = printable(text)
    if width is None:
        lines = [lead + text]
    else:
        lines = textwrap.wrap(
            text, width, initial_indent=lead, subsequent_indent=" " * len(lead),
            break_on_hyphens=False,
        )  # fmt: skip
    return [click.style(line, fg=colour) for line in lines]
