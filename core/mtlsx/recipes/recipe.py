"""What a recipe is made from, and what it is: a command or a program, and what that cannot do."""

from __future__ import annotations

import ipaddress
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mtlsx.client.settings import ClientIdSuffix
from mtlsx.recipes.files import Files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.client.settings import ConnectionSettings

PASSWORD: Final = "<password>"  # noqa: S105  (stands for one)
"""Stands where a password has to be filled in."""

PASSPHRASE: Final = "<passphrase>"  # noqa: S105  (stands for one)
"""Stands where the passphrase of a private key has to be filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What another program is to do.

    ``settings``: how to connect, its paths as that program is to open them; of the secrets only counts whether
    they are there. ``files``: what these files are. ``topic`` and ``message`` are for programs that publish,
    ``topic_filter`` for those that subscribe, ``qos`` for both.
    """

    settings: ConnectionSettings
    files: Files = field(default_factory=Files)
    topic: str = "test"
    message: str = "hello"
    topic_filter: str = "#"
    qos: int = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """``body`` does it: a command on one line, as a POSIX shell takes it, or a program; empty where nothing can.

    ``name`` is that of the program ("mosquitto_pub"). ``remarks``: what has to be done first, and what will not
    be as in mtlsx; a sentence or a command each.
    """

    name: str
    body: str
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The remarks as comments, and the body below."""
        comments = (f"# {remark}" for remark in self.remarks)
        return "\n".join([*comments, self.body]).rstrip("\n")


def command(*words: str) -> str:
    """A command of these words, quoted for a POSIX shell."""
    return shlex.join(words)


def given(option: str, value: object) -> tuple[str, ...]:
    """``option`` and its value, where there is one."""
    return () if value is None or value == "" else (option, str(value))


def is_address(host: str) -> bool:
    """Whether ``host`` is an IP address, for which no server name is sent."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def client_gaps(name: str, settings: ConnectionSettings) -> Iterator[str]:
    """What the command line of ``name`` cannot say about the client id and the last will."""
    if settings.client_id_suffix is not ClientIdSuffix.NONE:
        yield f"{name} takes the client id as it is; here each connection adds a new suffix to it."
    if settings.will is None:
        return
    texts = (settings.will.payload, settings.will.properties.correlation_data or b"")
    if not all(map(_is_text, texts)):
        yield f"{name} takes a will as text; here it is other bytes."


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False
