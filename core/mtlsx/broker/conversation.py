"""One connection, as the standards see it: what a client sends, checked, and what it may be answered.

    conversation = Conversation(limits, now)
    for event in conversation.feed(data, now):
        ...

Events are the client's packets, whole and right, topic aliases resolved, and at the end ``Violated`` where it broke
the standard. Whoever answers does it through ``encode``, which writes what this client can take. There is no socket
and no clock: ``now`` is any number of seconds that grows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from mtlsx.broker import demands
from mtlsx.broker.limits import Limits
from mtlsx.broker.messages import without_alias
from mtlsx.packets.control_packets import (
    MQTT_5,
    NO_ANSWER_PROPERTIES,
    NO_PUBLISH_PROPERTIES,
    Auth,
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
)
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.properties import ConnackProperties, DisconnectProperties
from mtlsx.packets.reason_codes import FAILURE

_UNSUPPORTED_VERSION = 0x84


@dataclass(frozen=True, slots=True)
class Violated:
    """The client broke the standard, or let time run out; the connection is to be closed.

    ``code`` is the reason code of MQTT 5, ``sentence`` says what is wrong, ``normative`` which demand it is.
    """

    code: int
    sentence: str
    normative: str


Event: TypeAlias = ControlPacket | Violated


class Conversation:
    """The state of one connection. ``version`` is None before CONNECT, ``connect`` what it said.

    ``accepted``: a CONNACK without a refusal has been written. Holds an unfinished packet, the client's topic
    aliases, and the packet identifiers that are not answered.
    """

    __slots__ = (
        "_alias_octets", "_aliases", "_decoder", "_heard", "_keep_alive", "_largest", "_limits", "_over",
        "_unanswered", "accepted", "connect",
    )  # fmt: skip

    def __init__(self, limits: Limits, now: float) -> None:
        self.connect: Connect | None = None
        self.accepted = False
        self._limits = limits
        self._decoder = Decoder(max_packet_size=limits.mqtt.max_packet_size)
        self._heard = now
        self._keep_alive = limits.mqtt.idle_timeout
        self._largest: int | None = None
        self._aliases: dict[int, bytes] = {}
        self._alias_octets = 0
        self._unanswered: set[int] = set()
        self._over = False

    @property
    def version(self) -> int | None:
        """The protocol level."""
        return self._decoder.version

    def feed(self, data: bytes, now: float) -> list[Event]:
        """What the client sent. Nothing comes after its DISCONNECT, or after ``Violated``."""
        events: list[Event] = []
        if self._over:
            return events
        try:
            for packet in self._decoder.feed(data):
                self._heard = now
                if type(packet) is Publish:
                    events.append(self._publish(packet))
                    continue
                self._check(packet)
                events.append(packet)
                if type(packet) is Disconnect:
                    self._over = True
                    break
        except ProtocolError as error:
            events.append(self.violated(error))
        return events

    def violated(self, error: ProtocolError) -> Violated:
        """What a breach means here, found by ``feed`` or by the hub. Nothing is read any more."""
        self._over = True
        return Violated(error.reason_code, error.sentence, error.normative(self.version or MQTT_5))

    def encode(self, packet: ControlPacket) -> bytes:
        """An answer as this client may get it; empty where it is larger than the client takes (MQTT-3.1.2-24).

        Reason strings and user properties are left out where the client did not want them (MQTT-3.1.2-29), or
        where they alone make the packet too large.
        """
        version = self._decoder.version or MQTT_5
        if version == MQTT_5:
            self._answered(packet)
        if isinstance(packet, Connack):
            self.accepted = packet.code == 0
        if not self._wants_words(packet):
            packet = _without_words(packet)
        data = encode(packet, version)
        if self._largest is not None and len(data) > self._largest:
            data = encode(_without_words(packet), version)
            if len(data) > self._largest:
                return b""
        return data

    def farewell(self, code: int, sentence: str = "") -> bytes:
        """The last packet before the connection is closed: CONNACK, DISCONNECT, or empty where there is none to send.

        Before MQTT 5 a server has no words for it, but that it does not know the version (MQTT-3.1.2-2).
        """
        self._over = True
        version, reason = self._decoder.version, sentence or None
        if version is None:
            unknown = code == _UNSUPPORTED_VERSION
            return encode(Connack(False, 1), 4) if unknown else b""
        if version < MQTT_5:
            return b""
        if not self.accepted:
            return self.encode(Connack(False, code, ConnackProperties(reason_string=reason)))
        return self.encode(Disconnect(code, DisconnectProperties(reason_string=reason)))

    @property
    def deadline(self) -> float | None:
        """When the client must have sent something: its CONNECT, or anything within its keep alive."""
        return None if self._keep_alive is None else self._heard + self._keep_alive

    def overdue(self, now: float) -> Violated | None:
        """The breach where the deadline is over."""
        deadline = self.deadline
        if self._over or deadline is None or now < deadline:
            return None
        if self.connect is None:
            demand, sentence = demands.CONNECT_IN_TIME, "There is no CONNECT in time."
        else:
            demand, sentence = demands.KEEP_ALIVE, "The keep alive is over."
        return self.violated(ProtocolError(demand, sentence))

    def _publish(self, packet: Publish) -> Publish:
        mqtt = self._limits.mqtt
        if packet.properties is not NO_PUBLISH_PROPERTIES:
            packet = self._resolve(packet)
        if packet.topic.count(b"/") >= mqtt.max_topic_levels:
            raise ProtocolError(
                demands.TOPIC_LEVELS,
                f"The topic name has more than {mqtt.max_topic_levels} levels.",
            )
        if packet.retain and not mqtt.retain_available:
            raise ProtocolError(demands.RETAIN_AVAILABLE, "Retained messages are not supported.")
        if packet.qos:
            self._count(packet)
        return packet

    def _count(self, packet: Publish) -> None:
        """Hold the client to our Receive Maximum and Maximum QoS."""
        if packet.qos > self._limits.mqtt.max_qos_allowed:
            raise ProtocolError(demands.MAXIMUM_QOS, f"QoS {packet.qos} is not supported.")
        if self._decoder.version == MQTT_5:
            self._unanswered.add(packet.packet_id)
            most = self._limits.receive_maximum
            if len(self._unanswered) > most:
                raise ProtocolError(
                    demands.RECEIVE_MAXIMUM, f"More than {most} messages are not acknowledged yet."
                )

    def _answered(self, packet: ControlPacket) -> None:
        if isinstance(packet, Puback | Pubcomp) or (
            isinstance(packet, Pubrec) and packet.code >= FAILURE
        ):
            self._unanswered.discard(packet.packet_id)

    def _resolve(self, packet: Publish) -> Publish:
        """Put the topic name in place of its alias; mappings are this connection's own (MQTT-3.3.2-7)."""
        alias = packet.properties.topic_alias
        if alias is None:
            return packet
        most = self._limits.mqtt.max_topic_alias
        if alias > most:
            raise ProtocolError(
                demands.TOPIC_ALIAS_RANGE, f"Topic alias {alias} is more than the {most} allowed."
            )
        topic = packet.topic
        if not topic:
            known = self._aliases.get(alias)
            if known is None:
                raise ProtocolError(
                    demands.TOPIC_ALIAS_UNKNOWN, f"Topic alias {alias} stands for no topic."
                )
            return without_alias(packet, known)
        self._alias_octets += len(topic) - len(self._aliases.get(alias, b""))
        if self._alias_octets > self._limits.max_alias_octets:
            raise ProtocolError(
                demands.ALIAS_OCTETS, "The topics that have aliases are too long altogether."
            )
        self._aliases[alias] = topic
        return without_alias(packet, topic)

    def _check(self, packet: ControlPacket) -> None:
        if isinstance(packet, Connect):
            self._begin(packet)
        elif isinstance(packet, Auth):
            raise ProtocolError(
                demands.NO_AUTHENTICATION, "There is no authentication method for AUTH."
            )
        elif isinstance(packet, Disconnect):
            self._check_expiry(packet)

    def _begin(self, connect: Connect) -> None:
        mqtt = self._limits.mqtt
        self.connect = connect
        self._largest = connect.properties.maximum_packet_size
        keep_alive = self._limits.keep_alive(connect.keep_alive, connect.version)
        self._keep_alive = keep_alive * mqtt.keepalive_multiplier if keep_alive else None

    def _check_expiry(self, disconnect: Disconnect) -> None:
        connect = self.connect
        prolongs = disconnect.properties.session_expiry_interval
        if prolongs and connect and not connect.properties.session_expiry_interval:
            raise ProtocolError(
                demands.SESSION_EXPIRY,
                "DISCONNECT prolongs a session that CONNECT lets end with its connection.",
            )

    def _wants_words(self, packet: ControlPacket) -> bool:
        if self.connect is None or isinstance(packet, Connack | Disconnect):
            return True
        return self.connect.properties.request_problem_information is not False


def _without_words(packet: ControlPacket) -> ControlPacket:
    """``packet`` without reason string and user properties."""
    if isinstance(packet, Puback | Pubrec | Pubrel | Pubcomp | Suback | Unsuback):
        if packet.properties is NO_ANSWER_PROPERTIES:
            return packet
        return replace(packet, properties=NO_ANSWER_PROPERTIES)
    if isinstance(packet, Connack):
        plain = replace(packet.properties, reason_string=None, user_properties=())
        return replace(packet, properties=plain)
    if isinstance(packet, Disconnect):
        bare = replace(packet.properties, reason_string=None, user_properties=())
        return replace(packet, properties=bare)
    return packet
