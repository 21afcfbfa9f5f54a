"""The one local broker of the application: its files, its child process, what it tells, and what is asked of it.

Files are read in threads; nothing here waits in the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mtlsx.errors import MtlsxError
from mtlsx_tui.broker_log import BrokerLog
from mtlsx_tui.local_broker import LocalBroker

if TYPE_CHECKING:
    from mtlsx.configuration.adjusted import Adjustable

_TRIES = 10


class Phase(Enum):
    """How it stands with the child process."""

    STOPPED = auto()
    STARTING = auto()
    RUNNING = auto()


class BrokerFactory(Protocol):
    """``LocalBroker``, or what a test has in its place."""

    def __call__(
        self, files: Sequence[Path], *, seed: Path | None,
        on_event: Callable[[dict[str, Any]], None], on_end: Callable[[str], None],
    ) -> LocalBroker: ...  # fmt: skip


class BrokerSession:
    """At most one broker. ``local`` is the one there is, or was last; ``given`` one that somebody else made.

    ``files``, ``seed``: what it runs with, as a person chose them; ``adjustable``: its mapping and commands, None
    before any file was read; ``error``: why it is not running, a sentence.
    """

    def __init__(
        self,
        given: LocalBroker | None = None,
        *,
        make: BrokerFactory = LocalBroker,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._make = make
        self._now = now
        self._starting = False
        self._adjusted: Adjustable | None = None
        self.local = given
        self.log = BrokerLog()
        self.files: tuple[Path, ...] = ()
        self.seed: Path | None = None
        self.adjustable: Adjustable | None = None
        self.error: str | None = None
        if given is not None:
            given.on_event, given.on_end = self._take, self._ended
            self.files, self.seed = given.files, given.seed

    @property
    def phase(self) -> Phase:
        """How it stands."""
        if self._starting:
            return Phase.STARTING
        running = self.local is not None and self.local.is_running
        return Phase.RUNNING if running else Phase.STOPPED

    async def choose(self, files: Sequence[Path], seed: Path | None) -> None:
        """Take these files from now on. Raises MtlsxError where they are no configuration; then nothing changes."""
        self.adjustable = await _read(files)
        self.files, self.seed = tuple(files), seed
        self._adjusted = None
        self.error = None

    async def start(self) -> None:
        """Start it with its files, unless it runs; ``error`` says why it could not be."""
        if self.phase is not Phase.STOPPED or not self.files:
            return
        self._starting = True
        self.error = None
        self.log.over()
        try:
            files = await self._in_force()
            if self.local is None or self.local.files != files or self.local.seed != self.seed:
                self.local = self._make(
                    files, seed=self.seed, on_event=self._take, on_end=self._ended
                )
            await self.local.start()
            await self.look()
        except MtlsxError as error:
            self.error = str(error)
        finally:
            self._starting = False

    async def stop(self) -> None:
        """Stop it, if it runs."""
        if self.local is not None:
            await self.local.stop()
        self.log.over()

    async def look(self) -> None:
        """Find out what it was told before anybody listened: its settings, its clients. Raises MtlsxError."""
        if self.files and self.adjustable is None:
            self.adjustable = await _read(self.files)
        if self.local is None or not self.local.is_running:
            return
        for _ in range(_TRIES):
            comings = self.log.comings
            found = await self.local.ask("clients")
            # One that came or went meanwhile may be in the answer, or not.
            if self.log.comings == comings:
                self.log.found(found, self._now())
                return

    async def adjust(self, wanted: Adjustable) -> None:
        """Take another mapping and other commands, at once if it runs. Raises MtlsxError; then nothing changes."""
        from mtlsx.configuration.adjusted import write_copy

        copy = await asyncio.to_thread(write_copy, self.files, wanted)
        if self.phase is Phase.RUNNING:
            await self.ask("reload", files=[str(copy)])
        self._adjusted = self.adjustable = wanted

    async def reload(self) -> None:
        """Have its files read anew. Raises MtlsxError."""
        files = await self._in_force()
        await self.ask("reload", files=[str(file) for file in files])
        if self._adjusted is None:
            self.adjustable = await _read(self.files)

    async def ask(self, do: str, **arguments: Any) -> Any:
        """See ``LocalBroker.ask``."""
        if self.local is None:
            raise MtlsxError("The broker is not running.")
        return await self.local.ask(do, **arguments)

    async def _in_force(self) -> tuple[Path, ...]:
        """The files as they are chosen, or the copy with what was adjusted, made anew from what they say now."""
        if self._adjusted is None:
            return self.files
        from mtlsx.configuration.adjusted import write_copy

        return (await asyncio.to_thread(write_copy, self.files, self._adjusted),)

    def _take(self, event: dict[str, Any]) -> None:
        self.log.take(event, self._now())

    def _ended(self, sentence: str) -> None:
        self.error = sentence
        self.log.over()


async def _read(files: Sequence[Path]) -> Adjustable:
    from mtlsx.configuration.adjusted import adjustable

    return await asyncio.to_thread(adjustable, files)
