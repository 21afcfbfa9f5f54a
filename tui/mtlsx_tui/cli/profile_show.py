"""``mtlsx profile show``: one profile as it is stored, without secrets."""

from __future__ import annotations

import json
import os
import tomllib

import click

from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.document import dump
from mtlsx.profiles.library import ProfileLibrary


@click.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the same as a JSON object.")
def command(name: str, *, as_json: bool) -> None:
    """Show the profile NAME as TOML, as it is stored: secrets are never part of it."""
    document = dump(ProfileLibrary(config_directory(os.environ)).profiles.get(name)).decode()
    if as_json:
        document = json.dumps(tomllib.loads(document), ensure_ascii=False) + "\n"
    click.echo(document, nl=False)
