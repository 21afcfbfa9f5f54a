"""The Redis that ``mtlsx pki seed`` and the demo fill: an address and a password in, hashes stored or a sentence why not."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mtlsx.errors import UsageError
from mtlsx.identity.redis_commands import quoted
from mtlsx.pki.seed import RedisHash, existing, store
from mtlsx_tui.cli.headless import EndedError, notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from redis import Redis

_TIMEOUT = 10.0  # seconds, for connecting and for each answer
_SHOWN = 3
_NETWORK = 11


def seeded(
    url: str,
    made: Sequence[RedisHash],
    environ: Mapping[str, str],
    *,
    force: bool,
    report: Callable[[int], None],
) -> None:
    """Store ``made`` in the Redis at ``url``.

    The password is MTLSX_REDIS_PASSWORD in ``environ``, or in the URL, where others can see it. Raises UsageError
    where keys are there already, unless ``force``, and where Redis refuses; EndedError where it cannot be reached.
    """
    warn_of_password(url)
    with opened(url, environ) as (client, shown):
        there = [] if force else existing(client, made)
        if there:
            names = ", ".join(quoted([key]) for key in there[:_SHOWN])
            more = f" and {len(there) - _SHOWN:,} more" if len(there) > _SHOWN else ""
            raise UsageError(
                f"{shown} already has {names}{more}.", fix="Replace what is there with --force."
            )
        store(client, made, report=report)


def warn_of_password(url: str) -> None:
    """Say that others can see the password in ``url``, where it has one."""
    with suppress(ValueError):
        if urlsplit(url).password is not None:
            notice(
                "others on this machine can see a password in --redis; prefer MTLSX_REDIS_PASSWORD."
            )


@contextmanager
def opened(url: str, environ: Mapping[str, str]) -> Iterator[tuple[Redis, str]]:
    """A client of the Redis at ``url``, and what people call it; the password as for ``seeded``.

    Raises UsageError for an address that is none, and where Redis refuses what is asked within the block; EndedError
    where it cannot be reached.
    """
    import redis

    shown = _without_password(url)
    password = environ.get("MTLSX_REDIS_PASSWORD") or None
    options: dict[str, Any] = {} if password is None else {"password": password}
    try:
        client = redis.Redis.from_url(
            # RESP 2: a server that asks for a password then says so, and not that HELLO came too early.
            url,
            protocol=2,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            **options,
        )
    except ValueError as error:
        raise UsageError(
            f"{shown} is no address of a Redis.", fix="Write redis://HOST:PORT/DATABASE."
        ) from error
    try:
        with client:
            yield client, shown
    except redis.RedisError as error:
        text = f"{shown}: {str(error).rstrip('.')}."
        refused = redis.exceptions.AuthenticationError
        if isinstance(error, redis.ConnectionError | redis.TimeoutError) and not isinstance(
            error, refused
        ):
            raise EndedError(text, _NETWORK) from error
        raise UsageError(text) from error


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return "What --redis says"
    return f"Redis {host}{port}"
