"""The line printer: order, a reader that does not read, one that is gone, and the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from mtlsx_tui.cli.line_printer import LinePrinter

PIPE = 1024 * 1024  # octets; more than a pipe holds


def left_out(count: int) -> str:
    return f"{count} left out"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):
            os.close(end)


def read(end: int, until: bytes) -> bytes:
    got = b""
    while not got.endswith(until):
        got += os.read(end, 65536)
    return got


def no_call() -> None:
    raise AssertionError


def test_lines_come_in_their_order(pipe: tuple[int, int]) -> None:
    with LinePrinter(pipe[1], left_out=left_out, on_gone=no_call) as printer:
        for number in range(1000):
            printer.say(f"line {number} ✔ \udc80")
    lines = read(pipe[0], b"line 999 \xe2\x9c\x94 \\udc80\n").decode().splitlines()
    assert lines == [f"line {number} ✔ \\udc80" for number in range(1000)]


def test_who_says_does_not_wait_for_who_reads(pipe: tuple[int, int]) -> None:
    """What is too much is left out, but for what is said surely, and its number is told in its place."""
    with LinePrinter(pipe[1], left_out=left_out, on_gone=no_call, most=10) as printer:
        printer.say("x" * PIPE)  # the thread hangs in writing it, now or soon
        assert os.read(pipe[0], 1) == b"x"  # now
        printer.say("waits, and is more than 10 octets")
        for _ in range(3):
            printer.say("left out")
        printer.say("an answer", surely=True)
        got = read(pipe[0], b"3 left out\n").decode().splitlines()
        assert got == [
            "x" * (PIPE - 1), "waits, and is more than 10 octets", "an answer", "3 left out",
        ]  # fmt: skip
        printer.say("more")
        assert read(pipe[0], b"\n") == b"more\n"


def test_the_end_does_not_wait_forever(pipe: tuple[int, int]) -> None:
    with LinePrinter(pipe[1], left_out=left_out, on_gone=no_call, patience=0.01) as printer:
        printer.say("x" * PIPE)
    assert read(pipe[0], b"\n") == b"x" * PIPE + b"\n"


def test_a_reader_that_is_gone_is_noticed_once(pipe: tuple[int, int]) -> None:
    gone = threading.Semaphore(0)
    os.close(pipe[0])
    with LinePrinter(pipe[1], left_out=left_out, on_gone=gone.release) as printer:
        printer.say("to nobody")
        gone.acquire()
        printer.say("to nobody either")
    assert not gone.acquire(blocking=False)
