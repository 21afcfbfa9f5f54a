"""Messages that were kept on disk are there at the next start, before anything is connected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mtlsx.client.history import MessageHistory
from mtlsx.client.message import Message
from mtlsx.client.settings import Publication
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx_tui.app import MtlsxApp
from support.scripted_connection import Script
from support.tui import NOW, settle, shown

SIZE = (120, 36)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.sqlite"


def history(path: Path) -> MessageHistory:
    return MessageHistory(path, max_messages=1000, max_bytes=1_000_000)


def application(library: ProfileLibrary, script: Script, path: Path) -> MtlsxApp:
    return MtlsxApp(library, connect=script.connect, now=NOW.timestamp, history=history(path))


def message(payload: bytes) -> Message:
    return Message("factory/1", payload, 1, False, False, False, NOW.timestamp())


async def test_messages_are_there_at_the_next_start(
    library: ProfileLibrary, profile: Profile, script: Script, path: Path
) -> None:
    app = application(library, script, path)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        script.connection.deliver(message(b"came"))
        session = app.main.sessions.get(profile.name)
        assert session is not None
        session.publish(Publication("factory/2", b"sent"), now=NOW.timestamp())
        await app.action_quit()
    app = application(library, script, path)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await shown(pilot, "not connected", "MESSAGES  2", "came", "sent")
        session = app.main.sessions.get(profile.name)
        assert session is not None
        assert session.unread == 0
        await pilot.press("c")
        await settle(pilot)
        script.connection.deliver(message(b"new"))
        await shown(pilot, "MESSAGES  3", "came", "new")
        await app.action_quit()


async def test_a_deleted_profile_takes_its_messages_with_it(
    library: ProfileLibrary, profile: Profile, script: Script, path: Path
) -> None:
    kept = history(path)
    kept.record(profile.name, message(b"came"))
    kept.close()
    app = application(library, script, path)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await shown(pilot, "came")
        await pilot.press("delete", "y")
        await settle(pilot)
        await app.action_quit()
    assert history(path).load(profile.name, 9) == []


async def test_a_renamed_profile_keeps_its_messages(
    library: ProfileLibrary, profile: Profile, script: Script, path: Path
) -> None:
    kept = history(path)
    kept.record(profile.name, message(b"came"))
    kept.close()
    app = application(library, script, path)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        library.save(replace(profile, name="other"), former_name=profile.name)
        app.main.sessions.rename(profile.name, "other")
        app.main.sessions.recall("other")
        await settle(pilot)
        session = app.main.sessions.get("other")
        assert session is not None
        assert [each.payload for each in session.ring.slice(0, 9)] == [b"came"]
        await app.action_quit()


async def test_messages_that_came_too_fast_for_the_disk_are_counted(
    library: ProfileLibrary,
    profile: Profile,
    script: Script,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mtlsx.client.history.MOST_WAITING", 0)
    app = application(library, script, path)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await shown(pilot, "● connected")
        script.connection.deliver(message(b"came"))
        await shown(pilot, "MESSAGES  1  1 not kept on disk")
        await app.action_quit()


async def test_a_file_that_is_none_of_ours_keeps_nobody_from_working(
    library: ProfileLibrary, profile: Profile, script: Script, path: Path, tmp_path: Path
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"something else")  # noqa: ASYNC240  (nothing runs yet)
    app = MtlsxApp(
        library, connect=script.connect, history=history(path), settings_directory=tmp_path
    )
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        script.connection.deliver(message(b"came"))
        await shown(pilot, "came", "MESSAGES  1  not kept on disk, the settings (,) say why")
        await pilot.press("comma")
        await shown(pilot, "✘ The history", "switch the history off")
        await app.action_quit()
    assert path.read_bytes() == b"something else"  # noqa: ASYNC240  (nothing runs any more)
