"""What an imported file holds: profiles, their secrets and files, and what of it could not be taken over. Values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mtlsx.profiles.model import Profile
    from mtlsx.secret import Secret

FileSetting = Literal["ca_file", "certificate_file", "key_file", "crl_file"]
"""A setting of ``TlsSettings`` that names a file."""

FILE_SETTINGS: tuple[FileSetting, ...] = ("ca_file", "certificate_file", "key_file", "crl_file")


@dataclass(frozen=True, slots=True)
class CarriedFile:
    """A file that came inside the imported one: its plain name, its bytes, and the setting that names it."""

    setting: FileSetting
    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One profile of an imported file.

    ``notes``: a sentence for each thing that could not be taken over, or only otherwise. Paths in ``profile``
    are as the file has them, but for ``files``, which have no place yet.
    """

    profile: Profile
    password: Secret | None = field(default=None, repr=False)
    passphrase: Secret | None = field(default=None, repr=False)
    files: tuple[CarriedFile, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """All of an imported file: what kind of file it is, its profiles, and notes about the rest of it."""

    kind: str
    items: tuple[Incoming, ...]
    notes: tuple[str, ...] = ()
