"""Tables of a TOML document as frozen dataclasses, checked key by key, in both directions.

In: a table as ``tomllib`` gives it. Out: a value of the dataclass, or ``WrongError`` with the key path and what
would be right there. The other way round only what differs from the dataclass's defaults is written, so
that the document says what a person chose and no more.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import difflib
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from mtlsx.errors import UsageError

T = TypeVar("T")
Reader = Callable[[object, str], Any]
"""Turns a TOML value at a key path into ours, or raises ``WrongError``."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}|[a-z][a-z0-9_-]{0,31}")
_SHOWN = 60  # characters of a wrong value that are worth showing
_LARGE = 100_000  # from here on, numbers are written in groups of three digits


class WrongError(ValueError):
    """A value that does not belong where it stands; the text is a sentence without the file."""


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """One key of a table: its name, how it is read and how it is written.

    ``field`` is the name of the dataclass's field where the key has another.
    """

    name: str
    read: Reader
    write: Callable[[Any], object] = lambda value: value
    always: bool = False
    field: str = ""

    def __post_init__(self) -> None:
        if not self.field:
            object.__setattr__(self, "field", self.name)


class Table(Generic[T]):
    """A table whose keys are fields of the dataclass ``make``; keys without a default are required."""

    def __init__(self, make: type[T], *keys: Key) -> None:
        self._make = make
        self._keys = {key.name: key for key in keys}
        self._defaults = dict(_defaults(make))

    def read(self, value: object, path: str = "", **given: object) -> T:
        """The dataclass that the table ``value`` at key path ``path`` stands for.

        ``given`` are fields that have no key in the table. Raises WrongError.
        """
        prefix = f"{path}." if path else ""
        items = dict(given)
        for name, item in table(value, path).items():
            if name not in self._keys:
                raise WrongError(unknown(prefix + name, self._keys))
            key = self._keys[name]
            items[key.field] = key.read(item, prefix + name)
        for key in self._keys.values():
            if key.field not in items and key.field not in self._defaults:
                raise WrongError(f"{prefix}{key.name} is missing.")
        return self._make(**items)

    def parse(self, data: bytes, *, source: str) -> T:
        """The dataclass that a whole document stands for; ``source`` names it in errors ("Profile file /x").

        Raises UsageError: not UTF-8, not TOML (with the line), unknown keys, wrong values, missing ones.
        """
        try:
            return self.read(document(data, source=source))
        except WrongError as error:
            raise UsageError(f"{source}: {error}") from error

    def write(self, value: T) -> dict[str, object]:
        """The table that stands for ``value``: required keys, and those that are not at their default."""
        items = {}
        for key in self._keys.values():
            item = getattr(value, key.field)
            if key.always or key.field not in self._defaults or item != self._defaults[key.field]:
                items[key.name] = key.write(item)
        return items

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its keys."""
        return tuple(self._keys)


def document(data: bytes, *, source: str) -> dict[str, Any]:
    """A TOML document as plain values; ``source`` names it in errors.

    Raises UsageError: not UTF-8, not TOML (with the line).
    """
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{source}: line {line} is not UTF-8.") from error
    except RecursionError as error:
        raise UsageError(f"{source}: its values are nested too deep.") from error
    except ValueError as error:
        # tomllib.TOMLDecodeError, with the line, or int() that refuses thousands of digits.
        raise UsageError(f"{source} is not TOML: {error}.") from error


def table(value: object, path: str) -> dict[str, Any]:
    """The table that ``value`` at key path ``path`` is. Raises WrongError."""
    if not isinstance(value, dict):
        raise wrong(path, "a table", value)
    return value


def shared(value: object, path: str, *sharing: Table[Any]) -> list[dict[str, Any]]:
    """The parts of one TOML table that several ``Table`` share, in their order. Raises WrongError."""
    items = table(value, path)
    known = [name for part in sharing for name in part.names]
    for name in items:
        if name not in known:
            raise WrongError(unknown(f"{path}.{name}" if path else name, known))
    return [{name: items[name] for name in part.names if name in items} for part in sharing]


def unknown(path: str, allowed: Iterable[str]) -> str:
    """The sentence for a key that is none of the ``allowed``."""
    names = tuple(allowed)
    near = difflib.get_close_matches(path.rpartition(".")[2], names, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{clipped(path)} is not a setting{hint}; allowed here: {', '.join(names)}."


def nested(value_table: Table[Any]) -> dict[str, Any]:
    """The reader and writer of a key whose value is a table."""
    return {"read": value_table.read, "write": value_table.write}


def tables(item_table: Table[Any]) -> dict[str, Any]:
    """The reader and writer of a key whose value is an array of tables."""
    return {
        "read": array(item_table.read, "an array of tables"),
        "write": lambda items: [item_table.write(item) for item in items],
    }


def array(read_item: Reader, expected: str) -> Callable[[object, str], tuple[Any, ...]]:
    """An array whose items ``read_item`` reads; ``expected`` says what it is, in a few words."""

    def read(value: object, path: str) -> tuple[Any, ...]:
        items = _array(value, path, expected)
        return tuple(read_item(item, f"{path}[{index}]") for index, item in enumerate(items))

    return read


def text(value: object, path: str) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise wrong(path, "a text", value)
    return value


def label(value: object, path: str) -> str:
    """A text for lists and titles: one line, not empty, at most 200 characters."""
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > 200
        or not value.isprintable()
    ):
        raise wrong(path, "a text of one line, 1 to 200 characters", value)
    return value


def colour(value: object, path: str) -> str:
    """``#rrggbb`` or the name of a colour."""
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise wrong(path, '"#rrggbb" or the name of a colour', value)
    return value


