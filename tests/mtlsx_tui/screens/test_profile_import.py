"""The import screen: a look first, then the profiles are there; a bad file says so and nothing is saved."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input

from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.secret import Secret
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.profile_import import ImportScreen
from support.tui import paste, screen_text, settle

FILES = Path(__file__).parents[2] / "mtlsx" / "profiles" / "exchange" / "files"
SIZE = (120, 36)


async def test_a_file_is_looked_at_and_then_saved(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("o")
        await settle(pilot)
        app.screen.query_one("#import-file", Input).value = str(FILES / "mqttx-1.13.json")
        await pilot.press("enter")
        await settle(pilot)
        text = screen_text(app)
        assert "MQTTX, 2 profiles, nothing saved" in text
        assert "messages: 1 left behind; a profile has none." in text
        assert "password: would be stored." in text
        assert "hush" not in text
        assert [each.name for each in library.list().profiles] == [profile.name]
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert not isinstance(app.screen, ImportScreen)
        assert "dev-1 mTLS" in screen_text(app)
    saved = library.profiles.get("dev-1 mTLS")
    assert library.connection(saved).password == Secret("hush hush")


async def test_a_file_that_is_none_says_so(app: MtlsxApp, library: ProfileLibrary) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("o")
        await paste(pilot, "/no/such.json")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✘ File /no/such.json does not exist." in screen_text(app)
        assert isinstance(app.screen, ImportScreen)
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(app.screen, ImportScreen)
    assert library.list().profiles == ()
