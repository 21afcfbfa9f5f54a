"""The files of imported profiles on this machine: where they are said to be, else by name where they may be."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from mtlsx.profiles.exchange.incoming import FILE_SETTINGS

if TYPE_CHECKING:
    from mtlsx.profiles.exchange.incoming import Incoming


def relocated(incoming: Incoming, home: Path, others: Sequence[Path] = ()) -> Incoming:
    """The same with paths that exist here, as far as there are such files; notes say what moved and what is missing.

    ``home``: the directory of the imported file, from which relative paths are. Of a path that does not exist the
    last part, a Windows path's too, is looked for in ``others`` and then in ``home``.
    """
    tls = incoming.profile.connection.tls
    carried = {file.setting for file in incoming.files}
    changes: dict[str, str] = {}
    notes = []
    for setting in FILE_SETTINGS:
        path: str | None = getattr(tls, setting)
        if path is None or setting in carried:
            continue
        # Path.expanduser raises where there is no home directory; this leaves the path as it is.
        meant = home / os.path.expanduser(path)  # noqa: PTH111
        found = meant if meant.is_file() else _elsewhere(path, (*others, home))
        if found is None:
            notes.append(
                f"{setting}: there is no {path} here; name its directory under certificates (--certificates DIR)."
            )
            continue
        changes[setting] = str(found)
        if found is not meant:
            notes.append(f"{setting}: {path} is now {found}.")
    connection = replace(incoming.profile.connection, tls=replace(tls, **changes))  # type: ignore[arg-type]  # paths all
    return replace(
        incoming,
        profile=replace(incoming.profile, connection=connection),
        notes=(*incoming.notes, *notes),
    )


def _elsewhere(path: str, directories: Sequence[Path]) -> Path | None:
    name = PureWindowsPath(path).name
    candidates = (directory.absolute() / name for directory in directories)
    return next((each for each in candidates if name and each.is_file()), None)
