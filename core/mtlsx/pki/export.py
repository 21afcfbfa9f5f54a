"""A certificate and its key as the files that a person takes away: PEM, DER or PKCS#12, never over others.

In: ``Credentials``. Out: names, contents and modes of files, and their writing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import reason, write_file, write_new_file
from mtlsx.pki.keys import encryption, open_key, to_der

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from mtlsx.pki.authority import Authority
    from mtlsx.pki.index import Entry
    from mtlsx.pki.keys import PrivateKey
    from mtlsx.secret import Secret

Format: TypeAlias = Literal["pem", "der", "p12"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a device or a server works with.

    ``name``: what its files are called; ``chain``: the authorities between it and the root; ``key``: PEM, encrypted
    or not, None where only its owner has it.
    """

    name: str
    certificate: Certificate
    chain: tuple[Certificate, ...]
    root: Certificate
    key: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written: its name, what is in it, whether only its owner may read it."""

    name: str
    content: bytes = field(repr=False)
    private: bool = False


def credentials(authority: Authority, entry: Entry) -> Credentials:
    """What was issued as ``entry``. Raises MaterialError and MtlsxError where its files cannot be read."""
    path = authority.folder.key_path(entry.serial)
    try:
        key = None if path is None else path.read_bytes()
    except OSError as error:
        raise MtlsxError(f"{path} cannot be read: {reason(error)}.") from error
    return Credentials(
        name=file_name(entry.cn or entry.serial),
        certificate=authority.issued_certificate(entry.serial),
        chain=authority.chain,
        root=authority.root,
        key=key,
    )


def file_name(name: str) -> str:
    """``name`` as the name of a file on any system: what is special in one becomes an underscore."""
    return re.sub(r"[^\w.@+=,-]|^[.-]", "_", name) or "_"


def files(held: Credentials, form: Format, passphrase: Secret | None) -> list[File]:
    """The files of ``held`` in one form.

    PEM: the certificate with its chain, the key as it is kept, the root. DER: the same one by one, the key encrypted
    where there is a ``passphrase``. PKCS#12: all in one archive, which needs a passphrase. Where the key is kept
    encrypted, the passphrase also opens it. Raises UsageError and MaterialError.
    """
    if form == "p12":
        return [File(f"{held.name}.p12", _pkcs12(held, passphrase), private=True)]
    if form == "der":
        return [
            File(f"{held.name}.der", _der(held.certificate)),
            *(File(f"chain-{n}.der", _der(each)) for n, each in enumerate(held.chain, start=1)),
            *_key_in_der(held, passphrase),
            File("ca.der", _der(held.root)),
        ]
    return [
        File(f"{held.name}.crt", pem(held.certificate, *held.chain)),
        *([] if held.key is None else [File(f"{held.name}.key", held.key, private=True)]),
        File("ca.crt", pem(held.root)),
    ]


def pem(*certificates: Certificate) -> bytes:
    """Certificates in PEM, one after the other."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def write(directory: Path, made: Sequence[File], *, force: bool) -> list[Path]:
    """Write files into ``directory``, which is made where it is missing; what was written.

    A file that is there stays as it is, and where its content is another that is an error before anything is
    written, unless ``force``. Raises UsageError and MtlsxError.
    """
    paths = [directory / file.name for file in made]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        there = {path: path.read_bytes() for path in paths if path.exists()}
        same = {
            path for path, file in zip(paths, made, strict=True) if there.get(path) == file.content
        }
        if not force:
            _require_none([path for path in paths if path in there and path not in same])
        for path, file in zip(paths, made, strict=True):
            put = write_file if force else write_new_file
            if path not in same:
                put(path, file.content, 0o600 if file.private else 0o644)
    except FileExistsError as error:
        raise UsageError(f"{error.filename2 or error.filename} already exists.") from error
    except OSError as error:
        raise MtlsxError(
            f"{error.filename or directory} cannot be written: {reason(error)}."
        ) from error
    return paths


def write_many(authority: Authority, fleet: str | None, directory: Path, *, force: bool) -> int:
    """Write NAME.crt, with its chain, and NAME.key for each device of a fleet, and ca.crt; how many files there are.

    As ``write``, but on disk only at the end of all: one by one, 10,000 devices would take minutes. What a kill has
    left of the same files is completed. Raises UsageError and MtlsxError.
    """
    chain = pem(*authority.chain)
    seen: dict[str, str] = {}
    count = 1
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _put(directory / "ca.crt", pem(authority.root), 0o644, force=force)
        for entry in authority.index.entries.values():
            if entry.fleet != fleet or entry.serial in authority.index.revoked:
                continue
            name = file_name(entry.cn or entry.serial)
            if seen.setdefault(name, entry.serial) != entry.serial:
                raise UsageError(f"Two devices of the fleet would be written to {name}.crt.")
            certificate = authority.folder.certificate(entry.serial) + chain
            _put(directory / f"{name}.crt", certificate, 0o644, force=force)
            count += 1
            if (path := authority.folder.key_path(entry.serial)) is not None:
                _put(directory / f"{name}.key", path.read_bytes(), 0o600, force=force)
                count += 1
        os.sync()
    except OSError as error:
        raise MtlsxError(
            f"{error.filename or directory} cannot be written: {reason(error)}."
        ) from error
    return count


def _put(path: Path, data: bytes, mode: int, *, force: bool) -> None:
    """Write ``path`` whole, unless it is so already."""
    try:
        if path.read_bytes() == data:
            return
        if not force:
            _require_none([path])
    except FileNotFoundError:
        pass
    temporary = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    temporary.replace(path)


def _require_none(there: Sequence[Path]) -> None:
    if there:
        names = ", ".join(map(str, there))
        verb = "exists" if len(there) == 1 else "exist"
        raise UsageError(
            f"{names} already {verb}, with another content.",
            fix="Name another directory with -o, or replace with --force.",
        )


def _pkcs12(held: Credentials, passphrase: Secret | None) -> bytes:
    from cryptography.hazmat.primitives.serialization import pkcs12

    if passphrase is None:
        raise UsageError(
            "A PKCS#12 archive needs a passphrase.",
            fix="Give one with --key-passphrase-file, MTLSX_KEY_PASSPHRASE or --encrypt.",
        )
    if held.key is None:
        raise UsageError(
            f"There is no key for {held.name} here: only its owner has it.",
            fix="Export it as pem or der.",
        )
    key = _opened(held.name, held.key, passphrase)
    return pkcs12.serialize_key_and_certificates(
        held.name.encode(), key, held.certificate, [*held.chain, held.root], encryption(passphrase)
    )


def _key_in_der(held: Credentials, passphrase: Secret | None) -> list[File]:
    if held.key is None:
        return []
    key = _opened(held.name, held.key, passphrase)
    return [File(f"{held.name}.key.der", to_der(key, passphrase), private=True)]


def _der(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _opened(name: str, key: bytes, passphrase: Secret | None) -> PrivateKey:
    return open_key(
        key, passphrase, source=f"{name}.key",
        given_with="--key-passphrase-file or MTLSX_KEY_PASSPHRASE",
    )  # fmt: skip
