"""Prints lines from an event loop that must not wait for whoever reads them.

A pipe holds 64 KiB; a terminal stops at Ctrl+S. Whoever printed there as usual would stand still until somebody
reads on, and all its clients with it. Here a thread writes, and what waits for it is bounded.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final, Self

_MOST: Final = 16 * 1024 * 1024
_PATIENCE: Final = 5.0


class LinePrinter:
    """Lines on the file descriptor ``file``, in the order in which they were said, until the end of the block.

    Where more than ``most`` octets wait, further lines are left out; once somebody reads on, the line that
    ``left_out`` makes of their number stands in their place. ``on_gone`` is called, in the printer's thread and once,
    when the reader has closed its end; nothing is printed from then on. The end of the block waits ``patience``
    seconds for a reader.
    """

    def __init__(
        self,
        file: int,
        *,
        left_out: Callable[[int], str],
        on_gone: Callable[[], object],
        most: int = _MOST,
        patience: float = _PATIENCE,
    ) -> None:
        self._file = file
        self._left_out = left_out
        self._on_gone = on_gone
        self._most = most
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting: list[bytes] = []
        self._size = 0
        self._missing = 0
        self._writing = False
        self._gone = False
        self._over = False

    def __enter__(self) -> Self:
        # A thread that hangs in write() must not keep the process from its end.
        threading.Thread(target=self._work, daemon=True, name="line printer").start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._gone or not self._is_busy(), self._patience)

    def say(self, line: str, *, surely: bool = False) -> None:
        """Print ``line``, which has no line end, soon; ``surely``: however much waits."""
        with self._changed:
            if self._gone:
                return
            if self._size > self._most and not surely:
                self._missing += 1
                return
            data = f"{line}\n".encode(errors="backslashreplace")
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify_all()

    def _is_busy(self) -> bool:
        return self._writing or bool(self._waiting) or self._missing > 0

    def _work(self) -> None:
        while data := self._next():
            try:
                _write(self._file, data)
            except OSError:
                self._give_up()
                return

    def _next(self) -> bytes:
        """All that waits, as soon as something does; empty at the end."""
        with self._changed:
            self._writing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._over or self._is_busy())
            lines, self._waiting = self._waiting, []
            if self._missing:
                lines.append(f"{self._left_out(self._missing)}\n".encode())
            self._size = self._missing = 0
            self._writing = bool(lines)
            return b"".join(lines)

    def _give_up(self) -> None:
        with self._changed:
            self._gone = True
            self._waiting.clear()
            self._changed.notify_all()
        self._on_gone()


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
