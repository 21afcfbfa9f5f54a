"""The values that expressions work with, and how EMQX writes them as text.

Text is octets (``bytes``); an Erlang atom is a ``str`` (``"undefined"``, ``"lt"``), but true and false are ``bool``;
numbers, lists and mappings are themselves. Everything else (a tuple) can be looked up and makes no text.

Source: emqx_variform.erl and emqx_utils_conv.erl (6.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

UNDEFINED: Final = "undefined"
LIMIT: Final = 1 << 20
"""How many octets a text may have that an expression makes. EMQX has no such limit."""


class ExpressionError(ValueError):
    """An expression that EMQX cannot evaluate for a client; the message is a sentence."""


def is_empty(value: object) -> bool:
    """Whether EMQX takes ``value`` for nothing: empty text, an empty list, undefined, null."""
    return value in (b"", None, UNDEFINED, "null") or value == []


def text(value: object) -> bytes:
    """``value`` where a function wants text: octets, or an atom's name. Raises ``ExpressionError``."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, str) and not is_empty(value):
        return value.encode()
    raise ExpressionError(f"Text is wanted, not {kind(value)}.")


def characters(value: object) -> str:
    """``value`` as text whose characters count. Raises ``ExpressionError``, also for what is not UTF-8."""
    try:
        return text(value).decode()
    except UnicodeDecodeError as error:
        raise ExpressionError("A text is not UTF-8.") from error


def whole_number(value: object) -> int:
    """``value`` where a function wants an integer. Raises ``ExpressionError``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ExpressionError(f"An integer is wanted, not {kind(value)}.")


def items(value: object) -> list[object]:
    """``value`` where a function wants an array. Raises ``ExpressionError``."""
    if isinstance(value, list):
        return value
    raise ExpressionError(f"An array is wanted, not {kind(value)}.")


def as_text(value: object) -> bytes:
    """Any value as text, as ``any_to_str`` and ``concat`` write it. Raises ``ExpressionError`` for a tuple."""
    if isinstance(value, bytes):
        return value
    if value is None:
        return UNDEFINED.encode()
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, list) and all(_is_printable(item) for item in value):
        return "".join(map(chr, value)).encode()
    if isinstance(value, list | Mapping):
        return json.dumps(_json(value), ensure_ascii=False, separators=(",", ":")).encode()
    raise ExpressionError(f"EMQX makes no text of {kind(value)}.")


def number_text(number: float) -> bytes:
    """A number as EMQX writes it: a float with at most ten decimals, and at least one."""
    if isinstance(number, int):
        try:
            return str(number).encode()
        except ValueError as error:  # Python writes no more than 4300 digits
            raise ExpressionError("A number has too many digits.") from error
    whole, _, decimals = f"{number:.10f}".partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}".encode()


def bounded(value: bytes) -> bytes:
    """``value`` itself; raises ``ExpressionError`` where it is longer than ``LIMIT``."""
    bounded_length(len(value))
    return value


def bounded_length(length: int) -> None:
    """Raises ``ExpressionError`` where a text of ``length`` octets would be too long to make."""
    if length > LIMIT:
        raise ExpressionError(f"A text would have {length} octets; more than {LIMIT} are not made.")


def kind(value: object) -> str:
    """What ``value`` is, for a sentence: ``"an array"``. Never the value itself: it may be a password."""
    if value is None or (isinstance(value, str) and is_empty(value)):
        return "nothing"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return "something else"


_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "true or false"),
    ((bytes, str), "text"),
    ((int, float), "a number"),
    (list, "an array"),
    (Mapping, "a map"),
    (tuple, "a tuple"),
)


def _is_printable(item: object) -> bool:
    """Whether io_lib:printable_list takes it for a character (Latin-1, its default)."""
    if not isinstance(item, int) or isinstance(item, bool):
        return False
    return 32 <= item <= 126 or 160 <= item <= 255 or item in (8, 9, 10, 11, 12, 13, 27)


def _json(value: object) -> object:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise ExpressionError("A text is not UTF-8.") from error
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {as_text(key).decode(errors="replace"): _json(item) for key, item in value.items()}
    if value is None or value == UNDEFINED:
        return UNDEFINED
    if isinstance(value, str | int | float):
        return None if value == "null" else value
    raise ExpressionError(f"EMQX makes no text of {kind(value)}.")
