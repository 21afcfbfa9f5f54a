"""Puts the files of an export into a directory, all or none, and says what to know about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mtlsx.errors import MtlsxError, UsageError

if TYPE_CHECKING:
    from mtlsx.configuration.emqx import Export


def write_export(export: Export, directory: Path, *, force: bool, notes: Sequence[str]) -> None:
    """Write the files for their owner alone, and print their names; ``notes`` and the export's go to stderr.

    Raises UsageError where one of them is there already, unless ``force``, and MtlsxError where one cannot be written.
    """
    there = [name for name in export.files if (directory / name).exists()]
    if there and not force:
        raise UsageError(
            f"{directory} holds {', '.join(there)} already.",
            fix="--force overwrites, or take another --out.",
        )
    for name, content in export.files.items():
        _write(directory / name, content)
        click.echo(directory / name)
    for note in (*notes, *export.notes):
        click.echo(f"mtlsx: {note}", err=True)


def _write(path: Path, content: str) -> None:
    from mtlsx.files import reason, write_private

    try:
        write_private(path, content.encode())
    except OSError as error:
        raise MtlsxError(f"{path} cannot be written: {reason(error)}.") from error
