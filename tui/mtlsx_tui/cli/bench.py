"""``mtlsx bench``: many simulated devices, each with its own certificate."""

from __future__ import annotations

from mtlsx_tui.cli.late import Entry, LateGroup

command = LateGroup(
    name="bench",
    entries={
        "conn": Entry("bench_conn", "Connect many devices."),
        "pub": Entry("bench_pub", "Publish from many devices."),
        "sub": Entry("bench_sub", "Subscribe with many devices."),
    },
    help="Many simulated devices against a broker, each with its own certificate.",
)
