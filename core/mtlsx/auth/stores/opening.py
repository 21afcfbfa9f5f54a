"""The stores that settings name, each opened once however often it is named."""

from __future__ import annotations

from mtlsx.auth.settings import RedisServer
from mtlsx.auth.stores.store import Store


class Stores:
    """Calling it with settings gives their store: an ``OpenStore``. Equal settings share one, with its connections.

    All ``embedded`` settings share one embedded store, whatever else they say: it is one place for demo data.
    """

    def __init__(self) -> None:
        self._opened: dict[RedisServer | None, Store] = {}

    def __call__(self, settings: RedisServer) -> Store:
        key = None if settings.embedded else settings
        store = self._opened.get(key)
        if store is None:
            store = self._opened[key] = _open(settings)
        return store

    async def aclose(self) -> None:
        """Close all stores that were opened."""
        opened, self._opened = self._opened, {}
        for store in opened.values():
            await store.aclose()


def _open(settings: RedisServer) -> Store:
    # redis-py takes longer to load than a decision, and fakeredis twice that.
    if settings.embedded:
        from mtlsx.auth.stores.embedded import EmbeddedStore

        return EmbeddedStore()
    from mtlsx.auth.stores.redis import RedisStore

    return RedisStore(settings)
