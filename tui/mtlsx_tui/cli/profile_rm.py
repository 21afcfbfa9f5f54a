"""``mtlsx profile rm``: delete profiles and their secrets."""

from __future__ import annotations

import os

import click

from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.library import ProfileLibrary


@click.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
def command(names: tuple[str, ...]) -> None:
    """Delete each profile NAME, and its secrets. Where one does not exist, none is deleted."""
    library = ProfileLibrary(config_directory(os.environ))
    for name in names:
        library.profiles.get(name)
    for name in names:
        library.delete(name)
