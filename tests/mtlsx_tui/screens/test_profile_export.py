"""The export screen: profiles go into a file, secrets only where they are asked for and sealed."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from mtlsx.profiles.exchange.files import read_file
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.profile_export import ExportScreen
from mtlsx_tui.widgets.choice import Choice
from support.tui import screen_text, settle, shown

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 36)


async def exported(pilot: Pilot[None], file: Path, **choices: str) -> str:
    """Open the screen, fill it in and write; return what it says."""
    app = pilot.app
    await settle(pilot)
    await pilot.press("O")
    await settle(pilot)
    app.screen.query_one("#export-file", Input).value = str(file)
    for key, value in choices.items():
        control = app.screen.query_one(f"#export-{key}")
        assert isinstance(control, Input | Choice)
        control.value = value
    await pilot.press("ctrl+s")
    await settle(pilot)
    return screen_text(app)


async def test_one_profile_as_toml(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, tmp_path: Path
) -> None:
    library.secrets.set(profile.name, SecretKind.PASSWORD, Secret("hunter2"))
    file = tmp_path / "dev.toml"
    async with app.run_test(size=SIZE) as pilot:
        text = await exported(pilot, file)
        assert f'✔ "{profile.name}" written to {file}' in text
        assert "hunter2" not in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600

        await pilot.press("ctrl+s")
        await shown(pilot, "is there already", "Choose another name")
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(app.screen, ExportScreen)


async def test_a_group_for_mqttx(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, tmp_path: Path
) -> None:
    library.save(replace(profile, name="dev-2"))
    library.save(replace(profile, name="other", group="west"))
    async with app.run_test(size=SIZE) as pilot:
        text = await exported(pilot, tmp_path / "out.json", profiles="its group")
        assert "✔ 2 profiles written" in text
    names = {each["name"] for each in json.loads((tmp_path / "out.json").read_text())}
    assert names == {profile.name, "dev-2"}


async def test_a_bundle_with_sealed_secrets_is_read_again(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, tmp_path: Path
) -> None:
    library.secrets.set(profile.name, SecretKind.PASSWORD, Secret("hunter2"))
    file = tmp_path / "all.zip"
    async with app.run_test(size=SIZE) as pilot:
        text = await exported(
            pilot, file, profiles="all", keys="go along", passphrase="one", again="two"
        )
        assert "✘ The two passphrases differ." in text
        assert not file.exists()
        app.screen.query_one("#export-again", Input).value = "one"
        await pilot.press("ctrl+s")
        text = await shown(pilot, "written to")
        assert "hunter2" not in text
    with zipfile.ZipFile(file) as archive:
        assert any(name.endswith(".key") for name in archive.namelist())
        assert not any(b"hunter2" in archive.read(name) for name in archive.namelist())
    (item,) = read_file(file, ask=lambda: Secret("one")).items
    assert item.password == Secret("hunter2")


@pytest.mark.parametrize(
    ("name", "choices", "said"),
    [
        ("", {}, "Where to?"),
        ("x.txt", {}, "does not end in .toml, .json or .zip"),
        ("x.toml", {"keys": "go along"}, "go into a bundle only"),
        ("no/such/x.toml", {}, "cannot be written"),
    ],
)
async def test_what_cannot_be_is_one_sentence(
    app: MtlsxApp, profile: Profile, tmp_path: Path, name: str, choices: dict[str, str], said: str
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        file = tmp_path / name if name else Path()
        await exported(pilot, file, **choices)
        if not name:
            app.screen.query_one("#export-file", Input).value = ""
            await pilot.press("ctrl+s")
        await shown(pilot, said)
    assert not (tmp_path / name).is_file()
