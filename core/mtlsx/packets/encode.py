"""Writes a control packet in the form of a protocol level (MQTT 5.0, section 3; MQTT 3.1.1, section 3).

What a version does not have (properties, reason codes of answers, subscription options) is left out. What cannot be
sent at all raises ``UsageError``: a text that is too long or not UTF-8, a topic with a wildcard, a number out of range.
"""

from __future__ import annotations

from mtlsx.errors import UsageError
from mtlsx.packets import demands
from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_31,
    MQTT_311,
    NO_ANSWER_PROPERTIES,
    Answer,
    Auth,
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Will,
)
from mtlsx.packets.demands import Demand
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import PacketType
from mtlsx.packets.properties import Properties
from mtlsx.packets.property_codec import write_properties
from mtlsx.packets.publish import encode_publish
from mtlsx.packets.reason_codes import FAILURE, RETURN_CODES
from mtlsx.packets.texts import SHARED, check_text, check_topic_filter, check_topic_name
from mtlsx.packets.writing import LONGEST_FIELD, binary, integer
from mtlsx.packets.writing import packet as whole

_RESERVED_2 = 2
_ANSWERS: dict[type[Answer], int] = {
    Puback: PacketType.PUBACK << 4,
    Pubrec: PacketType.PUBREC << 4,
    Pubrel: PacketType.PUBREL << 4 | _RESERVED_2,
    Pubcomp: PacketType.PUBCOMP << 4,
}
_PROTOCOLS = {MQTT_31: b"MQIsdp", MQTT_311: b"MQTT", MQTT_5: b"MQTT"}


def encode(packet: ControlPacket, version: int) -> bytes:
    """``packet`` as bytes. A CONNECT has a version of its own, and that one counts."""
    try:
        if isinstance(packet, Publish):
            return encode_publish(packet, version)
        return _encode(packet, version)
    except ProtocolError as error:
        raise UsageError(error.sentence) from error


def _encode(packet: ControlPacket, version: int) -> bytes:
    match packet:
        case Puback() | Pubrec() | Pubrel() | Pubcomp():
            return _answer(packet, version)
        case Connect():
            return _connect(packet)
        case Connack():
            return _connack(packet, version)
        case Subscribe():
            return _subscribe(packet, version)
        case Suback() | Unsuback():
            return _codes(packet, version)
        case Unsubscribe():
            return _unsubscribe(packet, version)
        case Pingreq():
            return whole(PacketType.PINGREQ << 4, b"")
        case Pingresp():
            return whole(PacketType.PINGRESP << 4, b"")
        case Disconnect():
            return _ending(PacketType.DISCONNECT, packet.code, packet.properties, version)
        case Auth():
            return _auth(packet, version)
        case Publish():
            return encode_publish(packet, version)


def _answer(packet: Answer, version: int) -> bytes:
    first, packet_id, code = _ANSWERS[type(packet)], packet.packet_id, packet.code
    plain = version < MQTT_5 or (packet.properties is NO_ANSWER_PROPERTIES and code == 0)
    if plain and 0 < packet_id <= LONGEST_FIELD:
        return bytes((first, 2, packet_id >> 8, packet_id & 0xFF))
    body = _packet_id(packet_id)
    properties = write_properties(packet.properties)
    if properties != b"\0":
        body += integer(code, 1, "reason code") + properties
    elif code:
        body += integer(code, 1, "reason code")
    return whole(first, body)


def _connect(packet: Connect) -> bytes:
    version, will = packet.version, packet.will
    if version not in _PROTOCOLS:
        raise UsageError(f"Protocol level {version} is not MQTT 3.1, 3.1.1 or 5.0.")
    flags = packet.clean_start << 1
    payload = _text(packet.client_id, "client id", demands.CLIENT_ID_UTF8)
    if will is not None:
        flags |= 4 | integer(will.qos, 1, "will QoS", most=2)[0] << 3 | will.retain << 5
        payload += _will(will, version)
    if packet.password is not None:
        flags |= 64
    if packet.username is not None:
        flags |= 128
        payload += _text(packet.username, "username", demands.USERNAME_UTF8)
    if packet.password is not None:
        payload += binary(packet.password, "password")
    keep_alive = integer(packet.keep_alive, 2, "keep alive")
    return whole(
        PacketType.CONNECT << 4,
        binary(_PROTOCOLS[version], "protocol name")
        + bytes((version, flags))
        + keep_alive
        + _properties(packet.properties, version)
        + payload,
    )


