"""``mtlsx pki renew``: issue certificates again, with the same names; an authority's own, too."""

from __future__ import annotations

import json
import os

import click
from click.core import ParameterSource

from mtlsx.errors import UsageError
from mtlsx.pki.crls import Reason
from mtlsx_tui.cli.given_secrets import key_passphrase
from mtlsx_tui.cli.headless import notice
from mtlsx_tui.cli.pki_options import (
    ca_option,
    encryption_options,
    force_option,
    json_option,
    key_option,
    kind_of_key,
    opened,
    passphrase_option,
    pki_option,
    workbench,
)
from mtlsx_tui.cli.pki_output import authority_json, authority_lines, entry_json, issued_lines
from mtlsx_tui.cli.pki_taking import out_options, require_writable, taken_away

_OF_AN_AUTHORITY = {
    "itself", "same_key", "days", "ca", "passphrase_file", "pki_directory", "as_json",
}  # fmt: skip


@click.command("renew")
@click.argument("which", nargs=-1, metavar="WHICH…")
@click.option("--itself", is_flag=True, help="The authority's own certificate.")
@click.option("--same-key", is_flag=True, help="For the key that there is, not a new one.")
@click.option(
    "--revoke",
    "revoke_old",
    is_flag=True,
    help="Revoke the old ones (superseded), and make a list.",
)
@key_option
@click.option(
    "--days", type=click.IntRange(min=1),
    help="How long it is valid, in days.  [default: 365, of an authority 3650]",
)  # fmt: skip
@encryption_options
@out_options
@force_option
@ca_option
@passphrase_option
@pki_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    which: tuple[str, ...],
    key: str,
    days: int | None,
    key_passphrase_file: str | None,
    out: str | None,
    form: str,
    ca: str | None,
    passphrase_file: str | None,
    pki_directory: str | None,
    *,
    itself: bool,
    same_key: bool,
    revoke_old: bool,
    encrypt: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Issue each WHICH, a serial number, CN or DN, again: same names, a new key, a new validity.

    The old certificate stays valid, so that the device can change over; --revoke ends it. Where the broker takes
    the md5 as the identity, that changes with every certificate.

    With --itself, the authority's own certificate: same key, same subject. What it issued stays valid below it; an
    authority below another is signed by that one, whose key is then needed.
    """
    if itself:
        _require_alone(context)
        _renew_authority(ca, days or 3650, passphrase_file, pki_directory, as_json=as_json)
        return
    if not which:
        raise UsageError(
            "It is not said what to renew.", fix="Give a serial number, CN or DN, or --itself."
        )
    authority = workbench(pki_directory).authority(ca)
    entries = [authority.find(text) for text in which]
    signer = opened(authority, passphrase_file)
    passphrase = key_passphrase(key_passphrase_file, os.environ, encrypt=encrypt)
    require_writable(out, form, passphrase)
    kind = None if same_key else kind_of_key(key)
    made = [
        authority.renew(signer, entry, kind, days=days or 365, passphrase=passphrase).entry
        for entry in entries
    ]
    if revoke_old:
        authority.revoke([entry.serial for entry in entries], Reason.SUPERSEDED)
        authority.write_crl(signer, days=30)
    files = taken_away(authority, made, out, form, passphrase, force=force)
    if as_json:
        click.echo(json.dumps([entry_json(authority, entry) for entry in made], indent=2))
        return
    for entry in made:
        click.echo(issued_lines(authority, entry))
    for path in files:
        click.echo(f"  {'written':<12} {path}")
    if not revoke_old:
        notice("the old certificates are still valid; mtlsx pki revoke ends them.")


def _require_alone(context: click.Context) -> None:
    """Raise UsageError for what does not go with ``--itself``."""
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        if given and context.params[name] and name not in _OF_AN_AUTHORITY:
            raise UsageError(
                f"{parameter.human_readable_name if name == 'which' else parameter.opts[-1]} does not go with --itself.",
                fix="An authority keeps its key, and its old certificate stays valid.",
            )


def _renew_authority(
    name: str | None, days: int, passphrase_file: str | None, directory: str | None, *, as_json: bool
) -> None:  # fmt: skip
    bench = workbench(directory)
    authority = bench.authority(name)
    issuer = bench.issuer_of(authority)
    renewed = bench.renew(authority.name, (issuer, opened(issuer, passphrase_file)), days=days)
    click.echo(
        json.dumps(authority_json(renewed), indent=2) if as_json else authority_lines(renewed)
    )
    until = f"{authority.certificate.not_valid_after_utc:%Y-%m-%d}"
    notice(
        f"the old one is valid until {until}; until then, give the new one to "
        + (
            "whoever trusts it."
            if issuer.name == authority.name
            else "all who send it behind their own (mtlsx pki bundle)."
        )
    )
