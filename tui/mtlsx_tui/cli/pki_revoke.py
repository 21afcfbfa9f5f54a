"""``mtlsx pki revoke``: revoke certificates, and make the list that tells brokers."""

from __future__ import annotations

import json

import click

from mtlsx.certificates.strings import printable
from mtlsx.pki.crls import Reason
from mtlsx_tui.cli.headless import notice
from mtlsx_tui.cli.pki_options import (
    ca_option,
    days_option,
    json_option,
    opened,
    passphrase_option,
    pki_option,
    workbench,
)
from mtlsx_tui.cli.pki_output import entry_json, name_of


@click.command("revoke")
@click.argument("which", nargs=-1, required=True, metavar="WHICH…")
@click.option(
    "--reason", type=click.Choice([str(reason) for reason in Reason]), default="unspecified",
    show_default=True, help="Why.",
)  # fmt: skip
@click.option("--no-crl", is_flag=True, help="Make no new revocation list now.")
@days_option(30, "How long the new revocation list is good for")
@ca_option
@passphrase_option
@pki_option
@json_option
def command(
    which: tuple[str, ...],
    reason: str,
    days: int,
    ca: str | None,
    passphrase_file: str | None,
    pki_directory: str | None,
    *,
    no_crl: bool,
    as_json: bool,
) -> None:
    """Revoke each WHICH, a serial number, CN or DN; all of them, or none.

    Brokers learn it from the revocation list only, so a new one is made as well; give it to them.
    """
    authority = workbench(pki_directory).authority(ca)
    entries = [authority.find(text) for text in which]
    signer = None if no_crl else opened(authority, passphrase_file)
    authority.revoke([entry.serial for entry in entries], Reason(reason))
    if signer is not None:
        authority.write_crl(signer, days=days)
    if as_json:
        click.echo(json.dumps([entry_json(authority, entry) for entry in entries], indent=2))
        return
    for entry in entries:
        click.echo(f"Revoked {printable(name_of(entry))} ({entry.serial})")
    if signer is not None:
        click.echo(f"  {'crl':<12} {authority.folder.path / 'ca.crl'}")
    else:
        notice("no broker knows it before there is a revocation list: mtlsx pki crl makes one.")
