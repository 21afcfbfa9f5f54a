"""``mtlsx cert identity``: what a broker makes of a certificate, as cards for people or as JSON."""

from __future__ import annotations

import json
import re
from typing import get_args

import click

from mtlsx.certificates.material import Material
from mtlsx.errors import MaterialError
from mtlsx.identity.mapping import (
    DEFAULT_COMMAND_4,
    DEFAULT_COMMAND_5,
    CertificatePart,
    Dialect,
    Mapping,
)
from mtlsx.identity.report import BROKERS, as_json
from mtlsx_tui.cli.cert_files import files_argument, load_all, passphrase_option
from mtlsx_tui.cli.cert_identity_text import Asked, as_text
from mtlsx_tui.cli.main import MATERIAL
from mtlsx_tui.cli.output import print_text

_PARTS = click.Choice(get_args(CertificatePart))
_DIALECTS = click.Choice(get_args(Dialect))


@click.command("identity")
@files_argument
@click.option("--broker", type=click.Choice(BROKERS), help="Only this broker; else all.")
@click.option(
    "--json", "json_", is_flag=True, help="Print one JSON array, an object a certificate."
)
@click.option(
    "--as", "as_username", type=_PARTS, default="cn", show_default=True,
    help="EMQX's peer_cert_as_username.",
)  # fmt: skip
@click.option(
    "--as-clientid", type=_PARTS, default="disabled", show_default=True,
    help="EMQX's peer_cert_as_clientid.",
)  # fmt: skip
@click.option("--username-as-clientid", is_flag=True, help="EMQX's use_username_as_clientid.")
@click.option("--username", metavar="TEXT", help="The username in CONNECT.")
@click.option("--client-id", metavar="TEXT", default="", help="The client id in CONNECT.")
@click.option(
    "--command", metavar="TEXT",
    help=f"The Redis command of EMQX's authentication.  [default: {DEFAULT_COMMAND_5}]",
)  # fmt: skip
@click.option(
    "--dialect", type=_DIALECTS,
    help="The EMQX that the command is for.  [default: emqx4.4 for %C %d %c %u, else emqx6]",
)  # fmt: skip
@passphrase_option
def command(
    files: tuple[str, ...],
    broker: str | None,
    as_username: CertificatePart,
    as_clientid: CertificatePart,
    username: str | None,
    client_id: str,
    command: str | None,
    dialect: Dialect | None,
    passphrase_file: str | None,
    *,
    json_: bool,
    username_as_clientid: bool,
) -> int:
    """Show what EMQX, Mosquitto and RabbitMQ make of each certificate in FILE.

    Names are exact, octet for octet. Below them stands what EMQX takes as username and client id and asks Redis
    for, and what will surprise (⚠). - reads standard input.
    """
    dialect = dialect or _dialect_of(command)
    default = DEFAULT_COMMAND_4 if dialect in ("emqx4.4", "emqx4.2") else DEFAULT_COMMAND_5
    mapping = Mapping(as_username, as_clientid, username_as_clientid, command or default, dialect)
    asked = Asked(mapping, username, client_id, broker)
    found: list[tuple[str, int, bytes]] = []
    code = 0
    for loaded in load_all(files, passphrase_file, keys=False):
        if isinstance(loaded, Material) and loaded.certificates:
            found += _certificates(loaded)
        else:
            error = (
                loaded
                if isinstance(loaded, MaterialError)
                else f"{loaded.source} holds no certificate."
            )
            click.echo(f"mtlsx: {error}", err=True)
            code = MATERIAL
    if json_:
        brokers = None if broker is None else (broker,)
        content = [
            {"source": source, "index": index, "brokers": as_json(certificate, brokers)}
            for source, index, certificate in found
        ]
        # JSON leaves DEL as it is; a terminal must not see it.
        click.echo(json.dumps(content, indent=2).replace("\x7f", "\\u007f"))
    elif found:
        print_text(lambda width: as_text(found, asked, width))
    return code


def _dialect_of(command: str | None) -> Dialect:
    """4.x where the command has placeholders that only 4.x knows, else the newest."""
    four = command is not None and "${" not in command and re.search("%[Cdcu]", command)
    return "emqx4.4" if four else "emqx6"


def _certificates(material: Material) -> list[tuple[str, int, bytes]]:
    return [
        (material.source, index, certificate)
        for index, certificate in enumerate(material.certificates)
    ]
