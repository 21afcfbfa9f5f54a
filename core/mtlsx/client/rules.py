"""What may not be sent: settings, topics and subscriptions that MQTT forbids, each with its sentence.

All raise ``UsageError`` and return nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.client.settings import ClientIdSuffix, MqttVersion
from mtlsx.errors import UsageError

if TYPE_CHECKING:
    from mtlsx.client.settings import (
        ConnectionSettings,
        ConnectProperties,
        Publication,
        Subscription,
        Will,
    )

_LONGEST_TEXT = 65_535
_LONGEST_INTERVAL = 65_535
_UINT16 = 0xFFFF
_UINT32 = 0xFFFF_FFFF
_HIGHEST_IDENTIFIER = 268_435_455


def check_settings(settings: ConnectionSettings) -> None:
    """Refuse settings that no broker can be asked with."""
    if not settings.host.strip():
        raise UsageError("No host was given.", fix="Give the broker's name or address.")
    if not 1 <= settings.port <= 65_535:
        raise UsageError(f"Port {settings.port} does not exist.", fix="Give one from 1 to 65535.")
    try:
        settings.host.encode("idna")
    except UnicodeError as error:
        raise UsageError(f"Host {settings.host!r} is not a valid name.") from error
    if not 0 <= settings.keepalive <= _LONGEST_INTERVAL:
        raise UsageError(f"Keepalive {settings.keepalive} s is not between 0 and 65535.")
    if settings.connect_timeout <= 0:
        raise UsageError("The connect timeout must be more than 0 s.")
    nameless = not settings.client_id and settings.client_id_suffix is ClientIdSuffix.NONE
    if settings.version is MqttVersion.V3_1_1 and nameless and not settings.clean_start:
        raise UsageError(
            "MQTT 3.1.1 has no session to keep for a client without a client id (MQTT-3.1.3-7).",
            fix="Give a client id, or a clean session.",
        )
    _check_text(settings.client_id, "client id")
    _check_text(settings.username or "", "username")
    if settings.will is not None:
        _check_will(settings.will)
    _check_connect_properties(settings.properties)


def check_publication(publication: Publication) -> None:
    """Refuse a topic name with wildcards, an empty one, a QoS that does not exist (MQTT 5.0, 4.7)."""
    _check_topic_name(publication.topic, "message")
    _check_qos(publication.qos)


def check_subscription(subscription: Subscription) -> None:
    """Refuse a topic filter whose wildcards stand wrong, an empty one, a QoS that does not exist."""
    topic_filter = subscription.topic_filter
    _check_text(topic_filter, "topic filter")
    if not topic_filter:
        raise UsageError("The topic filter is empty.", fix="Give one, such as factory/+/temp or #.")
    levels = topic_filter.split("/")
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        raise UsageError(f"In topic filter {topic_filter!r}, # must be the whole last level.")
    if any("+" in level and level != "+" for level in levels):
        raise UsageError(f"In topic filter {topic_filter!r}, + must be a whole level.")
    _check_qos(subscription.qos)
    identifier = subscription.subscription_identifier
    if identifier is not None and not 1 <= identifier <= _HIGHEST_IDENTIFIER:
        raise UsageError(
            f"Subscription identifier {identifier} is not between 1 and {_HIGHEST_IDENTIFIER}."
        )
    _check_pairs(subscription.user_properties)


def _check_will(will: Will) -> None:
    """Refuse a last will that no broker can take (MQTT 5.0, section 3.1.3.2)."""
    _check_topic_name(will.topic, "last will")
    _check_qos(will.qos)
    if len(will.payload) > _LONGEST_TEXT:
        size = len(will.payload)
        raise UsageError(f"The last will is {size} bytes long; MQTT allows {_LONGEST_TEXT}.")
    properties = will.properties
    for name, value, most in (
        ("delay interval", properties.will_delay_interval, _UINT32),
        ("message expiry interval", properties.message_expiry_interval, _UINT32),
        ("payload format indicator", properties.payload_format_indicator, 1),
    ):
        if value is not None and not 0 <= value <= most:
            raise UsageError(f"The {name} {value} of the last will is not between 0 and {most}.")
    if properties.response_topic is not None:
        _check_topic_name(properties.response_topic, "last will's response")
    _check_text(properties.content_type or "", "content type of the last will")
    if len(properties.correlation_data or b"") > _LONGEST_TEXT:
        raise UsageError(f"Correlation data may have {_LONGEST_TEXT} bytes at the most.")
    _check_pairs(properties.user_properties)


def _check_connect_properties(properties: ConnectProperties) -> None:
    """Refuse what breaks the protocol (MQTT 5.0, section 3.1.2.11)."""
    for name, value, most in (
        ("Receive maximum", properties.receive_maximum, _UINT16),
        ("Maximum packet size", properties.maximum_packet_size, _UINT32),
    ):
        if value is not None and not 1 <= value <= most:
            raise UsageError(f"{name} {value} is not between 1 and {most}.")
    _check_pairs(properties.user_properties)


def _check_pairs(pairs: tuple[tuple[str, str], ...]) -> None:
    for name, value in pairs:
        _check_text(name, "name of a user property")
        _check_text(value, f"user property {name!r}")


def _check_topic_name(topic: str, what: str) -> None:
    _check_text(topic, "topic")
    if not topic:
        raise UsageError(f"The topic of the {what} is empty.", fix="Give a topic.")
    if "+" in topic or "#" in topic:
        raise UsageError(
            f"The topic {topic!r} of the {what} holds a wildcard.",
            fix="Wildcards + and # are for subscriptions; name one topic.",
        )


def _check_text(text: str, what: str) -> None:
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise UsageError(f"The {what} is not valid Unicode, so MQTT cannot carry it.") from error
    if length > _LONGEST_TEXT:
        raise UsageError(f"The {what} is {length} bytes long; MQTT allows {_LONGEST_TEXT}.")
    if "\0" in text:
        raise UsageError(f"The {what} holds a NUL character, which MQTT forbids (MQTT-1.5.4-2).")


def _check_qos(qos: int) -> None:
    if qos not in {0, 1, 2}:
        raise UsageError(f"QoS {qos} does not exist.", fix="Give 0, 1 or 2.")
