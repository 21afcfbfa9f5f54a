"""The keys of the main screen: each does one thing, wherever the focus is."""

from __future__ import annotations

from collections import defaultdict

from mtlsx_tui.screens.keys import KEYS

NEVER_BOTH = [{"connect", "disconnect"}, {"explain", "look_back"}, {"edit", "editor"}]


def test_a_key_does_one_thing() -> None:
    actions: dict[str, set[str]] = defaultdict(set)
    for binding in KEYS:
        for key in binding.key.split(","):
            actions[key].add(binding.action)
    shared = [names for names in actions.values() if len(names) > 1]
    assert [names for names in shared if names not in NEVER_BOTH] == []
