"""A profile of mtlsx for a device that was issued here: its files beside the profiles, and the profile itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError
from mtlsx.files import make_private_directory, reason
from mtlsx.pki.bundle import Broker, material, profile
from mtlsx.pki.export import Credentials, write
from mtlsx.profiles.secrets import SecretKind

if TYPE_CHECKING:
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.secret import Secret

_DIRECTORY = "certificates"


def save_profile(
    library: ProfileLibrary,
    held: Credentials,
    broker: Broker,
    passphrase: Secret | None,
    *,
    force: bool,
) -> Path:
    """Save a profile that connects as the device to ``broker``; the path of its file.

    Certificate, key and CA go into ``certificates/NAME/`` beside the directory of the profiles, so that the profile
    stays good whatever becomes of the authority's folder. Raises UsageError where there is a profile of that name,
    or files with another content, unless ``force``, and MtlsxError where something cannot be written.
    """
    if not force:
        library.profiles.require_free(held.name)
    directory = library.profiles.directory.parent / _DIRECTORY / held.name
    try:
        make_private_directory(directory)
    except OSError as error:
        raise MtlsxError(f"{directory} cannot be made: {reason(error)}.") from error
    write(directory, material(held, broker), force=force)
    # Relative, so that the configuration directory can be moved as a whole.
    path = library.save(profile(held, broker, directory=f"../{_DIRECTORY}/{held.name}/"))
    if passphrase is not None:
        library.secrets.set(held.name, SecretKind.PASSPHRASE, passphrase)
    return path
