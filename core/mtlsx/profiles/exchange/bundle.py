"""A bundle: profiles with the files they name, in one zip archive, for another machine or another person.

Each profile is a document of its own at the top (``dev-1.toml``), its files are under ``certificates/``, and the paths
in the documents are relative, so that an unpacked bundle works where it is. Private keys are in it only when asked
for. Passwords and passphrases are never in the documents; where they come along, they are in ``secrets.json``, sealed
with a passphrase (``mtlsx.profiles.exchange.sealing``) together with a hash of everything else, so that nobody can
make a password go to another host.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from mtlsx.errors import MaterialError, UsageError
from mtlsx.files import read_bounded, reason
from mtlsx.profiles.document import dump, parse
from mtlsx.profiles.exchange.archive import read_archive, write_archive
from mtlsx.profiles.exchange.incoming import (
    FILE_SETTINGS,
    Batch,
    CarriedFile,
    FileSetting,
    Incoming,
)
from mtlsx.profiles.exchange.sealing import seal, unseal
from mtlsx.profiles.model import Profile
from mtlsx.profiles.store import file_stem
from mtlsx.secret import Secret

KIND = "bundle"
SECRETS = "secrets.json"

_CERTIFICATES = "certificates"
_LARGEST_FILE = 1024 * 1024  # bytes
_FILE_NAMES: dict[FileSetting, str] = {
    "ca_file": "ca.pem",
    "certificate_file": "certificate.pem",
    "key_file": "key.pem",
    "crl_file": "crl.pem",
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A profile to be exported: with absolute file paths, and with what secrets may come along."""

    profile: Profile
    password: Secret | None = field(default=None, repr=False)
    passphrase: Secret | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Exported:
    """A file to be written, and a sentence for each thing that is not in it."""

    data: bytes = field(repr=False)
    notes: tuple[str, ...]


def write_bundle(
    profiles: Sequence[Outgoing], *, with_keys: bool = False, passphrase: Secret | None = None
) -> Exported:
    """A bundle of ``profiles``.

    ``with_keys``: private keys too, as they are. ``passphrase``: seals the secrets of ``profiles``; without one
    they are left out. Raises UsageError for a profile that cannot be written, or an empty passphrase.
    """
    files: dict[str, bytes] = {}
    notes: list[str] = []
    secrets: dict[str, dict[str, str]] = {}
    for each in profiles:
        stem = _free(file_stem(each.profile.name), files)
        profile, carried, said = _packed(each.profile, stem, with_keys=with_keys)
        files[f"{stem}.toml"] = dump(profile)
        files |= carried
        notes += [f'"{each.profile.name}": {sentence}' for sentence in said]
        held = _held(each)
        if held and passphrase is None:
            notes.append(f'"{each.profile.name}": without its {" and ".join(held)}.')
        elif held:
            secrets[each.profile.name] = held
    if secrets and passphrase is not None:
        content = json.dumps(secrets).encode()
        files[SECRETS] = seal(content, passphrase, _context(files))
    return Exported(write_archive(files), tuple(notes))


def read_bundle(data: bytes, *, source: str, ask: Callable[[], Secret | None]) -> Batch:
    """The profiles of a bundle; ``ask`` gives the passphrase where secrets are sealed, None leaves them.

    Raises UsageError for an archive that may do harm, a document that is no profile, a passphrase that is another.
    """
    files = read_archive(data, source=source)
    documents = _documents(files)
    if not documents:
        raise UsageError(f"{source} holds no profiles.")
    notes = []
    secrets: Mapping[str, Mapping[str, str]] = {}
    if SECRETS in files:
        passphrase = ask()
        if passphrase is None:
            notes.append("The sealed secrets stay where they are, for there is no passphrase.")
        else:
            secrets = _unsealed(files, passphrase, source)
    used = {SECRETS, *documents}
    items = []
    for name in documents:
        profile = parse(files[name], source=f"{source}, {name}")
        carried = tuple(_carried(profile, name, files, used))
        held = secrets.get(profile.name, {})
        items.append(
            Incoming(
                profile=profile,
                files=carried,
                password=_secret(held.get("password")),
                passphrase=_secret(held.get("passphrase")),
            )
        )
    notes += [f"{name} belongs to no profile; left out." for name in files if name not in used]
    return Batch(KIND, tuple(items), tuple(notes))


