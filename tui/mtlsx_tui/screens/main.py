"""The main screen: profiles, the identity, subscriptions, messages, and why there is no connection."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from mtlsx.client.rules import check_subscription
from mtlsx.errors import MtlsxError
from mtlsx.profiles.model import with_absolute_paths
from mtlsx_tui.messages import ConnectionEvent, EvidenceRead, IdentityRead
from mtlsx_tui.screens import words
from mtlsx_tui.screens.keys import KEYS, applies
from mtlsx_tui.sessions import Sessions, State
from mtlsx_tui.widgets.copying import CopyPanel
from mtlsx_tui.widgets.detail import MessageDetail
from mtlsx_tui.widgets.failure import FailurePanel
from mtlsx_tui.widgets.identity import IdentityCard, Value
from mtlsx_tui.widgets.messages import MessagesPane
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.profiles import Entry, ProfileList
from mtlsx_tui.widgets.publish import PublishLine
from mtlsx_tui.widgets.question import Question
from mtlsx_tui.widgets.status import StatusLine
from mtlsx_tui.widgets.stream import MessageStream
from mtlsx_tui.widgets.subscriptions import SubscriptionList, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mtlsx.client.settings import Subscription
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx.profiles.store import Listing
    from mtlsx_tui.broker_session import BrokerSession
    from mtlsx_tui.identity import Inspection
    from mtlsx_tui.screens.form import Saved
    from mtlsx_tui.sessions import ConnectionFactory, Session
    from mtlsx_tui.settings import Settings

_TICK = 1 / 12
"""Seconds between two looks at the rings; the screen has no other clock."""


class MainScreen(Screen[None]):
    """Shows one profile at a time; the others stay connected.

    ``now``: seconds since the epoch, for the age of certificates and the time of our own messages. ``pki``: the
    directory of the authorities; ``broker``: the local one. ``opened``: the name of the profile to connect at once.
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
        )
        self._profiles: dict[str, Profile] = {}
        self._shown: str | None = None
        self._inspections: dict[str, Inspection] = {}
        self._evidence_of: int | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with Horizontal(id="body"):
            with Vertical(id="side"):
                yield Static("PROFILES", classes="title")
                yield ProfileList(id="profiles")
                yield Static(id="unreadable")
            with Vertical(id="main"):
                yield Static(words.WELCOME, id="welcome")
                yield IdentityCard()
                yield CopyPanel()
                with Horizontal(id="traffic"):
                    yield Subscriptions()
                    with Vertical(id="conversation"):
                        yield FailurePanel()
                        yield MessagesPane()
        yield PublishLine()
        yield Static(id="publish-note")
        yield Question()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self.query_one(CopyPanel).display = False
        self.query_one("#unreadable").display = False
        self._show()
        self._load(self._opened_first, then_connect=self._opened_first is not None)
        self.set_interval(_TICK, self._tick)

    # What is shown

    @property
    def _profile(self) -> Profile | None:
        return None if self._shown is None else self._profiles.get(self._shown)

    @property
    def _session(self) -> Session | None:
        return self.sessions.get(self._shown)

    def _show(self) -> None:
        """Bring the whole screen in line with the profile that is shown and its session."""
        profile, session = self._profile, self._session
        for widget in (IdentityCard, "#traffic", PublishLine):
            self.query_one(widget).display = profile is not None
        self.query_one("#welcome").display = profile is None and not self._profiles
        self._show_states()
        if profile is None:
            return
        self._show_identity(profile)
        answers = session.subscriptions if session and session.state is State.CONNECTED else None
        self.query_one(Subscriptions).show(profile.subscriptions, answers)
        pane = self.query_one(MessagesPane)
        pane.show(session.ring if session else None)
        pane.say(words.note(profile, session))
        self._show_failure(session)
        self._show_refusal(session.refusal if session else None)
        self.refresh_bindings()

    def _show_states(self) -> None:
        clock = time.monotonic()
        self.query_one(StatusLine).show(words.status(self._profile, self._session, clock=clock))
        entries = []
        for profile in self._profiles.values():
            session = self.sessions.get(profile.name)
            state, unread = (session.state, session.unread) if session else (State.DISCONNECTED, 0)
            entries.append(Entry(profile.name, profile.group, state, unread))
        self.query_one(ProfileList).show(entries, self._shown)

    def _show_failure(self, session: Session | None) -> None:
        panel = self.query_one(FailurePanel)
        verdict, error = (session.verdict, session.error) if session else (None, None)
        panel.display = verdict is not None or error is not None
        pane = self.query_one(MessagesPane)
        pane.display = not panel.display or (session is not None and len(session.ring) > 0)
        panel.set_class(pane.display, "-above-messages")
        if session is None:
            return
        if verdict is not None:
            panel.show(verdict)
            self._read_evidence(session)
        elif error is not None:
            panel.show_error(error)
        panel.show_next(words.coming(session, clock=time.monotonic()))

    def _tick(self) -> None:
        session = self._session
        self.query_one(MessagesPane).poll()
        if session is not None:
            session.seen = session.ring.next
            if session.state is State.WAITING:
                self.query_one(FailurePanel).show_next(
                    words.coming(session, clock=time.monotonic())
                )
        self._show_states()

    # Profiles

    @work(thread=True, group="profiles")
    def _load(self, then_show: str | None, *, then_connect: bool = False) -> None:
        try:
            listing = self._library.list()
        except MtlsxError as error:
            self.app.call_from_thread(self._show_unreadable, (str(error),))
        else:
            self.app.call_from_thread(self._loaded, listing, then_show, then_connect)

    def _loaded(self, listing: Listing, then_show: str | None, then_connect: bool) -> None:
        self._profiles = {profile.name: profile for profile in listing.profiles}
        self._show_unreadable(tuple(str(each.error) for each in listing.unreadable))
        candidates = (then_show, self._shown, *self._profiles)
        self._shown = next((name for name in candidates if name in self._profiles), None)
        self._inspections.clear()
        if self.focused is None:
            self.query_one(ProfileList).focus()
        self._show()
        if then_connect:
            self.action_connect()

    def _show_unreadable(self, sentences: tuple[str, ...]) -> None:
        place = self.query_one("#unreadable", Static)
        place.display = bool(sentences)
        place.update(Content("\n".join(f"⚠ {printable(sentence)}" for sentence in sentences)))

    @on(ProfileList.Shown)
    def _moved_to(self, message: ProfileList.Shown) -> None:
        self._shown = message.name
        self._show()

    @on(ProfileList.Opened)
    def _opened(self, message: ProfileList.Opened) -> None:
        session = self.sessions.get(message.name)
        if session is None or not session.active:
            self.action_connect()
        else:
            self.query_one(MessageStream).focus()

    @on(ProfileList.NewWanted)
    def action_new(self) -> None:
        """Fill in a new profile."""
        self._edit(None)

    def action_edit(self) -> None:
        """Edit the profile that is shown."""
        self._edit(self._profile)

    def _edit(self, profile: Profile | None) -> None:
        from mtlsx_tui.screens.form import ProfileForm

        former = profile.name if profile else None

        def ended(saved: Saved | None) -> None:
            if saved is None:
                return
            if former is not None and former != saved.profile.name:
                self.sessions.forget(former)
            if saved.connect:
                self.sessions.close(saved.profile.name)
            self._load(saved.profile.name, then_connect=saved.connect)

        self.app.push_screen(ProfileForm(self._library, profile, now=self._now), ended)

    @on(ProfileList.DeleteWanted)
    def _delete_asked(self, message: ProfileList.DeleteWanted) -> None:
        name = message.name
        self.query_one(Question).ask(
            f'Delete profile "{printable(name)}", with its password and passphrase?',
            lambda: self._delete_now(name),
        )

    def _delete_now(self, name: str) -> None:
        self.sessions.forget(name)
        self._delete(name)

    @work(thread=True, group="profiles")
    def _delete(self, name: str) -> None:
        try:
            self._library.delete(name)
        except MtlsxError as error:
            self.app.call_from_thread(self._show_unreadable, (str(error),))
        self.app.call_from_thread(self._load, None)

    def action_certificates(self) -> None:
        """Open the authorities and what they issued."""
        if self._pki is None:
            return
        from mtlsx.pki.workbench import Workbench
        from mtlsx_tui.screens.pki import PkiScreen

        def ended(made_profiles: bool | None) -> None:
            if made_profiles:
                self._load(None)

        screen = PkiScreen(Workbench(self._pki), self._library, now=self._now)
        self.app.push_screen(screen, ended)

    def action_broker(self) -> None:
        """Open the local broker."""
        from mtlsx_tui.screens.broker import BrokerScreen

        open_pki = None if self._pki is None else self.action_certificates
        self.app.push_screen(BrokerScreen(self._broker, open_pki=open_pki))

    # The identity

    def _show_identity(self, profile: Profile) -> None:
        card = self.query_one(IdentityCard)
        inspection = self._inspections.get(profile.name)
        if inspection is None:
            card.show_note("reading …")
            self._inspect(profile)
        elif inspection.identity is not None:
            card.show(words.in_force(inspection.identity, self._session))
        else:
            card.show_note(inspection.note, bad=bool(inspection.errors))

    @work(thread=True, exclusive=True, group="identity")
    def _inspect(self, profile: Profile) -> None:
        try:
            settings = self._library.connection(profile)
        except MtlsxError:
            # Most files need no secret to be read; connecting will say what is wrong with them.
            settings = with_absolute_paths(profile.connection, self._library.profiles.directory)
        from mtlsx_tui.inspection import inspect

        inspection = inspect(settings, profile.mapping, now=self._now())
        self.post_message(IdentityRead(profile.name, inspection))

    def on_identity_read(self, message: IdentityRead) -> None:
        self._inspections[message.profile] = message.inspection
        if self._profile is not None and message.profile == self._shown:
            self._show_identity(self._profile)

    # The connection

    def action_connect(self) -> None:
        """Connect the profile that is shown."""
        if self._profile is not None:
            self.sessions.open(self._profile)
            self._show()

    def action_disconnect(self) -> None:
        """Disconnect the profile that is shown, or stop trying."""
        if self._shown is not None:
            self.sessions.close(self._shown)

    def on_connection_event(self, message: ConnectionEvent) -> None:
        session = self.sessions.apply(message.profile, message.run, message.event)
        if session is None:
            return
        if session is self._session:
            self._show()
        else:
            self._show_states()

    @work(thread=True, exclusive=True, group="evidence")
    def _read_evidence(self, session: Session) -> None:
        if session.handshake is not None:
            from mtlsx_tui.evidence import read_evidence

            evidence = read_evidence(session.handshake, now=self._now())
            self.post_message(EvidenceRead(session.profile, session.run, evidence))

    def on_evidence_read(self, message: EvidenceRead) -> None:
        session = self._session
        if session is not None and session.run == message.run and session.verdict is not None:
            self.query_one(FailurePanel).show_evidence(message.evidence)

    # Subscriptions

    def action_subscribe(self) -> None:
        """Go to the line for a new subscription."""
        self.query_one(Subscriptions).open()

    @on(Subscriptions.Wanted)
    def _subscribe_wanted(self, message: Subscriptions.Wanted) -> None:
        profile, session, wanted = self._profile, self._session, message.subscription
        if profile is None:
            return
        try:
            check_subscription(wanted)
            if session is not None and session.state is State.CONNECTED:
                session.subscribe(wanted)
        except MtlsxError as error:
            self.query_one(Subscriptions).show_error(str(error))
            return
        others = [
            each for each in profile.subscriptions if each.topic_filter != wanted.topic_filter
        ]
        # The focus moves before anything is shown: whoever sees the subscription can already go on.
        self.query_one(Subscriptions).accept()
        self.action_leave()
        self._remember(profile, (*others, wanted))

    @on(SubscriptionList.UnsubscribeWanted)
    def _unsubscribe_wanted(self, message: SubscriptionList.UnsubscribeWanted) -> None:
        profile, session = self._profile, self._session
        if profile is None:
            return
        try:
            if session is not None and session.state is State.CONNECTED:
                session.unsubscribe(message.topic_filter)
        except MtlsxError as error:
            self.query_one(Subscriptions).show_error(str(error))
            return
        left = [each for each in profile.subscriptions if each.topic_filter != message.topic_filter]
        self._remember(profile, tuple(left))

    def _remember(self, profile: Profile, subscriptions: tuple[Subscription, ...]) -> None:
        self._profiles[profile.name] = replace(profile, subscriptions=subscriptions)
        self._show()
        self._save(self._profiles[profile.name])

    @work(thread=True, group="profiles")
    def _save(self, profile: Profile) -> None:
        try:
            self._library.remember(profile)
        except MtlsxError as error:
            self.app.call_from_thread(self._show_unreadable, (str(error),))

    @on(Subscriptions.Closed)
    @on(CopyPanel.Closed)
    def action_leave(self) -> None:
        """Leave a field or a panel for the messages, or for the list of profiles."""
        stream = self.query_one(MessageStream)
        self.set_focus(stream if stream.focusable else self.query_one(ProfileList))

    # Messages

    def action_follow(self) -> None:
        """Hold the messages in view, or follow the newest again."""
        self.query_one(MessagesPane).toggle_following()

    def action_format(self) -> None:
        """Lay the payload out in the next way."""
        self.query_one(MessageDetail).cycle_format()

    def action_publish(self) -> None:
        """Go to the publish line."""
        self.query_one(PublishLine).open()

    def action_send(self) -> None:
        """Publish what is written."""
        self.query_one(PublishLine).send()

    @on(PublishLine.Wanted)
    def _publish_wanted(self, message: PublishLine.Wanted) -> None:
        session = self._session
        if session is None or session.state is not State.CONNECTED:
            self._show_refusal("there is no connection; ctrl+o connects.")
            return
        try:
            session.publish(message.publication, now=self._now())
        except MtlsxError as error:
            self._show_refusal(str(error))
        else:
            self._show_refusal(None)

    def _show_refusal(self, text: str | None) -> None:
        note = self.query_one("#publish-note", Static)
        note.display = text is not None
        note.update(Content(f"✘ not published: {printable(text or '')}"))

    # Copying

    def action_copy(self) -> None:
        """Choose what to copy."""
        values = words.values_to_copy(
            self._inspections.get(self._shown or ""), self.query_one(MessageDetail).message
        )
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
        if action == "certificates":
            return self._pki is not None
        publishing = self.query_one(PublishLine).has_focus_within
        return applies(action, self._profile, self._session, publishing=publishing)

    def action_help(self) -> None:
        """List all keys."""
        from mtlsx_tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(KEYS))
