"""Takes connections from a listening socket, and rests a while where the system gives no more.

asyncio's own server, in a process that may open no more files, tries a thousand times a second and logs each failure
with a traceback.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Collection, Coroutine
from typing import Final

_EACH_ROUND: Final = 64  # of the event loop; what goes on besides has its turn between
_REST: Final = 1.0
_EXHAUSTED: Final = {
    errno.EMFILE: "this process has as many open files as it may have (ulimit -n, LimitNOFILE)",
    errno.ENFILE: "the system has as many open files as it may have",
    errno.ENOBUFS: "the system has no memory for sockets",
    errno.ENOMEM: "the system has no memory for sockets",
}
"""Who waits to be accepted can wait on; all other errors concern one connection, which is gone (accept(2))."""


class Accepting:
    """Accepts from ``listening``, which it closes at the end; ``protocol`` makes what serves a connection.

    ``on_exhausted`` hears in words why there are no more, once until there is one again.
    """

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.BaseProtocol],
        on_exhausted: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._protocol = protocol
        self._on_exhausted = on_exhausted
        self._rest: asyncio.TimerHandle | None = None
        self._told = False
        self._tasks: set[asyncio.Task[None]] = set()
        listening.setblocking(False)
        self._go_on()

    async def stop(self) -> None:
        """Accept nothing more; who was accepted has its protocol then."""
        if self._rest is None:
            self._loop.remove_reader(self._listening)
        else:
            self._rest.cancel()
        self._listening.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _go_on(self) -> None:
        self._rest = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(_EACH_ROUND):
            try:
                accepted, _ = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._pause(_EXHAUSTED[error.errno])
                    return
                continue
            self._told = False
            accepted.setblocking(False)
            self._run(self._arrive(accepted))

    async def _arrive(self, accepted: socket.socket) -> None:
        await self._loop.connect_accepted_socket(self._protocol, accepted)

    def _pause(self, words: str) -> None:
        self._loop.remove_reader(self._listening)
        self._rest = self._loop.call_later(_REST, self._go_on)
        if not self._told:
            self._told = True
            self._run(self._tell(words, tuple(self._tasks)))

    async def _tell(self, words: str, before: Collection[asyncio.Task[None]]) -> None:
        """Say so when all who came ``before`` have arrived, so that they count."""
        if before:
            await asyncio.wait(before)
        self._on_exhausted(words)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
