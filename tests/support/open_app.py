"""The terminal application, open for many profiles one after the other: starting it anew for each takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import keyring.backends.fail
import pytest
from textual.content import Content
from textual.widgets import Static

from mtlsx.identity.mapping import Mapping
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile, without_secrets
from mtlsx.profiles.secrets import SecretKind
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.main_profiles import ProfilesPanel
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.printable import printable

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from mtlsx.client.settings import ConnectionSettings, Subscription
    from mtlsx_tui.sessions import Session

NAME = "device"
SIZE = (100, 30)
PATIENCE = 30.0  # seconds; for what a healthy machine does in a few milliseconds
_LOOK_EVERY = 0.02  # seconds


class OpenApp:
    """An application that runs; ``connected`` has one profile at a time in it."""

    def __init__(self, pilot: Pilot[None], library: ProfileLibrary) -> None:
        assert isinstance(pilot.app, MtlsxApp)
        self.app: MtlsxApp = pilot.app
        self.pilot = pilot
        self._library = library
        self._panel = self.app.main.query_one(ProfilesPanel)

    @asynccontextmanager
    async def connected(
        self,
        settings: ConnectionSettings,
        *,
        subscriptions: tuple[Subscription, ...] = (),
        mapping: Mapping = Mapping(),  # noqa: B008  (a value)
    ) -> AsyncIterator[Session]:
        """The one profile, of these settings from now on, connected by its key; at the end nothing goes on."""
        profile = Profile(
            name=NAME,
            connection=without_secrets(settings),
            subscriptions=subscriptions,
            mapping=mapping,
        )
        earlier = self._panel.session
        self._save(profile, settings)
        self._panel.load(NAME)
        await self.until(lambda: self._panel.profile == profile)
        await self.pilot.press("c")
        await self.until(lambda: self._panel.session is not earlier)
        session = self._panel.session
        assert session is not None
        try:
            yield session
        finally:
            if session.active:
                await self.pilot.press("c")
                await self.until(lambda: not session.active)
            assert session.connection is not None
            session.connection.stop()

    async def failed(self, session: Session) -> None:
        """Wait until ``session`` has its verdict, and until the screen shows it."""
        await self.until(lambda: session.state is State.FAILED)
        assert session.verdict is not None
        summary = printable(session.verdict.summary)
        await self.until(lambda: self.text("#failure-summary") == summary)

    def text(self, selector: str) -> str:
        """What the one ``Static`` of the main screen says, if a person can see any of it."""
        found = self.app.main.query_one(selector, Static)
        assert isinstance(found.content, Content)
        return found.content.plain if found.region.area else ""

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it does; the application's own clock looks."""
        came = asyncio.Event()

        def look() -> None:
            if holds():
                came.set()

        clock = self.app.set_interval(_LOOK_EVERY, look)
        try:
            async with asyncio.timeout(PATIENCE):
                await came.wait()
        finally:
            clock.stop()

    def _save(self, profile: Profile, settings: ConnectionSettings) -> None:
        self._library.save(profile)
        for kind, secret in (
            (SecretKind.PASSWORD, settings.password),
            (SecretKind.PASSPHRASE, settings.tls.passphrase),
        ):
            if secret is None:
                self._library.secrets.delete(profile.name, kind)
            else:
                self._library.secrets.set(profile.name, kind, secret)


@asynccontextmanager
async def open_app(directory: Path) -> AsyncIterator[OpenApp]:
    """The application on a library in ``directory`` that is empty, and without a keyring."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
        library = ProfileLibrary(directory)
        async with MtlsxApp(library).run_test(size=SIZE) as pilot:
            yield OpenApp(pilot, library)
