"""The stores that vectors run on: each on a real Redis and on the embedded store."""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

import pytest

from mtlsx.auth.stores.embedded import EmbeddedStore
from mtlsx.auth.stores.redis import RedisStore
from support.vector_stores import Injected, commands

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mtlsx.auth.stores.store import Store
    from support.redis_servers import RedisServer
    from support.vector_stores import OpenVectorStore


@pytest.fixture(params=[pytest.param("redis", marks=pytest.mark.e2e), "embedded"])
async def open_vector_store(request: pytest.FixtureRequest) -> AsyncIterator[OpenVectorStore]:
    """Opens the store of a vector, filled as its ``redis`` says, or failing as it says."""
    server: RedisServer | None = None
    if request.param == "redis":
        server = request.getfixturevalue("redis_db")
    async with AsyncExitStack() as opened:

        async def open_store(redis: dict[str, Any]) -> Store:
            if "db" not in redis:
                return Injected(redis)
            if server is not None:
                server.load(commands(redis))
                return await opened.enter_async_context(aclosing(RedisStore(server.settings())))
            embedded = await opened.enter_async_context(aclosing(EmbeddedStore()))
            await embedded.load(commands(redis))
            return embedded

        yield open_store
