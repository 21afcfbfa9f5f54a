"""Where the ``mtlsx pki`` commands put copies for the person who asked: ``-o`` and ``--format``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from mtlsx.errors import UsageError
from mtlsx.pki.export import File, Format, credentials, files, write

if TYPE_CHECKING:
    from mtlsx.pki.authority import Authority
    from mtlsx.pki.index import Entry
    from mtlsx.secret import Secret

Function = Callable[..., Any]


def out_options(function: Function) -> Function:
    """``-o`` and ``--format``."""
    function = click.option(
        "--format", "form", type=click.Choice(get_args(Format)), default="pem", show_default=True,
        help="What -o writes: PEM, DER, or a PKCS#12 archive.",
    )(function)  # fmt: skip
    return click.option(
        "-o", "--out", metavar="DIR", help="Also write certificate, chain, key and CA into DIR."
    )(function)


def require_writable(out: str | None, form: str, passphrase: Secret | None) -> None:
    """Raise UsageError, before anything is issued, for what could not be written afterwards."""
    if out is not None and form == "p12" and passphrase is None:
        raise UsageError(
            "A PKCS#12 archive needs a passphrase.",
            fix="Give one with --key-passphrase-file, MTLSX_KEY_PASSPHRASE or --encrypt.",
        )


def taken_away(
    authority: Authority,
    entries: Sequence[Entry],
    out: str | None,
    form: str,
    passphrase: Secret | None,
    *,
    force: bool,
) -> list[Path]:
    """Write the files of ``entries`` into ``out``; the paths, none without ``out``."""
    if out is None:
        return []
    made: dict[str, File] = {}
    for entry in entries:
        for file in files(credentials(authority, entry), cast("Format", form), passphrase):
            if made.setdefault(file.name, file) != file:
                raise UsageError(
                    f"Two certificates would be written to {file.name}.",
                    fix="Write them into directories of their own.",
                )
    return write(Path(out), list(made.values()), force=force)
