"""What the engine needs of a store: one Redis command at a time, and a sentence where it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from mtlsx.auth.settings import RedisServer

Reply: TypeAlias = "bytes | int | list[Reply] | None"
"""What Redis answers: a bulk or simple string, an integer, nil, or an array of these."""


class StoreError(Exception):
    """A store that gave no answer, or answered with an error.

    The text is one sentence, without secrets, that says which server and what happened.
    """


class Store(Protocol):
    """A Redis, or what behaves like one."""

    @property
    def name(self) -> str:
        """What traces call it: ``redis 127.0.0.1:6379``, ``redis sentinel mymaster``, ``embedded store``."""

    async def execute(self, command: Sequence[bytes]) -> Reply:
        """The answer to one command, its words as octets.

        Raises ``StoreError`` for every failure: unreachable, refused, timed out, an error reply.
        """

    async def aclose(self) -> None:
        """Close its connections."""


OpenStore: TypeAlias = Callable[[RedisServer], Store]
"""Opens the store that settings describe; connects when the first command is executed."""
