"""``mtlsx pki renew``: issue certificates again, with the same names."""

from __future__ import annotations

import json
import os

import click

from mtlsx.pki.crls import Reason
from mtlsx_tui.cli.given_secrets import key_passphrase
from mtlsx_tui.cli.headless import notice
from mtlsx_tui.cli.pki_options import (
    ca_option,
    days_option,
    encryption_options,
    force_option,
    json_option,
    key_option,
    kind_of_key,
    opened,
    passphrase_option,
    pki_option,
    workbench,
)
from mtlsx_tui.cli.pki_output import entry_json, issued_lines
from mtlsx_tui.cli.pki_taking import out_options, require_writable, taken_away


@click.command("renew")
@click.argument("which", nargs=-1, required=True, metavar="WHICH…")
@click.option("--same-key", is_flag=True, help="For the key that there is, not a new one.")
@click.option(
    "--revoke",
    "revoke_old",
    is_flag=True,
    help="Revoke the old ones (superseded), and make a list.",
)
@key_option
@days_option(365)
@encryption_options
@out_options
@force_option
@ca_option
@passphrase_option
@pki_option
@json_option
def command(
    which: tuple[str, ...],
    key: str,
    days: int,
    key_passphrase_file: str | None,
    out: str | None,
    form: str,
    ca: str | None,
    passphrase_file: str | None,
    pki_directory: str | None,
    *,
    same_key: bool,
    revoke_old: bool,
    encrypt: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Issue each WHICH, a serial number, CN or DN, again: same names, a new key, a new validity.

    The old certificate stays valid, so that the device can change over; --revoke ends it. Where the broker takes
    the md5 as the identity, that changes with every certificate.
    """
    authority = workbench(pki_directory).authority(ca)
    entries = [authority.find(text) for text in which]
    signer = opened(authority, passphrase_file)
    passphrase = key_passphrase(key_passphrase_file, os.environ, encrypt=encrypt)
    require_writable(out, form, passphrase)
    kind = None if same_key else kind_of_key(key)
    made = [
        authority.renew(signer, entry, kind, days=days, passphrase=passphrase).entry
        for entry in entries
    ]
    if revoke_old:
        authority.revoke([entry.serial for entry in entries], Reason.SUPERSEDED)
        authority.write_crl(signer, days=30)
    files = taken_away(authority, made, out, form, passphrase, force=force)
    if as_json:
        click.echo(json.dumps([entry_json(authority, entry) for entry in made], indent=2))
        return
    for entry in made:
        click.echo(issued_lines(authority, entry))
    for path in files:
        click.echo(f"  {'written':<12} {path}")
    if not revoke_old:
        notice("the old certificates are still valid; mtlsx pki revoke ends them.")
