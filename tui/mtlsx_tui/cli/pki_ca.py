"""``mtlsx pki ca``: make an authority."""

from __future__ import annotations

import json
import os

import click

from mtlsx.pki.certify import Kind, Wanted
from mtlsx.pki.names import parse_subject
from mtlsx_tui.cli.given_secrets import key_passphrase
from mtlsx_tui.cli.pki_options import (
    days_option,
    encryption_options,
    json_option,
    key_option,
    kind_of_key,
    opened,
    passphrase_option,
    pki_option,
    subject_option,
    workbench,
)
from mtlsx_tui.cli.pki_output import authority_json, authority_lines


@click.command("ca")
@click.argument("name", metavar="NAME")
@subject_option("The whole subject.  [default: /CN=NAME]")
@click.option("--issuer", metavar="CA", help="The authority above it.  [default: none, a root]")
@click.option(
    "--path-length", type=click.IntRange(min=0), metavar="N", help="How many authorities may follow below it."
)  # fmt: skip
@key_option
@days_option(3650)
@encryption_options
@passphrase_option
@pki_option
@json_option
def command(
    name: str,
    subject: str,
    issuer: str | None,
    path_length: int | None,
    key: str,
    days: int,
    key_passphrase_file: str | None,
    passphrase_file: str | None,
    pki_directory: str | None,
    *,
    encrypt: bool,
    as_json: bool,
) -> None:
    """Make an authority with the folder name NAME: a root, or one that --issuer signs.

    Give brokers the certificate of the root, and keep ca.key where nobody else reads it, or encrypted.
    """
    bench = workbench(pki_directory)
    wanted = Wanted(
        kind=Kind.CA,
        subject=parse_subject(subject) if subject else parse_subject(f"/CN={name}"),
        days=days,
        path_length=path_length,
    )
    above = None
    if issuer is not None:
        authority = bench.authority(issuer)
        above = (authority, opened(authority, passphrase_file))
    passphrase = key_passphrase(key_passphrase_file, os.environ, encrypt=encrypt)
    made = bench.create(name, wanted, kind_of_key(key), issuer=above, passphrase=passphrase)
    click.echo(json.dumps(authority_json(made), indent=2) if as_json else authority_lines(made))
