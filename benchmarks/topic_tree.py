"""How long after a key does the topic tree show what it did, with 50,000 topics and messages coming on them?

The application runs in a pseudo-terminal of 120x36, connected to a source that has sent a message on each of 50,000
topics and goes on with 2,000 messages a second. All levels are open. Keys go in as a terminal sends them: moving,
paging, going to both ends, closing and opening a level of 1,000 topics, and typing a search. Timed is from writing a
key to reading the bytes that show its effect. A bare Textual application that counts keys takes its turn in the same
run. Prints the median and the 99th percentile of each kind and of all; and what the topics, with their messages, cost
in memory by the system's count (Linux only). Target: p99 under 100 ms.

    python benchmarks/topic_tree.py [rounds]
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
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[:0] = [str(Path(__file__).parents[1] / each) for each in ("core", "tui")]

from memory import resident_set_size  # noqa: E402  (beside this file)

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from sources import Take

TARGET = 100.0  # ms
LINES, DEVICES = 50, 1_000
RATE = 2_000  # messages a second
PATIENCE = 30.0  # seconds
LINES_OF_SCREEN, COLUMNS = 36, 120
CURSOR = re.compile(
    r"48;2;1;120;212m((?:[ ▾▸]|\x1b\[[0-9;]*m)*(?:factory|line-[0-9]+|device-[0-9]+) )"
)
"""The mark and the name on the background of the cursor, $primary of the theme textual-dark."""
FOUND = re.compile(r"([0-9,]+ found)")
COUNTED = re.compile(r"([0-9]+ keys)")
SGR = re.compile(r"\x1b\[[0-9;]*m")
KEYS = {
    "move": [b"\x1b[B"] * 12 + [b"\x1b[A"] * 8,
    "page": [b"\x1b[6~"] * 6 + [b"\x1b[5~"] * 4,
    "end, home": [b"\x1b[F", b"\x1b[H"] * 3,
    "close, open": [b"\x1b[B", b"\x1b[D", b"\x1b[C"] * 3,
}
"""Escape sequences as terminals send them for the arrows, page up and down, home and end."""


# ---------------------------------------------------------------------- the application


def deliver(take: Take) -> None:
    """Messages on all topics, again and again, from now on."""
    threading.Thread(target=feed, args=(take,), daemon=True).start()


def feed(take: Take) -> None:
    from mtlsx.client.message import Message

    count = LINES * DEVICES
    before = resident_set_size()
    sent = 0
    begin = None
    while True:
        time.sleep(0.005)
        due = count if begin is None else count + int((time.perf_counter() - begin) * RATE)
        for number in range(sent, due):
            # 7919 is a prime: the topics do not come in their order.
            device = number * 7919 % count
            topic = f"factory/line-{device % LINES}/device-{device:05}"
            payload = b'{"celsius": %08.3f, "battery": 87, "ok": true}' % (number % 100)
            take(Message(topic, payload, 0, False, False, False, time.time()))
        sent = max(sent, due)
        if begin is None:
            begin = time.perf_counter()
            Path(sys.argv[2], "memory").write_text(str(resident_set_size() - before))


def application(directory: str) -> None:
    from mtlsx.client.settings import ConnectionSettings, Transport
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.app import MtlsxApp
    from sources import source

    plain = ConnectionSettings(host="localhost", port=1883, transport=Transport.MQTT)
    library = ProfileLibrary(Path(directory))
    library.save(Profile(name="device", connection=plain))
    MtlsxApp(library, connect=source(deliver), opened="device").run()


def bare() -> None:
    """A Textual application that counts the keys it gets, as simple as can be."""
    from textual.app import App
    from textual.widgets import Static

    class Bare(App[None]):
        count = 0

        def compose(self) -> ComposeResult:
            yield Static("0 keys")

        def on_key(self) -> None:
            self.count += 1
            self.query_one(Static).update(f"{self.count} keys")

    Bare().run()


# ---------------------------------------------------------------------- the person


class Terminal:
    """The person's side of the pseudo-terminal in which this program runs with ``arguments``."""

    def __init__(self, *arguments: str) -> None:
        self.terminal, its_end = pty.openpty()
        size = struct.pack("HHHH", LINES_OF_SCREEN, COLUMNS, 0, 0)
        fcntl.ioctl(its_end, termios.TIOCSWINSZ, size)
        self._process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )  # fmt: skip
        os.close(its_end)
        self._rest = ""

    def press(self, key: bytes, showing: re.Pattern[str], before: str) -> tuple[str, float]:
        """Press a key, and wait for something else than ``before`` where ``showing`` finds it; and how long that was."""
        begin = time.perf_counter()
        os.write(self.terminal, key)
        shown = self.wait_for(showing, but_not=before)
        return shown, (time.perf_counter() - begin) * 1000

    def wait_for(self, pattern: re.Pattern[str], *, but_not: str = "") -> str:
        """The first text that ``pattern`` finds from now on and that is not ``but_not``."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for found in pattern.finditer(self._rest):
                text = SGR.sub("", found[1]).strip()
                if text != but_not:
                    self._rest = self._rest[found.end() :]
                    return text
            self._rest = self._rest[-1024:]
            if not select.select([self.terminal], [], [], deadline - time.monotonic())[0]:
                raise TimeoutError(f"{pattern.pattern} did not come; there is {self._rest!r}")
            self._rest += os.read(self.terminal, 65536).decode(errors="replace")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self.terminal)


def measured(terminal: Terminal, rounds: int) -> Iterator[tuple[str, float]]:
    """The kind of each key that was pressed, and the milliseconds to its effect."""
    terminal.wait_for(re.compile(r"(connected)"))
    os.write(terminal.terminal, b"t")
    terminal.wait_for(re.compile(rf"({LINES * DEVICES:,})"))
    at, _ = terminal.press(b"*", CURSOR, "")
    for _ in range(rounds):
        for kind, keys in KEYS.items():
            for key in keys:
                at, took = terminal.press(key, CURSOR, at)
                yield kind, took
        os.write(terminal.terminal, b"/")
        found = ""
        for letter in b"12345":
            found, took = terminal.press(bytes([letter]), FOUND, found)
            yield "search", took
        at, _ = terminal.press(b"\x1b", CURSOR, "")
        at, _ = terminal.press(b"\x1b[H", CURSOR, at)


def main(rounds: int) -> None:
    times: dict[str, list[float]] = {"bare Textual": []}
    terminal = Terminal("--bare")
    try:
        at = terminal.wait_for(COUNTED)
        for _ in range(rounds * 20):
            at, took = terminal.press(b"x", COUNTED, at)
            times["bare Textual"].append(took)
    finally:
        terminal.close()
    with tempfile.TemporaryDirectory() as directory:
        terminal = Terminal("--application", directory)
        try:
            for kind, took in measured(terminal, rounds):
                times.setdefault(kind, []).append(took)
        finally:
            terminal.close()
        memory = int(Path(directory, "memory").read_text())
    print(f"{LINES * DEVICES:,} topics, all open, {RATE:,} messages/s on them")
    everything = [took for kind, each in times.items() if kind != "bare Textual" for took in each]
    for kind, each in (*times.items(), ("all", everything)):
        p99 = statistics.quantiles(each, n=100, method="inclusive")[98]
        median = statistics.median(each)
        print(f"  {kind:12} {len(each):4} keys   median {median:5.1f} ms   p99 {p99:6.1f} ms")
    p99 = statistics.quantiles(everything, n=100, method="inclusive")[98]
    print(f"key to paint, p99: {p99:.1f} ms (target {TARGET:.0f}); ratio {p99 / TARGET:.2f}")
    print(f"memory of the messages and their topics: {memory / 1e6:.1f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--application"]:
        application(sys.argv[2])
    elif sys.argv[1:2] == ["--bare"]:
        bare()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
