"""The keys of an identity provider (JWKS): fetched, kept, and fetched anew.

``key_loader`` makes what fetches: from ``http:`` and ``https:`` URLs and from ``file:`` paths, of limited size and in
limited time. ``KeyCache`` decides when: at most one fetch is under way, the old keys stay in use meanwhile and while
fetching fails, and a token with an unknown ``kid`` makes it fetch at most once in ten seconds.

Source: emqx_authn_jwks_client.erl (6.3), which does not look at ``kid`` and fetches by a timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from mtlsx.auth.authentication.fetching import fetch, read_file, target
from mtlsx.auth.authentication.signing_keys import KeysError, SigningKey, jwks_keys

if TYPE_CHECKING:
    from ssl import SSLContext

KeyLoader: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Fetches the document at an endpoint. Raises ``KeysError`` or ``OSError``."""

TIMEOUT: Final = 5.0
"""How long a fetch may take, in seconds; EMQX's own."""
LIMIT: Final = 1 << 20
"""How many octets a JWKS may have."""
PAUSE: Final = 10.0
"""How many seconds lie at least between two fetches."""
MOST_FAILURES: Final = 5
"""After so many refreshes that failed one after the other the old keys are given up; EMQX's ``max_fail_count``."""


def key_loader(
    *, timeout: float = TIMEOUT, limit: int = LIMIT, context: SSLContext | None = None
) -> KeyLoader:
    """What fetches documents for real; ``context`` is for ``https:``, None trusts what this machine trusts.

    No proxy is used. A redirection is followed, but not from ``https:`` to ``http:``.
    """

    async def load(endpoint: str) -> bytes:
        found = target(endpoint)
        if found.path is not None:
            return await asyncio.to_thread(read_file, found.path, limit)
        return await fetch(endpoint, timeout=timeout, limit=limit, context=context)

    return load


class KeyCache:
    """The keys at one endpoint.

    ``refresh_interval`` in seconds, at least 10; ``clock`` gives seconds since the epoch. Raises ``UsageError`` for an
    endpoint that is neither ``http:`` nor ``https:`` nor ``file:``.
    """

    def __init__(
        self,
        endpoint: str,
        load: KeyLoader,
        *,
        refresh_interval: float,
        clock: Callable[[], float],
        timeout: float = TIMEOUT,
    ) -> None:
        self.name = target(endpoint).name
        self._endpoint = endpoint
        self._load = load
        self._interval = max(refresh_interval, PAUSE)
        self._clock = clock
        self._timeout = timeout
        self._keys: tuple[SigningKey, ...] | None = None
        self._error = ""
        self._failures = 0
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def keys(self) -> tuple[SigningKey, ...]:
        """The keys in use. The first time, and as long as there are none, it waits for them.

        Raises ``KeysError``.
        """
        if self._keys is None:
            if not self._tried_within(PAUSE) or self._is_fetching():
                await self._fetched()
            if self._keys is None:
                raise KeysError(self._error)
        elif not self._tried_within(self._interval):
            self._fetch(counts=True)
        return self._keys

    async def newer_keys(self, known: tuple[SigningKey, ...]) -> tuple[SigningKey, ...] | None:
        """Keys that came after ``known``, for a token with a ``kid`` that these do not have; None without any."""
        if self._is_fetching() or not self._tried_within(PAUSE):
            await self._fetched()
        return None if self._keys is known else self._keys

    async def aclose(self) -> None:
        """End what is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _tried_within(self, seconds: float) -> bool:
        # A clock that was set back must not keep old keys in use for years.
        return self._tried_at is not None and 0 <= self._clock() - self._tried_at < seconds

    def _is_fetching(self) -> bool:
        return self._fetching is not None and not self._fetching.done()

    def _fetch(self, *, counts: bool) -> asyncio.Task[None]:
        """The fetch under way, or a new one; ``counts``: whether its failure lets the old keys grow older."""
        if self._fetching is None or self._fetching.done():
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch_once(counts=counts))
        return self._fetching

    async def _fetched(self) -> None:
        # Whoever waits may be cancelled; others wait for the same fetch. Its failure does not count: unknown kids, which
        # anybody can send, must not use up the old keys.
        await asyncio.shield(self._fetch(counts=False))

    async def _fetch_once(self, *, counts: bool) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                document = await self._load(self._endpoint)
            keys = jwks_keys(document)
        except TimeoutError:
            self._error = f"there is no answer within {self._timeout:g} seconds"
        except KeysError as error:
            self._error = str(error)
        except OSError as error:
            self._error = (error.strerror or "it cannot be read").lower()
        else:
            self._keys, self._failures = keys, 0
            return
        self._failures += counts
        if self._failures >= MOST_FAILURES:
            self._keys = None
