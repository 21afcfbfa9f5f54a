"""A profile in a few words, safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.profiles.model import Profile


def address(profile: Profile) -> str:
    """Where it connects to, as a URL without a path."""
    connection = profile.connection
    return f"{connection.transport}://{connection.host}:{connection.port}"


def plain(text: str) -> str:
    """A text on one line, without what would move a terminal's cursor."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
