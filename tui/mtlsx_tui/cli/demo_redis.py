"""The real Redis of ``mtlsx demo --redis``: it gets the demo's keys, and no key that it has gets another content."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.identity.redis_commands import quoted
from mtlsx.pki.seed import store
from mtlsx_tui.cli.headless import EndedError, notice
from mtlsx_tui.cli.pki_redis import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mtlsx.pki.seed import RedisHash


@contextmanager
def filled(url: str, made: Sequence[RedisHash], environ: Mapping[str, str]) -> Iterator[None]:
    """``fill``, and afterwards remove what it has written."""
    missing = _missing(url, made, environ)
    try:
        _store(url, missing, environ)
        yield
    finally:
        _remove(url, [each.key for each in missing], environ)


def fill(url: str, made: Sequence[RedisHash], environ: Mapping[str, str]) -> None:
    """Store those of ``made`` that the Redis at ``url`` does not have, after saying which.

    Raises UsageError where a key has another content, and what ``pki_redis.opened`` raises.
    """
    _store(url, _missing(url, made, environ), environ)


def _missing(url: str, made: Sequence[RedisHash], environ: Mapping[str, str]) -> list[RedisHash]:
    missing = []
    with opened(url, environ) as (client, shown):
        for each in made:
            there = client.hgetall(each.key)
            if not there:
                missing.append(each)
            elif there != dict(each.fields):
                raise UsageError(
                    f"{shown} already has {quoted([each.key])}, which is not this demo's.",
                    fix="Delete it, or name another database.",
                )
    return missing


def _store(url: str, missing: Sequence[RedisHash], environ: Mapping[str, str]) -> None:
    if not missing:
        return
    with opened(url, environ) as (client, shown):
        notice(f"{shown} gets {', '.join(quoted([each.key]) for each in missing)}.")
        store(client, missing)


def _remove(url: str, keys: Sequence[bytes], environ: Mapping[str, str]) -> None:
    if not keys:
        return
    try:
        with opened(url, environ) as (client, _):
            client.delete(*keys)
    except (MtlsxError, EndedError) as error:
        notice(f"{', '.join(quoted([key]) for key in keys)} could not be removed. {error}")
