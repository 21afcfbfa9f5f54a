"""The sections of the profile form: which fields each has, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from textual.containers import Vertical
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
from mtlsx_tui.screens.form_settings import SETTINGS, Part
from mtlsx_tui.widgets.fields import Field

if TYPE_CHECKING:
    from textual.widget import Widget

    from mtlsx_tui.screens.form_values import FormValues


def first_sections(start: FormValues, texts: Mapping[str, str]) -> Iterable[Vertical]:
    """The sections that most people need (``#section-…``), with ``start`` and the ``texts`` of the other settings."""
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


def more_sections(texts: Mapping[str, str]) -> Iterable[Vertical]:
    """The others. They come after the first are on the screen, so that what is typed ahead waits for no field."""
    for part in (Part.MQTT, Part.WILL, Part.BROKER):
        yield _section(part, *_fields(part, texts))


def section_id(part: Part) -> str:
    """The id of a section's widget."""
    return f"section-{part.name.lower()}"


def _section(part: Part, *fields: Widget) -> Vertical:
    title = Static(part.upper(), classes="title")
    return Vertical(title, *fields, id=section_id(part), classes="section")


def _fields(part: Part, texts: Mapping[str, str]) -> Iterable[Field]:
    for each in SETTINGS:
        if each.part is part and each.kind.choices:
            yield choice_field(each.label, each.key, each.kind.choices, texts[each.key])
        elif each.part is part:
            yield text_field(each.label, texts[each.key], each.hint, key=each.key)
