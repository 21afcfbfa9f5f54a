"""What the command palette offers: what the keys of the current screen do, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand

if TYPE_CHECKING:
    from textual.screen import Screen


def key_commands(screen: Screen[Any]) -> Iterator[SystemCommand]:
    """A command for each binding that applies now and says in its tooltip what it does."""
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        action = active.binding.action
        if active.node is screen and active.tooltip and active.enabled and action not in seen:
            seen.add(action)
            key = screen.app.get_key_display(active.binding)
            run = partial(active.node.run_action, action)
            yield SystemCommand(active.tooltip, f"key: {key}", run)
