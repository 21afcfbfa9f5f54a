"""Other mappings and commands in a configuration that somebody else wrote: read, changed, kept beside it as TOML.

What can be changed is an ``Adjustable``; a changed copy (``write_copy``) holds whatever else the files say. The files
themselves are never touched.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from mtlsx.configuration import document as documents
from mtlsx.configuration.load import read_document
from mtlsx.configuration.model import GENERATION_4
from mtlsx.errors import UsageError
from mtlsx.files import reason, write_file
from mtlsx.schema import WrongError

_MARK: Final = b"# Written by mtlsx"
_TLS: Final = ("ssl", "wss")
_MAPPING: Final = ("peer_cert_as_username", "peer_cert_as_clientid", "use_username_as_clientid")


@dataclass(frozen=True, slots=True)
class Adjustable:
    """What can be changed, by EMQX's names; ``…_cmd`` are those of the first that asks Redis, None: none does."""

    peer_cert_as_username: str = "disabled"
    peer_cert_as_clientid: str = "disabled"
    use_username_as_clientid: bool = False
    authentication_cmd: str | None = None
    authorization_cmd: str | None = None


def adjustable(paths: Sequence[Path]) -> Adjustable:
    """What the files at ``paths`` say. Raises as ``load`` does."""
    found, dialect = read_document(paths)
    _check(found, paths[0], dialect)
    return _read(found, found.get("dialect", dialect) in GENERATION_4)


def write_copy(paths: Sequence[Path], wanted: Adjustable) -> Path:
    """Write the configuration at ``paths`` with ``wanted`` in it beside the first, as ``NAME.adjusted.toml``.

    Where it then is. It may hold passwords of the files, and is for its owner alone. Raises ``UsageError``, also for
    values that are not allowed and where another file has that name.
    """
    import tomli_w

    found, dialect = read_document(paths)
    changed = {**_adjusted(found, dialect, wanted), "dialect": found.get("dialect", dialect)}
    _check(changed, paths[0], dialect)
    path = copy_of(paths)
    names = ", ".join(each.name for each in paths)
    text = f"{_MARK.decode()} from {names!a}, with what was set on its broker screen.\n\n"
    try:
        if path.exists() and not path.read_bytes().startswith(_MARK):
            raise UsageError(f"File {path} is in the way: mtlsx has not written it.")
        write_file(path, (text + tomli_w.dumps(changed)).encode(), 0o600)
    except OSError as error:
        raise UsageError(f"File {path} cannot be written: {reason(error)}.") from error
    return path


def copy_of(paths: Sequence[Path]) -> Path:
    """Where ``write_copy`` writes."""
    return paths[0].with_name(f"{paths[0].stem}.adjusted.toml")


def _check(document: dict[str, Any], path: Path, dialect: Any) -> None:
    try:
        documents.read(document, dialect=dialect)
    except WrongError as error:
        raise UsageError(f"Configuration file {path}: {error}") from error


def _read(document: dict[str, Any], in_4: bool) -> Adjustable:
    values: dict[str, Any] = {}
    for table in _mappings(document, in_4):
        values |= {name: table[name] for name in _MAPPING if name in table and name not in values}
    for name, table, key in _commands(document, in_4):
        values.setdefault(name, table[key])
    return Adjustable(**values)


def _adjusted(document: dict[str, Any], dialect: Any, wanted: Adjustable) -> dict[str, Any]:
    in_4 = document.get("dialect", dialect) in GENERATION_4
    former = _read(document, in_4)
    changed = copy.deepcopy(document)
    different = {
        field.name: value
        for field in fields(Adjustable)
        if (value := getattr(wanted, field.name)) != getattr(former, field.name)
    }
    if not in_4:
        changed.setdefault("mqtt", {})
    for table in _mappings(changed, in_4):
        table.update({name: different[name] for name in _MAPPING if name in different})
    for name, table, key in _commands(changed, in_4):
        if name in different:
            table[key] = different.pop(name)
    return changed


def _mappings(document: dict[str, Any], in_4: bool) -> Iterator[dict[str, Any]]:
    """The tables that say who a client is: EMQX 4.x has that in the listeners."""
    if not in_4:
        yield document.get("mqtt", {})
        return
    for kind, named in document.get("listeners", {}).items():
        if kind in _TLS:
            yield from named.values()


def _commands(document: dict[str, Any], in_4: bool) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The field of ``Adjustable``, the table and the key of each command to Redis."""
    if in_4:
        redis = document.get("auth", {}).get("redis", {})
        for name, key in (("authentication_cmd", "auth_cmd"), ("authorization_cmd", "acl_cmd")):
            if key in redis:
                yield name, redis, key
        return
    for one in _tables(document.get("authentication", [])):
        if one.get("backend") == "redis" and "cmd" in one:
            yield "authentication_cmd", one, "cmd"
            break
    for one in _tables(document.get("authorization", {}).get("sources", [])):
        if one.get("type") == "redis" and "cmd" in one:
            yield "authorization_cmd", one, "cmd"
            break


def _tables(value: Any) -> list[dict[str, Any]]:
    """EMQX takes one table where a list of one is meant."""
    return [value] if isinstance(value, dict) else value
