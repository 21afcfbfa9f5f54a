"""What a person sets for the whole application, in ``settings.toml`` of the configuration directory.

Each setting is declared once, in ``SETTINGS``: the file, its check and the screen all come from there. A document with
every setting at its default::

    max_messages = 100000
    max_message_bytes = 67108864
    theme = "textual-dark"
    history = false
    history_messages = 100000
    history_bytes = 268435456
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.client.ring import MAX_BYTES, MAX_MESSAGES
from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import read_bounded, reason, write_private
from mtlsx.schema import Key, Reader, Table, WrongError, boolean, integer, label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "settings.toml"
_LARGEST_FILE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """The fields are what ``SETTINGS`` declares."""

    max_messages: int = MAX_MESSAGES
    max_message_bytes: int = MAX_BYTES
    theme: str = "textual-dark"
    history: bool = False
    history_messages: int = 100_000
    history_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the file, its title and help on the screen, its type, and whether it waits.

    ``read`` takes its TOML value and raises WrongError; ``at_start``: a change counts from the next start.
    """

    name: str
    title: str
    help: str
    read: Reader
    at_start: bool = False

    @property
    def default(self) -> bool | int | str:
        """What it is where nothing was chosen."""
        value: bool | int | str = getattr(_DEFAULTS, self.name)
        return value


SETTINGS = (
    Setting("theme", "theme", "a name of Textual's, such as textual-light, nord or gruvbox; up and down go through them", label),
    Setting(
        "max_messages", "messages", "kept in memory for each connection", integer(1, 10_000_000), at_start=True
    ),
    Setting(
        "max_message_bytes", "memory", "bytes for the messages of all connections",
        integer(1024, 64 * 1024**3), at_start=True,
    ),
    Setting("history", "history", "keep messages on disk, and show them at the next start", boolean, at_start=True),
    Setting("history_messages", "on disk", "messages of the history", integer(1, 100_000_000), at_start=True),
    Setting(
        "history_bytes", "disk space", "bytes of the history",
        integer(1024, 1024**4), at_start=True,
    ),
)  # fmt: skip
"""All of them, in the order of the screen."""

_DEFAULTS = Settings()
_TABLE = Table(Settings, *(Key(setting.name, setting.read) for setting in SETTINGS))


class WrongSettingError(UsageError):
    """What a person wrote for the setting ``name`` cannot be meant."""

    def __init__(self, name: str, summary: str) -> None:
        super().__init__(summary)
        self.name = name


def read_settings(texts: Mapping[str, str]) -> Settings:
    """The settings that a person wrote, each as text, "on" or "off" for yes and no. Raises WrongSettingError."""
    values: dict[str, object] = {}
    for setting in SETTINGS:
        text = texts[setting.name].strip()
        if isinstance(setting.default, bool):
            values[setting.name] = text == "on"
        elif isinstance(setting.default, int):
            digits = text.replace(",", "").replace("_", "")
            plain = digits.isascii() and digits.isdigit() and len(digits) < 20
            values[setting.name] = int(digits) if plain else text
        else:
            values[setting.name] = text
        try:
            setting.read(values[setting.name], setting.title)
        except WrongError as error:
            raise WrongSettingError(setting.name, str(error)) from error
    return _TABLE.read(values)


def write_settings(settings: Settings) -> dict[str, str]:
    """Each setting as the text that ``read_settings`` reads."""
    texts = {}
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        if isinstance(value, bool):
            texts[setting.name] = "on" if value else "off"
        else:
            texts[setting.name] = f"{value:,}" if isinstance(value, int) else value
    return texts


def save_settings(settings: Settings, directory: Path) -> None:
    """Write what is not at its default into the file in ``directory``, all or nothing.

    Raises UsageError where the file there cannot be read, and so is left as it is; MtlsxError where it cannot be written.
    """
    import tomli_w

    path = directory / FILE_NAME
    load_settings(directory)
    try:
        write_private(path, tomli_w.dumps(_TABLE.write(settings)).encode())
    except OSError as error:
        raise MtlsxError(f"Settings file {path} cannot be written: {reason(error)}.") from error


def load_settings(directory: Path) -> Settings:
    """The settings in ``directory``, defaults where there is no file. Raises UsageError."""
    path = directory / FILE_NAME
    try:
        data = read_bounded(path, _LARGEST_FILE)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise UsageError(f"Settings file {path} cannot be read: {reason(error)}.") from error
    return _TABLE.parse(data, source=f"Settings file {path}")
