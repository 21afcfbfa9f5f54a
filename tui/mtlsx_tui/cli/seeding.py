"""Commands for the embedded store, as redis-cli takes them, from a file; a real Redis is never filled by us."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mtlsx.errors import MaterialError, UsageError

if TYPE_CHECKING:
    from mtlsx.auth.settings import AuthSettings
    from mtlsx.auth.stores.opening import Stores
    from mtlsx.auth.stores.store import Reply


def commands_in(file: str) -> list[list[bytes]]:
    """The commands in ``file``, one a line; ``#`` begins a line that is a comment.

    Raises ``MaterialError`` where it cannot be read and ``UsageError`` for quotes that do not match.
    """
    from mtlsx.identity.redis_commands import CommandError, split

    try:
        lines = Path(file).read_bytes().splitlines()
    except OSError as error:
        raise MaterialError(
            "file-unreadable", f"File {file} cannot be read: {(error.strerror or 'error').lower()}."
        ) from error
    commands = []
    for number, line in enumerate(lines, start=1):
        if line.lstrip()[:1] in (b"", b"#"):
            continue
        try:
            commands.append(split(line))
        except CommandError as error:
            raise UsageError(f"File {file}: line {number}: {error}") from error
    return commands


async def fill(stores: Stores, settings: AuthSettings, commands: list[list[bytes]]) -> None:
    """Execute ``commands`` in the embedded store of ``settings``; raises as ``execute`` does."""
    for words in commands:
        await execute(stores, settings, words)


async def execute(stores: Stores, settings: AuthSettings, words: list[bytes]) -> Reply:
    """Execute a command in the embedded store of ``settings``.

    Raises ``UsageError`` where there is none, and where the store does not take the command.
    """
    from mtlsx.auth.settings import RedisServer
    from mtlsx.auth.stores.store import StoreError

    used = [
        getattr(one, "redis", None)
        for one in (*settings.authentication, *settings.authorization.sources)
    ]
    if not any(isinstance(server, RedisServer) and server.embedded for server in used):
        raise UsageError(
            'Only the embedded store can be filled, and the configuration has none (server = "embedded").',
            fix="A real Redis is filled with redis-cli.",
        )
    try:
        return await stores(RedisServer(embedded=True)).execute(words)
    except StoreError as error:
        raise UsageError(f"The embedded store does not take this: {error}") from error
