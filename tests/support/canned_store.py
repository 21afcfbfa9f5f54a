"""A store that answers every command alike, for replies that no Redis gives on request."""

from __future__ import annotations

from collections.abc import Sequence

from mtlsx.auth.stores.store import Reply, StoreError


class CannedStore:
    """Answers with ``answer``, or raises it; ``commands`` are those that it was asked."""

    name = "canned store"

    def __init__(self, answer: Reply | StoreError = None) -> None:
        self._answer = answer
        self.commands: list[tuple[bytes, ...]] = []

    async def execute(self, command: Sequence[bytes]) -> Reply:
        self.commands.append(tuple(command))
        if isinstance(self._answer, StoreError):
            raise self._answer
        return self._answer

    async def aclose(self) -> None:
        """There is nothing to close."""
