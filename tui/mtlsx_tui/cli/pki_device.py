"""``mtlsx pki device``: issue certificates for devices."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from mtlsx.pki.devices import wanted
from mtlsx.pki.names import parse_alternative_name
from mtlsx_tui.cli.given_secrets import key_passphrase
from mtlsx_tui.cli.pki_device_source import (
    DeviceArguments,
    file_options,
    require_all_issuable,
    source_of,
)
from mtlsx_tui.cli.pki_options import (
    admission,
    admission_options,
    ca_option,
    days_option,
    encryption_options,
    force_option,
    json_option,
    key_option,
    kind_of_key,
    names_option,
    opened,
    passphrase_option,
    pki_option,
    subject_option,
    workbench,
)
from mtlsx_tui.cli.pki_output import entry_json, issued_lines
from mtlsx_tui.cli.pki_taking import out_options, require_writable, taken_away

if TYPE_CHECKING:
    from mtlsx.pki.authority import IdentityPart


@click.command("device")
@click.argument("cns", nargs=-1, metavar="[CN…]")
@click.option("--uuid", is_flag=True, help="Name the device by a random UUID.")
@file_options
@subject_option("The subject without its CN, which comes last.")
@names_option
@admission_options
@click.option("--any-name", is_flag=True, help="Issue names that make trouble with brokers, too.")
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
    cns: tuple[str, ...],
    csv: str | None,
    serials: str | None,
    subject: str,
    names: tuple[str, ...],
    identity: IdentityPart,
    key: str,
    days: int,
    key_passphrase_file: str | None,
    out: str | None,
    form: str,
    ca: str | None,
    passphrase_file: str | None,
    pki_directory: str | None,
    *,
    uuid: bool,
    duplicates: bool,
    any_name: bool,
    encrypt: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Issue a client certificate for each device: all of them, or none.

    The CN is the identity that brokers take, so one that was issued and not revoked is refused, and so are names
    with characters that break topics, access rules or Redis keys: + # / % \\, spaces, control characters. For many
    devices, mtlsx pki fleet uses all cores.
    """
    authority = workbench(pki_directory).authority(ca)
    devices, source = source_of(DeviceArguments(names=cns, csv=csv, serials=serials, uuid=uuid))
    rules = admission(identity, duplicates=duplicates)
    for name in names:
        parse_alternative_name(name)
    require_all_issuable(devices, source, authority, rules, subject, any_name=any_name)
    signer = opened(authority, passphrase_file)
    passphrase = key_passphrase(key_passphrase_file, os.environ, encrypt=encrypt)
    require_writable(out, form, passphrase)
    made = [
        authority.make(
            signer, wanted(device.with_names(names), subject, days), kind_of_key(key), passphrase=passphrase
        )
        for device in devices
    ]  # fmt: skip
    authority.folder.commit(made, rules.admit)
    files = taken_away(authority, [each.entry for each in made], out, form, passphrase, force=force)
    if as_json:
        click.echo(json.dumps([entry_json(authority, each.entry) for each in made], indent=2))
        return
    for each in made:
        click.echo(issued_lines(authority, each.entry))
    for path in files:
        click.echo(f"  {'written':<12} {path}")
