"""The stores that vectors of ``emqx-auth`` ask for: what Redis held, or how it failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from mtlsx.auth.stores.store import Reply, Store, StoreError
from support.vector_values import octets, words

OpenVectorStore: TypeAlias = Callable[[dict[str, Any]], Awaitable[Store]]
"""Opens the store that ``redis`` of a vector describes."""


class Recorded:
    """A store that remembers what it was asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commands: list[tuple[bytes, ...]] = []

    @property
    def name(self) -> str:
        return self._store.name

    async def execute(self, command: Sequence[bytes]) -> Reply:
        self.commands.append(tuple(command))
        return await self._store.execute(command)

    async def aclose(self) -> None:
        await self._store.aclose()


class Injected:
    """What a vector injects in place of a store: ``reply``, ``error``, ``raise`` or ``down``."""

    name = "injected"

    def __init__(self, redis: dict[str, Any]) -> None:
        self._redis = redis

    async def execute(self, command: Sequence[bytes]) -> Reply:
        if "reply" not in self._redis:
            raise StoreError(f"The store of this vector fails: {self._redis}.")
        return _reply(self._redis["reply"])

    async def aclose(self) -> None:
        """There is nothing to close."""


def commands(redis: dict[str, Any]) -> list[tuple[bytes, ...]]:
    """What is to be loaded into the store."""
    return [words(command) for command in redis["db"]]


def _reply(value: Any) -> Reply:
    return [_reply(item) for item in value] if isinstance(value, list) else octets(value)
