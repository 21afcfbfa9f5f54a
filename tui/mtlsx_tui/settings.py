"""What a person sets for the whole application, in ``settings.toml`` of the configuration directory.

A document with every setting at its default::

    max_messages = 100000
    max_message_bytes = 67108864
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.client.ring import MAX_BYTES, MAX_MESSAGES
from mtlsx.errors import UsageError
from mtlsx.files import read_bounded, reason
from mtlsx.schema import Key, Table, integer

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "settings.toml"
_LARGEST_FILE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """``max_messages``: what each connection keeps; ``max_message_bytes``: what all together keep. The oldest go first."""

    max_messages: int = MAX_MESSAGES
    max_message_bytes: int = MAX_BYTES


_SETTINGS = Table(
    Settings,
    Key("max_messages", integer(1, 10_000_000)),
    Key("max_message_bytes", integer(1024, 64 * 1024**3)),
)


def load_settings(directory: Path) -> Settings:
    """The settings in ``directory``, defaults where there is no file. Raises UsageError."""
    path = directory / FILE_NAME
    try:
        data = read_bounded(path, _LARGEST_FILE)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise UsageError(f"Settings file {path} cannot be read: {reason(error)}.") from error
    return _SETTINGS.parse(data, source=f"Settings file {path}")
