"""Work that is killed with SIGKILL at a random moment, again and again."""

from __future__ import annotations

import os
import random
import select
import signal
from collections.abc import Callable, Iterator


def killed(work: Callable[[Callable[[], None]], None], *, within: float) -> int:
    """Do ``work`` in a copy of this process and kill its whole group; how many steps it had done.

    ``work`` goes on for ever and calls what it is given after each step. The kill comes at a random moment in the
    ``within`` seconds after the first step has begun.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.close(reading)
        try:
            os.write(writing, b"!")
            work(lambda: os.write(writing, b".") and None)
        finally:
            os._exit(1)  # whatever ends it: it was to be killed
    os.close(writing)
    assert os.read(reading, 1) == b"!"
    # Nothing becomes readable there: this waits the time, and no longer where the work ends by itself.
    ended = select.poll()
    ended.register(reading, select.POLLHUP)
    ended.poll(random.uniform(0, within) * 1000)  # noqa: S311  (a moment, not a secret)
    os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the work ended by itself"
    steps = b"".join(_rest(reading))
    os.close(reading)
    return len(steps)


def _rest(reading: int) -> Iterator[bytes]:
    while data := os.read(reading, 4096):
        yield data
