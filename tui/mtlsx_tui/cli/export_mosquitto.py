"""``mtlsx export mosquitto``: a configuration as the files of a real Mosquitto."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from mtlsx.identity.mapping import Dialect
from mtlsx_tui.cli.exported_files import write_export


@click.command("mosquitto")
@click.option(
    "--config", "configs", metavar="FILE", required=True, multiple=True,
    help="The configuration; for EMQX 4.x emqx.conf and the plugin's file, each with --config.",
)  # fmt: skip
@click.option("--out", metavar="DIR", required=True, help="Where the files go; it is made.")
@click.option(
    "--dialect", type=click.Choice(get_args(Dialect)),
    help="The EMQX that an emqx.conf is for.  [default: emqx6, or emqx4.4 for the flat form]",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def command(configs: tuple[str, ...], out: str, dialect: Dialect | None, *, force: bool) -> None:
    """Write the files that make a real Mosquitto do what the configuration says, as far as it can.

    mosquitto.conf, acl for file rules, passwords for built-in users whose password is known (plain). What Mosquitto
    does otherwise is said on standard error and at the top of mosquitto.conf. All are readable by their owner alone.
    """
    from mtlsx.configuration.load import load
    from mtlsx.configuration.mosquitto import mosquitto

    configuration = load(configs, dialect=dialect)
    directory = Path(out).absolute()
    export = mosquitto(configuration, directory=str(directory))
    write_export(export, directory, force=force, notes=configuration.notes)
