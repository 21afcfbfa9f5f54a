"""The ways from the main screen to all others, and what each brings back.

Each other screen is loaded when somebody goes there.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING

from textual import on

from mtlsx_tui.screens.help import HelpScreen
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.screens.keys import HELP, MOVING
from mtlsx_tui.widgets.profiles import ProfileList

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mtlsx.client.history import MessageHistory
    from mtlsx.payloads.formats import PayloadFormat
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.broker_session import BrokerSession
    from mtlsx_tui.screens.form import Saved
    from mtlsx_tui.screens.main_profiles import ProfilesPanel
    from mtlsx_tui.screens.main_publishing import Publishing
    from mtlsx_tui.sessions import Sessions


class WaysOut(HelpedScreen[None]):
    """What the main screen is, as far as others are reached from it. It has the profile that is shown in ``_side``."""

    sessions: Sessions
    _library: ProfileLibrary
    _side: ProfilesPanel
    _publishing: Publishing
    _broker: BrokerSession
    _pki: Path | None
    _history: MessageHistory | None
    _settings_directory: Path | None
    _now: Callable[[], float]

    @abstractmethod
    def remember_view(self, wanted: PayloadFormat | None) -> None:
        """Lay the payloads of this profile out as ``wanted`` from now on."""

    @on(ProfileList.NewWanted)
    def action_new(self) -> None:
        """Fill in a new profile."""
        self._edit(None)

    def action_edit(self) -> None:
        """Edit the profile that is shown."""
        self._edit(self._side.profile)

    def _edit(self, profile: Profile | None) -> None:
        from mtlsx_tui.screens.form import ProfileForm

        former = profile.name if profile else None

        def ended(saved: Saved | None) -> None:
            if saved is None:
                return
            if former is not None and former != saved.profile.name:
                self.sessions.rename(former, saved.profile.name)
            if saved.connect:
                self.sessions.close(saved.profile.name)
            self._side.load(saved.profile.name, then_connect=saved.connect)

        self.app.push_screen(ProfileForm(self._library, profile, now=self._now), ended)

    def action_import(self) -> None:
        """Take over profiles from a file."""
        from mtlsx_tui.screens.profile_import import ImportScreen

        def ended(name: str | None) -> None:
            if name is not None:
                self._side.load(name)

        self.app.push_screen(ImportScreen(self._library), ended)

    def action_export_profiles(self) -> None:
        """Write this profile, its group or all into a file."""
        profile = self._side.profile
        if profile is not None:
            from mtlsx_tui.screens.profile_export import ExportScreen

            self.app.push_screen(ExportScreen(self._library, profile))

    def action_certificates(self) -> None:
        """Open the authorities and what they issued."""
        if self._pki is None:
            return
        from mtlsx.pki.workbench import Workbench
        from mtlsx_tui.screens.pki import PkiScreen

        def ended(made_profiles: bool | None) -> None:
            if made_profiles:
                self._side.load(None)

        screen = PkiScreen(Workbench(self._pki), self._library, now=self._now)
        self.app.push_screen(screen, ended)

    def action_broker(self) -> None:
        """Open the local broker."""
        from mtlsx_tui.screens.broker import BrokerScreen

        open_pki = None if self._pki is None else self.action_certificates
        self.app.push_screen(BrokerScreen(self._broker, open_pki=open_pki))

    def action_topics(self) -> None:
        """Open the topics of the session."""
        profile, session = self._side.profile, self._side.session
        if profile is None or session is None:
            return
        from mtlsx_tui.screens.topics import TopicsScreen

        def ended(topic: str | None) -> None:
            if topic is not None:
                self._publishing.line.open(topic)

        current = partial(self.sessions.get, profile.name)
        screen = TopicsScreen(profile, current, session, now=self._now, on_view=self.remember_view)
        self.app.push_screen(screen, ended)

    def action_connection(self) -> None:
        """Look at the connection from within."""
        profile = self._side.profile
        if profile is not None:
            from mtlsx_tui.screens.connection import ConnectionScreen

            self.app.push_screen(ConnectionScreen(partial(self.sessions.get, profile.name)))

    def action_settings(self) -> None:
        """Open the settings."""
        if self._settings_directory is not None:
            from mtlsx_tui.screens.settings import SettingsScreen

            problem = None if self._history is None else self._history.problem
            self.app.push_screen(SettingsScreen(self._settings_directory, problem))

    def help(self) -> HelpScreen:
        """The keys by what they are for."""
        never = {
            *(("certificates",) if self._pki is None else ()),
            *(("settings",) if self._settings_directory is None else ()),
        }
        return HelpScreen([each for each in HELP if each.action not in never], MOVING)

    def action_explain(self) -> None:
        """Open what the last attempt showed."""
        profile, session = self._side.profile, self._side.session
        attempted = None if session is None else session.attempted
        if profile is None or attempted is None:
            return
        from mtlsx_tui.screens.attempt import AttemptScreen

        def ended(changed: Profile | None) -> None:
            if changed is not None:
                self._side.load(changed.name, then_connect=True)

        self.app.push_screen(AttemptScreen(attempted, profile, self._library, now=self._now), ended)

    def action_look_back(self) -> None:
        """Open what the last attempt showed; it succeeded."""
        self.action_explain()

    def action_recipes(self) -> None:
        """Copy the connection as a command for another program."""
        from mtlsx_tui.screens.recipes import RecipesScreen

        if (profile := self._side.profile) is not None:
            self.app.push_screen(RecipesScreen(profile, self._library))
