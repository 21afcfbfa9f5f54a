"""Makes a value of one control packet (MQTT 5.0, section 3; MQTT 3.1.1, section 3).

What the standards demand of a packet's form is checked here, but for what depends on who sent it: that is
``from_client``. So a code that a server may not send is told as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from mtlsx.packets import demands
from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_31,
    MQTT_311,
    Auth,
    Connack,
    ControlPacket,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
)
from mtlsx.packets.decode_connect import decode_connect
from mtlsx.packets.demands import Demand
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.framing import Packet, PacketType
from mtlsx.packets.properties import (
    AnswerProperties,
    AuthProperties,
    ConnackProperties,
    DisconnectProperties,
    SubscribeProperties,
    UnsubscribeProperties,
)
from mtlsx.packets.property_codec import read_properties
from mtlsx.packets.publish import decode_publish
from mtlsx.packets.reading import Reader
from mtlsx.packets.texts import SHARED, check_topic_filter

_AnswerKind = TypeVar("_AnswerKind", Puback, Pubrec, Pubrel, Pubcomp)

# The flags of a fixed header that are not all 0 (table 2-2), and who says so.
_ONE = 0b0010
_FLAGS: Final[Mapping[int, tuple[int, Demand]]] = {
    PacketType.PUBREL: (_ONE, demands.PUBREL_FLAGS),
    PacketType.SUBSCRIBE: (_ONE, demands.SUBSCRIBE_FLAGS),
    PacketType.UNSUBSCRIBE: (_ONE, demands.UNSUBSCRIBE_FLAGS),
    PacketType.DISCONNECT: (0, demands.DISCONNECT_FLAGS),
    PacketType.AUTH: (0, demands.AUTH_FLAGS),
}
_NO_FLAGS: Final = (0, demands.FLAGS)
_DUP = 0b1000


def decode(packet: Packet, version: int) -> ControlPacket:
    """The value of ``packet`` in that protocol level; raises ``ProtocolError``.

    A CONNECT has a version of its own, and that one counts.
    """
    return decode_body(packet.type, packet.flags, packet.body, version)


def decode_body(kind: int, flags: int, body: bytes, version: int) -> ControlPacket:
    """As ``decode``; ``kind`` is the packet type, ``body`` what follows the fixed header."""
    if kind == PacketType.PUBLISH:
        return decode_publish(flags, body, 0, len(body), version)
    if kind == PacketType.CONNECT:
        connect = decode_connect(body)
        _check_flags(kind, flags, connect.version)
        return connect
    if kind == PacketType.AUTH and version < MQTT_5:
        raise ProtocolError(demands.TYPE, "Packet type 15 is reserved before MQTT 5.")
    _check_flags(kind, flags, version)
    return _DECODERS[kind](body, version)


def _connack(body: bytes, version: int) -> Connack:
    """A server that does not know MQTT 5 may answer in the 3.1.1 form, two bytes without properties
    (MQTT 5.0, section 4.13.2 leaves that open): it is understood. Reserved flags are passed over.
    """
    reader = Reader(body, "CONNACK")
    session_present = bool(reader.integer(1, "acknowledge flags") & 1) and version > MQTT_31
    code = reader.integer(1, "code")
    properties = ConnackProperties()
    if version == MQTT_5 and reader.left:
        properties = read_properties(ConnackProperties, reader)
    reader.finish()
    return Connack(session_present, code, properties)


def _disconnect(body: bytes, version: int) -> Disconnect:
    reader = Reader(body, "DISCONNECT")
    if version < MQTT_5 or not body:
        reader.finish()
        return Disconnect()
    code = reader.integer(1, "reason code")
    properties = DisconnectProperties()
    if reader.left:
        properties = read_properties(DisconnectProperties, reader)
    reader.finish()
    return Disconnect(code, properties)


def _check_flags(kind: int, flags: int, version: int) -> None:
    """MQTT 3.1 has DUP where later versions reserve it, and calls all other flags unused."""
    wanted, demand = _FLAGS.get(kind, _NO_FLAGS)
    if version == MQTT_31:
        flags = flags & ~_DUP if wanted else 0
    if flags != wanted:
        raise ProtocolError(
            demand, f"The reserved flags of {PacketType(kind).name} are {flags}, not {wanted}."
        )


def _answer(kind: type[_AnswerKind], name: str, body: bytes, version: int) -> _AnswerKind:
    if len(body) == 2 and body != b"\0\0":  # most answers, and one for each message
        return kind(body[0] << 8 | body[1])
    reader = Reader(body, name)
    packet_id = reader.packet_identifier(demands.ANSWER_IDENTIFIER)
    code, properties = 0, AnswerProperties()
    if version == MQTT_5 and reader.left:
        code = reader.integer(1, "reason code")
        if reader.left:
            properties = read_properties(AnswerProperties, reader)
    reader.finish()
    return kind(packet_id, code, properties)


def _subscribe(body: bytes, version: int) -> Subscribe:
    reader = Reader(body, "SUBSCRIBE")
    packet_id = reader.packet_identifier(demands.PACKET_IDENTIFIER)
    properties = SubscribeProperties()
    if version == MQTT_5:
        properties = read_properties(SubscribeProperties, reader)
    if not reader.left:
        raise ProtocolError(demands.SUBSCRIBE_NOT_EMPTY, "SUBSCRIBE has no topic filter.")
    subscriptions = []
    while reader.left:
        subscriptions.append(_subscription(reader, version))
    return Subscribe(packet_id, tuple(subscriptions), properties)


def _subscription(reader: Reader, version: int) -> Subscription:
    topic_filter = _topic_filter(reader, version, demands.SUBSCRIBE_UTF8)
    options = reader.integer(1, "subscription options")
    qos = options & 3
    if qos == 3:
        raise ProtocolError(demands.SUBSCRIBE_QOS, "SUBSCRIBE asks for QoS 3.")
    if version < MQTT_5:
        if options > 2 and version == MQTT_311:
            raise ProtocolError(
                demands.SUBSCRIBE_RESERVED, "SUBSCRIBE sets reserved bits beside a QoS."
            )
        return Subscription(topic_filter, qos)
    if options & 0xC0:
        raise ProtocolError(
            demands.SUBSCRIBE_RESERVED, "SUBSCRIBE sets reserved subscription options."
        )
    retain_handling = options >> 4 & 3
    if retain_handling == 3:
        raise ProtocolError(demands.RETAIN_HANDLING, "SUBSCRIBE asks for retain handling 3.")
    no_local = bool(options & 4)
    if no_local and topic_filter.startswith(SHARED):
        raise ProtocolError(
            demands.NO_LOCAL_SHARED, "SUBSCRIBE sets No Local on a shared subscription."
        )
    return Subscription(topic_filter, qos, no_local, bool(options & 8), retain_handling)


def _unsubscribe(body: bytes, version: int) -> Unsubscribe:
    reader = Reader(body, "UNSUBSCRIBE")
    packet_id = reader.packet_identifier(demands.PACKET_IDENTIFIER)
    properties = UnsubscribeProperties()
    if version == MQTT_5:
        properties = read_properties(UnsubscribeProperties, reader)
    if not reader.left:
        raise ProtocolError(demands.UNSUBSCRIBE_NOT_EMPTY, "UNSUBSCRIBE has no topic filter.")
    topic_filters = []
    while reader.left:
        topic_filters.append(_topic_filter(reader, version, demands.UNSUBSCRIBE_UTF8))
    return Unsubscribe(packet_id, tuple(topic_filters), properties)


def _topic_filter(reader: Reader, version: int, utf8: Demand) -> bytes:
    topic_filter = reader.binary("topic filter")
    what = f"topic filter of {reader.packet}"
    check_topic_filter(topic_filter, what, utf8=utf8, shares=version == MQTT_5)
    return topic_filter


def _suback(body: bytes, version: int) -> Suback:
    return Suback(*_codes("SUBACK", body, version))


def _unsuback(body: bytes, version: int) -> Unsuback:
    unsuback = Unsuback(*_codes("UNSUBACK", body, version))
    if version < MQTT_5 and unsuback.codes:
        raise ProtocolError(demands.LENGTH, "UNSUBACK goes on behind its last field.")
    return unsuback


def _codes(name: str, body: bytes, version: int) -> tuple[int, tuple[int, ...], AnswerProperties]:
    reader = Reader(body, name)
    packet_id = reader.packet_identifier(demands.ANSWER_IDENTIFIER)
    properties = AnswerProperties()
    if version == MQTT_5:
        properties = read_properties(AnswerProperties, reader)
    return packet_id, tuple(reader.take(reader.left, "codes")), properties


def _pingreq(body: bytes, _: int) -> Pingreq:
    Reader(body, "PINGREQ").finish()
    return Pingreq()


def _pingresp(body: bytes, _: int) -> Pingresp:
    Reader(body, "PINGRESP").finish()
    return Pingresp()


def _auth(body: bytes, _: int) -> Auth:
    if not body:
        return Auth()
    reader = Reader(body, "AUTH")
    code = reader.integer(1, "reason code")
    properties = read_properties(AuthProperties, reader)
    reader.finish()
    if properties.authentication_method is None:
        raise ProtocolError(demands.AUTH_METHOD, "AUTH names no authentication method.")
    return Auth(code, properties)


_DECODERS: Final[Mapping[int, Callable[[bytes, int], ControlPacket]]] = {
    PacketType.CONNACK: _connack,
    PacketType.PUBACK: lambda body, version: _answer(Puback, "PUBACK", body, version),
    PacketType.PUBREC: lambda body, version: _answer(Pubrec, "PUBREC", body, version),
    PacketType.PUBREL: lambda body, version: _answer(Pubrel, "PUBREL", body, version),
    PacketType.PUBCOMP: lambda body, version: _answer(Pubcomp, "PUBCOMP", body, version),
    PacketType.SUBSCRIBE: _subscribe,
    PacketType.SUBACK: _suback,
    PacketType.UNSUBSCRIBE: _unsubscribe,
    PacketType.UNSUBACK: _unsuback,
    PacketType.PINGREQ: _pingreq,
    PacketType.PINGRESP: _pingresp,
    PacketType.DISCONNECT: _disconnect,
    PacketType.AUTH: _auth,
}
