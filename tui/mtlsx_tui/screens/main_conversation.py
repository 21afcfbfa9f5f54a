"""The middle of the main screen: the messages of a session, or why there is no connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.containers import Vertical

from mtlsx_tui.screens import words
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.failure import FailurePanel
from mtlsx_tui.widgets.messages import MessagesPane

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.client.history import MessageHistory
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.sessions import Session


class Conversation(Vertical):
    """Shows one session. The screen calls ``tick`` from its timer. ``history``: what keeps messages on disk, if anything."""

    def __init__(self, history: MessageHistory | None) -> None:
        super().__init__(id="conversation")
        self._history = history
        self.messages = MessagesPane()
        self._failure = FailurePanel()
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        yield self._failure
        yield self.messages

    def show(self, profile: Profile, session: Session | None) -> None:
        """Show the session of ``profile`` from now on."""
        self._session = session
        self.messages.show(session.ring if session else None)
        self.messages.detail.lay_out_as(profile.view_format)
        self.messages.say(words.note(profile, session))
        self._show_failure(session)

    def tick(self) -> None:
        """Take over what came into the ring, and count down."""
        self.messages.poll()
        self.messages.warn(words.unkept(self._history))
        session = self._session
        if session is not None:
            session.seen = session.ring.next
            if session.state is State.WAITING:
                self._failure.show_next(words.coming(session, clock=time.monotonic()))

    def _show_failure(self, session: Session | None) -> None:
        verdict, error = (session.verdict, session.error) if session else (None, None)
        failed = verdict is not None or error is not None
        self._failure.display = failed
        self.messages.display = not failed or (session is not None and len(session.ring) > 0)
        self._failure.set_class(self.messages.display, "-above-messages")
        if session is None:
            return
        if verdict is not None:
            self._failure.show(verdict, session.steps)
        elif error is not None:
            self._failure.show_error(error)
        self._failure.show_next(words.coming(session, clock=time.monotonic()))
