"""The settings of a profile that need no more than a text each, declared once: the form draws, fills and reads them.

A setting's ``path`` leads from the profile to the value: ``connection.tls.ciphers``. Pure: texts in, profiles out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, get_args

from mtlsx.client.settings import ClientIdSuffix, Will
from mtlsx.identity.mapping import CertificatePart, Dialect
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsVersion
from mtlsx_tui.screens.form_kinds import (
    BYTES,
    BYTES_OR_NONE,
    PAIRS,
    SWITCH,
    TEXT,
    TEXT_OR_NONE,
    Kind,
    few,
    member,
    one_of,
    seconds,
    whole,
    whole_or_none,
)

_UINT16, _UINT32 = 0xFFFF, 0xFFFF_FFFF
_DAY = 86_400.0  # seconds
_NO_WILL = Will("")
_PARTS = one_of(get_args(CertificatePart))
_PAIRS_HINT = "name: value; name: value"


class Part(StrEnum):
    """A section of the form."""

    GENERAL = "general"
    TLS = "tls"
    MQTT = "mqtt"
    WILL = "last will"
    BROKER = "the broker's mapping"


class Needs(StrEnum):
    """What a setting is for, where it is not for every connection."""

    MQTT_5 = "MQTT 5"
    WEBSOCKET = "websocket"


@dataclass(frozen=True, slots=True)
class Setting:
    """One field. ``path``: attributes from the profile to the value; ``hint`` stands in an empty field."""

    part: Part
    label: str
    path: str
    kind: Kind
    hint: str = ""
    needs: Needs | None = None

    @property
    def key(self) -> str:
        """The name of its field."""
        return self.path.replace(".", "-")


SETTINGS = (
    Setting(Part.GENERAL, "colour", "colour", TEXT_OR_NONE, "#rrggbb or a name; optional"),
    Setting(Part.TLS, "TLS from", "connection.tls.minimum_version", member(TlsVersion)),
    Setting(Part.TLS, "TLS to", "connection.tls.maximum_version", member(TlsVersion)),
    Setting(Part.TLS, "ciphers", "connection.tls.ciphers", TEXT_OR_NONE, "an OpenSSL list, for TLS 1.2"),
    Setting(Part.MQTT, "id suffix", "connection.client_id_suffix", member(ClientIdSuffix)),
    Setting(Part.MQTT, "keepalive", "connection.keepalive", whole(0, _UINT16), "seconds"),
    Setting(Part.MQTT, "clean start", "connection.clean_start", SWITCH),
    Setting(Part.MQTT, "expiry", "connection.session_expiry", whole(0, _UINT32), "seconds that the session is kept", Needs.MQTT_5),
    Setting(Part.MQTT, "timeout", "connection.connect_timeout", seconds(0.001, _DAY), "seconds to connect"),
    Setting(Part.MQTT, "reconnect", "connection.reconnect.enabled", SWITCH),
    Setting(Part.MQTT, "first after", "connection.reconnect.initial_delay", seconds(0, _DAY), "seconds"),
    Setting(Part.MQTT, "at most", "connection.reconnect.maximum_delay", seconds(0, _DAY), "seconds between attempts"),
    Setting(Part.MQTT, "attempts", "connection.reconnect.limit", whole_or_none(0, _UINT32), "empty: no limit"),
    Setting(Part.MQTT, "headers", "connection.headers", PAIRS, _PAIRS_HINT, Needs.WEBSOCKET),
    Setting(Part.MQTT, "receive max", "connection.properties.receive_maximum", whole_or_none(1, _UINT16), "messages in flight; optional", Needs.MQTT_5),
    Setting(Part.MQTT, "packet max", "connection.properties.maximum_packet_size", whole_or_none(1, _UINT32), "bytes; optional", Needs.MQTT_5),
    Setting(Part.MQTT, "ask response", "connection.properties.request_response_information", SWITCH, "", Needs.MQTT_5),
    Setting(Part.MQTT, "ask problem", "connection.properties.request_problem_information", SWITCH, "", Needs.MQTT_5),
    Setting(Part.MQTT, "user props", "connection.properties.user_properties", PAIRS, _PAIRS_HINT, Needs.MQTT_5),
    Setting(Part.WILL, "topic", "connection.will.topic", TEXT, "empty: no last will"),
    Setting(Part.WILL, "payload", "connection.will.payload", BYTES, "text, or hex: and digits"),
    Setting(Part.WILL, "QoS", "connection.will.qos", few(2)),
    Setting(Part.WILL, "retain", "connection.will.retain", SWITCH),
    Setting(Part.WILL, "delay", "connection.will.properties.will_delay_interval", whole_or_none(0, _UINT32), "seconds; optional", Needs.MQTT_5),
    Setting(Part.WILL, "expiry", "connection.will.properties.message_expiry_interval", whole_or_none(0, _UINT32), "seconds; optional", Needs.MQTT_5),
    Setting(Part.WILL, "format", "connection.will.properties.payload_format_indicator", whole_or_none(0, 1), "1: text; optional", Needs.MQTT_5),
    Setting(Part.WILL, "content type", "connection.will.properties.content_type", TEXT_OR_NONE, "optional", Needs.MQTT_5),
    Setting(Part.WILL, "answer to", "connection.will.properties.response_topic", TEXT_OR_NONE, "response topic; optional", Needs.MQTT_5),
    Setting(Part.WILL, "correlation", "connection.will.properties.correlation_data", BYTES_OR_NONE, "text, or hex: and digits; optional", Needs.MQTT_5),
    Setting(Part.WILL, "user props", "connection.will.properties.user_properties", PAIRS, _PAIRS_HINT, Needs.MQTT_5),
    Setting(Part.BROKER, "dialect", "mapping.dialect", one_of(get_args(Dialect))),
    Setting(Part.BROKER, "username", "mapping.peer_cert_as_username", _PARTS),
    Setting(Part.BROKER, "client id", "mapping.peer_cert_as_clientid", _PARTS),
    Setting(Part.BROKER, "id = user", "mapping.use_username_as_clientid", SWITCH),
    Setting(Part.BROKER, "Redis cmd", "mapping.command", TEXT),
)  # fmt: skip
"""All of them, in the order of the form."""


def texts_of(profile: Profile) -> dict[str, str]:
    """What each field holds for ``profile``, by its key."""
    return {each.key: each.kind.write(_value(profile, each.path)) for each in SETTINGS}


def with_settings(profile: Profile, texts: Mapping[str, str]) -> tuple[Profile, dict[str, str]]:
    """``profile`` with what the fields hold, and a sentence for each field that cannot be meant.

    What was not changed, and what cannot be meant, stays as it is in ``profile``.
    """
    before, errors = texts_of(profile), {}
    for each in SETTINGS:
        if texts[each.key] == before[each.key]:
            continue
        try:
            value = each.kind.read(texts[each.key])
        except ValueError as error:
            errors[each.key] = str(error)
        else:
            profile = _replaced(profile, each.path.split("."), value)
    will = profile.connection.will
    if will is not None and not will.topic:
        if will != _NO_WILL:
            errors["connection-will-topic"] = "A last will needs a topic."
        profile = replace(profile, connection=replace(profile.connection, will=None))
    return profile, errors


def _value(profile: Profile, path: str) -> Any:
    value: Any = profile
    for name in path.split("."):
        value = _member(value, name)
    return value


def _replaced(value: Any, path: list[str], new: object) -> Any:
    name, *rest = path
    changed = _replaced(_member(value, name), rest, new) if rest else new
    return replace(value, **{name: changed})


def _member(value: Any, name: str) -> Any:
    member = getattr(value, name)
    return _NO_WILL if name == "will" and member is None else member
