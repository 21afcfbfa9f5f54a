"""Help: one key, in every screen and wherever the focus is in it, lists what the others do."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from textual.binding import Binding
from textual.screen import Screen

import mtlsx_tui.screens
from mtlsx.client.message import Message
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.help import HelpScreen
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.screens.main_ways import WaysOut
from mtlsx_tui.screens.sized import SizedScreen
from support.scripted_connection import Script
from support.tui import NOW, settle, shown, until

WAYS = {
    "MainScreen": (),
    "ProfileForm": ("e",),
    "ImportScreen": ("o",),
    "ExportScreen": ("O",),
    "SettingsScreen": ("comma",),
    "PkiScreen": ("k",),
    "BrokerScreen": ("b",),
    "TopicsScreen": ("t",),
    "ConnectionScreen": ("i",),
    "AttemptScreen": ("x",),
    "RecipesScreen": ("a",),
}
"""The keys from the main screen, connected, to each of the others."""
ASKING = {
    "k n": "ask-1-name",
    "b f": "ask-1-file",
    "t slash": "topics-search",
    "p ctrl+g": "ask-1-repeat",
    "slash": "filter-topic",
    "s": "subscription-filter",
    "w": "ask-1-file",
    "e": "form-host",
    "delete": "question",
}
"""The keys to places where something is asked or written, and what has the focus there."""
FOUNDATIONS = {SizedScreen, HelpedScreen, WaysOut}


def screens() -> list[type[Screen[Any]]]:
    """Every class of a screen that the package has."""
    found: dict[str, type[Screen[Any]]] = {}
    for module in iter_modules(mtlsx_tui.screens.__path__, "mtlsx_tui.screens."):
        for each in vars(import_module(module.name)).values():
            if isinstance(each, type) and issubclass(each, Screen) and each not in FOUNDATIONS:
                found[each.__name__] = each
    return [each for each in found.values() if each.__module__.startswith("mtlsx_tui.")]


def test_every_screen_has_help() -> None:
    assert {each.__name__ for each in screens()} == {*WAYS, HelpScreen.__name__}


@pytest.mark.parametrize("screen", screens(), ids=lambda each: each.__name__)
def test_every_key_of_the_footer_is_explained(screen: type[Screen[Any]]) -> None:
    bindings = [each for each in screen.BINDINGS if isinstance(each, Binding)]
    assert bindings
    if screen is not HelpScreen:  # which lists the keys of others
        assert [each.key for each in bindings if each.show and not each.tooltip] == []


@pytest.fixture
def connected(
    library: ProfileLibrary, profile: Profile, script: Script, tmp_path: Path
) -> MtlsxApp:
    return MtlsxApp(
        library, connect=script.connect, now=NOW.timestamp, pki=tmp_path / "pki",
        settings_directory=tmp_path, opened=profile.name,
    )  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
async def test_f1_lists_the_keys_of_each_screen(connected: MtlsxApp, name: str) -> None:
    async with connected.run_test(size=(80, 24)) as pilot:
        await shown(pilot, "● connected")
        await pilot.press(*WAYS[name])
        await settle(pilot)
        screen = connected.screen
        assert type(screen).__name__ == name
        assert "Help" in str(screen.query_one("KeyLine").render())
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(connected.screen, HelpScreen), "the help")
        await shown(pilot, "KEYS" if name != "MainScreen" else "PROFILES")
        listed = "\n".join(str(each.render()) for each in connected.screen.query("Static"))
        what = {each.tooltip for each in screen.BINDINGS if isinstance(each, Binding)}
        assert [each for each in what if each and each not in listed] == []
        assert "List all keys" in listed
        await pilot.press("f1")
        await until(pilot, lambda: connected.screen is screen, "the screen again")


@pytest.mark.parametrize(("keys", "place"), ASKING.items())
async def test_f1_lists_the_keys_also_while_something_is_asked(
    connected: MtlsxApp, script: Script, keys: str, place: str
) -> None:
    async with connected.run_test(size=(80, 24)) as pilot:
        await shown(pilot, "● connected")
        script.connection.deliver(
            Message(
                "factory/1",
                b"21",
                0,
                retain=False,
                dup=False,
                outgoing=False,
                received_at=NOW.timestamp(),
            )
        )
        await shown(pilot, "factory/1")
        for key in keys.split():
            await pilot.press(key)
            await settle(pilot)
        screen, focused = connected.screen, connected.screen.focused
        assert focused is not None
        assert place in {focused.id, type(focused).__name__.lower()}
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(connected.screen, HelpScreen), "the help")
        await pilot.press("escape")
        await until(pilot, lambda: connected.screen is screen, "the screen again")
        assert screen.focused is focused
