"""The faults of the laboratory on the screen: the ladder ends at the right stage, and the sentence is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import keyring.backends.fail
import pytest
from textual.content import Content
from textual.widgets import Static

from mtlsx.probe.verdicts import KINDS
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.printable import printable
from support.faults.case import Ask, Case, keeps_secrets, says_why
from support.faults.catalogue import CASES
from support.tui import screen_text

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx_tui.sessions import Session

pytestmark = pytest.mark.e2e

SIZE = (120, 36)
PATIENCE = 30.0  # seconds; for what a healthy machine does in a few milliseconds
# Here a person is asked for the passphrase instead.
ASKED = {"key-encrypted"}
SHOWN = [case for case in CASES if case.ask is not Ask.TOPIC and case.verdicts[0] not in ASKED]
# They take long: one of each kind of ending.
SOME = {
    "key_that_does_not_match", "another_tls_version_on_mosquitto-1.2",
    "certificate_of_another_ca_on_mosquitto-1.3", "connack_0x89",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)


def each(cases: Iterable[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", list(cases), ids=str)


@each(case for case in SHOWN if str(case) in SOME)
async def test_the_screen_says_what_failed(
    case: Case, attempt: ConnectionSettings, tmp_path: Path
) -> None:
    await connect_and_read(case, attempt, tmp_path)


@pytest.mark.slow
@each(case for case in SHOWN if str(case) not in SOME)
async def test_the_screen_says_what_failed_for_all(
    case: Case, attempt: ConnectionSettings, tmp_path: Path
) -> None:
    await connect_and_read(case, attempt, tmp_path)


async def connect_and_read(case: Case, attempt: ConnectionSettings, directory: Path) -> None:
    app = MtlsxApp(library_with(attempt, directory / "profiles"))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("c")
        async with asyncio.timeout(PATIENCE):
            while (
                session := app.main.sessions.get("faulty")
            ) is None or session.state is not State.FAILED:
                await pilot.pause(0.02)
            while "✘ failed" not in (text := screen_text(app)):
                await pilot.pause(0.02)
        said = app.main.query_one("#failure-summary", Static)
        assert said.region.area
        assert isinstance(said.content, Content)
        check(case, session, text, said.content.plain)
        await pilot.press("q")


def check(case: Case, session: Session, text: str, said: str) -> None:
    verdict = session.verdict
    assert verdict is not None
    assert verdict.id in case.verdicts, verdict
    assert verdict.refused_by is case.refused_by(verdict.id)
    assert case.candidates <= set(verdict.candidates)
    last = session.steps[-1]
    assert (last.stage, last.ok) == (KINDS[verdict.id].stage, False)
    assert f"✘ {last.label}" in text
    assert says_why(case, str(verdict))
    assert said == printable(verdict.summary)
    assert keeps_secrets(text)


def library_with(attempt: ConnectionSettings, directory: Path) -> ProfileLibrary:
    """A library whose only profile is ``faulty``."""
    tls = replace(attempt.tls, passphrase=None)
    library = ProfileLibrary(directory)
    library.save(Profile(name="faulty", connection=replace(attempt, password=None, tls=tls)))
    for kind, secret in (
        (SecretKind.PASSWORD, attempt.password),
        (SecretKind.PASSPHRASE, attempt.tls.passphrase),
    ):
        if secret is not None:
            library.secrets.set("faulty", kind, secret)
    return library
