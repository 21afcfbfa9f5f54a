"""The profiles of one directory, one TOML file each; what cannot be read is kept and named.

In: a directory, which need not exist. Out: profiles, and the files that are none with the reason. A save
is whole or not at all, and of several processes that save the same profile the last one wins. Comments in
a file are lost when mtlsx saves its profile.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import read_bounded, reason, sync_directory, write_private
from mtlsx.profiles.arrangement import place
from mtlsx.profiles.document import dump, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mtlsx.profiles.model import Profile

_LARGEST = 1024 * 1024  # bytes; a profile takes a few hundred
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)\Z")  # Windows keeps these names for devices
_SUFFIX = ".toml"


def file_stem(name: str) -> str:
    """A readable file name without suffix for what belongs to the profile ``name``, safe on every system."""
    slug = _slug(name)
    return slug if slug and not _RESERVED.match(slug) else _hashed(name)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file among the profiles that is none, and why."""

    path: Path
    error: UsageError


@dataclass(frozen=True, slots=True)
class Listing:
    """What a directory holds: profiles by group, order and name, and the files that could not be read."""

    profiles: tuple[Profile, ...]
    unreadable: tuple[Unreadable, ...]


class ProfileStore:
    """The profiles in ``directory``; nothing is made before the first save."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        # What was read, by path and what the file was like then: a save reads all others for their names.
        self._read_before: dict[Path, tuple[tuple[int, int, int], Profile | UsageError]] = {}

    def list(self) -> Listing:
        """All profiles, and all files that could not be read as one."""
        profiles = []
        unreadable = []
        for path, found in self._read_all():
            if isinstance(found, UsageError):
                unreadable.append(Unreadable(path, found))
            else:
                profiles.append(found)
        profiles.sort(key=place)
        return Listing(tuple(profiles), tuple(unreadable))

    def get(self, name: str) -> Profile:
        """The profile of that name. Raises UsageError where there is none."""
        listing = self.list()
        for profile in listing.profiles:
            if profile.name == name:
                return profile
        raise UsageError(
            f'There is no profile "{name}" in {self.directory}.', fix=_what_there_is(listing)
        )

    def save(self, profile: Profile, *, former_name: str | None = None) -> Path:
        """Save ``profile`` over the one of its name, or as a new one; give the path of its file.

        ``former_name``: the name it had, where it is being renamed; its file stays the same, for whoever
        knows it by that name. Raises UsageError where another profile already has the new name, or where
        the profile cannot be written down (a port of 70000), and MtlsxError where the file cannot be.
        """
        data = dump(profile)
        files = dict(self._read_all())
        if former_name is not None and former_name != profile.name:
            _require_free(profile.name, files)
        path = _file_of(former_name or profile.name, files) or self._free_path(profile.name, files)
        try:
            write_private(path, data)
        except OSError as error:
            raise MtlsxError(
                f'Profile "{profile.name}" cannot be saved in {path}: {reason(error)}.'
            ) from error
        return path

    def require_free(self, name: str) -> None:
        """Raise UsageError where there is a profile of that name already."""
        _require_free(name, dict(self._read_all()))

    def delete(self, name: str) -> None:
        """Delete the profile of that name, if there is one. Raises MtlsxError where that is not possible."""
        path = _file_of(name, dict(self._read_all()))
        if path is None:
            return
        try:
            path.unlink(missing_ok=True)
            sync_directory(path.parent)
        except OSError as error:
            raise MtlsxError(f"{path} cannot be deleted: {reason(error)}.") from error

    def _read_all(self) -> Iterator[tuple[Path, Profile | UsageError]]:
        """Each file with its profile or the reason why it is none; of two with one name, the first counts."""
        names: dict[str, Path] = {}
        for path in self._files():
            found = self._read(path)
            if isinstance(found, UsageError):
                yield path, found
                continue
            first = names.setdefault(found.name, path)
            if first is path:
                yield path, found
            else:
                yield (
                    path,
                    UsageError(
                        f'Profile file {path}: name "{found.name}" is already taken by {first}.',
                        fix="Give one of them another name.",
                    ),
                )

    def _read(self, path: Path) -> Profile | UsageError:
        """The profile of a file, or why it is none; parsed again only where the file is another or was changed."""
        try:
            state = path.stat()
            looks = (state.st_ino, state.st_mtime_ns, state.st_size)
            before = self._read_before.get(path)
            if before is None or before[0] != looks:
                before = (looks, _parsed(path, read_bounded(path, _LARGEST)))
        except OSError as error:
            return UsageError(f"Profile file {path} cannot be read: {reason(error)}.")
        self._read_before[path] = before
        return before[1]

    def _files(self) -> Sequence[Path]:
        try:
            return sorted(
                path
                for path in self.directory.iterdir()
                if path.suffix.lower() == _SUFFIX and not path.name.startswith(".")
            )
        except FileNotFoundError:
            return []
        except OSError as error:
            raise MtlsxError(f"{self.directory} cannot be read: {reason(error)}.") from error

    def _free_path(self, name: str, files: Iterable[Path]) -> Path:
        """Where a new profile goes: a readable file name that none of ``files`` has."""
        taken = {path.name.casefold() for path in files}
        return self.directory / next(
            candidate for candidate in _file_names(name) if candidate.casefold() not in taken
        )


def _parsed(path: Path, data: bytes) -> Profile | UsageError:
    try:
        return parse(data, source=f"Profile file {path}")
    except UsageError as error:
        return error


def _require_free(name: str, files: dict[Path, Profile | UsageError]) -> None:
    if (path := _file_of(name, files)) is not None:
        raise UsageError(f'There is already a profile "{name}": {path}.')


def _file_of(name: str, files: dict[Path, Profile | UsageError]) -> Path | None:
    for path, found in files.items():
        if not isinstance(found, UsageError) and found.name == name:
            return path
    return None


def _file_names(name: str) -> Iterator[str]:
    """File names for a profile, best first: lower case, digits and dashes, safe on every system.

    Where that would not be the name itself, a hash of the name is added, so that two profiles whose names
    look alike do not meet, even when two processes save them at once.
    """
    slug = _slug(name)
    if slug == name and not _RESERVED.match(slug):
        yield slug + _SUFFIX
    stem = _hashed(name)
    yield stem + _SUFFIX
    number = 1
    while True:
        number += 1
        yield f"{stem}-{number}{_SUFFIX}"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:60]


def _hashed(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    slug = _slug(name)
    return f"{slug}-{digest[:8]}" if slug else digest[:16]


def _what_there_is(listing: Listing) -> str:
    if not listing.profiles:
        return "There are no profiles yet."
    names = ", ".join(f'"{profile.name}"' for profile in listing.profiles[:10])
    more = len(listing.profiles) - 10
    return f"There is {names}" + (f" and {more} more." if more > 0 else ".")
