"""Read a configuration: the paths of its files in, a ``Configuration`` out.

What a file is, its content decides: TOML; HOCON, as EMQX 5 and 6 have it; or the flat form of EMQX 4.x, of which
several files make one configuration (``emqx.conf`` and ``plugins/emqx_auth_redis.conf``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mtlsx.configuration import conf_4, emqx_conf, files
from mtlsx.configuration.document import read
from mtlsx.configuration.model import Configuration
from mtlsx.errors import UsageError
from mtlsx.identity.mapping import Dialect
from mtlsx.schema import WrongError, document

_WHAT = "Configuration file"


def load(paths: Sequence[str | Path], *, dialect: Dialect | None = None) -> Configuration:
    """The configuration that the files at ``paths`` hold.

    ``dialect`` is the generation of EMQX that an ``emqx.conf`` is for, where the file does not say it itself: by
    default ``emqx6``, or ``emqx4.4`` for the flat form. Relative paths in the files count from the directory of
    the first. Raises UsageError, and MaterialError for a key that cannot be read; with the file and the line or
    the key path.
    """
    if not paths:
        raise UsageError("No configuration file is given.")
    located = [Path(path).absolute() for path in paths]
    texts = [_text(path) for path in located]
    try:
        return _loaded(located, texts, dialect)
    except RecursionError as error:
        raise UsageError(f"{_WHAT} {located[0]}: its values are nested too deep.") from error


def read_document(paths: Sequence[str | Path]) -> tuple[dict[str, Any], Dialect]:
    """The plain values in the files at ``paths``, with absolute paths, and the dialect where they name none.

    Raises UsageError.
    """
    located = [Path(path).absolute() for path in paths]
    texts = [_text(path) for path in located]
    try:
        found, dialect, _ = _documented(located, texts, None)
    except RecursionError as error:
        raise UsageError(f"{_WHAT} {located[0]}: its values are nested too deep.") from error
    return files.located(found, located[0].parent), dialect


def _loaded(paths: list[Path], texts: list[str], dialect: Dialect | None) -> Configuration:
    found, default, notes = _documented(paths, texts, dialect)
    return replace(_read(found, paths[0], default), notes=tuple(dict.fromkeys(notes)))


def _documented(
    paths: list[Path], texts: list[str], dialect: Dialect | None
) -> tuple[dict[str, Any], Dialect, list[str]]:
    first = paths[0]
    notes: list[str] = []
    default: Dialect = dialect or "emqx6"
    if first.suffix != ".toml" and conf_4.looks_like("\n".join(texts)):
        settings: dict[str, conf_4.Setting] = {}
        for path, text in zip(paths, texts, strict=True):
            settings |= conf_4.parse(text, source=f"{_WHAT} {path}")
        found, notes = conf_4.document(settings)
        default = dialect or "emqx4.4"
    elif len(paths) > 1:
        raise UsageError(
            "Only a configuration of EMQX 4.x has several files.",
            fix="Give one file; an emqx.conf of EMQX 5 and 6 includes others.",
        )
    elif first.suffix == ".toml":
        found = document(texts[0].encode(), source=f"{_WHAT} {first}")
    else:
        found, notes = emqx_conf.read(
            texts[0],
            source=f"{_WHAT} {first}",
            include=lambda name: _included(first.parent, name),
            has_acl_conf=(first.parent / "acl.conf").is_file(),
        )
    return found, default, notes


def _read(found: dict[str, Any], path: Path, dialect: Dialect) -> Configuration:
    try:
        return read(files.located(found, path.parent), dialect=dialect)
    except WrongError as error:
        raise UsageError(f"{_WHAT} {path}: {error}") from error


def _included(directory: Path, name: str) -> tuple[str, str]:
    path = Path(files.absolute(name, directory))
    return _text(path), f"{_WHAT} {path}"


def _text(path: Path) -> str:
    data = files.read(path, _WHAT)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{_WHAT} {path}: line {line} is not UTF-8.") from error
