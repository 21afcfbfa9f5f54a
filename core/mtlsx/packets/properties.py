"""The properties of MQTT 5.0: a value for each kind of packet, whose fields are the properties allowed in it.

Fields have the standard's names; None is absent, and so is an empty tuple where a property may stand several times.
Texts are octets, checked to be UTF-8, as everywhere in this room (``control_packets`` says why); but what is written
for people to read (reason string, server reference, response information) is ``str``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class ConnectProperties:
    """Properties of CONNECT (section 3.1.2.11); intervals in seconds, sizes in octets."""

    session_expiry_interval: int | None = None
    receive_maximum: int | None = None
    maximum_packet_size: int | None = None
    topic_alias_maximum: int | None = None
    request_response_information: bool | None = None
    request_problem_information: bool | None = None
    user_properties: Pairs = ()
    authentication_method: bytes | None = None
    authentication_data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class WillProperties:
    """Properties of a last will (section 3.1.3.2); intervals in seconds."""

    will_delay_interval: int | None = None
    payload_format_indicator: int | None = None
    message_expiry_interval: int | None = None
    content_type: bytes | None = None
    response_topic: bytes | None = None
    correlation_data: bytes | None = None
    user_properties: Pairs = ()


@dataclass(frozen=True, slots=True)
class ConnackProperties:
    """Properties of CONNACK (section 3.2.2.3); intervals in seconds, sizes in octets."""

    session_expiry_interval: int | None = None
    receive_maximum: int | None = None
    maximum_qos: int | None = None
    retain_available: bool | None = None
    maximum_packet_size: int | None = None
    assigned_client_identifier: bytes | None = None
    topic_alias_maximum: int | None = None
    reason_string: str | None = None
    user_properties: Pairs = ()
    wildcard_subscription_available: bool | None = None
    subscription_identifier_available: bool | None = None
    shared_subscription_available: bool | None = None
    server_keep_alive: int | None = None
    response_information: str | None = None
    server_reference: str | None = None
    authentication_method: bytes | None = None
    authentication_data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PublishProperties:
    """Properties of PUBLISH (section 3.3.2.3); the interval in seconds."""

    payload_format_indicator: int | None = None
    message_expiry_interval: int | None = None
    topic_alias: int | None = None
    response_topic: bytes | None = None
    correlation_data: bytes | None = None
    user_properties: Pairs = ()
    subscription_identifiers: tuple[int, ...] = ()
    content_type: bytes | None = None


@dataclass(frozen=True, slots=True)
class AnswerProperties:
    """Properties of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK (sections 3.4 to 3.11)."""

    reason_string: str | None = None
    user_properties: Pairs = ()


@dataclass(frozen=True, slots=True)
class SubscribeProperties:
    """Properties of SUBSCRIBE (section 3.8.2.1)."""

    subscription_identifier: int | None = None
    user_properties: Pairs = ()


@dataclass(frozen=True, slots=True)
class UnsubscribeProperties:
    """Properties of UNSUBSCRIBE (section 3.10.2.1)."""

    user_properties: Pairs = ()


@dataclass(frozen=True, slots=True)
class DisconnectProperties:
    """Properties of DISCONNECT (section 3.14.2.2); the interval in seconds."""

    session_expiry_interval: int | None = None
    reason_string: str | None = None
    user_properties: Pairs = ()
    server_reference: str | None = None


@dataclass(frozen=True, slots=True)
class AuthProperties:
    """Properties of AUTH (section 3.15.2.2)."""

    authentication_method: bytes | None = None
    authentication_data: bytes | None = field(default=None, repr=False)
    reason_string: str | None = None
    user_properties: Pairs = ()


Properties: TypeAlias = (
    ConnectProperties
    | WillProperties
    | ConnackProperties
    | PublishProperties
    | AnswerProperties
    | SubscribeProperties
    | UnsubscribeProperties
    | DisconnectProperties
    | AuthProperties
)
