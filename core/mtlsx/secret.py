"""A text that must not be shown: passwords and passphrases."""

from __future__ import annotations

from typing import final


@final
class Secret:
    """A secret text whose repr, str and format never show it; ``reveal()`` is the only way out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, as the person typed it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
