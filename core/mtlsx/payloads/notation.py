"""Values that JSON cannot write, as text: the diagnostic notation of CBOR (RFC 8949, section 8), unindented.

What JSON has is written as in JSON. Byte strings are ``h'00ff'``, map keys may be anything, tags are
``1(1700000000)``, and what else a format has, it writes itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mtlsx.payloads.errors import PayloadError

DEEPEST = 100
"""Levels of arrays, maps and tags; no device nests that deeply, and a hostile one would like to."""


class Pairs(tuple[tuple[Any, Any], ...]):
    """The entries of a map, in order, also where keys repeat or could not be a dict's."""

    __slots__ = ()


def write(value: object, other: Callable[[object, Callable[[object], str]], str]) -> str:
    """``value`` as text; ``other`` writes what is not in JSON, and gets what writes a value within it.

    Raises ``PayloadError`` for what is nested too deeply.
    """
    return _write(value, other, 0)


def _write(
    value: object, other: Callable[[object, Callable[[object], str]], str], depth: int
) -> str:
    if depth > DEEPEST:
        raise PayloadError(f"It is nested more than {DEEPEST} levels deep.")

    def inner(each: object) -> str:
        return _write(each, other, depth + 1)

    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return str(value)
        case float():
            return _float(value)
        case bytes():
            return f"h'{value.hex()}'"
        case Pairs():
            return _map(value, inner)
        case Mapping():
            return _map(value.items(), inner)
        case list() | tuple():
            return f"[{','.join(inner(each) for each in value)}]"
    return other(value, inner)


def _map(entries: Iterable[tuple[object, object]], inner: Callable[[object], str]) -> str:
    return "{" + ",".join(f"{inner(key)}:{inner(value)}" for key, value in entries) + "}"


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)
