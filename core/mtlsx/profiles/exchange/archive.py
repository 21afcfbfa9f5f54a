"""A zip archive as its files in memory, from anybody: what could do harm is a sentence, and nothing is written.

In: the bytes of an archive. Out: names (relative, ``/`` between parts) and contents, in the archive's order.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping

from mtlsx.errors import UsageError

LARGEST_ARCHIVE = 16 * 1024 * 1024
"""Bytes of an archive that is read at all."""

_MOST_FILES = 4_000
_LARGEST_FILE = 1024 * 1024  # bytes, unpacked
_LARGEST_TOTAL = 64 * 1024 * 1024
_ENTRY = b"PK\x01\x02"  # begins each entry of the directory (PKWARE's APPNOTE.TXT, section 4.3.12)
_PART = re.compile(r"[^\x00-\x1f\x7f/\\:]+")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as a zip archive, an empty one too."""
    return data[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def read_archive(data: bytes, *, source: str) -> dict[str, bytes]:
    """The files of an archive. ``source`` names it in errors. Raises UsageError for any that is not plain and small."""
    # The directory is counted before zipfile makes an object of each of its entries.
    if len(data) > LARGEST_ARCHIVE or data.count(_ENTRY) > _MOST_FILES:
        raise UsageError(f"{source} is larger than any bundle of profiles.")
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                _check(entry, seen, source)
                if entry.is_dir():
                    continue
                content = _content(archive, entry, source)
                total += len(content)
                if total > _LARGEST_TOTAL:
                    raise _too_large(source)
                files[entry.filename] = content
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, IndexError) as error:
        raise UsageError(f"{source} is a damaged zip archive.") from error
    except RuntimeError as error:  # a kind of compression, or encryption
        raise UsageError(f"{source} is packed in a way that mtlsx does not read.") from error
    return files


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """An archive of ``files``, readable by their owner alone when unpacked; the same files give the same bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return data.getvalue()


def _check(entry: zipfile.ZipInfo, seen: set[str], source: str) -> None:
    # zipfile cuts a name at a NUL; the name that stands in the archive counts.
    name = entry.orig_filename.removesuffix("/")
    shown = "".join(each if each.isprintable() else "�" for each in name[:80])
    if any(not _is_plain(part) for part in name.split("/")):
        raise UsageError(f'{source} holds "{shown}", which leads out of it or is no usual name.')
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise UsageError(f'{source} holds "{shown}", which is a link or a device, not a file.')
    if name.casefold() in seen:
        raise UsageError(f'{source} holds "{shown}" twice.')
    seen.add(name.casefold())
    if entry.file_size > _LARGEST_FILE:
        raise _too_large(source)


def _is_plain(part: str) -> bool:
    return (
        part not in {"", ".", ".."}
        and _PART.fullmatch(part) is not None
        and not _DEVICES.fullmatch(part)
        and not part.endswith((".", " "))
    )


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: str) -> bytes:
    with archive.open(entry) as file:
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise _too_large(source)
    return content


def _too_large(source: str) -> UsageError:
    return UsageError(f"{source} would unpack to more than any bundle of profiles.")
