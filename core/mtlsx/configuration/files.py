"""The files of a configuration: what they hold, and where the files are that they name."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from mtlsx.errors import UsageError

_LARGEST = 4 * 1024 * 1024  # bytes; a configuration takes a few thousand
_PATHS = frozenset(
    {"cacertfile", "certfile", "keyfile", "crlfile", "path", "acl_file", "bootstrap_file"}
)
_SHIPPED = ("${EMQX_ETC_DIR}", "etc")


def read(path: Path, what: str) -> bytes:
    """What a regular file of bearable size holds; ``what`` names it in errors. Raises UsageError."""
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{what} {path} is not a regular file.")
            data = file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{what} {path} does not exist.") from error
    except OSError as error:
        raise UsageError(f"{what} {path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        # A NUL in the name, or half a character.
        raise UsageError(f"{what}: no file can have the name {str(path)!r}.") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{what} {path} is larger than {_LARGEST // 1024 // 1024} MiB.")
    return data


def located(document: Any, directory: Path) -> Any:
    """``document`` with the paths in it made absolute: they count from ``directory``.

    EMQX's own files begin them with ``${EMQX_ETC_DIR}/`` or, counted from its home, ``etc/``: both are the
    directory of the configuration.
    """
    if isinstance(document, list):
        return [located(item, directory) for item in document]
    if not isinstance(document, dict):
        return document
    return {name: _located(name, value, directory) for name, value in document.items()}


def absolute(path: str, directory: Path) -> str:
    """One path, as ``located`` makes it."""
    head, separator, rest = path.partition("/")
    if separator and head in _SHIPPED and not (head == "etc" and (directory / path).exists()):
        path = rest
    return os.path.join(directory, path)  # noqa: PTH118  (the path as written, not as Path tidies it)


def _located(name: str, value: Any, directory: Path) -> Any:
    if not isinstance(value, str) or not value:
        return located(value, directory)
    if name in _PATHS or (name == "public_key" and "-----BEGIN" not in value):
        return absolute(value, directory)
    if name == "endpoint" and value.startswith("file:"):
        return "file:" + absolute(value.removeprefix("file:"), directory)
    return value
