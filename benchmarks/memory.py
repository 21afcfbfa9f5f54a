"""What do 100,000 messages of 100 bytes cost in memory, over the application without any? And a million?

The application runs without a terminal, at 120x36, in a process for each: one without a connection, the others
connected to a source of messages, each with a topic and a payload of its own as a broker's would have. Measured is
what the system says that a process holds (resident set size; Linux only), so that everything counts: records, ring,
view and Python's own bookkeeping. Prints the differences. Targets: under 60 MB for 100,000; after a million, of which
as many are kept as the settings allow, within the budget of the settings.

    python benchmarks/memory.py
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sources import Take

TARGET = 60  # MB
MESSAGES, MANY = 100_000, 1_000_000
PAYLOAD = 100  # bytes
ROOT = Path(__file__).parents[1]


def main() -> None:
    sys.path[:0] = [str(ROOT / "core"), str(ROOT / "tui")]
    from mtlsx_tui.settings import Settings

    budget = Settings().max_message_bytes / 1e6
    empty, full, many = (resident_in_child(count) / 1e6 for count in (0, MESSAGES, MANY))
    print(
        f"empty {empty:.1f} MB, with {MESSAGES:,} messages {full:.1f} MB, after {MANY:,} {many:.1f} MB"
    )
    for count, held, target in ((MESSAGES, full, TARGET), (MANY, many, budget)):
        print(
            f"{count:,} messages of {PAYLOAD} bytes: {held - empty:.1f} MB (target: under {target:.0f})"
        )


def resident_in_child(messages: int) -> int:
    """Bytes that a fresh process holds when its application shows ``messages`` messages."""
    child = subprocess.run(
        [sys.executable, __file__, str(messages)],
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'core'}:{ROOT / 'tui'}"},
        check=True,
        stdout=subprocess.PIPE,
    )
    return int(child.stdout)


async def resident(messages: int) -> int:
    """Bytes that this process holds when its application shows ``messages`` messages."""
    from mtlsx.client.settings import ConnectionSettings, Transport
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.app import MtlsxApp
    from sources import source

    plain = ConnectionSettings(host="localhost", port=1883, transport=Transport.MQTT)
    with tempfile.TemporaryDirectory() as directory:
        library = ProfileLibrary(Path(directory))
        library.save(Profile(name="device", connection=plain))
        app = MtlsxApp(library, connect=source(lambda take: deliver(messages, take)))
        async with app.run_test(size=(120, 36)) as pilot:
            while "device" not in app.export_screenshot():
                await pilot.pause(0.1)
            if messages:
                await pilot.press("c")
                while (
                    session := app.main.sessions.get("device")
                ) is None or session.ring.next < messages:
                    await pilot.pause(0.1)
                while f"{len(session.ring):,}" not in app.export_screenshot():
                    await pilot.pause(0.1)
            return resident_set_size()


def resident_set_size() -> int:
    """Bytes of memory that this process holds (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def deliver(messages: int, take: Take) -> None:
    """Everything, at once."""
    from mtlsx.client.message import Message

    for number in range(messages):
        topic, payload = f"factory/{number % 1000}/temperature", os.urandom(PAYLOAD)
        take(Message(topic, payload, 1, False, False, False, time.time()))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(asyncio.run(resident(int(sys.argv[1]))))
    else:
        main()
