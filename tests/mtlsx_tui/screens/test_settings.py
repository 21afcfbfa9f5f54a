"""The settings screen writes the file, and keeps what is wrong out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.main import MainScreen
from mtlsx_tui.screens.settings import SettingsScreen
from mtlsx_tui.settings import FILE_NAME, Settings, load_settings
from support.tui import screen_text, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot


@pytest.fixture
def app(library: ProfileLibrary, tmp_path: Path) -> MtlsxApp:
    return MtlsxApp(library, settings_directory=tmp_path)


@asynccontextmanager
async def opened(app: MtlsxApp) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("comma")
        await settle(pilot)
        assert isinstance(app.screen, SettingsScreen)
        yield pilot


async def test_what_is_changed_is_saved_and_no_more(app: MtlsxApp, tmp_path: Path) -> None:
    async with opened(app) as pilot:
        app.screen.query_one("#set-max_messages", Input).value = "5,000"
        app.screen.query_one("#set-history").focus()
        await pilot.press("right", "ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
        assert [each.message for each in app._notifications] == [
            "From the next start: messages, history."
        ]
    assert (tmp_path / FILE_NAME).read_text() == "max_messages = 5000\nhistory = true\n"


async def test_a_theme_is_shown_at_once_and_given_up(app: MtlsxApp, tmp_path: Path) -> None:
    async with opened(app) as pilot:
        field = app.screen.query_one("#set-theme", Input)
        before = app.theme
        await pilot.press("down")
        assert app.theme == field.value != before
        await pilot.press("escape")
        await settle(pilot)
        assert app.theme == before
    assert not (tmp_path / FILE_NAME).exists()


async def test_a_saved_theme_is_there_at_the_next_start(library: ProfileLibrary) -> None:
    app = MtlsxApp(library, settings=Settings(theme="nord"))
    async with app.run_test():
        assert app.theme == "nord"


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("max_messages", "many", 'messages must be a whole number from 1 to 10,000,000, not "many"'),
        ("history_bytes", "1", "disk space must be a whole number from 1024"),
        ("theme", "dark side", 'There is no theme "dark side".'),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_and_not_saved(
    app: MtlsxApp, tmp_path: Path, name: str, written: str, sentence: str
) -> None:
    async with opened(app) as pilot:
        app.screen.query_one(f"#set-{name}", Input).value = written
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert sentence in " ".join(screen_text(app).split())
        assert app.screen.query_one(f"#set-{name}").has_focus
    assert not (tmp_path / FILE_NAME).exists()


async def test_a_file_that_cannot_be_read_is_not_overwritten(app: MtlsxApp, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("max_messages = = 1")
    async with opened(app) as pilot:
        assert "is not TOML" in " ".join(screen_text(app).split())
        await pilot.press("ctrl+d", "ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, SettingsScreen)
    assert (tmp_path / FILE_NAME).read_text() == "max_messages = = 1"


async def test_the_defaults_are_filled_in(app: MtlsxApp, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("max_messages = 7\n")
    async with opened(app) as pilot:
        assert app.screen.query_one("#set-max_messages", Input).value == "7"
        await pilot.press("ctrl+d", "ctrl+s")
        await settle(pilot)
    assert load_settings(tmp_path) == Settings()
