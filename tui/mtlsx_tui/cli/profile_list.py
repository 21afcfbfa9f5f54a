"""``mtlsx profile list``: all profiles, and the files that could not be read as one."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.cli.headless import notice
from mtlsx_tui.cli.main import USAGE

if TYPE_CHECKING:
    from mtlsx.profiles.model import Profile


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def command(*, as_json: bool) -> int:
    """List all profiles: name, address, group.

    A file that cannot be read as a profile is named on stderr; then the exit code is 2.
    """
    listing = ProfileLibrary(config_directory(os.environ)).profiles.list()
    if as_json:
        click.echo(json.dumps([_summary(each) for each in listing.profiles], ensure_ascii=False))
    else:
        longest = max((len(each.name) for each in listing.profiles), default=0)
        for each in listing.profiles:
            click.echo(f"{each.name:<{longest}}  {_address(each)}  {each.group or ''}".rstrip())
    for unreadable in listing.unreadable:
        notice(str(unreadable.error))
    return USAGE if listing.unreadable else 0


def _summary(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "group": profile.group,
        "host": profile.connection.host,
        "port": profile.connection.port,
        "transport": str(profile.connection.transport),
        "mqtt_version": str(profile.connection.version),
    }


def _address(profile: Profile) -> str:
    connection = profile.connection
    return f"{connection.transport}://{connection.host}:{connection.port}"
