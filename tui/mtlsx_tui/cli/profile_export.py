"""``mtlsx profile export``: profiles as a file for another machine, another person, or MQTTX."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mtlsx.errors import UsageError
from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.cli.given_secrets import seal_passphrase
from mtlsx_tui.cli.headless import notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx.profiles.exchange.bundle import Exported
    from mtlsx.profiles.model import Profile
    from mtlsx.secret import Secret

_FORMS = ("toml", "bundle", "mqttx")


@click.command("export")
@click.argument("names", nargs=-1, metavar="[NAME…]")
@click.option("--all", "everything", is_flag=True, help="All profiles.")
@click.option("--group", metavar="NAME", help="All profiles of a group.")
@click.option("-o", "--out", metavar="FILE", help="Where it goes.  [standard output]")
@click.option(
    "--as", "form", type=click.Choice(_FORMS),
    help="One profile as it is, a zip archive with certificates, or MQTTX's JSON."
    "  [by the suffix of FILE, else toml]",
)  # fmt: skip
@click.option("--with-keys", is_flag=True, help="Private keys too, in a bundle.")
@click.option(
    "--with-secrets", is_flag=True,
    help="Passwords and passphrases too, in a bundle, sealed with a passphrase.",
)  # fmt: skip
@click.option(
    "--passphrase-file", metavar="FILE",
    help="Holds the passphrase that seals them. Also: MTLSX_PASSPHRASE; else you are asked.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as a JSON object.")
def command(
    names: tuple[str, ...],
    group: str | None,
    out: str | None,
    form: str | None,
    passphrase_file: str | None,
    *,
    everything: bool,
    with_keys: bool,
    with_secrets: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write each profile NAME to one FILE. What is not in it is said on standard error.

    Passwords, passphrases and private keys stay here unless they are asked for.
    """
    from mtlsx.profiles.exchange.exporting import Form, export_profiles, form_of

    kind = Form(form) if form else form_of(Path(out or "")) or Form.TOML
    if kind is not Form.BUNDLE and (with_keys or with_secrets):
        raise UsageError("--with-keys and --with-secrets go with a bundle: use --as bundle.")
    if out is None and (kind is Form.BUNDLE or as_json):
        raise UsageError("A bundle and --json need a file: name it with -o.")
    library = ProfileLibrary(config_directory(os.environ))
    profiles = _chosen(library, names, group, everything=everything)
    passphrase = _passphrase(passphrase_file) if with_secrets else None
    exported = export_profiles(library, profiles, kind, with_keys=with_keys, passphrase=passphrase)
    if out is None:
        click.echo(exported.data, nl=False)
    else:
        _write(Path(out), exported, force=force)
    for note in exported.notes:
        notice(note)
    if as_json:
        content = {
            "file": out,
            "as": kind,
            "profiles": [each.name for each in profiles],
            "notes": list(exported.notes),
        }
        click.echo(json.dumps(content, ensure_ascii=False))


def _chosen(
    library: ProfileLibrary, names: Sequence[str], group: str | None, *, everything: bool
) -> list[Profile]:
    if sum((bool(names), group is not None, everything)) != 1:
        raise UsageError("Name the profiles, or use --group or --all.")
    if names:
        return [library.profiles.get(name) for name in dict.fromkeys(names)]
    found = [each for each in library.profiles.list().profiles if everything or each.group == group]
    if not found:
        where = "" if everything else f' in group "{group}"'
        raise UsageError(f"There are no profiles{where}.")
    return found


def _passphrase(file: str | None) -> Secret:
    passphrase = seal_passphrase(file, os.environ, twice=True)
    if passphrase is None:
        raise UsageError(
            "--with-secrets needs a passphrase to seal them with.",
            fix="Use --passphrase-file or MTLSX_PASSPHRASE.",
        )
    return passphrase


def _write(path: Path, exported: Exported, *, force: bool) -> None:
    from mtlsx.profiles.exchange.exporting import save_export

    try:
        save_export(path, exported, overwrite=force)
    except FileExistsError:
        raise UsageError(f"{path} is there already.", fix="--force replaces it.") from None
