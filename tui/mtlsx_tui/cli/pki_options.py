"""The options that the ``mtlsx pki`` commands share, and what follows from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from mtlsx.pki.authority import Admission, Authority, IdentityPart, Signer
from mtlsx.pki.keys import KeyKind
from mtlsx.pki.workbench import Workbench
from mtlsx.profiles.directories import state_directory
from mtlsx_tui.cli.given_secrets import authority_passphrase

Function = Callable[..., Any]

pki_option = click.option(
    "--pki", "pki_directory", metavar="DIR",
    help="The directory of all authorities.  [default: pki/ in mtlsx's state directory]",
)  # fmt: skip
ca_option = click.option(
    "--ca",
    "ca",
    metavar="NAME",
    help="The authority.  [default: the only one at the end of a chain]",
)
passphrase_option = click.option(
    "--passphrase-file", metavar="FILE",
    help="Read the passphrase of the authority's key from FILE; else MTLSX_PASSPHRASE, else a question.",
)  # fmt: skip
key_option = click.option(
    "--key", "key", type=click.Choice([str(kind) for kind in KeyKind]), default="p256",
    show_default=True, help="The kind of the new key.",
)  # fmt: skip
names_option = click.option(
    "--san", "names", multiple=True, metavar="NAME",
    help="A subject alternative name: a DNS name, an IP address, an email address, a URI. May be repeated.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
force_option = click.option("--force", is_flag=True, help="Replace files that are there.")


def days_option(default: int, what: str = "How long it is valid") -> Callable[[Function], Function]:
    """``--days`` with its default."""
    return click.option(
        "--days", type=click.IntRange(min=1), default=default, show_default=True,
        help=f"{what}, in days.",
    )  # fmt: skip


def subject_option(what: str) -> Callable[[Function], Function]:
    """``--subject``; ``what`` it is."""
    return click.option("--subject", metavar="/TYPE=value/…", default="", help=what)


def encryption_options(function: Function) -> Function:
    """How a new key is closed."""
    function = click.option(
        "--key-passphrase-file", metavar="FILE",
        help="Encrypt the new key with the passphrase in FILE; else MTLSX_KEY_PASSPHRASE.",
    )(function)  # fmt: skip
    return click.option("--encrypt", is_flag=True, help="Ask for a passphrase for the new key.")(
        function
    )


def admission_options(function: Function) -> Function:
    """What may be issued beside what there is."""
    function = click.option(
        "--duplicates", is_flag=True, help="Issue an identity again though it is not revoked."
    )(function)
    return click.option(
        "--identity", type=click.Choice(get_args(IdentityPart)), default="cn", show_default=True,
        help="What the broker takes as the identity; each is issued once.",
    )(function)  # fmt: skip


def workbench(directory: str | None) -> Workbench:
    """All authorities."""
    default = state_directory(os.environ) / "pki"
    return Workbench(default if directory is None else Path(directory))


def opened(authority: Authority, passphrase_file: str | None) -> Signer:
    """The authority's key, its passphrase asked for where it must be."""
    return authority.open(
        authority_passphrase(
            passphrase_file, os.environ, name=authority.name, needed=authority.key_is_encrypted
        )
    )


def admission(identity: IdentityPart, *, duplicates: bool) -> Admission:
    """The value behind ``admission_options``."""
    return Admission(identity=identity, duplicates=duplicates)


def kind_of_key(key: str) -> KeyKind:
    """The value behind ``--key``."""
    return KeyKind(key)
