"""Reads and writes PUBLISH (MQTT 5.0, section 3.3): every message comes by here, so this is the fast part."""

from __future__ import annotations

from struct import Struct

from mtlsx.errors import UsageError
from mtlsx.packets import demands
from mtlsx.packets.control_packets import MQTT_5, MQTT_311, NO_PUBLISH_PROPERTIES, Publish
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.properties import PublishProperties
from mtlsx.packets.property_codec import read_properties, read_section, write_properties
from mtlsx.packets.reading import Reader
from mtlsx.packets.texts import check_topic_name, is_plain
from mtlsx.packets.writing import LONGEST_FIELD, LONGEST_PACKET, variable_byte_integer

_PUBLISH = 0x30
_DUP = 8
_NAME = "topic name of PUBLISH"

# First byte, remaining length, length of the topic name.
_SHORT = Struct("!BBH").pack
_MIDDLE = Struct("!BBBH").pack
_new = tuple.__new__


def decode_publish(flags: int, data: bytes, at: int, end: int, version: int) -> Publish:
    """The PUBLISH with these ``flags`` whose variable header begins at ``at`` and whose payload ends at ``end``.

    In MQTT 3.1, DUP with QoS 0 is not forbidden; it means nothing and is left out.
    """
    qos = flags >> 1 & 3
    topic_at = at + 2
    topic_end = topic_at + (data[at] << 8 | data[at + 1]) if topic_at <= end else topic_at
    if topic_end > end:
        raise ProtocolError(demands.TOPIC_NAME, "PUBLISH ends before its topic name does.")
    topic = data[topic_at:topic_end]
    at = topic_end
    packet_id, dup = 0, False
    if qos:
        dup = flags & _DUP == _DUP
        at += 2
        if at > end:
            raise ProtocolError(demands.LENGTH, "PUBLISH ends before its packet identifier does.")
        packet_id = data[topic_end] << 8 | data[topic_end + 1]
        if packet_id == 0:
            raise ProtocolError(demands.PACKET_IDENTIFIER, "The packet identifier of PUBLISH is 0.")
        if qos == 3:
            raise ProtocolError(demands.PUBLISH_QOS, "PUBLISH has QoS 3.")
    elif flags & _DUP and version >= MQTT_311:
        raise ProtocolError(demands.DUP_ALONE, "PUBLISH has DUP set with QoS 0.")
    properties = NO_PUBLISH_PROPERTIES
    if version == MQTT_5:
        length = data[at] if at < end else 0x80
        after = at + 1 + length
        if length == 0:
            at = after
        elif length < 0x80 and after <= end:
            properties = read_section(PublishProperties, data[at + 1 : after], "PUBLISH")
            at = after
        else:
            reader = Reader(data, "PUBLISH", at=at, end=end)
            properties = read_properties(PublishProperties, reader)
            at = reader.at
    if not is_plain(topic):
        _check_topic(topic, properties, version)
    # What Publish(...) does, in half of its time.
    return _new(Publish, (topic, data[at:end], qos, flags & 1 == 1, dup, packet_id, properties))


def encode_publish(packet: Publish, version: int) -> bytes:
    """``packet`` as bytes; raises ``UsageError`` and ``ProtocolError``."""
    topic, payload, qos, retain, dup, packet_id, properties = packet
    if not is_plain(topic):
        _check_topic(topic, properties, version)
    head = b""
    if qos:
        if not (0 < packet_id <= 0xFFFF and qos < 3):
            raise UsageError(f"PUBLISH cannot have QoS {qos} and packet identifier {packet_id}.")
        head = packet_id.to_bytes(2)
    elif dup or packet_id:
        raise UsageError("PUBLISH with QoS 0 has neither DUP nor a packet identifier.")
    if version == MQTT_5:
        head += b"\0" if properties is NO_PUBLISH_PROPERTIES else write_properties(properties)
    return join_publish(_PUBLISH | dup << 3 | qos << 1 | retain, topic, head, payload)


def join_publish(first: int, topic: bytes, head: bytes, payload: bytes) -> bytes:
    """A PUBLISH of parts that are right: its first byte, its topic name, what stands between that and the payload.

    Raises ``UsageError`` where it would be too large.
    """
    size = len(topic)
    length = 2 + size + len(head) + len(payload)
    if size > LONGEST_FIELD or length > LONGEST_PACKET:
        raise UsageError(
            f"PUBLISH would have a topic name of {size} octets and {length} in all;"
            f" {LONGEST_FIELD} and {LONGEST_PACKET} are the most."
        )
    if length < 0x80:
        start = _SHORT(first, length, size)
    elif length < 0x4000:
        start = _MIDDLE(first, length & 0x7F | 0x80, length >> 7, size)
    else:
        written = variable_byte_integer(length, "remaining length")
        start = bytes((first,)) + written + size.to_bytes(2)
    return start + topic + head + payload


def _check_topic(topic: bytes, properties: PublishProperties, version: int) -> None:
    if not topic and (version < MQTT_5 or properties.topic_alias is None):
        raise ProtocolError(
            demands.TOPIC_OR_ALIAS, "PUBLISH has neither a topic name nor a topic alias."
        )
    check_topic_name(topic, _NAME)
