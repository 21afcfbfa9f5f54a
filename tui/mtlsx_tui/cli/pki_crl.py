"""``mtlsx pki crl``: make a certificate revocation list."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mtlsx.pki.export import File, write
from mtlsx_tui.cli.pki_options import (
    ca_option,
    days_option,
    force_option,
    json_option,
    opened,
    passphrase_option,
    pki_option,
    workbench,
)


@click.command("crl")
@days_option(30, "How long it is good for")
@click.option("-o", "--out", metavar="FILE", help="Also write it to FILE.")
@click.option("--der", is_flag=True, help="FILE in DER instead of PEM.")
@force_option
@ca_option
@passphrase_option
@pki_option
@json_option
def command(
    days: int,
    out: str | None,
    ca: str | None,
    passphrase_file: str | None,
    pki_directory: str | None,
    *,
    der: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Make the next revocation list of an authority, with all that it has revoked.

    A broker that checks revocation refuses everybody once its list is too old, so make the next one in time.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    authority = workbench(pki_directory).authority(ca)
    crl = authority.write_crl(opened(authority, passphrase_file), days=days)
    paths = [authority.folder.path / "ca.crl"]
    if out is not None:
        content = crl.public_bytes(Encoding.DER if der else Encoding.PEM)
        paths += write(Path(out).parent, [File(Path(out).name, content)], force=force)
    until = crl.next_update_utc
    assert until is not None  # noqa: S101  (lists of ours always say it)
    if as_json:
        content_json = {
            "ca": authority.name,
            "number": authority.index.crl_number,
            "revoked": len(authority.index.revoked),
            "next_update": until.isoformat().replace("+00:00", "Z"),
            "files": list(map(str, paths)),
        }
        click.echo(json.dumps(content_json, indent=2))
        return
    click.echo(
        f"List {authority.index.crl_number} of {authority.name}: {len(authority.index.revoked)} revoked,"
        f" good until {until:%Y-%m-%d}"
    )
    for path in paths:
        click.echo(f"  {'crl':<12} {path}")
