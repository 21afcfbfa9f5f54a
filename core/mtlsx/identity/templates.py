"""EMQX's templates: texts with ``${name}`` in them, parsed once and rendered for many clients.

In: the octets of a text and the names that are allowed in it. Out: a ``Template``, whose ``render`` puts values in.
A value is put in as it is: it is never looked at for placeholders again.

Source: emqx_template.erl and emqx_auth_template.erl (6.3); vectors ``emqx-auth/template.json``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: ``parts`` are octets that stay as they are, and the names of placeholders between them.

    ``${$}`` is a ``$``; a dot before a name is no part of it. ``names`` are all names in ``parts``.
    """

    parts: tuple[bytes | str, ...]
    names: frozenset[str] = field(init=False)
    # What renders fastest, which it does for each message: a text with %b, and the names that go there.
    _text: bytes = field(init=False, repr=False, compare=False)
    _order: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        order = tuple(part for part in self.parts if isinstance(part, str))
        text = b"".join(
            b"%b" if isinstance(part, str) else part.replace(b"%", b"%%") for part in self.parts
        )
        object.__setattr__(self, "names", frozenset(order))
        object.__setattr__(self, "_order", order)
        object.__setattr__(self, "_text", text)

    @classmethod
    def parse(cls, text: bytes, allowed: Collection[str]) -> Template:
        """The template that ``text`` is.

        ``allowed`` holds names, and ``prefix.*`` for all names that begin with ``prefix.``. All others stay as they
        are written. Where there is one of these, EMQX writes the template anew before it reads it: with it all names
        of a ``prefix.*`` stay literal too, and what a ``${$}`` was to keep from being a placeholder becomes one.
        """
        parts = _parts(text)
        if not all(_is_allowed(part, allowed) for part in parts if isinstance(part, str)):
            parts = _parts(b"".join(_rewritten(part, allowed) for part in parts))
        return cls(tuple(b"$" if part == _DOLLAR else part for part in parts))

    def render(self, values: Mapping[str, bytes | None]) -> bytes:
        """The text with its values; what is None or not in ``values`` is empty."""
        return self._text % tuple([values.get(name) or b"" for name in self._order])


_PLACEHOLDER = re.compile(rb"\$\{(?:\.?([a-zA-Z0-9._]*)|(\$))\}")
_DOLLAR = b"${$}"


def _parts(text: bytes) -> list[bytes | str]:
    parts: list[bytes | str] = []
    position = 0
    for found in _PLACEHOLDER.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        parts.append(_DOLLAR if found[2] else found[1].decode("ascii"))
        position = found.end()
    if position < len(text):
        parts.append(text[position:])
    return parts


def _is_allowed(name: str, allowed: Collection[str]) -> bool:
    if name in allowed:
        return True
    return any(prefix.endswith(".*") and name.startswith(prefix[:-1]) for prefix in allowed)


def _rewritten(part: bytes | str, allowed: Collection[str]) -> bytes:
    if isinstance(part, str):
        name = b"{" + part.encode("ascii") + b"}"
        return b"$" + name if part in allowed else _DOLLAR + name
    return b"$" if part == _DOLLAR else part
