"""What stands in a HOCON text besides plain values, until the whole of it is known: references, and values side by
side; and how plain values are made of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from mtlsx.errors import UsageError
from mtlsx.schema import clipped

DEEPEST = 60
"""How deep values may be nested, and references refer on."""
_LARGEST = 100_000  # values, after substitution
_EMQX_VARIABLE = re.compile(r"EMQX_[A-Z0-9_]+")


@dataclass(frozen=True, slots=True)
class Reference:
    """``${path}``, and where it stands."""

    path: tuple[str, ...]
    written: str
    optional: bool
    where: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Values set side by side, with the blanks between them."""

    parts: tuple[object, ...]
    where: str


class Plain(str):
    """A text without quotes, which may be a number or a word of HOCON's."""

    __slots__ = ()


def resolved(root: dict[str, Any]) -> dict[str, Any]:
    """``root`` with what its references stand for. Raises UsageError."""
    found = _Resolver(root).value(root)
    assert isinstance(found, dict)  # noqa: S101  (an object resolves to an object)
    return found


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Add ``more`` to ``into``; objects for one key add up."""
    for name, value in more.items():
        former = into.get(name)
        if isinstance(former, dict) and isinstance(value, dict):
            merge(former, value)
        else:
            into[name] = value


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
        if isinstance(value, Reference):
            return self._referred(value)
        if isinstance(value, Joined):
            return self._joined(value)
        if isinstance(value, dict):
            items = ((name, self.value(item)) for name, item in value.items())
            return {name: item for name, item in items if item is not _Nothing}
        if isinstance(value, list):
            return [item for item in map(self.value, value) if item is not _Nothing]
        return str(value) if isinstance(value, Plain) else value

    def _referred(self, reference: Reference) -> object:
        if reference.path in self._under_way or len(self._under_way) > DEEPEST:
            raise UsageError(f"{reference.where}: {clipped(reference.written)} refers to itself.")
        found: object = self._root
        for name in reference.path:
            if isinstance(found, Reference | Joined):
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

    def _joined(self, joined: Joined) -> object:
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
        merge(total, part)
    return total


def _as_text(part: object) -> str:
    return part if isinstance(part, str) else json.dumps(part)
