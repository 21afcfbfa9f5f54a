"""Work that is killed with SIGKILL at a random moment, again and again."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

Say: TypeAlias = Callable[[bytes], None]
"""What work calls after each step: with ``STEP``, or with ``IDLE`` where nothing is left to do."""

STEP, IDLE = b".", b"-"
_UNKNOWN = 0.005  # seconds that the first step is taken to last


def killed(work: Callable[[Say], None], *, steps: int = 3) -> int:
    """Do ``work`` in a copy of this process and kill its whole group; how many steps it had done.

    ``work`` goes on for ever. The kill comes after a random number of up to ``steps`` steps, at a random moment of
    the next: as long as the one before took, so that it comes in the middle on slow machines too.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.close(reading)
        try:
            os.write(writing, b"!")
            work(lambda what: os.write(writing, what) and None)
        finally:
            os._exit(1)  # whatever ends it: it was to be killed
    os.close(writing)
    assert os.read(reading, 1) == b"!"
    said, lasted = b"", _UNKNOWN
    for _ in range(random.randint(0, steps)):  # noqa: S311  (a moment, not a secret)
        begun = time.perf_counter()
        said += os.read(reading, 1)
        lasted = time.perf_counter() - begun
    # Only the end of the work ends this early.
    ended = select.poll()
    ended.register(reading, select.POLLHUP)
    ended.poll(random.uniform(0, lasted) * 1000)  # noqa: S311  (a moment, not a secret)
    os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the work ended by itself"
    said += b"".join(_rest(reading))
    os.close(reading)
    return said.count(STEP)


def _rest(reading: int) -> Iterator[bytes]:
    while data := os.read(reading, 4096):
        yield data