def _will(will: Will, version: int) -> bytes:
    what = "will topic"
    check_topic_name(
        will.topic, what, utf8=demands.WILL_TOPIC_UTF8, wildcards=demands.WILL_TOPIC_WILDCARDS
    )
    if not will.topic:
        raise UsageError(f"The {what} is empty.")
    return (
        _properties(will.properties, version)
        + binary(will.topic, what)
        + binary(will.payload, "will payload")
    )


def _connack(packet: Connack, version: int) -> bytes:
    if version < MQTT_5 and packet.code not in RETURN_CODES:
        raise UsageError(f"CONNACK has no return code {packet.code} before MQTT 5.")
    flags = packet.session_present and version > MQTT_31
    return whole(
        PacketType.CONNACK << 4,
        bytes((flags,))
        + integer(packet.code, 1, "reason code")
        + _properties(packet.properties, version),
    )


def _subscribe(packet: Subscribe, version: int) -> bytes:
    if not packet.subscriptions:
        raise UsageError("SUBSCRIBE has no topic filter.")
    return whole(
        PacketType.SUBSCRIBE << 4 | _RESERVED_2,
        _packet_id(packet.packet_id)
        + _properties(packet.properties, version)
        + b"".join(_subscription(each, version) for each in packet.subscriptions),
    )


def _subscription(subscription: Subscription, version: int) -> bytes:
    options = integer(subscription.qos, 1, "QoS of SUBSCRIBE", most=2)[0]
    if version == MQTT_5:
        if subscription.no_local and subscription.topic_filter.startswith(SHARED):
            raise UsageError("A shared subscription may not have No Local.")
        handling = integer(subscription.retain_handling, 1, "retain handling", most=2)[0]
        options |= (
            subscription.no_local << 2 | subscription.retain_as_published << 3 | handling << 4
        )
    written = _topic_filter(subscription.topic_filter, version, demands.SUBSCRIBE_UTF8)
    return written + bytes((options,))


def _unsubscribe(packet: Unsubscribe, version: int) -> bytes:
    if not packet.topic_filters:
        raise UsageError("UNSUBSCRIBE has no topic filter.")
    return whole(
        PacketType.UNSUBSCRIBE << 4 | _RESERVED_2,
        _packet_id(packet.packet_id)
        + _properties(packet.properties, version)
        + b"".join(
            _topic_filter(each, version, demands.UNSUBSCRIBE_UTF8) for each in packet.topic_filters
        ),
    )


def _codes(packet: Suback | Unsuback, version: int) -> bytes:
    codes = packet.codes
    kind = PacketType.SUBACK if isinstance(packet, Suback) else PacketType.UNSUBACK
    if version < MQTT_5:
        refusal = FAILURE
        codes = tuple(min(code, refusal) for code in codes) if kind is PacketType.SUBACK else ()
    return whole(
        kind << 4,
        _packet_id(packet.packet_id)
        + _properties(packet.properties, version)
        + b"".join(integer(code, 1, "reason code") for code in codes),
    )


def _auth(packet: Auth, version: int) -> bytes:
    if version < MQTT_5:
        raise UsageError("AUTH does not exist before MQTT 5.")
    if packet != Auth() and packet.properties.authentication_method is None:
        raise UsageError("AUTH names no authentication method.")
    return _ending(PacketType.AUTH, packet.code, packet.properties, version)


def _ending(kind: PacketType, code: int, properties: Properties, version: int) -> bytes:
    """DISCONNECT and AUTH, which are empty where they say nothing."""
    if version < MQTT_5:
        return whole(kind << 4, b"")
    written = write_properties(properties)
    if written == b"\0" and code == 0:
        return whole(kind << 4, b"")
    return whole(kind << 4, integer(code, 1, "reason code") + written)


def _properties(properties: Properties, version: int) -> bytes:
    return write_properties(properties) if version == MQTT_5 else b""


def _packet_id(packet_id: int) -> bytes:
    return integer(packet_id, 2, "packet identifier", least=1)


def _text(text: bytes, what: str, utf8: Demand) -> bytes:
    check_text(text, what, utf8=utf8)
    return binary(text, what)


def _topic_filter(topic_filter: bytes, version: int, utf8: Demand) -> bytes:
    what = "topic filter"
    check_topic_filter(topic_filter, what, utf8=utf8, shares=version == MQTT_5)
    return binary(topic_filter, what)
