"""The list of profiles: how long certificates are good for, copies, their order, searching."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mtlsx.client.settings import ConnectionSettings
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.widgets.profiles import ProfileList
from support.scripted_connection import Script
from support.tui import NOW, screen_text, settle

SIZE = (120, 36)
DAY = 86_400


def plain(name: str, group: str | None = "factory") -> Profile:
    return Profile(name=name, group=group, connection=ConnectionSettings(host="h", port=8883))


def listed(app: MtlsxApp) -> list[str]:
    return [
        option.id.partition(":")[2]
        for option in app.screen.query_one(ProfileList).options
        if option.id is not None and option.id.startswith("profile:")
    ]


@pytest.mark.parametrize(
    ("days", "shown"),
    [(0, " 212d"), (200, " 12d"), (213, " expired"), (-160, " in 7d")],
)
async def test_each_profile_shows_how_long_its_certificate_is_good_for(
    library: ProfileLibrary, profile: Profile, script: Script, days: int, shown: str
) -> None:
    def now() -> float:
        return NOW.timestamp() + days * DAY

    app = MtlsxApp(library, connect=script.connect, now=now, pki=None)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        line = next(line for line in screen_text(app).splitlines() if "○ dev-346a" in line)
        assert shown in line[:26]


async def test_what_is_fine_gives_way_to_the_name_and_a_warning_does_not(
    library: ProfileLibrary, profile: Profile, script: Script
) -> None:
    library.save(replace(profile, name="a-name-of-20-letters"), former_name=profile.name)
    for days, shown in ((0, "a-name-of-20-lett"), (213, "a-name-of… expired")):
        app = MtlsxApp(
            library,
            connect=script.connect,
            now=lambda days=days: NOW.timestamp() + days * DAY,
            pki=None,
        )
        async with app.run_test(size=SIZE) as pilot:
            await settle(pilot)
            assert shown in screen_text(app)


async def test_a_copy_comes_with_its_secrets(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    library.secrets.set(profile.name, SecretKind.PASSWORD, Secret("hush"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("d")
        await settle(pilot)
        copy = f"{profile.name} (2)"
        assert listed(app) == [profile.name, copy]
        assert library.connection(library.profiles.get(copy)).password == Secret("hush")


async def test_a_profile_is_moved_and_stays_there(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    for name in ("one", "two"):
        library.save(plain(name))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert listed(app) == [profile.name, "one", "two"]
        await pilot.press("shift+down")
        await settle(pilot)
        await pilot.press("shift+down")
        await settle(pilot)
        assert listed(app) == ["one", "two", profile.name]
        await pilot.press("shift+up")
        await settle(pilot)
    assert [each.name for each in library.list().profiles] == ["one", profile.name, "two"]


async def test_a_search_shows_what_it_finds_and_escape_shows_all(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    for name in ("one", "two"):
        library.save(plain(name, group="lab"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("f", *"lab on")
        await settle(pilot)
        assert listed(app) == ["one"]
        await pilot.press("enter")
        await settle(pilot)
        assert "lab / one" in screen_text(app).splitlines()[0]
        await pilot.press("escape")
        await settle(pilot)
        assert listed(app) == [profile.name, "one", "two"]
