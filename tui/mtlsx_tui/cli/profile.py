"""``mtlsx profile``: saved connection profiles."""

from __future__ import annotations

from mtlsx_tui.cli.late import Entry, LateGroup

command = LateGroup(
    name="profile",
    entries={
        "list": Entry("profile_list", "All profiles."),
        "show": Entry("profile_show", "One profile, as it is stored."),
        "import": Entry("profile_import", "Take profiles from files of MQTTX and others."),
        "export": Entry("profile_export", "Profiles as a file for another machine, or for MQTTX."),
        "rm": Entry("profile_rm", "Delete profiles and their secrets."),
    },
    help="Saved connection profiles.",
)
