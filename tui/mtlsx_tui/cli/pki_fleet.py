"""``mtlsx pki fleet``: issue certificates for thousands of devices."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mtlsx.pki.export import write_many
from mtlsx.pki.fleet import (
    Fleet,
    cores,
    forget_uuids,
    issue,
    left_to_issue,
    uuid_devices,
)
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
    opened,
    passphrase_option,
    pki_option,
    subject_option,
    workbench,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mtlsx.pki.authority import Authority, IdentityPart
    from mtlsx.pki.devices import Device


@click.command("fleet")
@file_options
@click.option(
    "--cn",
    "pattern",
    metavar="PATTERN",
    help="Names that count: dev-%i, or dev-%05i with leading zeros.",
)
@click.option("--uuid", is_flag=True, help="Names that are random UUIDs.")
@click.option(
    "--count", type=click.IntRange(min=1), metavar="N", help="How many, for --cn and --uuid."
)
@click.option("--start", type=int, default=1, show_default=True, help="The first number of --cn.")
@subject_option("The subject without the CN, which comes last.")
@admission_options
@click.option("--any-name", is_flag=True, help="Issue names that make trouble with brokers, too.")
@key_option
@days_option(365)
@encryption_options
@click.option(
    "-o",
    "--out",
    metavar="DIR",
    help="Also write CN.crt, with its chain, and CN.key of each into DIR.",
)
@force_option
@click.option(
    "--cores",
    "cores_",
    type=click.IntRange(min=1),
    metavar="N",
    help="Use so many cores.  [default: all]",
)
@ca_option
@passphrase_option
@pki_option
@json_option
def command(
    csv: str | None,
    serials: str | None,
    pattern: str | None,
    count: int | None,
    start: int,
    subject: str,
    identity: IdentityPart,
    key: str,
    days: int,
    key_passphrase_file: str | None,
    out: str | None,
    cores_: int | None,
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
    """Issue a client certificate for each of thousands of devices, on all cores.

    Nothing is issued where a line of the list is wrong. After Ctrl+C or a kill, the same command goes on where it
    stopped.
    """
    authority = workbench(pki_directory).authority(ca)
    rules = admission(identity, duplicates=duplicates)
    devices, source = _devices(
        authority, DeviceArguments(csv=csv, serials=serials, uuid=uuid, pattern=pattern, start=start, count=count)
    )  # fmt: skip
    passphrase = key_passphrase(key_passphrase_file, os.environ, encrypt=encrypt)
    fleet = Fleet(
        devices=tuple(devices), base=subject, days=days, key=kind_of_key(key), admission=rules,
        passphrase=passphrase,
    ).identified(authority)  # fmt: skip
    require_all_issuable(
        devices, source, authority, rules, subject, any_name=any_name, fleet=fleet.admission.fleet
    )
    left = left_to_issue(authority, fleet)
    begun = time.monotonic()
    if left:
        signer = opened(authority, passphrase_file)
        with _progress(len(devices), len(devices) - len(left)) as advance:
            issue(authority, signer, fleet, left, cores=cores_ or cores(), report=advance)
    seconds = time.monotonic() - begun
    if uuid:
        forget_uuids(authority.folder, len(devices))
    written = (
        0 if out is None else write_many(authority, fleet.admission.fleet, Path(out), force=force)
    )
    if as_json:
        content = {
            "ca": authority.name,
            "fleet": fleet.admission.fleet,
            "devices": len(devices),
            "issued": len(left),
            "seconds": round(seconds, 3),
            "files": written,
        }
        click.echo(json.dumps(content))
        return
    before = f", {len(devices) - len(left):,} were there before" if len(left) < len(devices) else ""
    rate = f" in {seconds:.1f} s ({len(left) / seconds:,.0f} a second)" if left else ""
    click.echo(f"Issued {len(left):,} devices by {authority.name}{rate}{before}")
    click.echo(f"  {'fleet':<12} {fleet.admission.fleet}")
    if out is not None:
        click.echo(f"  {'written':<12} {written:,} files in {out}")


def _devices(authority: Authority, arguments: DeviceArguments) -> tuple[list[Device], str]:
    if not arguments.uuid:
        return source_of(arguments)
    source_of(replace(arguments, count=1))  # says what is wrong with the arguments
    count = 1 if arguments.count is None else arguments.count
    return uuid_devices(authority.folder, count), "--uuid"


@contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, where that is a terminal; what it gives is told how many more there are."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(
        length=total, label="Issuing", file=sys.stderr, show_pos=True, hidden=hidden
    ) as bar:
        bar.update(done)
        yield bar.update
