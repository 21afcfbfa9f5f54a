"""The way out to one connected client: in its version, with its topic aliases, no larger than it takes.

It lasts as long as the connection; what outlasts that is the session's.
"""

from __future__ import annotations

from dataclasses import replace

from mtlsx.broker.limits import Limits
from mtlsx.broker.messages import Message
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import MQTT_5, Connect, Publish, Pubrel
from mtlsx.packets.encode import encode
from mtlsx.packets.publish import encode_publish


class Outlet:
    """What a CONNECT says about what its sender takes.

    ``window``: how many messages of QoS 1 and 2 may be on their way. ``writable`` is set by the owner of the
    connection: False while its buffer is full.
    """

    __slots__ = ("_alias_maximum", "_aliases", "_largest", "link", "version", "window", "writable")

    def __init__(self, link: int, connect: Connect, limits: Limits) -> None:
        asked = connect.properties
        self.link = link
        self.version = connect.version
        self.window = limits.window(asked.receive_maximum)
        self.writable = True
        self._largest = asked.maximum_packet_size or _NO_MAXIMUM
        self._alias_maximum = min(asked.topic_alias_maximum or 0, limits.max_sent_aliases)
        self._aliases: dict[bytes, int] = {}

    def publish(
        self, message: Message, qos: int, retain: bool, identifiers: tuple[int, ...],
        packet_id: int, dup: bool, now: float,
    ) -> bytes:  # fmt: skip
        """``message`` as PUBLISH; empty where that is larger than the client takes (MQTT-3.1.2-24)."""
        version5 = self.version == MQTT_5
        try:
            if version5 and (identifiers or self._alias_maximum or message.timed):
                return self._publish_own(message, qos, retain, identifiers, packet_id, dup, now)
            if qos:
                data = message.numbered(qos, retain, dup, packet_id, version5)
            else:
                data = message.whole(retain, version5)
        except UsageError:  # what just fitted when it came may not fit with properties
            return b""
        return data if len(data) <= self._largest else b""

    def pubrel(self, packet_id: int) -> bytes:
        """A PUBREL."""
        return encode(Pubrel(packet_id), self.version)

    def _publish_own(
        self, message: Message, qos: int, retain: bool, identifiers: tuple[int, ...],
        packet_id: int, dup: bool, now: float,
    ) -> bytes:  # fmt: skip
        """A PUBLISH that is nobody else's: with identifiers, an alias or the time that is left."""
        topic = message.topic
        alias = self._aliases.get(topic)
        fresh = alias is None and len(self._aliases) < self._alias_maximum
        number = len(self._aliases) + 1 if fresh else alias
        properties = replace(
            message.properties,
            message_expiry_interval=message.remaining(now) if message.timed else None,
            topic_alias=number,
            subscription_identifiers=identifiers,
        )
        name = topic if alias is None else b""
        packet = Publish(name, message.payload, qos, retain, dup, packet_id, properties)
        data = encode_publish(packet, self.version)
        if len(data) > self._largest:
            return b""
        if fresh and number is not None:
            self._aliases[topic] = number
        return data


_NO_MAXIMUM = 1 << 32