def boolean(value: object, path: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise wrong(path, "true or false", value)
    return value


def integer(minimum: int, maximum: int) -> Reader:
    """A whole number in a range."""

    def read(value: object, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise wrong(
                path, f"a whole number from {_number(minimum)} to {_number(maximum)}", value
            )
        return value

    return read


def seconds(minimum: float, maximum: float) -> Reader:
    """A number of seconds in a range, with or without a fraction."""

    def read(value: object, path: str) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or not minimum <= value <= maximum
        ):
            raise wrong(path, f"a number of seconds from {minimum:g} to {maximum:g}", value)
        return float(value)

    return read


def choice(options: Iterable[str], make: Callable[[str], Any] = str) -> Reader:
    """One of a few texts; ``make`` turns it into our value."""
    allowed = tuple(options)

    def read(value: object, path: str) -> object:
        if not isinstance(value, str) or value not in allowed:
            raise wrong(path, "one of " + ", ".join(f'"{option}"' for option in allowed), value)
        return make(value)

    return read


def member(enum: type[StrEnum]) -> dict[str, Any]:
    """The reader and writer of a key whose value is a member of ``enum``."""
    return {"read": choice(list(enum), enum), "write": str}


def texts(value: object, path: str) -> tuple[str, ...]:
    """An array of texts."""
    items = _array(value, path, "an array of texts")
    return tuple(text(item, f"{path}[{index}]") for index, item in enumerate(items))


def pairs(value: object, path: str) -> tuple[tuple[str, str], ...]:
    """An array of ``["name", "value"]`` pairs; names may repeat."""
    result = []
    for index, item in enumerate(_array(value, path, 'an array of ["name", "value"] pairs')):
        pair = texts(item, f"{path}[{index}]")
        if len(pair) != 2:
            raise wrong(f"{path}[{index}]", 'a ["name", "value"] pair', item)
        result.append((pair[0], pair[1]))
    return tuple(result)


def payload(value: object, path: str) -> bytes:
    """Bytes: a text stands for its UTF-8, ``{ base64 = "…" }`` for any others."""
    if isinstance(value, str):
        return value.encode()
    encoded = value.get("base64") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise wrong(path, 'a text or { base64 = "…" }', value)


def payload_value(data: bytes) -> object:
    """What ``payload`` reads back as ``data``."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _defaults(make: type[Any]) -> Iterable[tuple[str, object]]:
    for field in dataclasses.fields(make):
        if field.default is not dataclasses.MISSING:
            yield field.name, field.default
        elif field.default_factory is not dataclasses.MISSING:
            yield field.name, field.default_factory()


def _array(value: object, path: str, expected: str) -> list[object]:
    if not isinstance(value, list):
        raise wrong(path, expected, value)
    return value


def wrong(path: str, expected: str, value: object) -> WrongError:
    """The error for a ``value`` that should be ``expected``, a few words."""
    return WrongError(f"{path} must be {expected}, not {_shown(value)}.")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        return f'"{clipped(value)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        # Python refuses to write out integers of thousands of digits.
        return _number(value) if value.bit_length() <= 64 else "a huge number"
    return str(value) if isinstance(value, float) else "a date or time"


def _number(value: int) -> str:
    """Large numbers are read better in groups; ports and the like are written as everywhere."""
    return str(value) if abs(value) < _LARGE else f"{value:,}"


def clipped(value: str) -> str:
    """``value`` on one line of bearable length, for a message."""
    whole = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return "".join(character if character.isprintable() else "�" for character in whole)
