"""``mtlsx cert show``: what is in a file, as text for people or as JSON with the same facts."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime

import click

from mtlsx.errors import MaterialError
from mtlsx_tui.cli.cert_files import files_argument, load_all, passphrase_option
from mtlsx_tui.cli.cert_show_json import as_json
from mtlsx_tui.cli.cert_show_text import as_text
from mtlsx_tui.cli.main import MATERIAL


@click.command("show")
@files_argument
@passphrase_option
@click.option("--json", "json_", is_flag=True, help="Print the same facts as one JSON array.")
def command(files: tuple[str, ...], passphrase_file: str | None, *, json_: bool) -> int:
    """Show what is in each FILE: certificates, chains, keys, requests, CRLs.

    PEM, DER, PKCS#7 and PKCS#12 are told apart by content; - reads standard input. A key is compared with the
    certificates of all files given.
    """
    materials = []
    code = 0
    for loaded in load_all(files, passphrase_file, keys=True):
        if isinstance(loaded, MaterialError):
            click.echo(f"mtlsx: {loaded}", err=True)
            code = MATERIAL
        else:
            materials.append(loaded)
    now = datetime.now(UTC)
    if json_:
        # JSON leaves DEL as it is; a terminal must not see it.
        click.echo(json.dumps(as_json(materials, now), indent=2).replace("\x7f", "\\u007f"))
    elif materials:
        coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        # Piped output is for other programs, which want whole lines.
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        click.echo(as_text(materials, now, width=width), color=coloured)
    return code
