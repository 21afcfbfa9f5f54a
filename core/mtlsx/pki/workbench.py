"""All authorities in one directory, each in a folder that has its name; made and renewed here.

What concerns several folders is written beside them first, as ``.new-NAME`` (the folder of a new authority) or
``.renewed-NAME`` (its next certificate). The line in the signing authority's index decides: whoever opens the
directory after a kill finishes what is listed there, and forgets what is not.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import make_private_directory, reason, sync_directory, write_file
from mtlsx.pki.authority import (
    Admission,
    Authority,
    Signer,
    issued,
    names_of,
    parse_certificates,
    require_not_revoked,
)
from mtlsx.pki.certify import Kind, Wanted, certify, path_length_of, serial_text
from mtlsx.pki.folder import lock, make_folder
from mtlsx.pki.keys import KeyKind, generate, to_pem

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from mtlsx.secret import Secret

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_NEW = ".new-"
_RENEWED = ".renewed-"


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
        with self._changing():
            if (self.directory / name).exists():
                raise UsageError(f'There is already an authority "{name}" in {self.directory}.')
            temporary = self.directory / f"{_NEW}{name}"
            make_folder(
                temporary, made.certificate, to_pem(private, passphrase),
                b"" if above is None else _pem((above.certificate, *above.issuers)),
                made.entry if above is None else None,
            )  # fmt: skip
            sync_directory(self.directory)
            # With its line in the issuer's index the authority is there.
            if above is not None:
                above.folder.commit([made], Admission().admit)
            temporary.rename(self.directory / name)
            sync_directory(self.directory)
        return self.authority(name)

    def issuer_of(self, authority: Authority) -> Authority:
        """Who signs its certificate: the authority above it, or a root itself. Raises UsageError where that is gone."""
        if not authority.issuers:
            return authority
        for each in self.authorities():
            if each.certificate == authority.issuers[0]:
                return each
        raise UsageError(
            f"The authority above {authority.name}, {authority.issuers[0].subject.rfc4514_string()},"
            f" is not in {self.directory}.",
            fix="Renew it where that one is kept.",
        )

    def renew(self, name: str, issuer: tuple[Authority, Signer], *, days: int) -> Authority:
        """Give an authority its next certificate: same key and names, a new serial number and validity.

        ``issuer``: as ``issuer_of`` says. What it issued is valid below either one. The new one takes the place of
        the old one in its own folder and in those of all authorities below. Raises UsageError for one that is
        revoked and for what ``certify`` refuses, MtlsxError where it cannot be written.
        """
        above, signer = issuer
        now = datetime.now(UTC)
        with self._changing():
            old = Authority(self.directory / name).certificate
            certificate = certify(
                Wanted(
                    kind=Kind.CA, subject=old.subject, alternative_names=names_of(old), days=days,
                    path_length=path_length_of(old),
                ),
                old.public_key(), signing_key=signer.key, now=now,
                issuer=None if above.name == name else above.certificate,
            )  # fmt: skip
            made = issued(
                certificate, Kind.CA, now, key=None, renews=serial_text(old.serial_number)
            )
            write_file(self.directory / f"{_RENEWED}{name}", made.certificate, 0o644)
            try:
                above.folder.commit([made], require_not_revoked)
            finally:
                self._finish_or_forget()
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
            if any(path.name.startswith((_NEW, _RENEWED)) for path in self.directory.iterdir()):
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

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Alone with the directory, which is made where it is missing, and all that was cut off done with."""
        try:
            make_private_directory(self.directory)
            with lock(self.directory / ".lock"):
                self._finish_or_forget()
                yield
        except OSError as error:
            raise MtlsxError(
                f"{error.filename or self.directory} cannot be written: {reason(error)}."
            ) from error

    def _finish_or_forget(self) -> None:
        """Deal with authorities whose making or renewal was cut off; the caller holds the lock.

        One whose certificate is listed gets its name or its new certificate; any other was never there.
        """
        for path in self.directory.glob(f"{_NEW}*"):
            if _is_made(path) and self._is_listed(Authority(path).certificate):
                path.rename(self.directory / path.name.removeprefix(_NEW))
            else:
                shutil.rmtree(path)
        for path in self.directory.glob(f"{_RENEWED}*"):
            (certificate,) = parse_certificates(path.read_bytes(), str(path))
            if self._is_listed(certificate):
                self._take_up(certificate)
            path.unlink()
        sync_directory(self.directory)

    def _is_listed(self, certificate: Certificate) -> bool:
        serial = serial_text(certificate.serial_number)
        for authority in self._unfinished():
            authority.folder.refresh()
            if serial in authority.index.entries:
                return True
        return False

    def _take_up(self, new: Certificate) -> None:
        """Put a renewed authority's certificate wherever an older one of it is."""
        about = new.subject, new.public_key()
        for authority in self._unfinished():
            for name, held in (
                ("ca.crt", (authority.certificate,)),
                ("issuers.crt", authority.issuers),
            ):
                now = tuple(
                    new if (each.subject, each.public_key()) == about else each for each in held
                )
                if now != held:
                    write_file(authority.folder.path / name, _pem(now), 0o644)

    def _unfinished(self) -> Iterator[Authority]:
        """The authorities as they are, while the lock is held."""
        for path in self.directory.iterdir():
            if _NAME.fullmatch(path.name) and (path / "index.txt").is_file():
                yield Authority(path)


def _is_made(path: Path) -> bool:
    """Whether the folder of an authority below another is whole."""
    return (path / "index.txt").is_file() and (path / "issuers.crt").stat().st_size > 0


def _pem(certificates: tuple[Certificate, ...]) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
