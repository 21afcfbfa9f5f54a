"""How long does mtlsx take to show its first text, against a bare Textual application?

Both start in a pseudo-terminal of 120x36, in turns, and are timed from the start of the interpreter to the
first printable character on the screen. Prints the medians and their ratio. Target: at most 2.2.

    python benchmarks/startup.py [runs]
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

TARGET = 2.2
ROOT = Path(__file__).parents[1]
BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("Hello")

Bare().run()
"""
MTLSX = "from mtlsx_tui.cli.main import main; main([])"
CONTROL = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\)|[()*+][0-9A-Z]|[ -/]*[0-Z\\^-~])"
)


def seconds_to_first_text(program: str, directory: str, wanted: bytes = b"") -> float:
    """Seconds from starting ``python -c program`` in a terminal to its first visible character, or to ``wanted``."""
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'core'}:{ROOT / 'tui'}",
        "MTLSX_CONFIG_DIR": directory,
        "MTLSX_STATE_DIR": directory,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        env=environment,
        start_new_session=True,
    )
    os.close(its_end)
    try:
        output = text = b""
        while not text or wanted not in text:
            if not select.select([terminal], [], [], 20)[0]:
                raise TimeoutError(f"no text within 20 s; so far: {output!r}")
            try:
                output += os.read(terminal, 65536)
            except OSError:  # it closed the terminal
                raise SystemExit(f"it ended without any text: {output!r}") from None
            complete, _, _ = output.rpartition(b"\x1b")  # the last sequence may still be arriving
            text = CONTROL.sub(b"", complete).strip()
        assert b"Traceback" not in output, output.decode()
        return time.perf_counter() - begin
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def main(runs: int = 15) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for program in (BARE, MTLSX):  # compiles what is not compiled yet
            seconds_to_first_text(program, directory)
        bare, mtlsx = zip(
            *(
                [seconds_to_first_text(program, directory) for program in (BARE, MTLSX)]
                for _ in range(runs)
            ),
            strict=True,
        )
    for name, seconds in (("bare Textual app", bare), ("mtlsx", mtlsx)):
        median, best = statistics.median(seconds), min(seconds)
        print(f"{name:17} median {median * 1000:4.0f} ms   best {best * 1000:4.0f} ms")
    ratio = statistics.median(mtlsx) / statistics.median(bare)
    print(f"start to first text: {ratio:.2f} times a bare Textual app (target: at most {TARGET})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
