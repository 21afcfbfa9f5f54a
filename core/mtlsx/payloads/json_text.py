"""JSON as text: checked, read strictly, and indented without being written anew."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any, NoReturn

from mtlsx.payloads.errors import PayloadError

LEXEME = re.compile(r"""\"(?:[^"\\]|\\.)*"|h'[0-9a-f]*'|[-+.\w]+|[\[\]{}(),:]""", re.DOTALL)
"""A string, a byte string, a number or word, or a bracket, comma or colon: JSON and diagnostic notation."""

_OPENING, _CLOSING = frozenset("[{"), frozenset("]}")
_INDENT = "  "
_DEEPEST_INDENT = 32
"""Levels that are indented; below them the margin stays, or few bytes could make very long lines."""


def check_json(text: str) -> None:
    """Raise ``PayloadError`` where ``text`` is no JSON document."""
    _parse(text, None)


def read_json(text: str) -> Any:
    """The value of a JSON document: dict, list, str, int, float, bool or None. Raises ``PayloadError``.

    A name that comes twice in an object is refused: what is made of the value could keep only one of them.
    """
    return _parse(text, _members)


def indent(text: str) -> str:
    """A valid document with one member a line; every number, string and word stays as it is."""
    pieces: list[str] = []
    depth = 0
    for lexeme, following in pairwise([*LEXEME.findall(text), ""]):
        before = after = ""
        if lexeme in _OPENING:
            depth += 1
            after = "" if following in _CLOSING else _new_line(depth)
        elif lexeme in _CLOSING:
            depth -= 1
            empty = bool(pieces) and pieces[-1] in _OPENING
            before = "" if empty else _new_line(depth)
        elif lexeme == ",":
            after = _new_line(depth)
        elif lexeme == ":":
            after = " "
        pieces += [piece for piece in (before, lexeme, after) if piece]
    return "".join(pieces)


def _new_line(depth: int) -> str:
    return "\n" + _INDENT * min(depth, _DEEPEST_INDENT)


def _parse(text: str, members: Any) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=members)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise PayloadError(f"This is not JSON: {error.msg} at {where}.") from error
    except RecursionError as error:
        raise PayloadError("This JSON is nested too deeply.") from error
    except ValueError as error:  # a number of thousands of digits, which Python refuses to read
        raise PayloadError("This JSON holds a number that is too long.") from error


def _no_constant(name: str) -> NoReturn:
    raise PayloadError(f"This is not JSON: {name} is no number there.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PayloadError(f"The name {twice!r} comes more than once in an object.")
    return found
