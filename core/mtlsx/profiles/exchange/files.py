"""Imported files from disk to a ``Batch``: read, recognised, and their certificates found on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import MaterialError
from mtlsx.files import read_bounded, reason
from mtlsx.profiles.exchange.archive import is_archive
from mtlsx.profiles.exchange.bundle import read_bundle
from mtlsx.profiles.exchange.recognise import read_profiles
from mtlsx.profiles.exchange.relocation import relocated

if TYPE_CHECKING:
    from mtlsx.profiles.exchange.incoming import Batch
    from mtlsx.secret import Secret

_LARGEST = 64 * 1024 * 1024  # bytes: MQTTX exports all messages too


def read_file(
    path: Path, *, certificates: Sequence[Path] = (), ask: Callable[[], Secret | None]
) -> Batch:
    """The profiles in a file, with paths that exist here as far as there are such files.

    ``certificates``: directories to look in, besides the file's own. ``ask``: for the passphrase of sealed secrets.
    Raises MaterialError for a file that cannot be read, and UsageError for one that holds no profiles.
    """
    source = f"File {path}"
    try:
        data = read_bounded(path, _LARGEST)
    except FileNotFoundError as error:
        raise MaterialError("file-missing", f"{source} does not exist.") from error
    except OSError as error:
        raise MaterialError(
            "file-unreadable", f"{source} cannot be read: {reason(error)}."
        ) from error
    if is_archive(data):
        batch = read_bundle(data, source=source, ask=ask)
    else:
        batch = read_profiles(data, source=source, name=path.name)
    home = path.resolve().parent
    items = tuple(relocated(item, home, certificates) for item in batch.items)
    return replace(batch, items=items)
