"""``mtlsx profile rm``: delete profiles and their secrets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.cli.headless import notice

if TYPE_CHECKING:
    from mtlsx.profiles.model import Profile


@click.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
def command(names: tuple[str, ...]) -> None:
    """Delete each profile NAME, and its secrets. Where one does not exist, none is deleted.

    Certificates and keys are never deleted; where an import wrote some for the profile, it is said where they are.
    """
    library = ProfileLibrary(config_directory(os.environ))
    profiles = [library.profiles.get(name) for name in names]
    for profile in profiles:
        library.delete(profile.name)
        for folder in sorted(_folders(profile)):
            notice(f"Its certificates and keys are still in {library.profiles.directory / folder}.")


def _folders(profile: Profile) -> set[str]:
    """The folders beside the profiles that hold files of this one."""
    tls = profile.connection.tls
    paths = (tls.ca_file, tls.certificate_file, tls.key_file, tls.crl_file)
    return {path.rpartition("/")[0] for path in paths if path and path.startswith("certificates/")}
