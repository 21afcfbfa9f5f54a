"""The foot of the main screen: the publish line, and why the last message was not published."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from mtlsx.errors import MtlsxError
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.publish import PublishLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx_tui.sessions import Session


class Publishing(Vertical):
    """Publishes over one session. ``now``: seconds since the epoch, for the time of our own messages."""

    DEFAULT_CSS = """
    Publishing { height: auto; }
    """

    def __init__(self, *, now: Callable[[], float]) -> None:
        super().__init__()
        self.line = PublishLine()
        self._note = Static(id="publish-note")
        self._now = now
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        yield self.line
        yield self._note

    def show(self, session: Session | None) -> None:
        """Publish over ``session`` from now on."""
        self._session = session
        self._show_refusal(session.refusal if session else None)

    @on(PublishLine.Wanted)
    def _publish(self, message: PublishLine.Wanted) -> None:
        message.stop()
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
        self._note.display = text is not None
        self._note.update(Content(f"✘ not published: {printable(text or '')}"))
