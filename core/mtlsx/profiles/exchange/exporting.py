"""Profiles out of the library into one file, in any of the forms that can be read again.

Passwords, passphrases and private keys stay where they are unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.files import reason, write_file, write_new_file
from mtlsx.profiles.document import dump
from mtlsx.profiles.exchange.bundle import Exported, Outgoing, write_bundle
from mtlsx.profiles.exchange.mqttx_export import write_mqttx
from mtlsx.profiles.model import with_absolute_paths

if TYPE_CHECKING:
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx.secret import Secret


class Form(StrEnum):
    """What the file is: one profile as it is kept, a zip archive with certificates, or MQTTX's JSON."""

    TOML = "toml"
    BUNDLE = "bundle"
    MQTTX = "mqttx"


_BY_SUFFIX = {".toml": Form.TOML, ".zip": Form.BUNDLE, ".json": Form.MQTTX}


def form_of(path: Path) -> Form | None:
    """The form that the suffix of ``path`` stands for; None: for none."""
    return _BY_SUFFIX.get(path.suffix.lower())


def export_profiles(
    library: ProfileLibrary,
    profiles: Sequence[Profile],
    form: Form,
    *,
    with_keys: bool = False,
    passphrase: Secret | None = None,
) -> Exported:
    """The bytes of a file with ``profiles``, and a sentence for each thing that is not in it.

    For a bundle: ``with_keys``: private keys too; ``passphrase``: passwords too, sealed with it. Raises UsageError for
    several profiles as TOML and for keys or passwords in another form than a bundle; what reading secrets raises.
    """
    if form is not Form.BUNDLE and (with_keys or passphrase is not None):
        raise UsageError("Private keys and passwords go into a bundle only.", fix="Make it a .zip.")
    directory = library.profiles.directory
    complete = [
        replace(each, connection=with_absolute_paths(each.connection, directory))
        for each in profiles
    ]
    if form is Form.MQTTX:
        return write_mqttx(complete)
    if form is Form.BUNDLE:
        outgoing = []
        for each in complete:
            held = library.connection(each)
            outgoing.append(Outgoing(each, held.password, held.tls.passphrase))
        return write_bundle(outgoing, with_keys=with_keys, passphrase=passphrase)
    if len(complete) != 1:
        raise UsageError(
            "A .toml file holds one profile.", fix="Several go into a bundle (.zip) or .json."
        )
    return Exported(dump(complete[0]), ())


def save_export(path: Path, exported: Exported, *, overwrite: bool) -> None:
    """Write the file, for its owner alone.

    Raises FileExistsError where it is there and ``overwrite`` is not set, MtlsxError where it cannot be written.
    """
    try:
        if overwrite:
            write_file(path, exported.data, 0o600)
        else:
            write_new_file(path, exported.data, 0o600)
    except FileExistsError:
        raise
    except OSError as error:
        raise MtlsxError(f"{path} cannot be written: {reason(error)}.") from error
