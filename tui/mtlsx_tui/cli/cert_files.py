"""The files that ``mtlsx cert`` commands are given: names in, loaded material out, ``-`` being standard input.

The passphrase comes from a file, from MTLSX_PASSPHRASE, or, where something cannot be opened without one and
somebody is at a terminal, from a question.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from mtlsx.certificates.load import STDIN, Material, load_bytes, load_file
from mtlsx.errors import MaterialError
from mtlsx.secret import Secret
from mtlsx_tui.cli.given_secrets import secret_from, secret_in_file

files_argument = click.argument("files", metavar="FILE…", nargs=-1, required=True)
passphrase_option = click.option(
    "--passphrase-file",
    metavar="FILE",
    help="Read the passphrase of keys and PKCS#12 archives from FILE; else MTLSX_PASSPHRASE, else a question.",
)


def load_all(
    files: Iterable[str], passphrase_file: str | None, *, keys: bool
) -> Iterator[Material | MaterialError]:
    """Load each of ``files``; one that cannot be loaded gives its error, and the others still come.

    ``keys``: ask for the passphrase of encrypted keys too, not only where a file cannot be read without one.
    Raises ``MaterialError`` where the passphrase file cannot be read.
    """
    given = given_passphrase(passphrase_file)
    for file in files:
        try:
            yield _load(file, given, keys=keys)
        except MaterialError as error:
            yield error


def given_passphrase(passphrase_file: str | None) -> Secret | None:
    """The passphrase in that file, or in MTLSX_PASSPHRASE; None without one. Raises ``MaterialError``."""
    if passphrase_file is not None:
        return secret_in_file("Passphrase", passphrase_file)
    text = os.environ.get("MTLSX_PASSPHRASE")
    return secret_from(text, "MTLSX_PASSPHRASE") if text else None


def ask_passphrase(question: str, **how: Any) -> Secret:
    """The passphrase that a person at the terminal types."""
    return Secret(click.prompt(question, hide_input=True, show_default=False, err=True, **how))


def _load(file: str, passphrase: Secret | None, *, keys: bool) -> Material:
    read = _reader(file)
    may_ask = passphrase is None and sys.stdin.isatty()
    try:
        material = read(passphrase)
    except MaterialError as error:
        if error.verdict != "key-encrypted" or not may_ask:
            raise
        return read(ask_passphrase(f"Passphrase of {file}"))
    if keys and may_ask and any(key.der is None for key in material.keys):
        asked = ask_passphrase(
            f"Passphrase of the key in {file} (Enter: leave it closed)", default=""
        )
        return read(asked) if asked.reveal() else material
    return material


def _reader(file: str) -> Callable[[Secret | None], Material]:
    if file == STDIN:
        data = sys.stdin.buffer.read()
        return lambda passphrase: load_bytes(data, source=STDIN, passphrase=passphrase)
    return lambda passphrase: load_file(file, passphrase=passphrase)
