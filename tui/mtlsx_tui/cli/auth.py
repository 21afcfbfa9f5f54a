"""``mtlsx auth``: EMQX's decisions over clients."""

from __future__ import annotations

from mtlsx_tui.cli.late import Entry, LateGroup

command = LateGroup(
    name="auth",
    entries={
        "explain": Entry("auth_explain", "What EMQX would decide over a client, step by step."),
        "hash": Entry("auth_hash", "What to store in Redis for a password."),
    },
    help="EMQX's decisions over clients: what it stores, asks and answers.",
)
