"""Erlang terms as ``io_lib:format("~p", [Term])`` prints them: what brokers show of values they cannot decode.

In: ``bytes`` (a binary), ``Atom``, ``list`` (of numbers) or a ``tuple`` of these that begins with an ``Atom``.
Out: the printed characters, all of Latin-1. A binary or list that holds nothing but printable characters of
Latin-1 comes out as a quoted string, any other as numbers. What does not fit in 80 columns is broken into lines;
quoted strings are never broken.

Source: io_lib:write_string and io_lib_pretty of OTP 25; OTP 29 prints the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias


class Atom(str):
    """An Erlang atom that needs no quotes."""

    __slots__ = ()


Term: TypeAlias = "bytes | Atom | list[int] | tuple[Atom | bytes | list[int], ...]"


def print_term(term: Term) -> str:
    """``term`` as ``~p`` prints it, line breaks and indentation included."""
    printed = _print(term)
    return _pp(printed, _Place(column=1, indent=0, closing=0, written=0, most=len(printed.flat)))


# Latin-1 without its two ranges of controls, but with the controls that Erlang has an escape for.
_PRINTABLE = frozenset((*range(0x20, 0x7F), *range(0xA0, 0x100), *b"\n\r\t\v\b\f\x1b"))
_ESCAPES = {
    0x22: '\\"',
    0x5C: "\\\\",
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\\t",
    0x0B: "\\v",
    0x08: "\\b",
    0x0C: "\\f",
    0x1B: "\\e",
}
_LINE = 80


class _Printed(NamedTuple):
    """A term on one line, and the parts between which it may be broken, if any."""

    flat: str
    opening: str = ""
    parts: tuple[_Printed, ...] = ()


class _Place(NamedTuple):
    """Where a term begins: its column (from 1), the indentation of new lines, how many brackets close behind
    it on the same line, how many characters the line holds already, and how many it may hold."""

    column: int
    indent: int
    closing: int
    written: int
    most: int

    def inside(self, opened: int) -> _Place:
        """The place behind an opening of ``opened`` characters."""
        return self._replace(
            column=self.column + opened, indent=self.indent + opened, written=self.written + opened
        )


def _print(term: Term) -> _Printed:
    if isinstance(term, Atom):
        return _Printed(term)
    if isinstance(term, bytes) and not term:
        return _Printed("<<>>")
    if isinstance(term, tuple):
        parts = tuple(_print(element) for element in term)
        return _Printed("{" + ",".join(part.flat for part in parts) + "}", "{", parts)
    opening, closing = ("<<", ">>") if isinstance(term, bytes) else ("", "")
    if term and _PRINTABLE.issuperset(term):
        quoted = "".join(_ESCAPES.get(point) or chr(point) for point in term)
        return _Printed(f'{opening}"{quoted}"{closing}')
    opening, closing = (opening, closing) if opening else ("[", "]")
    numbers = tuple(_Printed(str(point)) for point in term)
    flat = opening + ",".join(number.flat for number in numbers) + closing
    return _Printed(flat, opening, numbers)


def _pp(term: _Printed, place: _Place) -> str:
    if not term.parts or _fits(len(term.flat), place):
        return term.flat
    if term.opening == "<<":
        return _binary([part.flat for part in term.parts], place)
    if term.opening == "[":
        return f"[{_list(term.parts, place.inside(1))}]"
    tag, *rest = term.parts
    return f"{{{tag.flat},{_list(rest, place.inside(len(tag.flat) + 2))}}}"


def _fits(length: int, place: _Place) -> bool:
    return (
        length < _LINE - place.column - place.closing
        and length + place.written + place.closing <= place.most
    )


def _binary(numbers: Sequence[str], place: _Place) -> str:
    column = place.column + 2
    line = max(8, min(_LINE - column, place.most - 4 - place.written) - place.closing)
    room = line
    text = "<<"
    for index, number in enumerate(numbers):
        item = number if index == len(numbers) - 1 else number + ","
        if len(item) > room:
            text += "\n" + " " * (place.indent + 2)
            room = line
        text += item
        room -= len(item)
    return text + ">>"


def _list(elements: Sequence[_Printed], start: _Place) -> str:
    text = ""
    here = start
    for index, element in enumerate(elements):
        last = index == len(elements) - 1
        place = here._replace(closing=start.closing + 1 if last else 0)
        width = len(element.flat)
        if index:
            # A number or string stays on the line together with its comma; a structure begins a line.
            width += 1
            text += ","
            if element.parts or not _fits(width if last else width + 1, place):
                text += "\n" + " " * start.indent
                width -= 1
                place = start._replace(closing=place.closing, written=0)
        if element.parts or not _fits(width, place):
            text += _pp(element, place)
            width = _LINE
        else:
            text += element.flat
        here = place._replace(column=place.column + width, written=place.written + width)
    return text
