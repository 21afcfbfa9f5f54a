"""The profile form: what a connection needs, with the identity beside it as soon as there is a certificate."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static
from textual.worker import get_current_worker

from mtlsx.client.settings import MqttVersion, Transport
from mtlsx.errors import MtlsxError, UsageError
from mtlsx.profiles.model import with_absolute_paths
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx_tui.messages import IdentityRead, RemarksMade
from mtlsx_tui.screens.form_kinds import OFF
from mtlsx_tui.screens.form_sections import Sections
from mtlsx_tui.screens.form_settings import texts_of, with_settings
from mtlsx_tui.screens.form_values import FormValues, new_client_id
from mtlsx_tui.screens.helped import HelpedScreen
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.fields import Field
from mtlsx_tui.widgets.files import FilePanel
from mtlsx_tui.widgets.identity import IdentityCard
from mtlsx_tui.widgets.keys import KeyLine
from mtlsx_tui.widgets.status import Status, StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.identity.mapping import Mapping
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile

_PAUSE = 0.15
"""Seconds without a keystroke after which files are read again."""

_FILES = {
    "ca_file": "CA FILE",
    "certificate_file": "CERTIFICATE",
    "key_file": "KEY",
    "crl_file": "CRL FILE",
}


class Saved:
    """How the form ended: with a saved profile, to be connected now or not."""

    def __init__(self, profile: Profile, *, connect: bool) -> None:
        self.profile = profile
        self.connect = connect


class ProfileForm(HelpedScreen[Saved | None]):
    """Edits one profile, or a new one; ends with ``Saved``, or None when nothing was saved."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save(False)", "Save", tooltip="Save the profile"),
        Binding("ctrl+o", "save(True)", "Save and connect", tooltip="Save the profile, and connect it"),
        Binding("ctrl+l", "browse", "Choose file", tooltip="Look for the file of this field"),
        Binding("ctrl+g", "generate", "Generate", tooltip="Take a client id that nobody else has"),
        Binding("ctrl+g", "forget", "Forget", tooltip="Forget the secret that is stored"),
        Binding(
            "pagedown", "section(1)", "Next section", tooltip="Go to the next section",
            key_display="pgdn", priority=True,
        ),
        Binding(
            "pageup", "section(-1)", "Previous section", tooltip="Go to the section before",
            show=False, key_display="pgup", priority=True,
        ),
        Binding("escape", "leave", "Back", tooltip="Go back; asks where something is not saved", key_display="esc"),
        # With priority, so that what is typed ahead lands in the next field.
        Binding("tab,enter,down", "next_field", "Next field", show=False, priority=True),
        Binding("shift+tab,up", "previous_field", "Previous field", show=False, priority=True),
    ]  # fmt: skip

    def __init__(
        self, library: ProfileLibrary, profile: Profile | None, *, now: Callable[[], float]
    ) -> None:
        super().__init__()
        self._library = library
        self._base = profile
        self._now = now
        self._start = FormValues.of(profile) if profile else FormValues(client_id=new_client_id())
        self._texts = texts_of(profile or self._start.profile())
        self._sections = Sections(self._start, self._texts)
        self._port_is_default = True
        self._stored: dict[SecretKind, Secret] = {}
        self._forgotten: set[SecretKind] = set()
        self._browsing: str | None = None
        self._asked_to_leave = False
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with Horizontal(id="form-body"):
            yield self._sections
            with Vertical(id="form-side"):
                yield IdentityCard(whole=True)
                yield FilePanel()
        yield Static(id="form-hint")
        yield KeyLine()

    def on_mount(self) -> None:
        name = self._base.name if self._base else None
        group = self._base.group if self._base else None
        words = Status(profile=name or "new profile", group=group)
        self.query_one(StatusLine).show(words)
        self.query_one(FilePanel).display = False
        self._show_what_applies()
        self._show_risks()
        self.query_one("#form-name" if self._base is None else "#form-host").focus()
        if self._base is not None:
            self._load_secrets(self._base.name)
        self._read_identity()

    # What the fields hold

    def _values(self) -> FormValues:
        return FormValues(**{each.name: self._text(each.name) for each in fields(FormValues)})

    def _typed_settings(self) -> dict[str, str]:
        """What the fields of the other settings hold, by key."""
        typed = dict(self._texts)
        for each in (*self.query(Input), *self.query(Choice)):
            key = (each.id or "").removeprefix("form-")
            if key in typed:
                typed[key] = each.value
        return typed

    def _text(self, key: str) -> str:
        control = self.query_one(f"#form-{key}")
        assert isinstance(control, Input | Choice)  # noqa: S101  (form_sections makes them so)
        return control.value

    def _typed_profile(self) -> tuple[Profile, dict[str, str]]:
        """The profile that the fields mean, and a sentence for each that cannot be meant."""
        profile, errors = with_settings(self._values().profile(self._base), self._typed_settings())
        return profile, self._values().errors() | errors

    def _typed_secret(self, kind: SecretKind) -> Secret | None:
        """The secret in force: typed, else stored and not forgotten."""
        typed = self.query_one(f"#form-{kind.value}", Input).value
        if typed:
            return Secret(typed)
        return None if kind in self._forgotten else self._stored.get(kind)

    @property
    def _transport(self) -> Transport:
        return Transport(self.query_one("#form-transport", Choice).value)

    @property
    def _default_port(self) -> str:
        return str(self._transport.default_port)

    @property
    def _focused_field(self) -> str:
        """The name of the setting whose field has the focus, or nothing."""
        focused = self.focused.id or "" if self.focused else ""
        return focused.removeprefix("form-")

    @property
    def _changed(self) -> bool:
        typed = any(self.query_one(f"#form-{kind.value}", Input).value for kind in SecretKind)
        if typed or self._forgotten or self._values() != self._start:
            return True
        return self._typed_settings() != self._texts

    # Fields that follow others

    @on(Choice.Changed, "#form-transport")
    def _transport_changed(self) -> None:
        if self._port_is_default:
            with self.prevent(Input.Changed):
                self.query_one("#form-port", Input).value = self._default_port
        self._show_what_applies()
        self._read_identity()

    @on(Input.Changed, "#form-port")
    def _port_changed(self, event: Input.Changed) -> None:
        self._port_is_default = event.value == self._default_port

    @on(Button.Pressed, "#form-generate")
    def action_generate(self) -> None:
        """Take a client id that nobody else has."""
        self.query_one("#form-client_id", Input).value = new_client_id()

    def on_key(self, event: events.Key) -> None:
        """Put what was typed before the first field was there into it; fields keep their own keys to themselves."""
        if isinstance(self.focused, Input) and event.is_printable and event.character:
            event.stop()
            self.focused.insert_text_at_cursor(event.character)

    def action_next_field(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def action_previous_field(self) -> None:
        """Go to the previous field."""
        self.focus_previous()

    async def action_section(self, steps: int) -> None:
        """Go to the first field of the next section, or of one before."""
        await self._sections.move(steps)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._asked_to_leave = False
        self._hint("")
        key = (event.input.id or "").removeprefix("form-")
        if key in ("name", "host", "port") or key in self._texts:
            self.query_one(f"#field-{key}", Field).show_error(None)
        if key not in ("name", "group", "host", "port", "path"):
            self._read_identity()

    @on(Choice.Changed, "#form-verify_chain, #form-verify_name")
    def _show_risks(self) -> None:
        for key, risk in (
            ("verify_chain", "OFF: any certificate passes as the server's."),
            ("verify_name", "OFF: the certificate of any other server passes too."),
        ):
            off = self.query_one(f"#form-{key}", Choice).value == OFF
            self.query_one(f"#field-{key}", Field).show_error(risk if off else None)

    @on(Choice.Changed, "#form-version")
    def _show_what_applies(self) -> None:
        self._sections.show_what_applies(self._transport, MqttVersion(self._text("version")))

    @on(Choice.Changed)
    def _mapping_changed(self, event: Choice.Changed) -> None:
        if (event.choice.id or "").startswith("form-mapping-"):
            self._read_identity()

    # The identity

    def _read_identity(self) -> None:
        """Read the files again once nobody types any more."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE, self._inspect_what_is_typed)

    def _inspect_what_is_typed(self) -> None:
        profile, _ = self._typed_profile()
        connection = with_absolute_paths(profile.connection, self._library.profiles.directory)
        tls = replace(connection.tls, passphrase=self._typed_secret(SecretKind.PASSPHRASE))
        self._inspect(replace(connection, tls=tls), profile.mapping)

    @work(thread=True, exclusive=True, group="identity")
    def _inspect(self, settings: ConnectionSettings, mapping: Mapping) -> None:
        from mtlsx_tui.inspection import inspect, remarks

        worker = get_current_worker()
        inspection = inspect(settings, mapping, now=self._now())
        if not worker.is_cancelled:
            self.post_message(IdentityRead("", inspection))
            found = remarks(settings, inspection.errors, now=self._now())
        if not worker.is_cancelled:
            self.post_message(RemarksMade(found))

    def on_identity_read(self, message: IdentityRead) -> None:
        inspection = message.inspection
        for key in (*_FILES, "passphrase"):
            self.query_one(f"#field-{key}", Field).show_error(inspection.errors.get(key))
        card = self.query_one(IdentityCard)
        if inspection.identity is not None:
            card.show(inspection.identity)
        else:
            card.show_note(inspection.note, bad=bool(inspection.errors))

    def on_remarks_made(self, message: RemarksMade) -> None:
        for key in (*_FILES, "passphrase"):
            self.query_one(f"#field-{key}", Field).show_remarks(message.remarks.get(key, ()))

    # Secrets

    @work(thread=True, group="secrets")
    def _load_secrets(self, name: str) -> None:
        found = {}
        try:
            for kind in SecretKind:
                secret = self._library.secrets.get(name, kind)
                if secret is not None:
                    found[kind] = secret
        except MtlsxError as error:
            self.app.call_from_thread(self._hint, str(error), bad=True)
        self.app.call_from_thread(self._secrets_loaded, found)

    def _secrets_loaded(self, found: dict[SecretKind, Secret]) -> None:
        self._stored = found
        for kind in found:
            self.query_one(f"#form-{kind.value}", Input).placeholder = "stored; type to replace it"
            self.query_one(f"#forget-{kind.value}").display = True
        self._read_identity()

    @on(Button.Pressed, ".forget")
    def _forget_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self._forget(SecretKind((event.button.id or "").removeprefix("forget-")))

    def action_forget(self) -> None:
        """Forget the stored secret of the field that has the focus."""
        self._forget(SecretKind(self._focused_field))

    def _forget(self, kind: SecretKind) -> None:
        self._forgotten.add(kind)
        self.query_one(f"#forget-{kind.value}").display = False
        secret = self.query_one(f"#form-{kind.value}", Input)
        secret.placeholder = "will be forgotten when you save"
        secret.focus()
        self._read_identity()

    # Files

    @on(Button.Pressed, ".browse")
    def _browse_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self._browse((event.button.id or "").removeprefix("browse-"))

    def action_browse(self) -> None:
        """Look for the file of the field that has the focus."""
        self._browse(self._focused_field)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """A key is offered in the field to which it belongs."""
        field = self._focused_field
        match action:
            case "next_field" | "previous_field" | "section":
                return self._browsing is None
            case "browse":
                return field in _FILES
            case "generate":
                return field == "client_id"
            case "forget":
                return field in self._stored.keys() - self._forgotten
        return True

    def _browse(self, key: str) -> None:
        self._browsing = key
        self.add_class("-browsing")
        panel = self.query_one(FilePanel)
        panel.display = True
        panel.open(_FILES[key], self.query_one(f"#form-{key}", Input).value)

    @on(FilePanel.Chosen)
    def _file_chosen(self, message: FilePanel.Chosen) -> None:
        self.query_one(f"#form-{self._browsing}", Input).value = str(message.path)
        self._close_files()

    @on(FilePanel.Closed)
    def _close_files(self) -> None:
        self.remove_class("-browsing")
        self.query_one(FilePanel).display = False
        self.query_one(f"#form-{self._browsing}", Input).focus()
        self._browsing = None

    # The end

    def action_leave(self) -> None:
        """Go back without saving; asks once where something would be lost."""
        if self._changed and not self._asked_to_leave:
            self._asked_to_leave = True
            self._hint("Not saved yet: ctrl+s saves, escape again drops the changes.", bad=True)
        else:
            self.dismiss(None)

    async def action_save(self, connect: bool) -> None:
        """Save, if every field can be meant, and go back; ``connect``: to connect at once."""
        profile, errors = self._typed_profile()
        if not all(self.query(f"#field-{key}") for key in errors):
            await self._sections.mount_more()
        for key, error in errors.items():
            self.query_one(f"#field-{key}", Field).show_error(error)
        if errors:
            # What was mounted just now can be scrolled to when it has its place.
            self.call_after_refresh(self.query_one(f"#form-{next(iter(errors))}").focus)
            return
        self._save(profile, connect=connect)

    @work(thread=True, exclusive=True, group="save")
    def _save(self, profile: Profile, *, connect: bool) -> None:
        try:
            if self._base is None:
                self._refuse_to_replace(profile.name)
            self._library.save(profile, former_name=self._base.name if self._base else None)
            for kind in SecretKind:
                typed = self.query_one(f"#form-{kind.value}", Input).value
                if typed:
                    self._library.secrets.set(profile.name, kind, Secret(typed))
                elif kind in self._forgotten:
                    self._library.secrets.delete(profile.name, kind)
        except MtlsxError as error:
            self.app.call_from_thread(self._hint, str(error), bad=True)
        else:
            self.app.call_from_thread(self.dismiss, Saved(profile, connect=connect))

    def _refuse_to_replace(self, name: str) -> None:
        if any(each.name == name for each in self._library.list().profiles):
            raise UsageError(f'There is already a profile "{name}".', fix="Give it another name.")

    def _hint(self, text: str, *, bad: bool = False) -> None:
        hint = self.query_one("#form-hint", Static)
        hint.set_class(bool(text), "-shown")
        if text:  # each update lays out the whole screen
            hint.update(Content.styled(text, "$text-error" if bad else ""))
