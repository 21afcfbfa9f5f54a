"""The profile form: what a connection needs, with the identity beside it as soon as there is a certificate."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Footer, Input, Static
from textual.worker import get_current_worker

from mtlsx.client.settings import MqttVersion, Transport
from mtlsx.errors import MtlsxError, UsageError
from mtlsx.identity.mapping import Mapping
from mtlsx.profiles.model import with_absolute_paths
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx_tui.messages import IdentityRead
from mtlsx_tui.screens.form_fields import (
    choice_field,
    file_field,
    input_of,
    mouse_button,
    secret_field,
    text_field,
)
from mtlsx_tui.screens.form_values import OFF, ON, FormValues, new_client_id
from mtlsx_tui.widgets.choice import Choice
from mtlsx_tui.widgets.fields import Field
from mtlsx_tui.widgets.files import FilePanel
from mtlsx_tui.widgets.identity import IdentityCard
from mtlsx_tui.widgets.status import Status, StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.timer import Timer

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile

_PAUSE = 0.15
"""Seconds without a keystroke after which files are read again."""

_FILES = ("ca_file", "certificate_file", "key_file")


class Saved:
    """How the form ended: with a saved profile, to be connected now or not."""

    def __init__(self, profile: Profile, *, connect: bool) -> None:
        self.profile = profile
        self.connect = connect


class ProfileForm(Screen[Saved | None]):
    """Edits one profile, or a new one; ends with ``Saved``, or None when nothing was saved."""

    CSS_PATH = "form.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save(False)", "Save"),
        Binding("ctrl+o", "save(True)", "Save and connect"),
        Binding("ctrl+l", "browse", "Choose file"),
        Binding("ctrl+g", "generate", "Generate"),
        Binding("ctrl+g", "forget", "Forget"),
        Binding("escape", "leave", "Back"),
        # With priority, so that what is typed ahead lands in the next field.
        Binding("tab,enter,down", "next_field", "Next field", show=False, priority=True),
        Binding("shift+tab,up", "previous_field", "Previous field", show=False, priority=True),
    ]

    def __init__(
        self, library: ProfileLibrary, profile: Profile | None, *, now: Callable[[], float]
    ) -> None:
        super().__init__()
        self._library = library
        self._base = profile
        self._now = now
        self._start = FormValues.of(profile) if profile else FormValues(client_id=new_client_id())
        self._port_is_default = True
        self._stored: dict[SecretKind, Secret] = {}
        self._forgotten: set[SecretKind] = set()
        self._browsing: str | None = None
        self._asked_to_leave = False
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        start = self._start
        yield StatusLine()
        with Horizontal(id="form-body"):
            with VerticalScroll(id="form-fields", can_focus=False):
                yield Static("GENERAL", classes="title")
                yield text_field("name", start.name, "what to call this device")
                yield text_field("group", start.group, "optional")
                yield choice_field("transport", "transport", tuple(Transport), start.transport)
                yield text_field("host", start.host, "name or address of the broker")
                yield text_field("port", start.port)
                yield text_field("path", start.path)
                yield choice_field("MQTT version", "version", tuple(MqttVersion), start.version)
                yield Field(
                    "client id",
                    input_of("client_id", start.client_id, "empty: the broker assigns one"),
                    mouse_button("generate", id="form-generate"),
                    id="field-client_id",
                )
                yield text_field("username", start.username, "optional")
                yield secret_field("password")
                with Vertical(id="form-tls"):
                    yield Static("TLS", classes="title")
                    yield file_field(
                        "CA file", "ca_file", start.ca_file, "empty: the system's trust store"
                    )
                    yield file_field(
                        "certificate", "certificate_file", start.certificate_file,
                        "empty: no client certificate",
                    )  # fmt: skip
                    yield file_field(
                        "key", "key_file", start.key_file, "empty: in the certificate's file"
                    )
                    yield secret_field("passphrase")
                    yield text_field("server name", start.sni, "SNI; empty: the host", key="sni")
                    yield text_field(
                        "ALPN", start.alpn, "optional, such as x-amzn-mqtt-ca", key="alpn"
                    )
                    yield choice_field(
                        "verify chain", "verify_chain", (ON, OFF), start.verify_chain
                    )
                    yield choice_field("verify name", "verify_name", (ON, OFF), start.verify_name)
            with Vertical(id="form-side"):
                yield IdentityCard(whole=True)
                yield FilePanel()
        yield Static(id="form-hint")
        yield Footer(show_command_palette=False, compact=True)

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
        found = {}
        for each in fields(FormValues):
            control = self.query_one(f"#form-{each.name}")
            assert isinstance(control, Input | Choice)  # noqa: S101  (compose makes them so)
            found[each.name] = control.value
        return FormValues(**found)

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
        return typed or bool(self._forgotten) or self._values() != self._start

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

    def action_next_field(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def action_previous_field(self) -> None:
        """Go to the previous field."""
        self.focus_previous()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._asked_to_leave = False
        self._hint("")
        key = (event.input.id or "").removeprefix("form-")
        if key in ("name", "host", "port"):
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

    def _show_what_applies(self) -> None:
        self.query_one("#field-path").display = self._transport.uses_websocket
        self.query_one("#form-tls").display = self._transport.uses_tls

    # The identity

    def _read_identity(self) -> None:
        """Read the files again once nobody types any more."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE, lambda: self._inspect(self._settings()))

    def _settings(self) -> ConnectionSettings:
        base = self._base.connection if self._base else None
        connection = self._values().connection(base)
        directory = self._library.profiles.directory
        connection = with_absolute_paths(connection, directory)
        return replace(
            connection,
            tls=replace(connection.tls, passphrase=self._typed_secret(SecretKind.PASSPHRASE)),
        )

    @work(thread=True, exclusive=True, group="identity")
    def _inspect(self, settings: ConnectionSettings) -> None:
        from mtlsx_tui.inspection import inspect

        worker = get_current_worker()
        mapping = self._base.mapping if self._base else Mapping()
        inspection = inspect(settings, mapping, now=self._now())
        if not worker.is_cancelled:
            self.post_message(IdentityRead("", inspection))

    def on_identity_read(self, message: IdentityRead) -> None:
        inspection = message.inspection
        for key in (*_FILES, "passphrase"):
            field = self.query_one(f"#field-{key}", Field)
            field.show_error(inspection.errors.get(key))
            field.show_remarks(inspection.remarks.get(key, ()))
        card = self.query_one(IdentityCard)
        if inspection.identity is not None:
            card.show(inspection.identity)
        else:
            card.show_note(inspection.note, bad=bool(inspection.errors))

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
            case "next_field" | "previous_field":
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
        label = {"ca_file": "CA FILE", "certificate_file": "CERTIFICATE", "key_file": "KEY"}[key]
        panel.open(label, self.query_one(f"#form-{key}", Input).value)

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

    def action_save(self, connect: bool) -> None:
        """Save, if every field can be meant, and go back; ``connect``: to connect at once."""
        values = self._values()
        errors = values.errors()
        for key, error in errors.items():
            self.query_one(f"#field-{key}", Field).show_error(error)
        if errors:
            self.query_one(f"#form-{next(iter(errors))}").focus()
            return
        self._save(values.profile(self._base), connect=connect)

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
        hint.update(Content.styled(text, "$text-error" if bad else ""))
