"""``mtlsx pki bundle``: everything that a device needs, as a folder, a zip, a C header or a profile."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from mtlsx.certificates.load import load_file
from mtlsx.errors import MaterialError
from mtlsx.pki.authority import IdentityPart
from mtlsx.pki.bundle import Broker, bundle, header, zipped
from mtlsx.pki.device_profile import save_profile
from mtlsx.pki.export import File, credentials, write
from mtlsx.profiles.directories import config_directory
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.cli.given_secrets import key_passphrase
from mtlsx_tui.cli.pki_options import ca_option, force_option, json_option, pki_option, workbench

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from mtlsx.pki.export import Credentials

_FORMS = ("folder", "zip", "header", "profile")


@click.command("bundle")
@click.argument("which", nargs=-1, required=True, metavar="WHICH…")
@click.option(
    "-h", "--hostname", metavar="HOST", required=True, help="The broker's name or address."
)
@click.option(
    "-p", "--port", type=click.IntRange(1, 65535), default=8883, show_default=True, help="Its port."
)
@click.option(
    "--server-ca", metavar="FILE",
    help="What the broker's certificate is checked with.  [default: the root of the device's authority]",
)  # fmt: skip
@click.option(
    "-t", "--topic", metavar="TOPIC", help="For the commands to try.  [default: test/NAME]"
)
@click.option(
    "--identity", type=click.Choice(get_args(IdentityPart)), default="cn", show_default=True,
    help="What the broker takes as the username.",
)  # fmt: skip
@click.option(
    "--as", "form", type=click.Choice(_FORMS), default="folder", show_default=True,
    help="A folder or zip with all, a C header alone, or a profile in mtlsx.",
)  # fmt: skip
@click.option("-o", "--out", metavar="DIR", default=".", help="Where it goes.  [default: here]")
@click.option(
    "--key-passphrase-file", metavar="FILE",
    help="For a profile of an encrypted key: its passphrase; else MTLSX_KEY_PASSPHRASE.",
)  # fmt: skip
@force_option
@ca_option
@pki_option
@json_option
def command(
    which: tuple[str, ...],
    hostname: str,
    port: int,
    server_ca: str | None,
    topic: str | None,
    identity: IdentityPart,
    form: str,
    out: str,
    key_passphrase_file: str | None,
    ca: str | None,
    pki_directory: str | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Hand out each WHICH, a serial number, CN or DN: certificate, chain, key, the server's CA, settings, commands."""
    authority = workbench(pki_directory).authority(ca)
    broker = Broker(
        host=hostname, port=port, identity=identity, topic=topic,
        ca=() if server_ca is None else _certificates(server_ca),
    )  # fmt: skip
    held = [credentials(authority, authority.find(text)) for text in which]
    paths: list[Path] = []
    if form == "profile":
        library = ProfileLibrary(config_directory(os.environ))
        passphrase = key_passphrase(key_passphrase_file, os.environ, encrypt=False)
        paths += [save_profile(library, each, broker, passphrase, force=force) for each in held]
    else:
        for each in held:
            paths += _written(each, broker, form, Path(out), force=force)
    if as_json:
        click.echo(json.dumps([str(path) for path in paths], indent=2))
    else:
        for path in paths:
            click.echo(f"  {'written':<12} {path}")


def _written(held: Credentials, broker: Broker, form: str, out: Path, *, force: bool) -> list[Path]:
    if form == "folder":
        return write(out / held.name, bundle(held, broker), force=force)
    if form == "zip":
        archive = File(f"{held.name}.zip", zipped(held.name, bundle(held, broker)), private=True)
        return write(out, [archive], force=force)
    return write(out, [File(f"{held.name}.h", header(held, broker), private=True)], force=force)


def _certificates(path: str) -> tuple[Certificate, ...]:
    from cryptography.x509 import load_der_x509_certificate

    found = load_file(path).certificates
    if not found:
        raise MaterialError("ca-file-has-no-ca", f"CA file {path} holds no certificate.")
    return tuple(map(load_der_x509_certificate, found))
