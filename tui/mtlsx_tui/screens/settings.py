"""The screen of the settings: one field for each that ``mtlsx_tui.settings`` declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from mtlsx.errors import MtlsxError, UsageError
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.settings import (
    FILE_NAME,
    SETTINGS,
    Setting,
    Settings,
    WrongSettingError,
    load_settings,
    read_settings,
    save_settings,
    write_settings,
)
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.fields import Field
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.status import Status, StatusLine

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

_THEME = "theme"
KEYS = (
    Binding("ctrl+s", "save", "Save", tooltip="Save the settings"),
    Binding("ctrl+d", "defaults", "Defaults", tooltip="Fill in the defaults", priority=True),
    # With priority, so that what is typed ahead lands in the next field.
    Binding("tab", "app.focus_next", "Next", show=False, priority=True),
    Binding("shift+tab", "app.focus_previous", "Previous", show=False, priority=True),
    Binding("escape", "leave", "Back", tooltip="Go back, and leave the settings as they were", key_display="esc"),
)  # fmt: skip


class SettingsScreen(HelpedScreen[None]):
    """Shows what is in the file in ``directory``, and saves it there; ``problem``: what is wrong with the history."""

    AUTO_FOCUS = f"#set-{SETTINGS[0].name}"
    BINDINGS: ClassVar[list[BindingType]] = [
        *KEYS,
        # With priority over scrolling; only in the theme's field.
        Binding("up", "step_theme(-1)", "Theme before", show=False, priority=True),
        Binding("down", "step_theme(1)", "Next theme", show=False, priority=True),
    ]

    def __init__(self, directory: Path, problem: MtlsxError | None = None) -> None:
        super().__init__()
        self._directory = directory
        self._problem = problem
        self._theme_before = ""

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with VerticalScroll(id="settings", can_focus=False):
            for setting in SETTINGS:
                with Vertical(classes="setting"):
                    yield Field(setting.title, self._control(setting), id=f"field-{setting.name}")
                    yield Static(_help(setting), classes="hint")
        yield Static(id="settings-note")
        yield KeyLine()

    def on_mount(self) -> None:
        self._theme_before = self.app.theme
        where = str(self._directory / FILE_NAME)
        self.query_one(StatusLine).show(Status(profile="settings", facts=(printable(where),)))
        self._say(str(self._problem) if self._problem is not None else None)
        try:
            self._fill(load_settings(self._directory))
        except UsageError as error:
            self._say(str(error))

    def _control(self, setting: Setting) -> Input | Choice:
        place = f"set-{setting.name}"
        if isinstance(setting.default, bool):
            return Choice(("off", "on"), id=place)
        names = sorted(self.app.available_themes) if setting.name == _THEME else None
        suggester = None if names is None else SuggestFromList(names)
        return Input(compact=True, id=place, suggester=suggester)

    def _fill(self, settings: Settings) -> None:
        for name, text in write_settings(settings).items():
            self._controls()[name].value = text

    def _controls(self) -> dict[str, Input | Choice]:
        found = {}
        for setting in SETTINGS:
            control = self.query_one(f"#set-{setting.name}")
            assert isinstance(control, Input | Choice)  # noqa: S101  (_control makes them so)
            found[setting.name] = control
        return found

    @on(Input.Changed, f"#set-{_THEME}")
    def _show_theme(self, event: Input.Changed) -> None:
        """Show a theme as soon as its name is whole."""
        if event.value in self.app.available_themes:
            self.app.theme = event.value

    def action_step_theme(self, steps: int) -> None:
        """Show the next theme."""
        field = self._controls()[_THEME]
        names = sorted(self.app.available_themes)
        at = names.index(field.value) if field.value in names else -1
        field.value = names[(at + steps) % len(names)]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """A key does something where it is meant."""
        if action == "step_theme":
            return self.query_one(f"#set-{_THEME}").has_focus
        return True

    @on(Input.Submitted)
    def action_save(self) -> None:
        """Save what is written, and leave."""
        texts = {name: control.value for name, control in self._controls().items()}
        for name in texts:
            self.query_one(f"#field-{name}", Field).show_error(None)
        self._say(None)
        try:
            settings = read_settings(texts)
            self._check_theme(settings.theme)
            before = load_settings(self._directory)
            save_settings(settings, self._directory)
        except WrongSettingError as error:
            self.query_one(f"#field-{error.name}", Field).show_error(str(error))
            self._controls()[error.name].focus()
            return
        except MtlsxError as error:
            self._say(str(error))
            return
        self.dismiss(None)
        later = [
            each.title
            for each in SETTINGS
            if each.at_start and getattr(settings, each.name) != getattr(before, each.name)
        ]
        if later:
            self.app.notify(f"From the next start: {', '.join(later)}.", markup=False)

    def action_defaults(self) -> None:
        """Fill in the defaults."""
        self._fill(Settings())

    def action_leave(self) -> None:
        """Leave the settings as they were."""
        self.app.theme = self._theme_before
        self.dismiss(None)

    def _check_theme(self, name: str) -> None:
        if name not in self.app.available_themes:
            names = ", ".join(sorted(self.app.available_themes))
            raise WrongSettingError(_THEME, f'There is no theme "{name}". There are {names}.')

    def _say(self, text: str | None) -> None:
        note = self.query_one("#settings-note", Static)
        note.display = text is not None
        note.update(Content.styled(f"✘ {printable(text or '')}", "$text-error"))


def _help(setting: Setting) -> Content:
    shown = write_settings(Settings())[setting.name]
    start = " · from the next start" if setting.at_start else ""
    return Content(f"{setting.help} · default {shown}{start}")
