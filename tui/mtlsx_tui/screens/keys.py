"""The keys of the main screen: a letter outside fields, and one that works inside them too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.binding import Binding

if TYPE_CHECKING:
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.sessions import Session


def _keys(
    keys: str, action: str, label: str, what: str,
    *, show: bool = True, inside: bool = True, display: str | None = None,
) -> tuple[Binding, ...]:  # fmt: skip
    """A binding for each of ``keys``: the footer shows the first that works where the focus is.

    ``show``: whether the footer shows it at all; ``inside``: also while the focus is in a field.

    The first works outside fields. The others have priority over what a field does with them; the focus
    moves before the next key is looked at, so what is typed ahead lands where it belongs.
    """
    first, *others = keys.split()
    return (
        Binding(first, action, label, tooltip=what, show=show, key_display=display),
        *(
            Binding(key, action, label, tooltip=what, show=show and inside, priority=True)
            for key in others
        ),
    )


def _of(group: str, *bindings: Binding) -> tuple[Binding, ...]:
    """``bindings`` under a heading of the help screen."""
    return tuple(replace(each, group=Binding.Group(group)) for each in bindings)


_PROFILES = _of(
    "PROFILES",
    *_keys("n ctrl+n", "new", "New", "Make a new profile", inside=False),
    *_keys("e f2", "edit", "Edit", "Edit this profile", inside=False),
    *_keys("o f11", "import", "Import", "Take over profiles from a file", show=False),
    *_keys(
        "O ctrl+right_square_bracket",
        "export_profiles",
        "Export profiles",
        "Write profiles into a file",
        show=False,
    ),
)
_CONNECTION = _of(
    "CONNECTION",
    *_keys("c ctrl+o", "connect", "Connect", "Connect this profile"),
    *_keys("c ctrl+o", "disconnect", "Disconnect", "Disconnect this profile, or stop trying"),
    *_keys("x f8", "explain", "Why", "Why there is no connection, stage by stage"),
    *_keys(
        "x f8",
        "look_back",
        "Shown",
        "What the last attempt showed, stage by stage",
        show=False,
    ),
    *_keys("i ctrl+d", "connection", "Inside", "What CONNACK said, and the packets", show=False),
    *_keys(
        "a f9",
        "recipes",
        "Copy as",
        "Copy the connection as a command for another program",
        show=False,
    ),
)
_PUBLISHING = _of(
    "PUBLISHING", *_keys("p ctrl+l", "publish", "Publish", "Write a message to publish")
)
_WHILE_PUBLISHING = _of(
    "PUBLISHING",
    # Without priority: it comes after the letters that were typed before it.
    Binding("ctrl+s", "send", "Send", tooltip="Publish what is written"),
    Binding(
        "ctrl+g",
        "options",
        "Options",
        tooltip="Properties of the message, and repetition",
        priority=True,
    ),
    Binding("f2", "editor", "Editor", tooltip="Write the payload in several lines", priority=True),
    Binding("f5", "sent", "Sent", tooltip="What was sent, to send it again", priority=True),
)
_SUBSCRIBING = _of(
    "MESSAGES", *_keys("s ctrl+t", "subscribe", "Subscribe", "Subscribe to a topic filter")
)
_MESSAGES = _of(
    "MESSAGES",
    *_keys("t f3", "topics", "Topics", "The topics that messages came on, as a tree"),
    *_keys("space ctrl+r", "follow", "Hold", "Hold the messages, or follow again", show=False),
    *_keys("slash ctrl+f", "filter", "Filter", "Show some of the messages only", show=False),
    *_keys(
        "w f12", "export", "Export", "Write the messages that are shown into a file", show=False
    ),
    *_keys("v f4", "format", "View", "Show the payload in the next format that fits", show=False),
    *_keys("y ctrl+y", "copy", "Copy", "Copy an identity value or the message"),
)
_APPLICATION = _of(
    "APPLICATION",
    *_keys("k f6", "certificates", "PKI", "Authorities and what they issued", inside=False),
    *_keys("b f7", "broker", "Broker", "The local broker: whom it lets in, and why", inside=False),
    *_keys("comma f10", "settings", "Settings", "Settings of the application", show=False),
    *_keys("question_mark f1", "help", "Help", "List all keys", display="?"),
    *_keys("escape", "leave", "Back", "Leave a field or a panel", show=False),
    *_keys("q ctrl+q", "app.quit", "Quit", "Disconnect everything and quit", show=False),
    Binding("tab", "app.focus_next", "Next", show=False, priority=True),
    Binding("shift+tab", "app.focus_previous", "Previous", show=False, priority=True),
)

KEYS = (
    *_WHILE_PUBLISHING, *_PROFILES, *_CONNECTION, *_SUBSCRIBING, *_PUBLISHING, *_MESSAGES, *_APPLICATION,
)  # fmt: skip
"""In the order of the footer: what belongs to the place of the focus comes first."""

HELP = (
    *_PROFILES, *_CONNECTION, *_SUBSCRIBING, *_MESSAGES, *_PUBLISHING, *_WHILE_PUBLISHING, *_APPLICATION,
)  # fmt: skip
"""The same in the order of the help screen."""

MOVING = (
    ("↑ pgup home", "hold the messages, and go back in them"),
    ("end", "newest message; the view follows again"),
    ("enter", "connect a profile, or go to its messages"),
    ("d, f, shift+↑ ↓", "copy a profile, find one, move it"),
    ("delete", "remove a profile, a subscription, messages"),
    ("space, e, enter", "pause, edit, filter by a subscription"),
)
"""What keys do in the lists of the main screen."""


def applies(
    action: str, profile: Profile | None, session: Session | None, *, publishing: bool
) -> bool:
    """Whether an action does something now. ``publishing``: the focus is in the publish line."""
    active = session is not None and session.active
    attempted = session.attempted if session is not None else None
    match action:
        case "connect":
            return profile is not None and not active
        case "disconnect":
            return active
        case "edit" | "publish":
            return profile is not None and not publishing
        case "subscribe" | "copy" | "recipes" | "export_profiles":
            return profile is not None
        case "explain":
            return attempted is not None and attempted.verdict is not None
        case "look_back":
            return attempted is not None and attempted.verdict is None
        case "send" | "options" | "sent" | "editor":
            return publishing
        case "topics":
            failed = attempted is not None and attempted.verdict is not None
            return session is not None and not (failed and len(session.ring) == 0)
        case "connection":
            return session is not None
        case "follow" | "format" | "filter" | "export":
            return session is not None and len(session.ring) > 0
    return True
