"""The left side of the main screen: the profiles, which of them is shown, and the files behind them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from textual import on, work
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from mtlsx.errors import MtlsxError
from mtlsx.profiles.arrangement import found
from mtlsx_tui.screens import words
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.profiles import Entry, ProfileList
from mtlsx_tui.widgets.status import StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from mtlsx.certificates.times import Validity
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx.profiles.store import Listing
    from mtlsx_tui.expiry import Expiries
    from mtlsx_tui.sessions import Session, Sessions

_EXPIRY_EVERY = 60.0
"""Seconds after which certificates are looked at again, for a file that was replaced, and for the next day."""


class ProfilesPanel(Vertical):
    """Reads, lists and saves the profiles of ``library``. Posts ``Shown`` and ``Loaded``."""

    class Shown(Message):
        """A person moved to another profile."""

    class Loaded(Message):
        """The profiles were read anew; ``connect``: the one that is shown is to be connected."""

        def __init__(self, *, connect: bool) -> None:
            self.connect = connect
            super().__init__()

    def __init__(
        self, library: ProfileLibrary, sessions: Sessions, *, now: Callable[[], float]
    ) -> None:
        super().__init__(id="side")
        self._library = library
        self._sessions = sessions
        self._now = now
        self._expiries: Expiries | None = None
        self._validity: dict[str, Validity] = {}
        self._search = Input(id="profile-search", placeholder="search", compact=True)
        self._profiles: dict[str, Profile] = {}
        self._saving = threading.Lock()
        self._shown: str | None = None
        self._list = ProfileList(id="profiles")
        self._unreadable = Static(id="unreadable")

    def compose(self) -> ComposeResult:
        yield Static("PROFILES", classes="title")
        yield self._list
        yield self._search
        yield self._unreadable

    def on_mount(self) -> None:
        self._unreadable.display = self._search.display = False
        self.set_interval(_EXPIRY_EVERY, self._read_expiries)

    @property
    def profile(self) -> Profile | None:
        """The profile that is shown."""
        return None if self._shown is None else self._profiles.get(self._shown)

    @property
    def session(self) -> Session | None:
        """Its session."""
        return self._sessions.get(self._shown)

    @property
    def empty(self) -> bool:
        """Whether there is no profile."""
        return not self._profiles

    def show_states(self, line: StatusLine) -> None:
        """Show how each profile stands, and in ``line`` the one that is shown."""
        line.show(words.status(self.profile, self.session, clock=time.monotonic()))
        self._list.show([self._entry(profile) for profile in self._found()], self._shown)

    def _entry(self, profile: Profile) -> Entry:
        session = self._sessions.get(profile.name)
        state, unread = (session.state, session.unread) if session else (State.DISCONNECTED, 0)
        validity = self._validity.get(profile.name)
        unchecked = words.alarm(profile.connection) is not None
        return Entry(
            profile.name, profile.group, state, unread, validity, profile.colour, unchecked
        )

    def focus_list(self) -> None:
        """Give the list the focus."""
        self.screen.set_focus(self._list)

    @on(ProfileList.Shown)
    def _moved_to(self, message: ProfileList.Shown) -> None:
        message.stop()
        self._shown = message.name
        self.post_message(self.Shown())

    # Searching

    @on(ProfileList.SearchWanted)
    def _open_search(self, message: ProfileList.SearchWanted) -> None:
        message.stop()
        self._search.display = True
        self._search.focus()

    @on(Input.Changed, "#profile-search")
    def _searched(self, message: Input.Changed) -> None:
        message.stop()
        self.post_message(self.Shown())

    @on(Input.Submitted, "#profile-search")
    def _search_done(self, message: Input.Submitted) -> None:
        message.stop()
        names = [profile.name for profile in self._found()]
        if names and self._shown not in names:
            self._shown = names[0]
            self.post_message(self.Shown())
        self.focus_list()

    def _found(self) -> tuple[Profile, ...]:
        return found(self._profiles.values(), self._search.value)

    def close_search(self) -> bool:
        """Show all profiles again; whether that was not so."""
        if not self._search.display:
            return False
        with self._search.prevent(Input.Changed):
            self._search.value = ""
        self._search.display = False
        self.focus_list()
        self.post_message(self.Shown())
        return True

    # The files

    @work(thread=True, group="profiles")
    def load(self, then_show: str | None, *, then_connect: bool = False) -> None:
        """Read all profiles; ``then_show``: the name of the one to go to."""
        try:
            listing = self._library.list()
        except MtlsxError as error:
            self.app.call_from_thread(self._complain, (str(error),))
        else:
            self.app.call_from_thread(self._loaded, listing, then_show, then_connect)

    def _loaded(self, listing: Listing, then_show: str | None, then_connect: bool) -> None:
        self._profiles = {profile.name: profile for profile in listing.profiles}
        self._complain(tuple(str(each.error) for each in listing.unreadable))
        candidates = (then_show, self._shown, *self._profiles)
        self._shown = next((name for name in candidates if name in self._profiles), None)
        if self.screen.focused is None:
            self._list.focus()
        self._read_expiries()
        self.post_message(self.Loaded(connect=then_connect))

    @work(thread=True, exclusive=True, group="expiries")
    def _read_expiries(self) -> None:
        from mtlsx_tui.expiry import Expiries

        self._expiries = self._expiries or Expiries()
        directory = self._library.profiles.directory
        profiles = tuple(self._profiles.values())
        validity = self._expiries.read(profiles, directory, now=self._now())
        self.app.call_from_thread(self._expiries_read, validity)

    def _expiries_read(self, validity: dict[str, Validity]) -> None:
        self._validity = validity
        self.post_message(self.Shown())

    @on(ProfileList.DuplicateWanted)
    def _duplicate_wanted(self, message: ProfileList.DuplicateWanted) -> None:
        message.stop()
        self._duplicate(message.name)

    @work(thread=True, group="profiles")
    def _duplicate(self, name: str) -> None:
        try:
            copy = self._library.duplicate(name)
        except MtlsxError as error:
            self.app.call_from_thread(self._complain, (str(error),))
        else:
            self.app.call_from_thread(self.load, copy.name)

    @on(ProfileList.MoveWanted)
    def _move_wanted(self, message: ProfileList.MoveWanted) -> None:
        message.stop()
        self._move(message.name, message.by)

    @work(thread=True, group="profiles")
    def _move(self, name: str, by: int) -> None:
        try:
            self._library.move(name, by)
        except MtlsxError as error:
            self.app.call_from_thread(self._complain, (str(error),))
        else:
            self.app.call_from_thread(self.load, name)

    def remember(self, profile: Profile) -> None:
        """Take ``profile`` in place of the one with its name, and save it."""
        self._profiles[profile.name] = profile
        self._save(profile.name)

    @work(thread=True, group="profiles")
    def _save(self, name: str) -> None:
        try:
            # One after the other, and each as it is by then: of two changes in a row the last one stays.
            with self._saving:
                if (profile := self._profiles.get(name)) is not None:
                    self._library.remember(profile)
        except MtlsxError as error:
            self.app.call_from_thread(self._complain, (str(error),))

    @work(thread=True, group="profiles")
    def delete(self, name: str) -> None:
        """Delete a profile with its secrets."""
        try:
            self._library.delete(name)
        except MtlsxError as error:
            self.app.call_from_thread(self._complain, (str(error),))
        self.app.call_from_thread(self.load, None)

    def _complain(self, sentences: tuple[str, ...]) -> None:
        self._unreadable.display = bool(sentences)
        text = "\n".join(f"⚠ {printable(sentence)}" for sentence in sentences)
        self._unreadable.update(Content(text))
