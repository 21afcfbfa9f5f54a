"""Settings as texts of a form: how each kind of value is written there, and read again. Pure.

Reading raises ``ValueError`` with the sentence that stands beside the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ON, OFF = "on", "off"

_HEX = "hex:"
_PAIRS = 'Write pairs as "name: value; name: value".'
_DIGITS = re.compile("[0-9]{1,12}")
_ESCAPED = re.compile(r"([\\;:])")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value. ``choices``: all texts that it has, where they are few."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]
    choices: tuple[str, ...] = ()


TEXT = Kind(str, str)

TEXT_OR_NONE = Kind(lambda value: value or "", lambda text: text.strip() or None)
"""A text; an empty one is None."""

SWITCH = Kind(lambda value: ON if value else OFF, lambda text: text == ON, (ON, OFF))


def member(values: type[StrEnum]) -> Kind:
    """One of an enumeration."""
    return Kind(lambda value: value.value, values, tuple(each.value for each in values))


def one_of(values: Sequence[str]) -> Kind:
    """One of a few texts."""
    return Kind(str, str, tuple(values))


def whole(lowest: int, highest: int) -> Kind:
    """A whole number."""
    return Kind(str, lambda text: _number(text, lowest, highest))


def whole_or_none(lowest: int, highest: int) -> Kind:
    """A whole number; None is an empty field."""
    return Kind(
        lambda value: "" if value is None else str(value),
        lambda text: _number(text, lowest, highest) if text.strip() else None,
    )


def few(highest: int) -> Kind:
    """A whole number from 0 to ``highest``, which is small."""
    return Kind(str, int, tuple(map(str, range(highest + 1))))


def seconds(lowest: float, highest: float) -> Kind:
    """A time in seconds."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not lowest <= value <= highest:
            raise ValueError(f"Seconds, from {lowest:g} to {highest:g}.")
        return value

    return Kind(lambda value: repr(float(value)).removesuffix(".0"), read)


def _number(text: str, lowest: int, highest: int) -> int:
    if not _DIGITS.fullmatch(text.strip()) or not lowest <= int(text) <= highest:
        raise ValueError(f"A number from {lowest} to {highest}.")
    return int(text)


def _write_bytes(value: bytes | None) -> str:
    try:
        text = (value or b"").decode()
    except UnicodeDecodeError:
        text = ""
    fits = text.isprintable() and not text.startswith(_HEX) and text.encode() == (value or b"")
    return text if fits else _HEX + (value or b"").hex()


def _read_bytes(text: str) -> bytes:
    if not text.startswith(_HEX):
        return text.encode()
    try:
        return bytes.fromhex(text.removeprefix(_HEX))
    except ValueError:
        raise ValueError("After hex: come pairs of hexadecimal digits.") from None


BYTES = Kind(_write_bytes, _read_bytes)
"""A payload: as text, or as hex: and hexadecimal digits where it is none that fits on a line."""

BYTES_OR_NONE = Kind(
    lambda value: _HEX if value == b"" else _write_bytes(value),
    lambda text: _read_bytes(text) if text else None,
)


def _write_pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{_name(name)}: {_escape(value)}" for name, value in pairs)


def _name(text: str) -> str:
    """A name; a space at its beginning is one that counts."""
    return "\\" * text.startswith(" ") + _escape(text)


def _escape(text: str) -> str:
    return _ESCAPED.sub(r"\\\1", text)


def _read_pairs(text: str) -> tuple[tuple[str, str], ...]:
    if not text.strip():
        return ()
    return tuple(_read_pair(part) for part in _split(text, ";"))


def _read_pair(text: str) -> tuple[str, str]:
    name, *rest = _split(text, ":")
    if not rest:
        raise ValueError(_PAIRS)
    # In a value colons may stand as they are.
    return _plain(name.lstrip(" ")), _plain(":".join(rest).removeprefix(" "))


def _split(text: str, at: str) -> list[str]:
    """The parts of ``text`` between those ``at`` that no backslash stands before."""
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == at:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


PAIRS = Kind(_write_pairs, _read_pairs)
"""Names and values, ``name: value; name: value``; a backslash stands before a ; or : that belongs to one."""
