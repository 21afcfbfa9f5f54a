"""HOCON, as far as EMQX writes it: an ``emqx.conf`` as text in, plain values out.

Objects, arrays, dotted and quoted keys, ``=``, ``:`` and ``+=``, comments, values set side by side, triple quotes
(also EMQX's ``\"\"\"~``), ``${path}`` and ``${?path}`` within the file, and ``include`` of files. The environment is
never read and nothing is fetched. ``${EMQX_…}`` that the file does not define stays as it is written.

A comment that begins with ``#mtlsx`` is none to us: what stands behind it is a setting that EMQX does not have.

Source: the HOCON specification (lightbend/config, HOCON.md); EMQX's own reader (emqx/hocon, README.md).
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from typing import Any, TypeAlias

from mtlsx.configuration.hocon_substitution import (
    DEEPEST,
    Joined,
    Plain,
    Reference,
    merge,
    resolved,
)
from mtlsx.errors import UsageError
from mtlsx.schema import clipped

Include: TypeAlias = Callable[[str], tuple[str, str]]
"""Reads a file that an ``include`` names: its text, and what errors call it. Raises UsageError."""

OURS = "#mtlsx "
"""What stands before a setting that EMQX must not see."""

_INCLUDES = 20
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?")
_BLANKS = re.compile(r"[ \t\r\f\v\xa0\ufeff]*")
_KEY = re.compile(r"[^\s.\"={}\[\]:,+#$]+")
_PLAIN = re.compile(r"(?:[^\s\"{}\[\],#$]|\$(?!\{))+")
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_TRIPLE = re.compile(r'"""(.*?"*)"""(?!")', re.DOTALL)
_REFERENCE = re.compile(r"\$\{(\??)([^}\s]{1,200})\}")
_INCLUDE = re.compile(r'include[ \t]+(?=["a-z])')
_INCLUDED = re.compile(r'(?:required\([ \t]*)?(?:file\([ \t]*)?"([^"\n]+)"[ \t]*\)*')


def parse(text: str, *, source: str, include: Include | None = None) -> dict[str, Any]:
    """The document that ``text`` stands for, as plain values; ``source`` names it in errors.

    Raises UsageError, with the line.
    """
    root: dict[str, Any] = {}
    _Reader(text, source, include, root, _Depth()).document()
    return resolved(root)


class _Depth:
    """How many files deep a reader is, and how many there were."""

    def __init__(self) -> None:
        self.files = 0


class _Reader:
    """Reads one text into ``root``; references stay as they are."""

    def __init__(
        self, text: str, source: str, include: Include | None, root: dict[str, Any], depth: _Depth
    ) -> None:
        self._text = text
        self._source = source
        self._include = include
        self._root = root
        self._depth = depth
        self._position = 0
        self._nested = 0

    def document(self, prefix: tuple[str, ...] = ()) -> None:
        self._separators()
        if self._peek() == "{":
            self._position += 1
            self._object(prefix, "}")
            self._separators()
            if self._position < len(self._text):
                raise self._error("what follows the closing } is not expected")
        else:
            self._object(prefix, "")

    def _object(self, prefix: tuple[str, ...], end: str) -> None:
        """The body of an object, put into the root at ``prefix``."""
        self._enter()
        self._put(prefix, {})
        while True:
            self._separators()
            character = self._peek()
            if character == end:
                self._position += len(end)
                break
            if not character:
                raise self._error("a { is not closed")
            if include := _INCLUDE.match(self._text, self._position):
                self._position = include.end()
                self._included(prefix)
            else:
                self._setting(prefix)
        self._nested -= 1

    def _setting(self, prefix: tuple[str, ...]) -> None:
        path = (*prefix, *self._key())
        self._blanks()
        if self._peek() == "{":
            # Objects for one key add up, so what stands there already stays.
            self._add(path)
        elif self._text.startswith("+=", self._position):
            self._position += 2
            self._lines_and_blanks()
            where = self._where()
            former = self._get(path)
            value = self._value(path)
            self._put(path, Joined(([] if former is None else former, [value]), where))
        elif self._peek() in ("=", ":"):
            self._position += 1
            self._lines_and_blanks()
            self._add(path)
        else:
            raise self._error(f"= or {{ is expected after {clipped('.'.join(path))}")

    def _add(self, path: tuple[str, ...]) -> None:
        if self._peek() == "{" and isinstance(self._get(path), dict | None):
            self._position += 1
            self._object(path, "}")
            self._blanks()
            if self._at_end():
                return
            raise self._error("an object must end its line; a comma or a new line is expected")
        self._put(path, self._value(path))

    def _value(self, path: tuple[str, ...]) -> object:
        """All that stands side by side up to the end of the line, a comma or a bracket."""
        where = self._where()
        parts: list[object] = []
        while not self._at_end():
            parts.append(self._part(path))
            start = self._position
            self._blanks()
            if not self._at_end() and self._position > start:
                parts.append(self._text[start : self._position])
        if not parts:
            raise self._error(f"{clipped('.'.join(path))} has no value")
        if len(parts) == 1:
            return _scalar(parts[0]) if isinstance(parts[0], Plain) else parts[0]
        return Joined(tuple(parts), where)

    def _part(self, path: tuple[str, ...]) -> object:
        character = self._peek()
        if character == "{":
            self._position += 1
            return self._apart()
        if character == "[":
            self._position += 1
            return self._array(path)
        if character == '"':
            return self._string()
        if found := _REFERENCE.match(self._text, self._position):
            reference = self._reference(found)
            self._position = found.end()
            # What refers to itself means what was there before.
            return self._get(path) or "" if reference.path == path else reference
        if plain := _PLAIN.match(self._text, self._position):
            self._position = plain.end()
            return Plain(plain[0])
        raise self._error(f"{clipped(character)} is not expected here")

    def _apart(self) -> object:
        """An object that is one of several parts of a value, or stands in an array."""
        root: dict[str, Any] = {}
        outer, self._root = self._root, root
        try:
            self._object((), "}")
        finally:
            self._root = outer
        return root

    def _array(self, path: tuple[str, ...]) -> list[object]:
        self._enter()
        items: list[object] = []
        while True:
            self._separators()
            character = self._peek()
            if character == "]":
                self._position += 1
                self._nested -= 1
                return items
            if not character:
                raise self._error("a [ is not closed")
            items.append(self._value(path))

    def _key(self) -> list[str]:
        """A dotted key: its segments."""
        segments = []
        while True:
            if self._peek() == '"':
                segments.append(self._string())
            elif found := _KEY.match(self._text, self._position):
                segments.append(found[0])
                self._position = found.end()
            else:
                raise self._error(f"a key is expected, not {clipped(self._peek() or 'the end')}")
            if self._peek() != ".":
                return segments
            self._position += 1

    def _string(self) -> str:
        if found := _TRIPLE.match(self._text, self._position):
            self._position = found.end()
            return _unindented(found[1])
        found = _QUOTED.match(self._text, self._position)
        if found is None:
            raise self._error("a quote is not closed on its line")
        try:
            text = json.loads(found[0], strict=False)
        except ValueError:
            raise self._error("a backslash in quotes must begin an escape of JSON") from None
        self._position = found.end()
        assert isinstance(text, str)  # noqa: S101  (JSON in quotes is a text)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self._error("an escape stands for half a character")
        return text

    def _reference(self, found: re.Match[str]) -> Reference:
        path = tuple(segment.strip('"') for segment in found[2].split("."))
        return Reference(path, found[0], bool(found[1]), self._where())

    def _included(self, prefix: tuple[str, ...]) -> None:
        found = _INCLUDED.match(self._text, self._position)
        if found is None:
            raise self._error("include takes a file's name in quotes; nothing else is fetched")
        if self._include is None:
            raise self._error("include is not possible here")
        self._depth.files += 1
        if self._depth.files > _INCLUDES:
            raise self._error(f"more than {_INCLUDES} files are included, in a circle perhaps")
        text, source = self._include(found[1])
        _Reader(text, source, self._include, self._root, self._depth).document(prefix)
        self._position = found.end()

    def _get(self, path: tuple[str, ...]) -> object:
        found: object = self._root
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def _put(self, path: tuple[str, ...], value: object) -> None:
        """Set ``path`` to ``value``; an object adds to what is an object, or may be one, already."""
        target = self._root
        for depth, name in enumerate(path[:-1], start=1):
            inner = target.get(name)
            if isinstance(inner, Reference | Joined):
                target[name] = Joined((inner, _wrapped(path[depth:], value)), self._where())
                return
            if not isinstance(inner, dict):
                inner = target[name] = {}
            target = inner
        if not path:
            return
        former = target.get(path[-1])
        if isinstance(value, dict) and isinstance(former, dict):
            merge(former, value)
        elif isinstance(value, dict) and isinstance(former, Reference | Joined):
            target[path[-1]] = Joined((former, value), self._where())
        else:
            target[path[-1]] = value

    def _separators(self) -> None:
        """Skip blanks, comments, new lines and commas."""
        while True:
            self._lines_and_blanks()
            if self._peek() != ",":
                return
            self._position += 1

    def _lines_and_blanks(self) -> None:
        while True:
            self._blanks()
            if self._peek() == "\n":
                self._position += 1
            elif self._text.startswith(OURS, self._position):
                self._position += len(OURS)
            elif self._peek() == "#" or self._text.startswith("//", self._position):
                end = self._text.find("\n", self._position)
                self._position = len(self._text) if end < 0 else end
            else:
                return

    def _blanks(self) -> None:
        found = _BLANKS.match(self._text, self._position)
        assert found is not None  # noqa: S101  (none at all match as well)
        self._position = found.end()

    def _at_end(self) -> bool:
        return self._peek() in ("", "\n", ",", "}", "]", "#") or self._text.startswith(
            "//", self._position
        )

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _enter(self) -> None:
        self._nested += 1
        if self._nested > DEEPEST:
            raise self._error("values are nested too deep")

    def _where(self) -> str:
        return f"{self._source}: line {self._text.count(chr(10), 0, self._position) + 1}"

    def _error(self, what: str) -> UsageError:
        return UsageError(f"{self._where()}: {what}.")


def _wrapped(path: tuple[str, ...], value: object) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)  # noqa: S101  (a path is not empty)
    return value


def _scalar(text: Plain) -> object:
    words: dict[str, object] = {"true": True, "false": False, "null": None}
    if text in words:
        return words[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else str(text)


def _unindented(text: str) -> str:
    """What stands in triple quotes; ``~`` and a new line in front take away the indentation (EMQX 5.4)."""
    if not re.match(r"~[ \t\r]*\n", text):
        return text
    inner = text.partition("\n")[2]
    return textwrap.dedent(inner.removesuffix("~"))
