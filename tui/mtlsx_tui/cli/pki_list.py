"""``mtlsx pki list``: the authorities, and what they issued."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from mtlsx.certificates.strings import printable
from mtlsx.pki.certify import serial_text
from mtlsx.pki.standing import Standing, days_left, standing
from mtlsx_tui.cli.pki_options import json_option, pki_option, workbench
from mtlsx_tui.cli.pki_output import authority_json, entry_json, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.pki.authority import Authority
    from mtlsx.pki.index import Entry


@click.command("list")
@click.option("--ca", "ca", metavar="NAME", help="Only this authority; else all.")
@click.option("--live", is_flag=True, help="Leave out what is revoked, expired or renewed.")
@pki_option
@json_option
def command(ca: str | None, pki_directory: str | None, *, live: bool, as_json: bool) -> None:
    """List authorities and what each issued: state, days left, name, serial number."""
    bench = workbench(pki_directory)
    authorities = bench.authorities() if ca is None else [bench.authority(ca)]
    if as_json:
        content = [
            authority_json(each)
            | {"issued": [entry_json(each, entry) for entry, _ in _entries(each, live=live)]}
            for each in authorities
        ]
        click.echo(json.dumps(content, indent=2))
        return
    now = datetime.now(UTC)
    for authority in authorities:
        until = authority.certificate.not_valid_after_utc
        subject = printable(authority.certificate.subject.rfc4514_string())
        click.echo(f"{authority.name}  {subject}  {days_left(until, now):,} days left")
        for entry, state in _entries(authority, live=live):
            click.echo(
                f"  {state:<8} {days_left(entry.until, now):>6,} d  {entry.kind:<6}"
                f"  {printable(name_of(entry))}  {entry.serial}"
            )


def _entries(authority: Authority, *, live: bool) -> Iterator[tuple[Entry, Standing]]:
    now = datetime.now(UTC)
    renewed = authority.index.renewed()
    own = serial_text(authority.certificate.serial_number)
    for entry in authority.index.entries.values():
        state = standing(authority.index, entry, now, renewed=renewed)
        if entry.serial != own and (not live or state in {Standing.VALID, Standing.ENDING}):
            yield entry, state
