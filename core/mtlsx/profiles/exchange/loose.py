"""Objects of other programs' files, read loosely: what is wrong or unknown is noted, and the rest is still read.

``null``, an absent key and ``""`` are the same, and numbers and switches may be texts: the writers of these files
changed their minds between versions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from mtlsx.schema import clipped

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
_MOST_NOTES = 50


class Notes:
    """What could not be taken over, a sentence each; of a great many the first, and how many more."""

    def __init__(self) -> None:
        self._sentences: list[str] = []
        self._left_out = 0

    def add(self, sentence: str) -> None:
        """Note a sentence, once."""
        if sentence in self._sentences:
            return
        if len(self._sentences) < _MOST_NOTES:
            self._sentences.append(sentence)
        else:
            self._left_out += 1

    def all(self) -> tuple[str, ...]:
        """The sentences, in their order."""
        more = (f"{self._left_out} more were not taken over.",) if self._left_out else ()
        return (*self._sentences, *more)


class Fields:
    """One object: its fields are asked for by name, and those that nobody asked for can be told at the end."""

    def __init__(self, values: dict[str, Any], notes: Notes, *, prefix: str = "") -> None:
        self._values = values
        self._notes = notes
        self._prefix = prefix
        self._read: set[str] = set()

    def raw(self, *names: str) -> Any:
        """The first of these fields that has a value, as it is; None without one."""
        found = None
        for name in names:
            self._read.add(name)
            value = self._values.get(name)
            if found is None and value is not None and value != "":
                found = value
        return found

    def text(self, *names: str) -> str | None:
        """A text; a number stands for its digits."""
        value = self.raw(*names)
        if isinstance(value, int | float) and not isinstance(value, bool) and _is_usual(value):
            value = shown_plain(value)
        if value is not None and not (isinstance(value, str) and _is_unicode(value)):
            self.leave_out(names[0], "is not a text")
            return None
        return value

    def whole(self, *names: str, minimum: int = 0, maximum: int = 0xFFFF_FFFF) -> int | None:
        """A whole number in a range."""
        number = self._number(names, f"a whole number from {minimum} to {maximum}")
        if number is None:
            return None
        if number != int(number) or not minimum <= number <= maximum:
            self.leave_out(
                names[0], f"is {number:g}, not a whole number from {minimum} to {maximum}"
            )
            return None
        return int(number)

    def whole_or(self, default: int, name: str, *, maximum: int) -> int:
        """A whole number from 0, or ``default`` where there is none."""
        number = self.whole(name, maximum=maximum)
        return default if number is None else number

    def seconds(self, *names: str, unit: float = 1.0, maximum: float = 86_400.0) -> float | None:
        """A time in seconds, where the file counts in ``unit`` seconds."""
        number = self._number(names, "a number")
        if number is None:
            return None
        if not 0 <= number * unit <= maximum:
            self.leave_out(names[0], f"is {number:g}, not a time of up to {maximum:g} seconds")
            return None
        return number * unit

    def flag(self, *names: str) -> bool | None:
        """A switch: true or false, 1 or 0, or a text that says so."""
        value = self.raw(*names)
        if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        if value is None or isinstance(value, bool):
            return value
        if value in (0, 1):
            return bool(value)
        self.leave_out(names[0], "is neither true nor false")
        return None

    def table(self, *names: str) -> Fields:
        """An object within; an empty one where there is none."""
        value = self.raw(*names)
        if value is not None and not isinstance(value, dict):
            self.leave_out(names[0], "is not an object")
            value = None
        return Fields(value or {}, self._notes, prefix=f"{self._prefix}{names[0]}.")

    def tables(self, *names: str) -> Iterator[Fields]:
        """The objects of an array within."""
        value = self.raw(*names)
        if value is not None and not isinstance(value, list):
            self.leave_out(names[0], "is not an array")
            return
        for number, item in enumerate(value or ()):
            path = f"{names[0]}[{number}]"
            if isinstance(item, dict):
                yield Fields(item, self._notes, prefix=f"{self._prefix}{path}.")
            else:
                self.leave_out(path, "is not an object")

    def texts(self, *names: str) -> tuple[str, ...]:
        """An array of texts, or one text."""
        value = self.raw(*names)
        items = value if isinstance(value, list) else [] if value is None else [value]
        found = [item for item in items if isinstance(item, str) and item]
        if len(found) < len(items):
            self.leave_out(names[0], "holds something that is not a text")
        return tuple(found)

    def octets(self, *names: str) -> bytes | None:
        """Bytes, or a text, which stands for its UTF-8, or Node's ``{"type": "Buffer", "data": […]}``."""
        value = self.raw(*names)
        if isinstance(value, bytes):
            return value
        if isinstance(value, dict):
            octets = value.get("data")
            if isinstance(octets, list) and all(_is_octet(each) for each in octets):
                return bytes(octets)
            self.leave_out(names[0], "is not bytes")
            return None
        text = self.text(*names)
        return None if text is None else text.encode()

    def pairs(self, *names: str) -> tuple[tuple[str, str], ...]:
        """User properties: an object of texts or arrays of texts, an array of pairs, or either as a JSON text."""
        value = self.raw(*names)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                self.leave_out(names[0], "is not JSON")
                return ()
        found = []
        for name, item in _named(value):
            if isinstance(name, str) and _is_plain(item) and _is_unicode(f"{name}{item}"):
                found.append((name, shown_plain(item)))
            else:
                self.leave_out(names[0], "holds something that is no pair of texts")
        return tuple(found)

    def leave_out(self, name: str, why: str) -> None:
        """Note that a field is left out."""
        self._notes.add(f"{clipped(self._prefix + name)} {why}; left out.")

    def note(self, sentence: str) -> None:
        """Note any other sentence."""
        self._notes.add(sentence)

    def tell_unread(self, ignored: Collection[str] | Callable[[str], bool] = ()) -> None:
        """Note each field that has a value and that nobody asked for, but for those that are ``ignored``."""
        is_ignored = ignored if callable(ignored) else ignored.__contains__
        for name, value in self._values.items():
            if name in self._read or is_ignored(name) or value in (None, "", False, [], {}):
                continue
            self.leave_out(str(name), "is not known to mtlsx")

    def _number(self, names: tuple[str, ...], expected: str) -> float | None:
        value = self.raw(*names)
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                self.leave_out(names[0], f"is not {expected}")
                return None
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_usual(value):
            self.leave_out(names[0], f"is not {expected}")
            return None
        return value


def shown_plain(value: object) -> str:
    """A text, number or switch as the text that JSON has for it."""
    return value if isinstance(value, str) else json.dumps(value)


def one_line(text: str, *, most: int = 200) -> str:
    """A text as a name that a profile may have: printable, one line, not too long; "" where nothing is left."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return plain.strip()[:most].strip()


def _named(value: object) -> Iterable[tuple[object, object]]:
    if isinstance(value, dict):
        for name, item in value.items():
            for each in item if isinstance(item, list) else [item]:
                yield name, each
    elif isinstance(value, list):
        for item in value:
            match item:
                case {"checked": False}:
                    continue
                case {"key": name, "value": each}:
                    yield name, each
                case [name, each]:
                    yield name, each
                case _:
                    yield None, item
    elif value is not None:
        yield None, value


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool) or (isinstance(value, int | float) and _is_usual(value))


def _is_octet(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _is_usual(value: float) -> bool:
    """Whether a number is finite and short enough to be written out."""
    return abs(value) < 1e18 if isinstance(value, int) else math.isfinite(value)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
