"""``mtlsx export``: a configuration as files for a real broker."""

from __future__ import annotations

from mtlsx_tui.cli.late import Entry, LateGroup

command = LateGroup(
    name="export",
    entries={
        "emqx": Entry("export_emqx", "Files for a real EMQX."),
        "mosquitto": Entry("export_mosquitto", "Files for a real Mosquitto."),
    },
    help="A configuration as files for a real broker.",
)
