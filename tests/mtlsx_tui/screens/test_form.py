"""The profile form: what is typed becomes a profile, and what is wrong is said beside its field."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import DirectoryTree, Input, Static

from mtlsx.client.settings import Transport, Will
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.form import ProfileForm
from mtlsx_tui.screens.main import MainScreen
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.files import complete_path, nearest_directory
from support.scripted_connection import Script
from support.tui import DEVICE, PASSPHRASE, Material, screen_text, settle, shown, until

SIZE = (120, 36)


def fill(app: MtlsxApp, **values: str) -> None:
    """Put values into fields, as pasting would."""
    for key, value in values.items():
        app.screen.query_one(f"#form-{key}", Input).value = value


def value(app: MtlsxApp, key: str) -> str:
    return app.screen.query_one(f"#form-{key}", Input).value


def below(app: MtlsxApp, key: str) -> str:
    """What is said below a field."""
    return "".join(
        str(each.content) for each in app.screen.query(f"#field-{key} .remark").results(Static)
    )


def said(app: MtlsxApp, key: str, words: str) -> bool:
    return words in below(app, key)


async def test_a_new_profile_is_typed_saved_and_connected(
    app: MtlsxApp, library: ProfileLibrary, material: Material, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n", *"dev", "enter", *"lab", "enter", "enter", *"localhost")
        fill(app, certificate_file=str(material.certificate), key_file=str(material.key))
        fill(app, password="hunter2")
        await shown(pilot, f"cn        {DEVICE}")
        await pilot.press("ctrl+o")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
        assert "● connected" in screen_text(app)

        saved = library.profiles.get("dev")
        connection = saved.connection
        assert (saved.group, connection.host, connection.port) == ("lab", "localhost", 8883)
        assert connection.transport is Transport.MQTTS
        assert connection.client_id.startswith("mtlsx_")
        assert (connection.keepalive, connection.clean_start, connection.version) == (60, True, "5")
        assert script.connection.settings.password == Secret("hunter2")
        for file in library.profiles.directory.glob("*.toml"):
            assert "hunter2" not in file.read_text()


async def test_the_port_follows_the_transport_until_it_is_edited(app: MtlsxApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        transport = app.screen.query_one("#form-transport", Choice)
        ports = []
        for each in Transport:
            transport.value = each
            await settle(pilot)
            ports.append(value(app, "port"))
        assert ports == ["1883", "8883", "8083", "8084"]
        fill(app, port="9999")
        await settle(pilot)
        transport.value = Transport.MQTT
        await settle(pilot)
        assert value(app, "port") == "9999"


async def test_fields_that_do_not_apply_are_not_shown(app: MtlsxApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        app.screen.query_one("#form-transport", Choice).value = Transport.WS
        await settle(pilot)
        assert "/mqtt" in screen_text(app)
        assert "CA file" not in screen_text(app)


async def test_nothing_is_saved_without_name_and_host(
    app: MtlsxApp, library: ProfileLibrary
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n", "ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, ProfileForm)
        assert "✘ A profile needs a name." in screen_text(app)
        assert "✘ Which host?" in screen_text(app)
        assert library.profiles.list().profiles == ()


@pytest.mark.parametrize("port", ["", "0", "65536", "x", "8_883"])
async def test_a_port_that_is_none_is_refused(app: MtlsxApp, port: str) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        fill(app, name="dev", host="localhost", port=port)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✘ A port is a number from 1 to 65535." in screen_text(app)


async def test_a_name_that_is_taken_is_said_and_nothing_lost(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        fill(app, name=profile.name, host="elsewhere")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "already" in screen_text(app)
        assert library.profiles.get(profile.name) == profile


async def test_what_is_wrong_with_the_files_stands_beside_their_fields(
    app: MtlsxApp, material: Material, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text("no certificate")
    cases = [
        ({"certificate_file": "/does/not/exist"}, "certificate_file", "does not exist"),
        ({"certificate_file": str(tmp_path / "text.txt")}, "certificate_file", "text.txt"),
        ({"key_file": str(material.other_key)}, "key_file", "does not belong"),
        ({"key_file": str(material.encrypted_key)}, "passphrase", "is encrypted"),
        ({"key_file": ""}, "key_file", "holds no private key"),
        ({"ca_file": str(material.key)}, "ca_file", "holds no certificate"),
    ]
    async with app.run_test(size=(160, 50)) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        for files, field, words in cases:
            good = {
                "ca_file": "",
                "certificate_file": str(material.certificate),
                "key_file": str(material.key),
            }
            fill(app, **good)
            fill(app, **files)
            await until(pilot, partial(said, app, field, words), words)


async def test_the_passphrase_is_asked_for_in_place(
    app: MtlsxApp, material: Material, library: ProfileLibrary
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        fill(app, name="dev", host="localhost", certificate_file=str(material.certificate))
        fill(app, key_file=str(material.encrypted_key))
        # The certificate itself is not encrypted.
        await shown(pilot, DEVICE)
        await until(pilot, partial(said, app, "passphrase", "is encrypted"), "the question")
        fill(app, passphrase=PASSPHRASE)
        await until(pilot, lambda: not said(app, "passphrase", "is encrypted"), "its end")
        assert PASSPHRASE not in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert library.secrets.get("dev", SecretKind.PASSPHRASE) == Secret(PASSPHRASE)


async def test_stored_secrets_are_kept_replaced_or_forgotten(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    library.secrets.set(profile.name, SecretKind.PASSWORD, Secret("first"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        assert "stored; type to replace it" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert library.secrets.get(profile.name, SecretKind.PASSWORD) == Secret("first")

        await pilot.press("e")
        await settle(pilot)
        fill(app, password="second")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert library.secrets.get(profile.name, SecretKind.PASSWORD) == Secret("second")

        await pilot.press("e")
        await settle(pilot)
        app.screen.query_one("#form-password").focus()
        await pilot.press("ctrl+g", "ctrl+s")
        await settle(pilot)
        assert library.secrets.get(profile.name, SecretKind.PASSWORD) is None


async def test_verification_off_is_loud(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        app.screen.query_one("#form-verify_chain", Choice).value = "off"
        await settle(pilot)
        assert "OFF: any certificate passes" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        text = screen_text(app)
        assert "CHAIN NOT VERIFIED" in text
        assert "The server is not checked in full" in text
        assert "⚠" in next(line for line in text.splitlines() if "○ dev-346a" in line)


async def test_all_that_a_profile_holds_is_edited(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("pagedown", "pagedown")
        fill(
            app,
            **{
                "connection-keepalive": "20",
                "connection-properties-user_properties": "site: north",
                "connection-will-topic": "gone",
                "connection-will-payload": "hex:00ff",
            },
        )
        app.screen.query_one("#form-mapping-peer_cert_as_username", Choice).value = "dn"
        await shown(pilot, "(from dn)")
        await pilot.press("ctrl+s")
        await settle(pilot)
    saved = library.profiles.get(profile.name)
    assert saved.connection.keepalive == 20
    assert saved.connection.properties.user_properties == (("site", "north"),)
    assert saved.connection.will == Will("gone", b"\x00\xff")
    assert saved.mapping.peer_cert_as_username == "dn"
    assert saved.subscriptions == profile.subscriptions


async def test_a_setting_that_cannot_be_meant_is_said_in_place(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("pagedown", "pagedown")
        fill(app, **{"connection-keepalive": "soon"})
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, ProfileForm)
        assert "✘ A number from 0 to 65535." in screen_text(app)
        assert app.focused is app.screen.query_one("#form-connection-keepalive")
        fill(app, **{"connection-keepalive": "5"})
        await pilot.pause()
        assert "✘ A number" not in screen_text(app)
    assert library.profiles.get(profile.name) == profile


async def test_sections_are_a_key_apart(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        focused = []
        for key in ("pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "pageup"):
            await pilot.press(key)
            focused.append(((app.focused and app.focused.id) or "").removeprefix("form-"))
        assert focused == [
            "ca_file", "connection-client_id_suffix", "connection-will-topic",
            "mapping-dialect", "mapping-dialect", "connection-will-topic",
        ]  # fmt: skip
        assert "LAST WILL" in screen_text(app)
        app.screen.query_one("#form-version", Choice).value = "3.1.1"
        await pilot.pause()
        assert not app.screen.query_one("#field-connection-session_expiry").display


async def test_the_way_through_the_fields_leads_into_the_other_sections(app: MtlsxApp) -> None:
    async with app.run_test(size=(120, 50)) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        assert "… MQTT, LAST WILL, THE BROKER'S MAPPING" in screen_text(app)
        app.screen.query_one("#form-connection-tls-ciphers").focus()
        await pilot.press("tab")
        await settle(pilot)
        assert app.focused is app.screen.query_one("#form-connection-client_id_suffix")


async def test_what_is_wrong_in_a_section_that_is_not_there_yet_is_said(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    willed = replace(profile, connection=replace(profile.connection, will=Will("", b"gone")))
    library.save(willed)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("e", "ctrl+s")
        await shown(pilot, "A last will needs a topic.")
        assert app.focused is app.screen.query_one("#form-connection-will-topic")


async def test_editing_keeps_what_the_form_does_not_show(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("e", "ctrl+s")
        await settle(pilot)
        assert library.profiles.get(profile.name) == profile


async def test_renaming_keeps_the_secrets(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    library.secrets.set(profile.name, SecretKind.PASSWORD, Secret("first"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        fill(app, name="renamed")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert [each.name for each in library.profiles.list().profiles] == ["renamed"]
        assert library.secrets.get("renamed", SecretKind.PASSWORD) == Secret("first")
        assert "factory / renamed" in screen_text(app)


async def test_leaving_asks_once_where_something_would_be_lost(app: MtlsxApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n", "escape")
        assert isinstance(app.screen, MainScreen)
        await pilot.press("n", "x", "escape")
        assert "Not saved yet" in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, MainScreen)


async def test_a_client_id_is_generated(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("e")
        app.screen.query_one("#form-client_id").focus()
        await pilot.press("ctrl+g")
        assert value(app, "client_id").startswith("mtlsx_")
        assert value(app, "client_id") != profile.connection.client_id


async def test_a_file_is_chosen_in_the_tree(app: MtlsxApp, material: Material) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        field = app.screen.query_one("#form-certificate_file", Input)
        field.value = str(material.certificate.parent) + "/"
        field.focus()
        await pilot.press("ctrl+l")
        await settle(pilot)
        tree = app.screen.query_one(DirectoryTree)
        assert app.focused is tree
        await pilot.press("home", "enter")
        await settle(pilot)
        assert field.value == str(material.key)
        assert app.focused is field


async def test_the_tree_is_left_without_a_choice(app: MtlsxApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        field = app.screen.query_one("#form-key_file", Input)
        field.focus()
        await pilot.press("ctrl+l")
        await settle(pilot)
        await pilot.press("backspace")
        await settle(pilot)
        assert Path(app.screen.query_one(DirectoryTree).path) == Path.cwd().parent
        await pilot.press("escape")
        await settle(pilot)
        assert app.focused is field
        assert field.value == ""


def test_paths_complete_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "device.pem").touch()
    (tmp_path / "devices").mkdir()
    (tmp_path / ".hidden").touch()
    root = f"{tmp_path}/"
    assert complete_path(root + "dev") == root + "device.pem"
    assert complete_path(root + "devices") == root + "devices/"
    assert complete_path(root) == root + "device.pem"
    assert complete_path(root + ".h") == root + ".hidden"
    assert complete_path(root + "nothing") is None
    assert complete_path(root + "device.pem/") is None
    monkeypatch.chdir(tmp_path)
    assert complete_path("devi") == "device.pem"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert complete_path("~/devi") == "~/device.pem"


def test_looking_around_begins_as_near_as_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert nearest_directory("") == tmp_path
    assert nearest_directory(f"{tmp_path}/missing/deeper/x.pem") == tmp_path
    assert nearest_directory("~nobody-of-that-name/x") == tmp_path
