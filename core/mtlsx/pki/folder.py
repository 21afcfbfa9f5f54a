"""The folder of one authority: whole after a kill at any moment, readable by a person.

::

    demo/ca.crt  ca.key  issuers.crt  ca.crl    the authority itself, and those above it
    demo/index.txt                              what it did (``index``)
    demo/certs/SERIAL.crt  keys/SERIAL.key      what it issued; PEM, keys with mode 0600
    demo/journal/                               what is being written just now; empty otherwise

Issuing is three steps. The certificates and keys go into a file of ``journal/`` and to disk; the lines of the
index follow, and with the last byte of a line its certificate is issued; then the files get their places, and
the journal goes. Whoever opens a folder with a journal whose writer is gone finishes: what the index lists
gets its files, the rest was never issued and is forgotten, keys too. So no key outlives a certificate that is
not listed, and nothing that is listed lacks its files.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import reason, sync_directory
from mtlsx.pki.index import HEADER, Entry, Index

Admit = Callable[[Index, Entry], bool]
"""Whether a certificate may be issued after what the index says; raises what the person is told instead."""

_MANY = 32  # files; for more than these, one sync of the whole system costs less than one each


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its line in the index: both in PEM; ``key`` None where only its owner has it."""

    entry: Entry
    certificate: bytes
    key: bytes | None = field(default=None, repr=False)


