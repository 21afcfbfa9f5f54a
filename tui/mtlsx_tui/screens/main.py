"""The main screen: wires profiles, the identity, subscriptions, messages and publishing to the sessions.

Each concern is a panel in a module of its own, ``main_….py``; the ways to the other screens are in ``main_ways``, what all
of them say in ``words``, the keys in ``keys``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from mtlsx_tui.messages import ConnectionEvent
from mtlsx_tui.screens import words
from mtlsx_tui.screens.keys import KEYS, applies
from mtlsx_tui.screens.main_conversation import Conversation
from mtlsx_tui.screens.main_export import ExportPanel
from mtlsx_tui.screens.main_identity import ProfileIdentity
from mtlsx_tui.screens.main_profiles import ProfilesPanel
from mtlsx_tui.screens.main_publishing import Publishing
from mtlsx_tui.screens.main_subscription_panel import SubscriptionPanel
from mtlsx_tui.screens.main_subscriptions import ProfileSubscriptions
from mtlsx_tui.screens.main_ways import WaysOut
from mtlsx_tui.sessions import Sessions
from mtlsx_tui.widgets.asking import AskPanel
from mtlsx_tui.widgets.copying import CopyPanel
from mtlsx_tui.widgets.detail import MessageDetail
from mtlsx_tui.widgets.filter import FilterLine
from mtlsx_tui.widgets.identity import Value
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.profiles import ProfileList
from mtlsx_tui.widgets.publish import PublishLine
from mtlsx_tui.widgets.question import Question
from mtlsx_tui.widgets.status import StatusLine
from mtlsx_tui.widgets.stream import MessageStream
from mtlsx_tui.widgets.subscriptions import SubscriptionList

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mtlsx.client.history import MessageHistory
    from mtlsx.payloads.formats import PayloadFormat
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx_tui.broker_session import BrokerSession
    from mtlsx_tui.sessions import ConnectionFactory
    from mtlsx_tui.settings import Settings

_TICK = 1 / 12
"""Seconds between two looks at the rings; the screen has no other clock."""


class MainScreen(WaysOut):
    """Shows one profile at a time; the others stay connected.

    ``now``: seconds since the epoch, for the age of certificates and the time of our own messages. ``pki``: the
    directory of the authorities; ``broker``: the local one. ``history`` keeps messages on disk; ``settings_directory``
    is where settings are saved; None: there is no screen for them. ``opened``: the name of the profile to connect at once.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(
        self,
        library: ProfileLibrary,
        connect: ConnectionFactory,
        *,
        settings: Settings,
        now: Callable[[], float],
        pki: Path | None,
        broker: BrokerSession,
        history: MessageHistory | None = None,
        settings_directory: Path | None = None,
        opened: str | None = None,
    ) -> None:
        super().__init__()
        self._broker = broker
        self._library = library
        self._opened_first = opened
        self._pki = pki
        self._now = now
        self.sessions = Sessions(
            library,
            connect,
            settings=settings,
            post=lambda *event: self.post_message(ConnectionEvent(*event)),
            in_background=partial(self.run_worker, thread=True, group="connections"),
            history=history,
        )
        self._history = history
        self._settings_directory = settings_directory
        # Made here, and not looked up: keys are asked about also before these are mounted, and after.
        self._status = StatusLine()
        self._side = ProfilesPanel(library, self.sessions, now=now)
        self._card = ProfileIdentity(library, now=now)
        self._subscriptions = ProfileSubscriptions(now=now)
        self._conversation = Conversation(history)
        self._publishing = Publishing(now=now)
        self._export = ExportPanel()
        self._subscription_panel = SubscriptionPanel()

    def compose(self) -> ComposeResult:
        yield self._status
        with Horizontal(id="body"):
            yield self._side
            with Vertical(id="main"):
                yield Static(words.WELCOME, id="welcome")
                yield self._card
                yield CopyPanel()
                with Horizontal(id="traffic"):
                    yield self._subscriptions
                    yield self._conversation
        yield self._export
        yield self._subscription_panel
        yield self._publishing
        yield Question()
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(CopyPanel).display = False
        self._show()
        self._side.load(self._opened_first, then_connect=self._opened_first is not None)
        self._clock = self.set_interval(_TICK, self._tick)

    def on_screen_suspend(self) -> None:
        # What changes below another screen makes Textual paint that one anew, as a whole.
        self._clock.pause()

    def on_screen_resume(self) -> None:
        self._clock.resume()

    # What is shown

    @on(ProfilesPanel.Shown)
    def _show(self) -> None:
        """Bring the whole screen in line with the profile that is shown and its session."""
        profile = self._side.profile
        if profile is not None:
            self.sessions.recall(profile.name)
        session = self._side.session
        for widget in (self._card, self.query_one("#traffic"), self._publishing):
            widget.display = profile is not None
        self.query_one("#welcome").display = self._side.empty
        self._side.show_states(self._status)
        if profile is None:
            return
        self._card.show_profile(profile, session)
        self._subscriptions.show_profile(profile, session)
        self._conversation.show(profile, session)
        self._conversation.messages.colour(profile.subscriptions)
        self._publishing.show(profile, session)
        self.refresh_bindings()

    def _tick(self) -> None:
        self._conversation.tick()
        self._subscriptions.tick()
        self._side.show_states(self._status)

    # Profiles

    @on(ProfilesPanel.Loaded)
    def _loaded(self, message: ProfilesPanel.Loaded) -> None:
        self._card.forget()
        self._show()
        if message.connect:
            self.action_connect()

    @on(ProfileList.Opened)
    def _opened(self, message: ProfileList.Opened) -> None:
        session = self.sessions.get(message.name)
        if session is None or not session.active:
            self.action_connect()
        else:
            self.query_one(MessageStream).focus()

    @on(ProfileList.DeleteWanted)
    def _delete_asked(self, message: ProfileList.DeleteWanted) -> None:
        name = message.name

        def delete() -> None:
            self.sessions.forget(name)
            self._side.delete(name)

        self.query_one(Question).ask(
            f'Delete profile "{printable(name)}", with its password and passphrase?', delete
        )

    @on(ProfileSubscriptions.EditWanted)
    async def _edit_subscription(self, message: ProfileSubscriptions.EditWanted) -> None:
        await self._subscription_panel.open_for(message.subscription, message.profile)

    @on(SubscriptionPanel.Edited)
    def _subscription_edited(self, message: SubscriptionPanel.Edited) -> None:
        self._subscriptions.edited(message.former, message.subscription)
        self._subscriptions.focus_list()

    @on(SubscriptionList.Wanted)
    def _filter_by_subscription(self, message: SubscriptionList.Wanted) -> None:
        self._conversation.messages.open_filter(message.topic_filter)

    @on(ProfileSubscriptions.Changed)
    def _subscriptions_changed(self, message: ProfileSubscriptions.Changed) -> None:
        self._side.remember(message.profile)
        self._show()

    @on(MessageDetail.ViewChosen)
    def _view_chosen(self, message: MessageDetail.ViewChosen) -> None:
        self.remember_view(message.wanted)

    def remember_view(self, wanted: PayloadFormat | None) -> None:
        """Lay the payloads of this profile out so from now on, and at the next start."""
        if (profile := self._side.profile) is not None:
            self._side.remember(replace(profile, view_format=wanted))
            self._show()

    @on(PublishLine.FormatChosen)
    def _format_chosen(self, message: PublishLine.FormatChosen) -> None:
        if (profile := self._side.profile) is not None:
            self._side.remember(replace(profile, publish_format=message.wanted))

    # The connection

    def action_connect(self) -> None:
        """Connect the profile that is shown."""
        profile = self._side.profile
        if profile is not None:
            self.sessions.open(profile)
            self._show()

    def action_disconnect(self) -> None:
        """Disconnect the profile that is shown, or stop trying."""
        profile = self._side.profile
        if profile is not None:
            self.sessions.close(profile.name)

    def on_connection_event(self, message: ConnectionEvent) -> None:
        session = self.sessions.apply(message.profile, message.run, message.event)
        if session is None:
            return
        if session is self._side.session:
            self._show()
        else:
            self._side.show_states(self._status)

    # Going about

    def action_subscribe(self) -> None:
        """Go to the line for a new subscription."""
        self._subscriptions.open()

    def action_publish(self) -> None:
        """Go to the publish line."""
        self._publishing.line.open()

    def action_send(self) -> None:
        """Publish what is written."""
        self._publishing.line.send()

    def action_sent(self) -> None:
        """Show what was sent, to send it again."""
        self._publishing.open_sent()

    def action_options(self) -> None:
        """Ask what goes with the message: properties, repetition."""
        self._publishing.open_options()

    def action_editor(self) -> None:
        """Write the payload in several lines, or in one again."""
        self._publishing.line.turn_editor()

    def action_follow(self) -> None:
        """Hold the messages in view, or follow the newest again."""
        self._conversation.messages.toggle_following()

    def action_format(self) -> None:
        """Lay the payload out in the next way."""
        self.query_one(MessageDetail).cycle_format()

    def action_filter(self) -> None:
        """Ask which messages to show."""
        self._conversation.messages.open_filter()

    async def action_export(self) -> None:
        """Ask for the file for the messages that are shown."""
        source = self._conversation.messages.source
        if source is not None:
            await self._export.open_for(source.slice(source.first, source.next))

    @on(ExportPanel.Exported)
    def _exported(self, message: ExportPanel.Exported) -> None:
        self.notify(message.sentence, markup=False)
        self.action_leave()

    @on(MessageStream.ClearWanted)
    def _clear_asked(self) -> None:
        session = self._side.session
        if session is not None and len(session.ring):
            self.query_one(Question).ask(
                f"Forget all {len(session.ring):,} messages of this profile?",
                self._conversation.messages.clear,
            )

    @on(ProfileSubscriptions.Closed)
    @on(CopyPanel.Closed)
    @on(AskPanel.Closed)
    @on(FilterLine.Closed)
    @on(Publishing.Left)
    def action_leave(self) -> None:
        """Leave a search, or a field or a panel for the messages, or for the list of profiles."""
        if self._side.close_search():
            return
        stream = self.query_one(MessageStream)
        if stream.focusable:
            self.set_focus(stream)
        else:
            self._side.focus_list()

    # Copying

    def action_copy(self) -> None:
        """Choose what to copy."""
        values = words.values_to_copy(self._card.inspection, self.query_one(MessageDetail).message)
        if values:
            self.query_one(CopyPanel).open(values)

    @on(CopyPanel.Wanted)
    @on(Value.CopyWanted)
    def _copy(self, message: CopyPanel.Wanted | Value.CopyWanted) -> None:
        self.app.copy_to_clipboard(message.text)
        self.notify(f"Copied: {message.name}", timeout=2, markup=False)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """A key is offered where it does something."""
        if self._asking:
            return action in {"help", "app.quit"} or action.startswith("app.focus")
        if action == "certificates":
            return self._pki is not None
        if action == "settings":
            return self._settings_directory is not None
        publishing = self._publishing.line.has_focus_within
        return applies(action, self._side.profile, self._side.session, publishing=publishing)

    @property
    def _asking(self) -> bool:
        """Whether a panel asks, and has the focus."""
        publishing = self._publishing.asking and self._publishing.has_focus_within
        panels = (self._export, self._subscription_panel)
        return publishing or any(each.is_open and each.has_focus_within for each in panels)
