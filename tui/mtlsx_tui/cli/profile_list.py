"""``mtlsx profile list``: all profiles, and the files that could not be read as one."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import click

from mtlsx.profiles.arrangement import found
from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.cli.headless import notice
from mtlsx_tui.cli.main import USAGE
from mtlsx_tui.profile_text import address

if TYPE_CHECKING:
    from mtlsx.certificates.times import Validity
    from mtlsx.profiles.model import Profile


@click.command("list")
@click.argument("text", nargs=-1, metavar="[TEXT…]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def command(text: tuple[str, ...], *, as_json: bool) -> int:
    """List all profiles, or those that have each TEXT in their name, group, host, client id or username.

    As JSON with how long the client certificate of each is still good for. A file that cannot be read as a profile is named on stderr; then the exit code is 2.
    """
    store = ProfileLibrary(config_directory(os.environ)).profiles
    listing = store.list()
    profiles = found(listing.profiles, " ".join(text))
    if as_json:
        from mtlsx_tui.expiry import Expiries

        validity = Expiries().read(profiles, store.directory, now=time.time())
        summaries = [_summary(each, validity.get(each.name)) for each in profiles]
        click.echo(json.dumps(summaries, ensure_ascii=False))
    else:
        longest = max((len(each.name) for each in profiles), default=0)
        for each in profiles:
            click.echo(f"{each.name:<{longest}}  {address(each)}  {each.group or ''}".rstrip())
    for unreadable in listing.unreadable:
        notice(str(unreadable.error))
    return USAGE if listing.unreadable else 0


def _summary(profile: Profile, validity: Validity | None) -> dict[str, Any]:
    return {
        "name": profile.name,
        "group": profile.group,
        "host": profile.connection.host,
        "port": profile.connection.port,
        "transport": str(profile.connection.transport),
        "mqtt_version": str(profile.connection.version),
        "certificate": validity and {"state": str(validity.state), "days": validity.days},
    }
