"""What do 500 profiles cost?

They are full ones: TLS with three files, a last will with properties, three subscriptions. Measured in turns, medians:
all of them listed by mtlsx (read, checked, ordered), against the same files parsed by bare ``tomllib``; and the start
of the terminal UI in a pseudo-terminal of 120x36 until the first profile's name is on screen, with 500 and with one.
Prints times and ratios. Targets: at most 2.5 and 2.0.

    python benchmarks/profiles.py [runs]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from startup import MTLSX, ROOT, seconds_to_first_text

TARGET_LIST, TARGET_START = 2.5, 2.0
PROFILES = 500

sys.path[:0] = [str(ROOT / "core"), str(ROOT / "tui")]


def main(runs: int = 15) -> None:
    with tempfile.TemporaryDirectory() as many, tempfile.TemporaryDirectory() as one:
        save(Path(many), PROFILES)
        save(Path(one), 1)
        listing(Path(many) / "profiles", runs)
        start(many, one, runs)


def save(directory: Path, count: int) -> None:
    """Save ``count`` profiles in ten groups."""
    from mtlsx.client.settings import ConnectionSettings, Subscription, Will, WillProperties
    from mtlsx.profiles.document import dump
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx.tls.settings import TlsSettings

    folder = ProfileLibrary(directory).profiles.directory
    folder.mkdir(parents=True)
    for number in range(count):
        name = f"device-{number:04}"
        profile = Profile(
            name=name,
            group=f"hall {number % 10}",
            order=number,
            connection=ConnectionSettings(
                host="broker.example",
                port=8883,
                client_id=name,
                username="ada",
                will=Will(
                    f"gone/{name}", b"bye", 1, properties=WillProperties(will_delay_interval=5)
                ),
                tls=TlsSettings(
                    ca_file="ca.pem", certificate_file=f"{name}.pem", key_file=f"{name}.key"
                ),
            ),
            subscriptions=tuple(Subscription(f"{name}/{end}", 1) for end in ("up", "down", "log")),
        )
        # Not saved one by one: each save puts its file on disk, which is not what is asked here.
        (folder / f"{name}.toml").write_bytes(dump(profile))


def listing(folder: Path, runs: int) -> None:
    from mtlsx.profiles.store import ProfileStore

    def listed() -> int:
        return len(ProfileStore(folder).list().profiles)  # a new store, which has read nothing yet

    assert listed() == PROFILES
    ours, bare = in_turns(listed, lambda: parse_bare(folder), runs)
    print(f"{PROFILES} profiles listed: {ours * 1000:.0f} ms, tomllib alone {bare * 1000:.0f} ms")
    print(f"listing: {ours / bare:.2f} times tomllib alone (target: at most {TARGET_LIST})")


def parse_bare(folder: Path) -> None:
    for path in folder.iterdir():
        tomllib.loads(path.read_text(encoding="utf-8"))


def start(many: str, one: str, runs: int) -> None:
    first = b"device-0000"
    seconds_to_first_text(MTLSX, one, first)  # compiles what is not compiled yet
    with_many, with_one = in_turns(
        lambda: seconds_to_first_text(MTLSX, many, first),
        lambda: seconds_to_first_text(MTLSX, one, first),
        runs,
    )
    print(
        f"start until a profile is shown: {with_many * 1000:.0f} ms, with one {with_one * 1000:.0f} ms"
    )
    ratio = with_many / with_one
    print(f"start: {ratio:.2f} times the start with one profile (target: at most {TARGET_START})")


def in_turns(
    one: Callable[[], object], other: Callable[[], object], runs: int
) -> tuple[float, float]:
    """The medians of the seconds that the two take, which alternate."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for work, seconds in zip((one, other), times, strict=True):
            begin = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begin)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
