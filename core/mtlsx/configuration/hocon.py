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
from dataclasses import dataclass
from typing import Any, TypeAlias

from mtlsx.errors import UsageError
from mtlsx.schema import clipped

Include: TypeAlias = Callable[[str], tuple[str, str]]
"""Reads a file that an ``include`` names: its text, and what errors call it. Raises UsageError."""

OURS = "#mtlsx "
"""What stands before a setting that EMQX must not see."""

_DEEPEST = 60
_INCLUDES = 20
_LARGEST = 100_000  # values, after substitution
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
_EMQX_VARIABLE = re.compile(r"EMQX_[A-Z0-9_]+")


@dataclass(frozen=True, slots=True)
class _Reference:
    """``${path}``, and where it stands."""

    path: tuple[str, ...]
    written: str
    optional: bool
    where: str


@dataclass(frozen=True, slots=True)
class _Joined:
    """Values set side by side, with the blanks between them."""

    parts: tuple[object, ...]
    where: str


def parse(text: str, *, source: str, include: Include | None = None) -> dict[str, Any]:
    """The document that ``text`` stands for, as plain values; ``source`` names it in errors.

    Raises UsageError, with the line.
    """
    root: dict[str, Any] = {}
    _Reader(text, source, include, root, _Depth()).document()
    resolved = _Resolver(root).value(root)
    assert isinstance(resolved, dict)  # noqa: S101  (an object resolves to an object)
    return resolved


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
            self._put(path, _Joined(([] if former is None else former, [value]), where))
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
            return _scalar(parts[0]) if isinstance(parts[0], _Plain) else parts[0]
        return _Joined(tuple(parts), where)

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
            return _Plain(plain[0])
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

    def _reference(self, found: re.Match[str]) -> _Reference:
        path = tuple(segment.strip('"') for segment in found[2].split("."))
        return _Reference(path, found[0], bool(found[1]), self._where())

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
        target = self._root
        if not path:
            return
        for name in path[:-1]:
            inner = target.get(name)
            if not isinstance(inner, dict):
                # A reference that stands there may be an object, to which this adds.
                inner = {} if not isinstance(inner, _Reference | _Joined) else inner
                if not isinstance(inner, dict):
                    rest = path[path.index(name) + 1 :]
                    target[name] = _Joined((inner, _wrapped(rest, value)), self._where())
                    return
                target[name] = inner
            target = inner
        former = target.get(path[-1])
        if isinstance(value, dict) and isinstance(former, dict):
            _merge(former, value)
        elif isinstance(value, dict) and isinstance(former, _Reference | _Joined):
            target[path[-1]] = _Joined((former, value), self._where())
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
        if self._nested > _DEEPEST:
            raise self._error("values are nested too deep")

    def _where(self) -> str:
        return f"{self._source}: line {self._text.count(chr(10), 0, self._position) + 1}"

    def _error(self, what: str) -> UsageError:
        return UsageError(f"{self._where()}: {what}.")


class _Plain(str):
    """A text without quotes, which may be a number or a word of HOCON's."""

    __slots__ = ()


class _Resolver:
    """Puts in what references stand for."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._under_way: list[tuple[str, ...]] = []
        self._made = 0

    def value(self, value: object) -> object:
        self._made += 1
        if self._made > _LARGEST:
            raise UsageError(f"The configuration holds more than {_LARGEST} values.")
        if isinstance(value, _Reference):
            return self._referred(value)
        if isinstance(value, _Joined):
            return self._joined(value)
        if isinstance(value, dict):
            items = ((name, self.value(item)) for name, item in value.items())
            return {name: item for name, item in items if item is not _Nothing}
        if isinstance(value, list):
            return [item for item in map(self.value, value) if item is not _Nothing]
        return str(value) if isinstance(value, _Plain) else value

    def _referred(self, reference: _Reference) -> object:
        if reference.path in self._under_way or len(self._under_way) > _DEEPEST:
            raise UsageError(f"{reference.where}: {clipped(reference.written)} refers to itself.")
        found: object = self._root
        for name in reference.path:
            if isinstance(found, _Reference | _Joined):
                found = self._while_at(reference.path, found)
            found = found.get(name, _Nothing) if isinstance(found, dict) else _Nothing
        if found is not _Nothing:
            return self._while_at(reference.path, found)
        if reference.optional:
            return _Nothing
        if _EMQX_VARIABLE.fullmatch(reference.written[2:-1]):
            return reference.written
        raise UsageError(
            f"{reference.where}: {clipped(reference.written)} is not defined in the file.",
            fix="Environment variables are not read.",
        )

    def _while_at(self, path: tuple[str, ...], found: object) -> object:
        self._under_way.append(path)
        try:
            return self.value(found)
        finally:
            self._under_way.pop()

    def _joined(self, joined: _Joined) -> object:
        parts = [part for part in map(self.value, joined.parts) if part is not _Nothing]
        if not parts:
            return _Nothing
        for kind in (dict, list):
            of_kind = [part for part in parts if isinstance(part, kind)]
            if of_kind and all(isinstance(part, kind) or _is_blank(part) for part in parts):
                return _sum(of_kind)
            if of_kind:
                raise UsageError(f"{joined.where}: values of different kinds stand side by side.")
        return "".join(map(_as_text, parts))


_Nothing = object()
"""What an optional reference to nothing stands for."""


def _is_blank(part: object) -> bool:
    return isinstance(part, str) and not part.strip()


def _sum(parts: list[Any]) -> object:
    if isinstance(parts[0], list):
        return [item for part in parts for item in part]
    total: dict[str, Any] = {}
    for part in parts:
        _merge(total, part)
    return total


def _as_text(part: object) -> str:
    return part if isinstance(part, str) else json.dumps(part)


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Add ``more`` to ``into``; objects for one key add up."""
    for name, value in more.items():
        former = into.get(name)
        if isinstance(former, dict) and isinstance(value, dict):
            _merge(former, value)
        else:
            into[name] = value


def _wrapped(path: tuple[str, ...], value: object) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)  # noqa: S101  (a path is not empty)
    return value


def _scalar(text: _Plain) -> object:
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