class Folder:
    """The folder at ``path``, which exists. What is read of it is read again after ``refresh``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index = Index(str(path / "index.txt"))
        self._place_of = str(path)
        self._read = 0
        self._open_journals: list[_Journal] = []

    def refresh(self) -> None:
        """Finish what a killed program has begun, and read what the index says by now.

        Raises UsageError for an index that cannot be meant, MtlsxError where files cannot be read or written.
        """
        with _told(self.path):
            if any((self.path / "journal").iterdir()):
                with self._locked():
                    self._recover()
            self._read_index()

    def follow(self) -> None:
        """Read what the index says by now, while others write; raises as ``refresh``."""
        with _told(self.path):
            self._read_index()

    def commit(self, items: list[Issued], admit: Admit) -> list[Issued]:
        """Issue those of ``items`` that ``admit`` lets in, all at once; they are on disk when this returns.

        Raises what ``admit`` raises, and then nothing is issued; otherwise as ``refresh``.
        """
        admitted = self.commit_unsettled(items, admit)
        self.settle()
        return admitted

    def commit_unsettled(self, items: list[Issued], admit: Admit) -> list[Issued]:
        """As ``commit``, but the journals stay until ``settle``: for many commits, which then cost one sync."""
        with _told(self.path):
            journal = _Journal.begin(self.path / "journal", items)
            try:
                with self._locked():
                    self._recover()
                    self._read_index()
                    admitted = [item for item in items if admit(self.index, item.entry)]
                    self._require_new_serials(admitted)
                    self._append("".join(item.entry.line() for item in admitted).encode())
            except BaseException:
                # How far it came, the index says.
                journal.release()
                with self._locked():
                    self._recover()
                raise
            for item in admitted:
                self._place(item.entry.serial, item.certificate, item.key)
            journal.placed += 2 * len(admitted)
            self._open_journals.append(journal)
            return admitted

    def settle(self) -> None:
        """Put on disk what was placed since, and let the journals go. Another thread may commit meanwhile."""
        with _told(self.path):
            # What is placed from here on may miss the sync, and keeps its journal.
            journals = self._open_journals.copy()
            if sum(journal.placed for journal in journals) > _MANY:
                os.sync()
            else:
                for journal in journals:
                    for serial, _, _ in journal.items():
                        self._sync(serial)
                sync_directory(self.path / "certs")
                sync_directory(self.path / "keys")
            for journal in journals:
                journal.end()
            del self._open_journals[: len(journals)]

    def append(
        self, line_of: Callable[[Index], str], then: Callable[[], None] = lambda: None
    ) -> None:
        """Add the lines that ``line_of`` makes of what the index says, and do ``then`` before anybody else writes.

        Raises what they raise.
        """
        with _told(self.path), self._locked():
            self._recover()
            self._read_index()
            self._append(line_of(self.index).encode())
            then()

    def certificate(self, serial: str) -> bytes:
        """A certificate that is listed, PEM. Raises MtlsxError where its file cannot be read."""
        with _told(self.path):
            return self.certificate_path(serial).read_bytes()

    def key_path(self, serial: str) -> Path | None:
        """Where the key of a certificate is; None where only its owner has it."""
        path = self._key_path(serial)
        return path if path.exists() else None

    def certificate_path(self, serial: str) -> Path:
        """Where a certificate that is listed is."""
        return self.path / "certs" / f"{serial}.crt"

    def _key_path(self, serial: str) -> Path:
        return self.path / "keys" / f"{serial}.key"

    def _read_index(self) -> None:
        with (self.path / "index.txt").open("rb") as file:
            if file.seek(0, os.SEEK_END) < self._read:
                raise UsageError(f"{self.path / 'index.txt'} has become shorter while it was read.")
            file.seek(self._read)
            self._read += self.index.read(file.read())

    def _append(self, data: bytes) -> None:
        if not data:
            return
        with (self.path / "index.txt").open("r+b") as file:
            # What follows the last newline was cut off in its writing, and never said anything.
            file.truncate(self._read)
            file.seek(self._read)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._read += self.index.read(data)

    def _require_new_serials(self, items: list[Issued]) -> None:
        serials = [item.entry.serial for item in items]
        if len(set(serials)) < len(serials) or not self.index.entries.keys().isdisjoint(serials):
            raise MtlsxError("The same serial number came twice from the system's random source.")

    def _recover(self) -> None:
        """Finish or forget what writers that are gone have begun; the caller holds the lock."""
        for journal in _abandoned(self.path / "journal"):
            self._read_index()
            for serial, certificate, key in journal.items():
                if serial in self.index.entries:
                    self._place(serial, certificate, key)
                    self._sync(serial)
            sync_directory(self.path / "certs")
            sync_directory(self.path / "keys")
            journal.end()

    def _place(self, serial: str, certificate: bytes, key: bytes | None) -> None:
        # Strings, not paths: making two paths takes as long as writing a file.
        _write(f"{self._place_of}/certs/{serial}.crt", certificate, 0o644)
        if key is not None:
            _write(f"{self._place_of}/keys/{serial}.key", key, 0o600)

    def _sync(self, serial: str) -> None:
        for path in (self.certificate_path(serial), self._key_path(serial)):
            if path.exists():
                with path.open("rb") as file:
                    os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with lock(self.path / ".lock"):
            yield


def make_folder(
    path: Path, certificate: bytes, key: bytes, issuers: bytes, own: Entry | None
) -> None:
    """Make the folder of a new authority at ``path``, on disk: its certificate, key and issuers (PEM).

    ``own``: the entry of its certificate where it has issued that itself. Raises OSError.
    """
    path.mkdir(mode=0o700)
    for name in ("certs", "keys", "journal"):
        (path / name).mkdir(mode=0o700)
    listed = [] if own is None else [(f"certs/{own.serial}.crt", certificate, 0o644)]
    for name, content, mode in (
        *listed,
        ("ca.crt", certificate, 0o644),
        ("ca.key", key, 0o600),
        ("issuers.crt", issuers, 0o644),
        ("index.txt", HEADER + (b"" if own is None else own.line().encode()), 0o644),
    ):
        _write(str(path / name), content, mode)
        with (path / name).open("rb") as file:
            os.fsync(file.fileno())
    sync_directory(path / "certs")
    sync_directory(path)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` alone, waiting for whoever holds it; the system lets go of it for the dead."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class _Journal:
    """A file of ``journal/`` that this process holds: what is about to get its place.

    Its lock tells others that the writer lives. An item is a line with its serial number and the lengths of the
    certificate and the key, and then those two.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self.placed = 0

    @classmethod
    def begin(cls, directory: Path, items: Iterable[Issued]) -> _Journal:
        """A new journal of ``items``, on disk."""
        journal = None
        while journal is None:
            path = directory / secrets.token_hex(8)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            # Somebody who tidies up can have taken it for an abandoned one between the two calls.
            journal = cls.hold(path, descriptor)
        with os.fdopen(os.dup(descriptor), "wb") as file:
            for item in items:
                key = item.key or b""
                file.write(
                    b"%s %d %d\n" % (item.entry.serial.encode(), len(item.certificate), len(key))
                )
                file.write(item.certificate + key)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(directory)
        return journal

    @classmethod
    def hold(cls, path: Path, descriptor: int) -> _Journal | None:
        """The journal, if nobody else holds it and it is still there."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return cls(path, descriptor)
        except BlockingIOError:
            pass
        os.close(descriptor)
        return None

    def items(self) -> Iterator[tuple[str, bytes, bytes | None]]:
        """Serial number, certificate and key of each item that was written whole."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            while (head := file.readline()).endswith(b"\n"):
                serial, certificate_length, key_length = head.split()
                certificate = file.read(int(certificate_length))
                key = file.read(int(key_length))
                if (len(certificate), len(key)) == (int(certificate_length), int(key_length)):
                    yield serial.decode(), certificate, key or None

    def end(self) -> None:
        """Remove it."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def release(self) -> None:
        """Leave it to whoever opens the folder next."""
        os.close(self._descriptor)


def _abandoned(directory: Path) -> Iterator[_Journal]:
    """The journals whose writers are gone, each held."""
    with os.scandir(directory) as names:
        paths = [Path(name.path) for name in names]
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue  # its writer has finished
        journal = _Journal.hold(path, descriptor)
        if journal is not None:
            yield journal


def _write(path: str, data: bytes, mode: int) -> None:
    # Path.write_bytes takes twice as long, which 20,000 files make felt.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn errors of the file system into ours."""
    try:
        yield
    except OSError as error:
        raise MtlsxError(
            f"{error.filename or path} cannot be read or written: {reason(error)}."
        ) from error
