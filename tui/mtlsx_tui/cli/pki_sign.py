"""``mtlsx pki sign``: issue a certificate for a request whose key stays with its owner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mtlsx.certificates.load import load_file
from mtlsx.errors import MaterialError, UsageError
from mtlsx.pki.certify import Kind, Wanted
from mtlsx.pki.export import credentials, files, write
from mtlsx.pki.names import common_name_fault, parse_alternative_name, parse_subject
from mtlsx.pki.requests import read_request, requested_names
from mtlsx_tui.cli.pki_options import (
    admission,
    admission_options,
    ca_option,
    days_option,
    force_option,
    json_option,
    names_option,
    opened,
    passphrase_option,
    pki_option,
    subject_option,
    workbench,
)
from mtlsx_tui.cli.pki_output import entry_json, issued_lines

if TYPE_CHECKING:
    from cryptography.x509 import CertificateSigningRequest

    from mtlsx.pki.authority import IdentityPart


@click.command("sign")
@click.argument("request_file", metavar="FILE")
@click.option(
    "--as", "kind", type=click.Choice([Kind.DEVICE.value, Kind.SERVER.value]), default="device",
    show_default=True, help="What the certificate is for.",
)  # fmt: skip
@subject_option("The whole subject.  [default: the request's]")
@names_option
@admission_options
@click.option("--any-name", is_flag=True, help="Issue a name that makes trouble with brokers, too.")
@days_option(365)
@click.option("-o", "--out", metavar="DIR", help="Also write certificate, chain and CA into DIR.")
@force_option
@ca_option
@passphrase_option
@pki_option
@json_option
def command(
    request_file: str,
    kind: str,
    subject: str,
    names: tuple[str, ...],
    identity: IdentityPart,
    days: int,
    out: str | None,
    ca: str | None,
    passphrase_file: str | None,
    pki_directory: str | None,
    *,
    duplicates: bool,
    any_name: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Issue a certificate for the request in FILE. Its signature proves that the sender has the key.

    Subject and alternative names are taken over; usages and constraints that a request asks for are not.
    """
    authority = workbench(pki_directory).authority(ca)
    request = _request(request_file)
    wanted = Wanted(
        kind=Kind(kind),
        subject=parse_subject(subject) if subject else request.subject,
        alternative_names=tuple(map(parse_alternative_name, names)) or requested_names(request),
        days=days,
    )
    if wanted.kind is Kind.DEVICE and not any_name:
        _require_good_name(wanted, request_file)
    made = authority.issue(
        opened(authority, passphrase_file), wanted, request.public_key(),
        admission=admission(identity, duplicates=duplicates),
    )  # fmt: skip
    written = []
    if out is not None:
        held = files(credentials(authority, made.entry), "pem", None)
        written = write(Path(out), held, force=force)
    if as_json:
        click.echo(json.dumps(entry_json(authority, made.entry, written), indent=2))
    else:
        click.echo(issued_lines(authority, made.entry, written))


def _request(path: str) -> CertificateSigningRequest:
    found = load_file(path).requests
    if len(found) != 1:
        raise MaterialError(
            "not-a-certificate",
            f"File {path} holds {len(found) or 'no'} {'requests' if found else 'certificate request'}.",
            fix="Give a file with one, as mtlsx pki csr or openssl req makes it.",
        )
    return read_request(found[0], source=path)


def _require_good_name(wanted: Wanted, source: str) -> None:
    from cryptography.x509 import NameOID

    cns = wanted.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    cn = ",".join(str(attribute.value) for attribute in cns)
    if fault := common_name_fault(cn):
        raise UsageError(
            f"The CN {cn} in {source} {fault}.",
            fix="Let it in with --any-name, or give another --subject.",
        )
