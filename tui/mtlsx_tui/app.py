"""The terminal application: wires its screens to profiles and connections, nothing else."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType

from mtlsx.profiles.directories import config_directory, state_directory
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.broker_session import BrokerFactory, BrokerSession
from mtlsx_tui.garbage import FullCollections
from mtlsx_tui.local_broker import LocalBroker
from mtlsx_tui.screens.commands import key_commands
from mtlsx_tui.screens.main import MainScreen
from mtlsx_tui.settings import Settings, load_settings

if TYPE_CHECKING:
    from textual.screen import Screen

    from mtlsx.client.events import Event
    from mtlsx.client.history import MessageHistory
    from mtlsx.client.message import Message
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.identity.mapping import Dialect
    from mtlsx_tui.sessions import Connection, ConnectionFactory

_DEFAULTS = Settings()
TURN = 0.02
"""Seconds for which a thread may keep Python's lock while others want it.

With many connections their threads took it from the one that paints four times as often, and a turn of the event loop
took twice as long.
"""


def connect(
    settings: ConnectionSettings,
    *,
    on_event: Callable[[Event], None],
    on_message: Callable[[Message], object],
    dialect: Dialect | None,
) -> Connection:
    """A real connection; the first one loads what it needs, which takes a while."""
    from mtlsx.client.connection import Connection

    return Connection(settings, on_event=on_event, on_message=on_message, dialect=dialect)


class MtlsxApp(App[None]):
    """mtlsx in the terminal.

    ``library``: the profiles and their secrets; ``settings``: what a person set for all of them.
    ``pki``: the directory of certificate authorities; None: there is no screen for them.
    ``history``: what keeps messages on disk; ``settings_directory``: where settings are saved, None: nowhere.
    ``opened``: the name of a profile that is connected at once.
    ``local_broker``: one that somebody made, running or not; its events are the application's from now on, and one
    that is not running is started with it. ``make_broker`` makes those that a person starts.
    ``connect`` makes connections, ``now`` gives the seconds since the epoch; tests bring their own.
    """

    TITLE = "mtlsx"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "command_palette", "Palette", show=False, priority=True),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]  # noqa: RUF012  (as Textual)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall"), (50, "-high")]  # noqa: RUF012  (as Textual)
    # Those of all screens, at one go: a screen that brings its own has Textual read and apply everything anew.
    CSS_PATH: ClassVar = ["app.tcss", *sorted(Path(__file__).parent.glob("screens/*.tcss"))]

    def __init__(
        self,
        library: ProfileLibrary,
        *,
        settings: Settings = _DEFAULTS,
        pki: Path | None = None,
        history: MessageHistory | None = None,
        settings_directory: Path | None = None,
        opened: str | None = None,
        local_broker: LocalBroker | None = None,
        make_broker: BrokerFactory = LocalBroker,
        connect: ConnectionFactory = connect,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.broker = BrokerSession(local_broker, make=make_broker, now=now)
        self.main = MainScreen(
            library, connect, settings=settings, now=now, pki=pki, opened=opened, broker=self.broker,
            history=history, settings_directory=settings_directory,
        )  # fmt: skip
        self._theme_wanted = settings.theme
        self._garbage = FullCollections()
        self._turn = sys.getswitchinterval()

    @property
    def local_broker(self) -> LocalBroker | None:
        """The broker that was given, or that a person started last."""
        return self.broker.local

    def on_mount(self) -> None:
        if self._theme_wanted in self.available_themes:
            self.theme = self._theme_wanted
        if self.broker.local is not None:
            self.run_worker(self.broker.start(), group="broker")
        if not self.is_headless:
            self._garbage.begin()
            sys.setswitchinterval(TURN)
            self.set_interval(1.0, self._garbage.look)

    async def on_unmount(self) -> None:
        """Disconnect everything and stop the broker, however the application comes to its end."""
        await asyncio.to_thread(self.main.sessions.stop_all, 2.0)
        await self.broker.stop()
        if not self.is_headless:
            self._garbage.end()
            sys.setswitchinterval(self._turn)

    async def on_event(self, event: events.Event) -> None:
        """See ``App``."""
        if isinstance(event, events.InputEvent):
            self._garbage.touched()
        await super().on_event(event)

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers: the keys of the screen, and the theme."""
        yield from key_commands(screen)
        yield SystemCommand("Choose a theme", "Light or dark colours", self.action_change_theme)


def run() -> None:
    """Open the terminal application on this user's profiles.

    Raises UsageError for a settings file that cannot be read.
    """
    directory = config_directory(os.environ)
    state = state_directory(os.environ)
    settings = load_settings(directory)
    MtlsxApp(
        ProfileLibrary(directory),
        settings=settings,
        settings_directory=directory,
        history=_history(settings, state),
        pki=state / "pki",
    ).run()


def _history(settings: Settings, state: Path) -> MessageHistory | None:
    if not settings.history:
        return None
    from mtlsx.client.history import MessageHistory

    return MessageHistory(
        state / "history.sqlite",
        max_messages=settings.history_messages,
        max_bytes=settings.history_bytes,
    )
