"""``mtlsx pki server``: issue a server's certificate."""

from __future__ import annotations

import json
import os

import click

from mtlsx.pki.authority import Admission
from mtlsx.pki.certify import Kind, Wanted
from mtlsx.pki.names import LONGEST_CN, parse_alternative_name, parse_subject, with_common_name
from mtlsx_tui.cli.given_secrets import key_passphrase
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
    subject_option,
    workbench,
)
from mtlsx_tui.cli.pki_output import entry_json, issued_lines
from mtlsx_tui.cli.pki_taking import out_options, require_writable, taken_away


@click.command("server")
@click.argument("hosts", nargs=-1, required=True, metavar="HOST…")
@subject_option("The subject without its CN, which is the first HOST.")
@click.option("--duplicates", is_flag=True, help="Issue it though one with this CN is not revoked.")
@key_option
@days_option(397)
@encryption_options
@out_options
@force_option
@ca_option
@passphrase_option
@pki_option
@json_option
def command(
    hosts: tuple[str, ...],
    subject: str,
    key: str,
    days: int,
    key_passphrase_file: str | None,
    out: str | None,
    form: str,
    ca: str | None,
    passphrase_file: str | None,
    pki_directory: str | None,
    *,
    duplicates: bool,
    encrypt: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Issue a certificate for a server that is reached as each HOST: DNS names and IP addresses.

    All of them become subject alternative names; clients look at no other.
    """
    authority = workbench(pki_directory).authority(ca)
    names = tuple(map(parse_alternative_name, dict.fromkeys(hosts)))
    base = parse_subject(subject)
    first = str(names[0].value)
    if len(first) <= LONGEST_CN:
        base = with_common_name(base, first)
    wanted = Wanted(kind=Kind.SERVER, subject=base, alternative_names=names, days=days)
    passphrase = key_passphrase(key_passphrase_file, os.environ, encrypt=encrypt)
    require_writable(out, form, passphrase)
    made = authority.issue(
        opened(authority, passphrase_file), wanted, kind_of_key(key),
        admission=Admission(duplicates=duplicates), passphrase=passphrase,
    )  # fmt: skip
    files = taken_away(authority, [made.entry], out, form, passphrase, force=force)
    if as_json:
        click.echo(json.dumps(entry_json(authority, made.entry, files), indent=2))
    else:
        click.echo(issued_lines(authority, made.entry, files))
