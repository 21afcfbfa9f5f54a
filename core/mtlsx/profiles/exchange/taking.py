"""Imported profiles into a library: under which names first, and then for good.

``plan`` decides and changes nothing; ``take`` writes. Files that came along get a folder of their own under
``certificates/`` beside the profiles, for their owner alone; none is ever written over another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import make_private_directory, reason, write_private
from mtlsx.profiles.arrangement import free_name
from mtlsx.profiles.document import dump
from mtlsx.profiles.secrets import SecretKind
from mtlsx.profiles.store import file_stem

if TYPE_CHECKING:
    from pathlib import Path

    from mtlsx.profiles.exchange.incoming import Incoming
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx.profiles.secrets import SecretPlace
    from mtlsx.secret import Secret

_CERTIFICATES = "certificates"


@dataclass(frozen=True, slots=True)
class Planned:
    """A profile under the name it will have. ``replaces``: one of that name is there and goes.

    ``refused``: why it cannot be saved at all; then it will not be.
    """

    incoming: Incoming
    replaces: bool = False
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A profile that is saved: its file, the files beside it, and where each of its secrets is."""

    profile: Profile
    path: Path
    files: tuple[Path, ...]
    secrets: tuple[tuple[SecretKind, SecretPlace], ...]


def plan(
    items: Iterable[Incoming],
    taken: Iterable[str],
    *,
    overwrite: bool = False,
    group: str | None = None,
) -> list[Planned]:
    """Each profile with a free name, or over the one of its name where ``overwrite``; two of one import never meet.

    ``taken``: the names that there are. ``group``: where all of them go. Pure.
    """
    there = set(taken)
    given: set[str] = set()
    planned = []
    for item in items:
        name = item.profile.name
        replaces = overwrite and name in there and name not in given
        if not replaces:
            name = free_name(name, there | given)
        given.add(name)
        planned.append(_planned(item, name, replaces=replaces, group=group))
    return planned


def take(planned: Planned, library: ProfileLibrary) -> Taken:
    """Save one. A replaced profile keeps the secrets that the new one does not bring.

    Raises UsageError for one that is refused, and what ``ProfileLibrary`` raises; files that were written before
    that stay.
    """
    if planned.refused is not None:
        raise UsageError(planned.refused)
    profile = planned.incoming.profile
    profile, files = _with_files(planned.incoming, library.profiles.directory)
    secrets = tuple(
        (kind, library.secrets.set(profile.name, kind, secret))
        for kind, secret in _secrets(planned.incoming)
    )
    return Taken(profile, library.save(profile), files, secrets)


def _planned(item: Incoming, name: str, *, replaces: bool, group: str | None) -> Planned:
    changes = {"name": name} if group is None else {"name": name, "group": group}
    renamed = replace(item, profile=replace(item.profile, **changes))  # type: ignore[arg-type]  # texts both
    try:
        dump(renamed.profile)
    except UsageError as error:
        return Planned(renamed, replaces, refused=error.summary)
    return Planned(renamed, replaces)


def _with_files(incoming: Incoming, directory: Path) -> tuple[Profile, tuple[Path, ...]]:
    """Write the files that came along; the profile names them as seen from its own directory."""
    profile = incoming.profile
    if not incoming.files:
        return profile, ()
    folder = _new_folder(directory / _CERTIFICATES, file_stem(profile.name))
    changes = {}
    written: dict[Path, bytes] = {}
    for file in incoming.files:
        path = folder / file.name
        if written.get(path, file.data) != file.data:
            path = folder / f"{file.setting}-{file.name}"
        try:
            write_private(path, file.data)
        except OSError as error:
            raise MtlsxError(f"{path} cannot be written: {reason(error)}.") from error
        written[path] = file.data
        changes[file.setting] = path.relative_to(directory).as_posix()
    tls = replace(profile.connection.tls, **changes)  # type: ignore[arg-type]  # paths all
    return replace(profile, connection=replace(profile.connection, tls=tls)), tuple(written)


def _new_folder(parent: Path, stem: str) -> Path:
    """A folder that was not there before."""
    try:
        make_private_directory(parent)
        folder = next(each for each in _folders(parent, stem) if not each.exists())
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise MtlsxError(f"A folder in {parent} cannot be made: {reason(error)}.") from error
    return folder


def _folders(parent: Path, stem: str) -> Iterator[Path]:
    yield parent / stem
    for number in count(2):
        yield parent / f"{stem}-{number}"


def _secrets(incoming: Incoming) -> Sequence[tuple[SecretKind, Secret]]:
    held = (
        (SecretKind.PASSWORD, incoming.password),
        (SecretKind.PASSPHRASE, incoming.passphrase),
    )
    return [(kind, secret) for kind, secret in held if secret is not None]
