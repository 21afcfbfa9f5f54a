"""Profiles into a file for another machine, another person or MQTTX; what stays behind is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from mtlsx.errors import MtlsxError, UsageError
from mtlsx.secret import Secret
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.fields import Field
from mtlsx_tui.widgets.files import PathSuggester, typed_path
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.printable import printable
from mtlsx_tui.widgets.status import Status, StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile

_HINT = """\
NAME.toml is one profile, NAME.json is for MQTTX, and NAME.zip a bundle with the certificates. Private keys and \
passwords stay here unless you ask for them; both go into a bundle only, and passwords only sealed."""

_STAY, _GO = "stay here", "go along"
_KEEP, _REPLACE = "keep it", "replace it"


class _Wanted(NamedTuple):
    """What a person asked for."""

    profiles: list[Profile]
    path: Path
    with_keys: bool
    passphrase: Secret | None
    overwrite: bool


class ExportScreen(HelpedScreen[None]):
    """Writes ``profile``, its group, or all of ``library`` to a file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "export", "Write", tooltip="Write the file"),
        Binding("escape", "dismiss", "Back", tooltip="Go back", key_display="esc"),
        # With priority, so that what is typed ahead lands in the next field.
        Binding("tab,down", "app.focus_next", "Next field", show=False, priority=True),
        Binding("shift+tab,up", "app.focus_previous", "Previous field", show=False, priority=True),
    ]

    def __init__(self, library: ProfileLibrary, profile: Profile) -> None:
        super().__init__()
        self._library = library
        self._chosen: dict[str, Callable[[Profile], bool]] = {
            "this one": lambda each: each.name == profile.name
        }
        if profile.group is not None:
            self._chosen["its group"] = lambda each: each.group == profile.group
        self._chosen["all"] = lambda _: True

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Static(_HINT, id="export-hint")
        yield _choice("profiles", "export-profiles", tuple(self._chosen))
        yield _text("file", "export-file", "path of the file, such as devices.zip", path=True)
        yield _choice("private keys", "export-keys", (_STAY, _GO))
        yield _text("passphrase", "export-passphrase", "seals the passwords; empty: they stay here")
        yield _text("once more", "export-again", "the passphrase, once more")
        yield _choice("existing", "export-existing", (_KEEP, _REPLACE))
        with VerticalScroll(can_focus=False):
            yield Static(id="export-report")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(StatusLine).show(Status(profile="export profiles"))

    @on(Input.Submitted)
    def action_export(self) -> None:
        """Write the file."""
        self._export(
            self._chosen[self._choice("profiles")],
            self._text("file").strip(),
            with_keys=self._choice("keys") == _GO,
            passphrases=(self._text("passphrase"), self._text("again")),
            overwrite=self._choice("existing") == _REPLACE,
        )

    def _choice(self, name: str) -> str:
        return self.query_one(f"#export-{name}", Choice).value

    def _text(self, name: str) -> str:
        return self.query_one(f"#export-{name}", Input).value

    @work(thread=True, exclusive=True, group="export")
    def _export(
        self,
        chosen: Callable[[Profile], bool],
        file: str,
        *,
        with_keys: bool,
        passphrases: tuple[str, str],
        overwrite: bool,
    ) -> None:
        try:
            if not file:
                raise UsageError("Where to? Name a file.")
            if passphrases[0] != passphrases[1]:
                raise UsageError("The two passphrases differ.", fix="Type both again.")
            profiles = [each for each in self._library.list().profiles if chosen(each)]
            passphrase = Secret(passphrases[0]) if passphrases[0] else None
            wanted = _Wanted(profiles, typed_path(file), with_keys, passphrase, overwrite)
            lines = _write(self._library, wanted)
        except MtlsxError as error:
            report = Content.styled(f"✘ {printable(str(error))}", "$text-error")
        else:
            report = Content("\n".join(map(printable, lines)))
        self.app.call_from_thread(self.query_one("#export-report", Static).update, report)


def _write(library: ProfileLibrary, wanted: _Wanted) -> list[str]:
    from mtlsx.profiles.exchange.exporting import export_profiles, form_of, save_export

    form = form_of(wanted.path)
    if form is None:
        raise UsageError(
            f"{wanted.path.name} does not end in .toml, .json or .zip.",
            fix="The ending says what is written.",
        )
    exported = export_profiles(
        library,
        wanted.profiles,
        form,
        with_keys=wanted.with_keys,
        passphrase=wanted.passphrase,
    )
    try:
        save_export(wanted.path, exported, overwrite=wanted.overwrite)
    except FileExistsError:
        raise UsageError(
            f"{wanted.path} is there already.", fix="Choose another name, or to replace it."
        ) from None
    count = len(wanted.profiles)
    names = f"{count:,} profiles" if count != 1 else f'"{wanted.profiles[0].name}"'
    return [f"✔ {names} written to {wanted.path.absolute()}", *exported.notes]


def _choice(label: str, name: str, values: tuple[str, ...]) -> Field:
    return Field(label, Choice(values, id=name), id=f"field-{name}")


def _text(label: str, name: str, placeholder: str, *, path: bool = False) -> Field:
    control = Input(
        placeholder=placeholder, compact=True, id=name, password=not path,
        suggester=PathSuggester() if path else None,
    )  # fmt: skip
    return Field(label, control, id=f"field-{name}")
