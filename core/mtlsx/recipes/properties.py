"""MQTT 5 properties of CONNECT and of the last will as recipes write them, by mosquitto's names for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.client.settings import MqttVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtlsx.client.settings import ConnectionSettings

Property = tuple[str, str | int | bytes | tuple[str, str]]
"""A name ("receive-maximum") and its value; for each "user-property" a pair."""

_FLAGS = {
    "receive-maximum": "--rcv-max",
    "maximum-packet-size": "--maximum-packet-size",
    "request-response-information": "--req-response-info",
    "request-problem-information": "--no-req-problem-info",
    "will-delay-interval": "-Wd",
    "payload-format-indicator": "-Wpf",
    "message-expiry-interval": "-We",
    "content-type": "-Wct",
    "response-topic": "-Wrt",
    "correlation-data": "-Wcd",
}
_WITHOUT_VALUE = frozenset({"--req-response-info", "--no-req-problem-info", "-Wpf"})


def connect_properties(settings: ConnectionSettings) -> Iterator[Property]:
    """What CONNECT says but for the session expiry, where it differs from what is taken without being said."""
    if settings.version is not MqttVersion.V5:
        return
    properties = settings.properties
    if properties.receive_maximum is not None:
        yield "receive-maximum", properties.receive_maximum
    if properties.maximum_packet_size is not None:
        yield "maximum-packet-size", properties.maximum_packet_size
    if properties.request_response_information:
        yield "request-response-information", 1
    if not properties.request_problem_information:
        yield "request-problem-information", 0
    for pair in properties.user_properties:
        yield "user-property", pair


def will_properties(settings: ConnectionSettings) -> Iterator[Property]:
    """What goes with the last will."""
    if settings.version is not MqttVersion.V5 or settings.will is None:
        return
    properties = settings.will.properties
    for name, value in (
        ("will-delay-interval", properties.will_delay_interval),
        ("payload-format-indicator", properties.payload_format_indicator),
        ("message-expiry-interval", properties.message_expiry_interval),
        ("content-type", properties.content_type),
        ("response-topic", properties.response_topic),
        ("correlation-data", properties.correlation_data),
    ):
        if value is not None:
            yield name, value
    for pair in properties.user_properties:
        yield "user-property", pair


def flags(settings: ConnectionSettings, *, conn: bool) -> Iterator[str]:
    """Both as options of MQTTX CLI, which mtlsx shares. ``conn``: of its command ``conn``, which has -up for -Cup."""
    for name, value in connect_properties(settings):
        yield from _flag(name, value, "-up" if conn else "-Cup")
    for name, value in will_properties(settings):
        yield from _flag(name, value, "-Wup")


def _flag(name: str, value: str | int | bytes | tuple[str, str], user_property: str) -> list[str]:
    if isinstance(value, tuple):
        return [user_property, ": ".join(value)]
    flag = _FLAGS[name]
    if flag == "-Wpf" and value == 0:
        return []  # what is taken without being said
    return [flag] if flag in _WITHOUT_VALUE else [flag, text(value)]


def text(value: str | int | bytes) -> str:
    """A value as a word of a command."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
