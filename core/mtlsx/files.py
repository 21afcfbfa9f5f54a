"""Files that are whole at every moment, the old content or the new one; private to their owner where asked."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TEMPORARY = ".tmp"
_ABANDONED_AFTER = 3600.0  # seconds; no write takes that long


def write_private(path: Path, data: bytes) -> None:
    """Replace the content of ``path`` in one step, with mode 0600; missing directories get mode 0700.

    The data is on disk before the name points to it, so a crash at any moment leaves the old content or
    the new one. Where ``path`` is a symbolic link, the file it points to is replaced. Of several writers
    the last one wins. Raises OSError.
    """
    path = Path(os.path.realpath(path))
    make_private_directory(path.parent)
    write_file(path, data, 0o600)


def write_file(path: Path, data: bytes, mode: int) -> None:
    """Replace the content of ``path`` as ``write_private`` does, in a directory that exists. Raises OSError."""
    with _prepared(path, data, mode) as temporary:
        temporary.replace(path)
    sync_directory(path.parent)


def write_new_file(path: Path, data: bytes, mode: int) -> None:
    """Write a file that does not exist yet, in a directory that does. Raises FileExistsError, OSError."""
    with _prepared(path, data, mode) as temporary:
        os.link(temporary, path)
        temporary.unlink()
    sync_directory(path.parent)


def read_bounded(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most ``limit`` bytes. Raises OSError, also for anything else."""
    # Without O_NONBLOCK, opening a named pipe would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("not a regular file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(f"larger than {limit} bytes")
    return data


def make_private_directory(directory: Path) -> None:
    """Make ``directory`` and its missing parents with mode 0700. Raises OSError."""
    if directory.is_dir():
        return
    make_private_directory(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)


def sync_directory(directory: Path) -> None:
    """Put a directory's names on disk, where the system and its file system have a way to do that."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reason(error: OSError) -> str:
    """Why a file could not be used, in a few words."""
    return error.strerror or str(error)


@contextmanager
def _prepared(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """A file beside ``path`` with its new content, on disk; removed where it does not get its place."""
    _remove_abandoned(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_TEMPORARY}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _remove_abandoned(directory: Path) -> None:
    """Remove what writers that were killed left behind."""
    now = time.time()
    for path in directory.glob(f".*{_TEMPORARY}"):
        with suppress(OSError):  # another writer removed it first
            if now - path.stat().st_mtime > _ABANDONED_AFTER:
                path.unlink()