def _packed(
    profile: Profile, stem: str, *, with_keys: bool
) -> tuple[Profile, dict[str, bytes], list[str]]:
    """The profile with the paths that it has in a bundle, the files there, and what is said about them."""
    changes: dict[str, str] = {}
    files: dict[str, bytes] = {}
    notes = []
    for setting in FILE_SETTINGS:
        path: str | None = getattr(profile.connection.tls, setting)
        if path is None:
            continue
        suffix = PurePath(path).suffix if PurePath(path).suffix.isascii() else ""
        name = str(PurePath(_FILE_NAMES[setting]).with_suffix(suffix[:8] or ".pem"))
        inside = f"{_CERTIFICATES}/{stem}/{name}"
        changes[setting] = inside
        try:
            content = read_bounded(Path(path), _LARGEST_FILE)
        except OSError as error:
            notes.append(f"{setting} {path} cannot be read, and stays behind: {reason(error)}.")
            continue
        why = None if with_keys else _why_private(setting, content)
        if why is None:
            files[inside] = content
        else:
            notes.append(f"{setting} {path} {why}, and stays behind.")
    tls = replace(profile.connection.tls, **changes)  # type: ignore[arg-type]  # paths all
    packed = replace(profile, connection=replace(profile.connection, tls=tls))
    return packed, files, notes


def _why_private(setting: FileSetting, content: bytes) -> str | None:
    """Why a file may be private: a key in it, or nothing in it that can be told; None where it is not."""
    from mtlsx.certificates.load import load_bytes

    try:
        held = load_bytes(content, source="it")
    except MaterialError as error:
        if error.verdict == "key-encrypted":
            return "is closed and may hold a private key"
        return "holds nothing that mtlsx can read"
    return "holds a private key" if held.keys or setting == "key_file" else None


def _held(outgoing: Outgoing) -> dict[str, str]:
    given = {"password": outgoing.password, "passphrase": outgoing.passphrase}
    return {name: secret.reveal() for name, secret in given.items() if secret is not None}


def _free(stem: str, files: Mapping[str, bytes]) -> str:
    number = 1
    candidate = stem
    while f"{candidate}.toml" in files:
        number += 1
        candidate = f"{stem}-{number}"
    return candidate


def _documents(files: Mapping[str, bytes]) -> list[str]:
    """The profiles: at the top, or in the one folder that the archive has there."""
    tops = {name.partition("/")[0] for name in files if "/" in name}
    top = [name for name in files if "/" not in name and name.endswith(".toml")]
    if top or len(tops) != 1:
        return top
    (folder,) = tops
    return [name for name in files if posixpath.dirname(name) == folder and name.endswith(".toml")]


def _carried(
    profile: Profile, document: str, files: Mapping[str, bytes], used: set[str]
) -> list[CarriedFile]:
    found = []
    for setting in FILE_SETTINGS:
        path: str | None = getattr(profile.connection.tls, setting)
        if path is None:
            continue
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(document), path))
        if inside in files and not inside.endswith(".toml") and inside != SECRETS:
            used.add(inside)
            found.append(CarriedFile(setting, posixpath.basename(inside), files[inside]))
    return found


def _unsealed(
    files: Mapping[str, bytes], passphrase: Secret, source: str
) -> Mapping[str, Mapping[str, str]]:
    place = f"{source}, {SECRETS},"
    others = {name: content for name, content in files.items() if name != SECRETS}
    content: Any = json.loads(unseal(files[SECRETS], passphrase, _context(others), source=place))
    is_right = isinstance(content, dict) and all(
        isinstance(held, dict) and all(isinstance(text, str) for text in held.values())
        for held in content.values()
    )
    if not is_right:
        raise UsageError(f"{place} is not what mtlsx writes.")
    checked: Mapping[str, Mapping[str, str]] = content
    return checked


def _context(files: Mapping[str, bytes]) -> bytes:
    """What the secrets are sealed with: a hash of all other files and their names."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            digest.update(len(part).to_bytes(8) + part)
    return digest.digest()


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)
