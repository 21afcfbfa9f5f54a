"""``mtlsx pki csr``: make a key, and a request for a certificate of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from mtlsx.errors import UsageError
from mtlsx.pki.export import File, file_name, write
from mtlsx.pki.keys import generate, to_pem
from mtlsx.pki.names import (
    common_name_fault,
    parse_alternative_name,
    parse_subject,
    with_common_name,
)
from mtlsx.pki.requests import make_request
from mtlsx_tui.cli.given_secrets import key_passphrase
from mtlsx_tui.cli.pki_options import (
    encryption_options,
    force_option,
    json_option,
    key_option,
    kind_of_key,
    names_option,
    subject_option,
)


@click.command("csr")
@click.argument("cn", metavar="CN")
@subject_option("The subject without its CN, which comes last.")
@names_option
@click.option("--any-name", is_flag=True, help="Take a name that makes trouble with brokers, too.")
@key_option
@encryption_options
@click.option(
    "-o", "--out", metavar="DIR", default=".", help="Where the files go.  [default: here]"
)
@force_option
@json_option
def command(
    cn: str,
    subject: str,
    names: tuple[str, ...],
    key: str,
    key_passphrase_file: str | None,
    out: str,
    *,
    any_name: bool,
    encrypt: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Make CN.key and CN.csr: the key stays with its owner, the request goes to whoever signs it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    if not any_name and (fault := common_name_fault(cn)):
        raise UsageError(
            f"The CN {cn} {fault}.", fix="Choose another, or let it in with --any-name."
        )
    request_subject = with_common_name(parse_subject(subject), cn)
    alternative_names = tuple(map(parse_alternative_name, names))
    passphrase = key_passphrase(key_passphrase_file, os.environ, encrypt=encrypt)
    private = generate(kind_of_key(key))
    request = make_request(private, request_subject, alternative_names)
    made = [
        File(f"{file_name(cn)}.key", to_pem(private, passphrase), private=True),
        File(f"{file_name(cn)}.csr", request.public_bytes(Encoding.PEM)),
    ]
    key_path, request_path = write(Path(out), made, force=force)
    if as_json:
        click.echo(json.dumps({"key": str(key_path), "csr": str(request_path)}))
    else:
        click.echo(f"  {'key':<12} {key_path}\n  {'request':<12} {request_path}")
