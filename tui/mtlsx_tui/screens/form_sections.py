"""The sections of the profile form: which fields each has, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from mtlsx.client.settings import MqttVersion, Transport
from mtlsx_tui.screens.form_fields import (
    choice_field,
    file_field,
    input_of,
    mouse_button,
    secret_field,
    text_field,
)
from mtlsx_tui.screens.form_kinds import OFF, ON
from mtlsx_tui.screens.form_settings import SETTINGS, Needs, Part
from mtlsx_tui.widgets.fields import Field

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from mtlsx_tui.screens.form_values import FormValues

_MORE = (Part.MQTT, Part.WILL, Part.BROKER)


class Sections(VerticalScroll, can_focus=False):
    """The fields of the form by section, with ``start`` and the ``texts`` of the other settings.

    Those that most connections do without are mounted when somebody comes to them.
    """

    def __init__(self, start: FormValues, texts: Mapping[str, str]) -> None:
        super().__init__(id="form-fields")
        self._start = start
        self._texts = texts
        self._applies: tuple[Transport, MqttVersion] = (Transport.MQTTS, MqttVersion.V5)

    def compose(self) -> ComposeResult:
        yield from _first_sections(self._start, self._texts)
        yield MoreSections()

    async def mount_more(self) -> None:
        """Mount the sections that are not there yet."""
        for line in self.query(MoreSections):
            await line.remove()
            await self.mount(*(_section(part, *_fields(part, self._texts)) for part in _MORE))
            self.show_what_applies(*self._applies)

    async def on_more_sections_wanted(self) -> None:
        await self.mount_more()
        self._go_to(self.query_one(f"#{_section_id(_MORE[0])}"))

    async def move(self, steps: int) -> None:
        """Go to the first field of the next section, or of one before."""
        shown = self._shown()
        inside = [each for each in shown if each.has_focus_within]
        at = shown.index(inside[0]) + steps if inside else 0
        if at == len(shown):
            await self.mount_more()
            shown = self._shown()
        self._go_to(shown[max(0, min(at, len(shown) - 1))])

    def show_what_applies(self, transport: Transport, version: MqttVersion) -> None:
        """Leave out what that transport and that version of MQTT have no use for."""
        self._applies = (transport, version)
        self.query_one("#field-path").display = transport.uses_websocket
        for part in (Part.TLS, Part.BROKER):
            self.query(f"#{_section_id(part)}").set(display=transport.uses_tls)
        met = {
            Needs.MQTT_5: version is MqttVersion.V5,
            Needs.WEBSOCKET: transport.uses_websocket,
        }
        for each in SETTINGS:
            if each.needs is not None:
                self.query(f"#field-{each.key}").set(display=met[each.needs])

    def _shown(self) -> list[Widget]:
        return [each for each in self.query(".section") if each.display]

    def _go_to(self, section: Widget) -> None:
        fields = section.query("Input, Choice")
        next(each for each in fields if each.focusable).focus(scroll_visible=False)
        section.scroll_visible(top=True, animate=False)


class MoreSections(Static, can_focus=True):
    """The line in place of the sections that are not there yet; a click or the way through the fields wants them."""

    class Wanted(Message):
        """They are wanted."""

    def __init__(self) -> None:
        names = ", ".join(_MORE).upper()
        super().__init__(f"… {names}", classes="title")

    def on_focus(self) -> None:
        self.post_message(self.Wanted())


def _first_sections(start: FormValues, texts: Mapping[str, str]) -> Iterable[Vertical]:
    """The sections that most people need."""
    yield _section(
        Part.GENERAL,
        text_field("name", start.name, "what to call this device"),
        text_field("group", start.group, "optional"),
        choice_field("transport", "transport", tuple(Transport), start.transport),
        text_field("host", start.host, "name or address of the broker"),
        text_field("port", start.port),
        text_field("path", start.path),
        choice_field("MQTT version", "version", tuple(MqttVersion), start.version),
        Field(
            "client id",
            input_of("client_id", start.client_id, "empty: the broker assigns one"),
            mouse_button("generate", id="form-generate"),
            id="field-client_id",
        ),
        text_field("username", start.username, "optional"),
        secret_field("password"),
        *_fields(Part.GENERAL, texts),
    )
    yield _section(
        Part.TLS,
        file_field("CA file", "ca_file", start.ca_file, "empty: the system's trust store"),
        file_field(
            "certificate",
            "certificate_file",
            start.certificate_file,
            "empty: no client certificate",
        ),
        file_field("key", "key_file", start.key_file, "empty: in the certificate's file"),
        secret_field("passphrase"),
        text_field("server name", start.sni, "SNI; empty: the host", key="sni"),
        text_field("ALPN", start.alpn, "optional, such as x-amzn-mqtt-ca", key="alpn"),
        choice_field("verify chain", "verify_chain", (ON, OFF), start.verify_chain),
        choice_field("verify name", "verify_name", (ON, OFF), start.verify_name),
        file_field("CRL file", "crl_file", start.crl_file, "optional; to check the server against"),
        *_fields(Part.TLS, texts),
    )


def _section_id(part: Part) -> str:
    return f"section-{part.name.lower()}"


def _section(part: Part, *fields: Widget) -> Vertical:
    title = Static(part.upper(), classes="title")
    return Vertical(title, *fields, id=_section_id(part), classes="section")


def _fields(part: Part, texts: Mapping[str, str]) -> Iterable[Field]:
    for each in SETTINGS:
        if each.part is part and each.kind.choices:
            yield choice_field(each.label, each.key, each.kind.choices, texts[each.key])
        elif each.part is part:
            yield text_field(each.label, texts[each.key], each.hint, key=each.key)
