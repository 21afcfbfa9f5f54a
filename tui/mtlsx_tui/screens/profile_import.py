"""Profiles from a file of MQTTX and others: what would come of it is shown first, then it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from mtlsx.errors import MtlsxError
from mtlsx.secret import Secret
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.widgets.fields import Field
from mtlsx_tui.widgets.files import PathSuggester, typed_path
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.status import Status, StatusLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mtlsx.profiles.exchange.incoming import Batch
    from mtlsx.profiles.exchange.taking import Planned
    from mtlsx.profiles.library import ProfileLibrary

_HINT = """\
Exports of MQTTX (JSON, YAML), options files of MQTTX CLI, mosquitto_pub and mosquitto_sub, MQTT Explorer's \
settings.json, and profiles (.toml) and bundles (.zip) of mtlsx. Enter shows what would come of it."""


class _Looked(NamedTuple):
    """A file that was read, and what would become of it."""

    file: str
    batch: Batch
    planned: list[Planned]


class ImportScreen(HelpedScreen[str | None]):
    """Imports one file into ``library``; ends with the name of the first profile that is new, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "look", "Look", show=False, tooltip="Show what would come of the file"),
        Binding("ctrl+s", "save", "Import", tooltip="Import what the file has"),
        Binding("escape", "leave", "Back", tooltip="Go back", key_display="esc"),
    ]

    def __init__(self, library: ProfileLibrary) -> None:
        super().__init__()
        self._library = library
        self._looked: _Looked | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Static(_HINT, id="import-hint")
        yield _field("file", "import-file", "path of the file", suggester=PathSuggester())
        yield _field(
            "certificates", "import-certificates", "another directory to look for them in",
            suggester=PathSuggester(),
        )  # fmt: skip
        yield _field("passphrase", "import-passphrase", "of sealed secrets", password=True)
        with VerticalScroll(can_focus=False):
            yield Static(id="import-report")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(StatusLine).show(Status(profile="import profiles"))

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        self._looked = None

    @on(Input.Submitted)
    def action_look(self) -> None:
        """Show what would come of the file."""
        self._look(*self._typed(), save=False)

    def action_save(self) -> None:
        """Save what was looked at, or look first."""
        if self._looked is None:
            self._look(*self._typed(), save=True)
        else:
            self._save(self._looked)

    def action_leave(self) -> None:
        """Save nothing."""
        self.dismiss(None)

    def _typed(self) -> tuple[str, str, Secret | None]:
        file, certificates, passphrase = (
            self.query_one(f"#import-{name}", Input).value
            for name in ("file", "certificates", "passphrase")
        )
        return file.strip(), certificates.strip(), Secret(passphrase) if passphrase else None

    @work(thread=True, exclusive=True, group="import")
    def _look(self, file: str, certificates: str, passphrase: Secret | None, *, save: bool) -> None:
        from mtlsx.profiles.exchange.files import read_file
        from mtlsx.profiles.exchange.taking import plan
        from mtlsx_tui.import_report import import_report

        worker = get_current_worker()
        try:
            batch = read_file(
                typed_path(file),
                certificates=[typed_path(certificates)] if certificates else [],
                ask=lambda: passphrase,
            )
            names = [profile.name for profile in self._library.list().profiles]
        except MtlsxError as error:
            self.app.call_from_thread(self._show_error, str(error))
            return
        looked = _Looked(file, batch, plan(batch.items, names))
        nothing = [None] * len(looked.planned)
        report = import_report(*looked, nothing, dry_run=True)
        if not worker.is_cancelled:
            self.app.call_from_thread(self._show, f"{report}\n^s imports.", looked)
            if save:
                self.app.call_from_thread(self._save, looked)

    def _show(self, text: str, looked: _Looked | None) -> None:
        self._looked = looked
        lines = (printable(line) for line in text.splitlines())
        self.query_one("#import-report", Static).update(Content("\n".join(lines)))

    def _show_error(self, text: str) -> None:
        self._looked = None
        shown = Content.styled(f"✘ {printable(text)}", "$text-error")
        self.query_one("#import-report", Static).update(shown)

    @work(thread=True, group="profiles")
    def _save(self, looked: _Looked) -> None:
        from mtlsx.profiles.exchange.taking import take

        names = []
        try:
            for planned in (each for each in looked.planned if each.refused is None):
                names.append(take(planned, self._library).profile.name)  # noqa: PERF401  (kept when one fails)
        except MtlsxError as error:
            saved = f" Saved before that: {', '.join(names)}." if names else ""
            self.app.call_from_thread(self._show_error, f"{error}{saved}")
            return
        if names:
            self.app.call_from_thread(self.dismiss, names[0])


def _field(label: str, name: str, placeholder: str, **settings: object) -> Field:
    control = Input(placeholder=placeholder, compact=True, id=name, **settings)  # type: ignore[arg-type]  # suggester and password
    return Field(label, control, id=f"field-{name}")
