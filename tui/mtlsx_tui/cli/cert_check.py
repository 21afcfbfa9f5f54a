"""``mtlsx cert check``: what will go wrong with a certificate, told before it is used and without a network."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import click

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.checks.usage import Purpose
from mtlsx.certificates.load import STDIN
from mtlsx.errors import UsageError
from mtlsx.preflight.file import Asked, check_file, purpose_of
from mtlsx_tui.cli.cert_check_text import as_text
from mtlsx_tui.cli.cert_files import (
    ask_passphrase,
    files_argument,
    given_passphrase,
    passphrase_option,
)
from mtlsx_tui.cli.main import MATERIAL
from mtlsx_tui.cli.output import print_text


@click.command("check")
@files_argument
@click.option("--key", "key_file", metavar="FILE", help="The private key; else one in FILE itself.")
@click.option("--ca", "ca_file", metavar="FILE", help="The CA file of whoever is to trust it.")
@click.option("--host", metavar="NAME", help="The host or address that a server's is to be for.")
@click.option(
    "--purpose",
    type=click.Choice(list(map(str, Purpose))),
    help="What it is for.  [client; with --host: server]",
)
@passphrase_option
@click.option("--json", "json_", is_flag=True, help="Print one JSON array, an object a file.")
def command(
    files: tuple[str, ...],
    key_file: str | None,
    ca_file: str | None,
    host: str | None,
    purpose: str | None,
    passphrase_file: str | None,
    *,
    json_: bool,
) -> int:
    """Check what will go wrong with the certificate in each FILE, without a network.

    Its key, dates, usage, strength, names, chain, file; what a strict verifier or a broker refuses. The chain is
    judged as FILE holds it, which is how it is sent. - reads standard input.

    \b
    ✔ in order   · worth knowing   ⚠ fails in some places   ✘ will fail
    Exit codes: 0 nothing will fail, 10 something will.
    """
    if key_file is not None and len(files) > 1:
        raise UsageError("--key belongs to one certificate.", fix="Give one FILE with it.")
    asked = Asked(
        key_file=key_file,
        ca_file=ca_file,
        host=None if host is None else _host(host),
        purpose=None if purpose is None else Purpose(purpose),
        passphrase=given_passphrase(passphrase_file),
    )
    now = datetime.now(UTC)
    results = [(file, _checked(file, asked, now)) for file in files]
    if json_:
        content = [_as_json(file, findings, asked) for file, findings in results]
        # JSON leaves DEL as it is; a terminal must not see it.
        click.echo(json.dumps(content, indent=2).replace("\x7f", "\\u007f"))
    else:
        print_text(lambda width: as_text(results, width))
    return MATERIAL if any(map(_fails, _all(results))) else 0


def _host(text: str) -> str:
    """A name or an address as a certificate may hold it; ``[::1]`` is ``::1``."""
    host = text.removeprefix("[").removesuffix("]")
    if not host or not host.isprintable() or any(char in host for char in "/@ *"):
        raise UsageError(
            f"{text!r} is not a host.", fix="Give its name or IP address alone, as broker.example."
        )
    if host.count(":") == 1:
        raise UsageError(f"{text} has a port; certificates are for hosts.", fix="Leave it out.")
    return host


def _checked(file: str, asked: Asked, now: datetime) -> tuple[Finding, ...]:
    data = sys.stdin.buffer.read() if file == STDIN else None
    found = check_file(file, asked, now, data)
    closed = any(each.id == "key-encrypted" for each in found)
    if closed and asked.passphrase is None and sys.stdin.isatty():
        asked = replace(asked, passphrase=ask_passphrase(f"Passphrase of {asked.key_file or file}"))
        return check_file(file, asked, now, data)
    return found


def _as_json(file: str, findings: Sequence[Finding], asked: Asked) -> dict[str, Any]:
    return {
        "source": file,
        "ok": not any(map(_fails, findings)),
        "purpose": purpose_of(asked),
        "findings": [asdict(each) for each in findings],
    }


def _all(results: Sequence[tuple[str, Sequence[Finding]]]) -> Iterator[Finding]:
    return (each for _, findings in results for each in findings)


def _fails(finding: Finding) -> bool:
    return finding.level is Level.FAILURE
