"""All authorities in one directory, each in a folder that has its name; new ones are made here."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import make_private_directory, reason, sync_directory
from mtlsx.pki.authority import Admission, Authority, Signer, issued
from mtlsx.pki.certify import Kind, Wanted, certify, serial_text
from mtlsx.pki.folder import lock, make_folder
from mtlsx.pki.keys import KeyKind, generate, to_pem

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from mtlsx.secret import Secret

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_NEW = ".new-"


class Workbench:
    """The authorities in ``directory``; nothing is made before the first of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def authorities(self) -> list[Authority]:
        """All authorities by name, their indexes read. Raises what ``Folder.refresh`` raises."""
        found = [Authority(path) for path in self._folders()]
        for authority in found:
            authority.folder.refresh()
        return found

    def authority(self, name: str | None) -> Authority:
        """The authority of that name; None: the only one, or the only one that no other stands below.

        Raises UsageError where there is none, or several that could be meant.
        """
        names = [path.name for path in self._folders()]
        if name is None:
            name = self._only_one(names)
        elif name not in names:
            raise UsageError(
                f'There is no authority "{name}" in {self.directory}.',
                fix=f"There is {', '.join(names)}." if names else "Make one: mtlsx pki ca NAME.",
            )
        authority = Authority(self.directory / name)
        authority.folder.refresh()
        return authority

    def create(
        self,
        name: str,
        wanted: Wanted,
        key: KeyKind,
        *,
        issuer: tuple[Authority, Signer] | None = None,
        passphrase: Secret | None = None,
    ) -> Authority:
        """Make a new authority: a root, or one that ``issuer`` has signed. ``passphrase`` encrypts its key.

        Raises UsageError for a name that is taken or is none, and MtlsxError where it cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be the name of an authority.",
                fix="Use up to 64 letters, digits, dashes, dots and underscores.",
            )
        private = generate(key)
        now = datetime.now(UTC)
        above, signing_key = (None, private) if issuer is None else (issuer[0], issuer[1].key)
        certificate = certify(
            wanted, private.public_key(), signing_key=signing_key, now=now,
            issuer=None if above is None else above.certificate,
        )  # fmt: skip
        made = issued(certificate, Kind.CA, now, key=None)
        try:
            make_private_directory(self.directory)
            with lock(self.directory / ".lock"):
                self._finish_or_forget()
                if (self.directory / name).exists():
                    raise UsageError(f'There is already an authority "{name}" in {self.directory}.')
                temporary = self.directory / f"{_NEW}{name}"
                make_folder(
                    temporary, made.certificate, to_pem(private, passphrase),
                    b"" if above is None else _pem((above.certificate, *above.issuers)),
                    made.entry.line().encode() if above is None else b"",
                )  # fmt: skip
                sync_directory(self.directory)
                # With its line in the issuer's index the authority is there; a kill before the rename is
                # made good by whoever makes the next one, or lists what there is.
                if above is not None:
                    above.folder.commit([made], Admission().admit)
                temporary.rename(self.directory / name)
                sync_directory(self.directory)
        except OSError as error:
            raise MtlsxError(
                f"{error.filename or self.directory} cannot be written: {reason(error)}."
            ) from error
        return self.authority(name)

    def _only_one(self, names: list[str]) -> str:
        if not names:
            raise UsageError(
                f"There is no authority in {self.directory} yet.",
                fix="Make one: mtlsx pki ca NAME.",
            )
        if len(names) > 1:
            found = [Authority(self.directory / each) for each in names]
            above = {serial_text(issuer.serial_number) for each in found for issuer in each.issuers}
            names = [
                each.name
                for each in found
                if serial_text(each.certificate.serial_number) not in above
            ]
        if len(names) > 1:
            raise UsageError(
                f"Several authorities could be meant: {', '.join(names)}.",
                fix="Give one with --ca.",
            )
        return names[0]

    def _folders(self) -> list[Path]:
        try:
            if any(self.directory.glob(f"{_NEW}*")):
                with lock(self.directory / ".lock"):
                    self._finish_or_forget()
            return sorted(
                path
                for path in self.directory.iterdir()
                if _NAME.fullmatch(path.name) and (path / "ca.crt").is_file()
            )
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise MtlsxError(f"{self.directory} cannot be read: {reason(error)}.") from error

    def _finish_or_forget(self) -> None:
        """Deal with authorities whose making was cut off; the caller holds the lock.

        One whose certificate its issuer lists gets its name, any other was never there.
        """
        for path in self.directory.glob(f"{_NEW}*"):
            if self._is_listed(path):
                path.rename(self.directory / path.name.removeprefix(_NEW))
            else:
                shutil.rmtree(path)
        sync_directory(self.directory)

    def _is_listed(self, path: Path) -> bool:
        if not (path / "index.txt").is_file() or not (path / "issuers.crt").stat().st_size:
            return False
        serial = serial_text(Authority(path).certificate.serial_number)
        for other in self.directory.iterdir():
            if _NAME.fullmatch(other.name) and (other / "index.txt").is_file():
                authority = Authority(other)
                authority.folder.refresh()
                if serial in authority.index.entries:
                    return True
        return False


def _pem(certificates: tuple[Certificate, ...]) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
