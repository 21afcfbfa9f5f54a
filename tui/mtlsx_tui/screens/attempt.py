"""What the last attempt of a profile showed: its ladder, its verdict, and all the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mtlsx.errors import MtlsxError
from mtlsx_tui.attempted import SERVER
from mtlsx_tui.messages import EvidenceRead
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.widgets.failure import FailurePanel, rung_of
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.question import Question
from mtlsx_tui.widgets.rungs import Rung, Rungs, Tone
from mtlsx_tui.widgets.status import Status, StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.attempted import Anchor, Attempted, Evidence, Line

# The mark of every line takes a column, so that all sections stand in line.
_MARKS = {True: ("✔", Tone.GOOD), False: ("✘", Tone.BAD), None: (" ", Tone.PLAIN)}
_NAME_WIDTH = 10


class AttemptScreen(HelpedScreen["Profile | None"]):
    """Shows one attempt; ends with the profile, changed, where a person came to trust another CA, else with None.

    ``profile``: as it is now. ``now``: seconds since the epoch.
    """

    AUTO_FOCUS = "#attempt"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "trust", "Trust this CA", tooltip="Take the server's CA as this profile's"),
        Binding("a", "recipes", "Copy as", tooltip="Copy the connection as a command"),
        Binding("escape,x,q", "leave", "Back", tooltip="Go back", key_display="esc"),
    ]

    def __init__(
        self,
        attempted: Attempted,
        profile: Profile,
        library: ProfileLibrary,
        *,
        now: Callable[[], float],
    ) -> None:
        super().__init__()
        self._attempted = attempted
        self._profile = profile
        self._library = library
        self._now = now
        self._anchor: Anchor | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with VerticalScroll(id="attempt"):
            if self._attempted.verdict is not None:
                yield FailurePanel()
            else:
                yield Static("LAST ATTEMPT", classes="title")
                yield Rungs(id="attempt-ladder")
            yield Vertical(Static("reading …", classes="hint"), id="attempt-evidence")
        yield Static(id="attempt-error")
        yield Question()
        yield KeyLine()

    def on_mount(self) -> None:
        attempted = self._attempted
        name = f"{attempted.profile}: the last attempt"
        self.query_one(StatusLine).show(Status(profile=name, group=self._profile.group))
        self.query_one("#attempt-error").display = False
        if attempted.verdict is not None:
            panel = self.query_one(FailurePanel)
            panel.can_focus = False
            panel.show(attempted.verdict, attempted.steps)
            panel.show_next("")
        else:
            rungs = [rung_of(step) for step in attempted.steps]
            self.query_one("#attempt-ladder", Rungs).show(rungs)
        self._read()

    # The evidence

    @work(thread=True, exclusive=True, group="evidence")
    def _read(self) -> None:
        from mtlsx_tui.evidence import read_evidence

        self.post_message(EvidenceRead(read_evidence(self._attempted, now=self._now())))

    async def on_evidence_read(self, message: EvidenceRead) -> None:
        evidence: Evidence = message.evidence
        self._anchor = evidence.anchor
        place = self.query_one("#attempt-evidence", Vertical)
        async with self.batch():
            await place.remove_children()
            for section in evidence.sections:
                title, rows = Static(section.title, classes="title"), Rungs()
                if section.title == SERVER:
                    title.id = "attempt-server"
                await place.mount(title, rows)
                rows.show([_row(line) for line in section.lines])
        self.refresh_bindings()

    # What can be done about it

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """A key is offered where it does something."""
        return self._anchor is not None if action == "trust" else True

    def action_trust(self) -> None:
        """Ask whether the server's CA is to be this profile's."""
        anchor = self._anchor
        if anchor is None:
            return
        self.query_one("#attempt-server").scroll_visible(top=True, animate=False)
        former = self._profile.connection.tls.ca_file
        instead = f" in place of {printable(former)}" if former else ""
        self.query_one(Question).ask(
            f'Trust "{printable(anchor.name)}", valid {anchor.dates}, for this profile{instead}?'
            f" Only if its owner told you this SHA-256 by another way: {anchor.sha256}",
            lambda: self._trust(anchor),
        )

    @work(thread=True, exclusive=True, group="trust")
    def _trust(self, anchor: Anchor) -> None:
        from mtlsx.profiles.trusted import keep_ca, trusting

        try:
            directory = self._library.profiles.directory.parent
            profile = trusting(self._profile, keep_ca(directory, anchor.name, anchor.der))
            self._library.remember(profile)
        except MtlsxError as error:
            self.app.call_from_thread(self._show_error, str(error))
        else:
            self.app.call_from_thread(self.dismiss, profile)

    def _show_error(self, text: str) -> None:
        place = self.query_one("#attempt-error", Static)
        place.display = True
        place.update(Content(f"✘ {printable(text)}"))

    def action_recipes(self) -> None:
        """Copy the connection as a command for another program."""
        from mtlsx_tui.screens.recipes import RecipesScreen

        self.app.push_screen(RecipesScreen(self._profile, self._library))

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)


def _row(line: Line) -> Rung:
    mark, tone = _MARKS[line.good]
    return Rung(mark, line.text, tone, f"{line.name:<{_NAME_WIDTH}}")
