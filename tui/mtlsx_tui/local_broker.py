"""The local broker in a child process: ``mtlsx broker --json --control``, its events, and what can be asked of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from mtlsx.errors import MtlsxError, UsageError

_LONGEST_LINE: Final = 16 * 1024 * 1024
_PATIENCE: Final = 10.0  # seconds, for what takes milliseconds


class LocalBroker:
    """One broker with the configuration ``files``; ``seed`` is a file of commands that fill its embedded store.

    ``on_event`` gets its events as ``mtlsx.broker.event_json`` writes them, ``on_end`` why it ended without being
    told to: what it said last. Both are called in the event loop of ``start``, and can be set to others at any time.
    """

    def __init__(
        self,
        files: Sequence[Path],
        *,
        seed: Path | None = None,
        on_event: Callable[[dict[str, Any]], None],
        on_end: Callable[[str], None],
    ) -> None:
        self.files = tuple(files)
        self.seed = seed
        self.on_event = on_event
        self.on_end = on_end
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._readers: asyncio.Task[None] | None = None
        self.addresses: Mapping[str, tuple[str, int]] = {}

    @property
    def is_running(self) -> bool:
        """Whether the child is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> Mapping[str, tuple[str, int]]:
        """Start it; where its listeners listen, by their ids. Raises ``MtlsxError`` with what it says otherwise."""
        arguments = [word for file in self.files for word in ("--config", str(file))]
        if self.seed is not None:
            arguments += ["--seed", str(self.seed)]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mtlsx_tui", "broker", "--json", "--control", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, limit=_LONGEST_LINE,
        )  # fmt: skip
        self._readers = asyncio.ensure_future(self._read(self._process))
        try:
            found = await self.ask("listeners")
        except BaseException:
            await self.stop()
            raise
        self.addresses = {name: (host, port) for name, (host, port) in found.items()}
        return self.addresses

    async def ask(self, do: str, **arguments: Any) -> Any:
        """The result of what it is asked to do (see ``cli.broker_control``); raises ``MtlsxError`` where it says no."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise UsageError("The broker is not running.")
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            process.stdin.write(json.dumps({"id": number, "do": do, **arguments}).encode() + b"\n")
            with suppress(OSError):
                await process.stdin.drain()
            told = await answer
        finally:
            del self._asked[number]
        if "error" in told:
            raise UsageError(told["error"])
        return told["result"]

    async def stop(self) -> None:
        """Let it end in good order, and wait for that; one that does not is killed."""
        process, self._process = self._process, None
        self.addresses = {}
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._readers is not None:
            await self._readers

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101  (it is a pipe)
        assert process.stderr is not None  # noqa: S101  (so is this)
        errors = asyncio.ensure_future(process.stderr.read(_LONGEST_LINE))
        while line := await process.stdout.readline():
            self._take(json.loads(line))
        await process.wait()
        words = (await errors).decode(errors="replace").strip()
        sentence = words.rpartition("mtlsx: ")[2] or f"The broker ended ({process.returncode})."
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(MtlsxError(sentence))
        if self._process is process and self.addresses:
            self.on_end(sentence)

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] != "answer":
            self.on_event(event)
            return
        answer = self._asked.get(event["id"])
        if answer is not None and not answer.done():
            answer.set_result(event)
