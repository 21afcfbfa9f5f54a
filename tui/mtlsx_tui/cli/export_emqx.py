"""``mtlsx export emqx``: a configuration as the files of a real EMQX, with Redis commands beside them."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from mtlsx.identity.mapping import Dialect
from mtlsx_tui.cli.exported_files import write_export


@click.command("emqx")
@click.option(
    "--config", "configs", metavar="FILE", required=True, multiple=True,
    help="The configuration; for EMQX 4.x emqx.conf and the plugin's file, each with --config.",
)  # fmt: skip
@click.option("--out", metavar="DIR", required=True, help="Where the files go; it is made.")
@click.option(
    "--dialect", type=click.Choice(get_args(Dialect)),
    help="The EMQX that an emqx.conf is for.  [default: emqx6, or emqx4.4 for the flat form]",
)  # fmt: skip
@click.option("--with-secrets", is_flag=True, help="Write passwords and hashes, not ${NAME}.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def command(
    configs: tuple[str, ...],
    out: str,
    dialect: Dialect | None,
    *,
    with_secrets: bool,
    force: bool,
) -> None:
    """Write the files that make a real EMQX do what the configuration says.

    For EMQX 5 and 6 emqx.conf, acl.conf for file rules and users.json for the built-in database; for 4.x emqx.conf,
    plugins/emqx_auth_redis.conf and acl.conf. seed.redis holds commands for redis-cli. All are readable by their
    owner alone.
    """
    from mtlsx.configuration.emqx import emqx
    from mtlsx.configuration.load import load

    configuration = load(configs, dialect=dialect)
    export = emqx(configuration, with_secrets=with_secrets)
    write_export(export, Path(out), force=force, notes=configuration.notes)
