"""``mtlsx profile import``: profiles from files of other programs, and from our own that travelled."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mtlsx.errors import UsageError
from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.cli.given_secrets import seal_passphrase
from mtlsx_tui.cli.main import USAGE
from mtlsx_tui.import_report import import_report
from mtlsx_tui.profile_text import address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx.profiles.exchange.incoming import Batch
    from mtlsx.profiles.exchange.taking import Planned, Taken


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--certificates", "directories", multiple=True, metavar="DIR",
    help="Where certificates and keys are that are not where the file says; repeatable."
    " The directory of FILE is searched anyway.",
)  # fmt: skip
@click.option("--group", metavar="NAME", help="The group of all of them.  [the file's]")
@click.option(
    "--replace", "overwrite", is_flag=True,
    help="Over profiles of the same name, which keep the secrets that FILE does not bring."
    "  [a new name]",
)  # fmt: skip
@click.option(
    "--passphrase-file", metavar="FILE",
    help="Holds the passphrase of sealed secrets. Also: MTLSX_PASSPHRASE; else you are asked.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would come of it, and save nothing.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON array, an object for each FILE."
)
def command(
    files: tuple[str, ...],
    directories: tuple[str, ...],
    group: str | None,
    passphrase_file: str | None,
    *,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Take over the profiles in each FILE; passwords go to the keyring.

    FILE is an export of MQTTX (JSON or YAML), an options file of MQTTX CLI, MQTT Explorer's settings.json, an options
    file of mosquitto_pub or mosquitto_sub, a profile of mtlsx (.toml) or a bundle of them (.zip). What it is shows its
    content. What could not be taken over is listed. Where one FILE cannot be read, nothing is saved.
    """
    from mtlsx.profiles.exchange.files import read_file
    from mtlsx.profiles.exchange.taking import plan, take

    library = ProfileLibrary(config_directory(os.environ))
    ask = functools.cache(lambda: seal_passphrase(passphrase_file, os.environ))
    places = _directories(directories)
    batches = [read_file(Path(file), certificates=places, ask=ask) for file in files]
    names = {profile.name for profile in library.profiles.list().profiles}
    reports = []
    for file, batch in zip(files, batches, strict=True):
        planned = plan(batch.items, names, overwrite=overwrite, group=group)
        # What an earlier file brought is not overwritten by a later one.
        names |= {each.incoming.profile.name for each in planned}
        done = [
            None if dry_run or each.refused is not None else take(each, library) for each in planned
        ]
        reports.append((file, batch, planned, done))
    if as_json:
        click.echo(json.dumps([_json(*report) for report in reports], ensure_ascii=False))
    else:
        for report in reports:
            click.echo(import_report(*report, dry_run=dry_run), nl=False)
    refused = any(each.refused for _, _, planned, _ in reports for each in planned)
    return USAGE if refused or not any(batch.items for batch in batches) else 0


def _directories(given: Sequence[str]) -> list[Path]:
    for directory in given:
        if not Path(directory).is_dir():
            raise UsageError(f"--certificates {directory} is not a directory.")
    return list(map(Path, given))


def _json(
    file: str, batch: Batch, planned: Sequence[Planned], done: Sequence[Taken | None]
) -> dict[str, Any]:
    return {
        "file": file,
        "kind": batch.kind,
        "notes": list(batch.notes),
        "profiles": [
            {
                "name": plan.incoming.profile.name,
                "name_in_file": item.profile.name,
                "address": address(plan.incoming.profile),
                "replaces": plan.replaces,
                "refused": plan.refused,
                "saved": None if taken is None else str(taken.path),
                "notes": list(plan.incoming.notes),
                "files": [] if taken is None else list(map(str, taken.files)),
                "secrets": {} if taken is None else dict(taken.secrets),
            }
            for item, plan, taken in zip(batch.items, planned, done, strict=True)
        ],
    }
