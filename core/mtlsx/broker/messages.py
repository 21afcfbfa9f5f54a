"""Messages on their way through the broker: made of a PUBLISH or a will, written as PUBLISH for many receivers.

Most receivers get the same octets, but for flags and packet identifier; so those are written once and kept with
the message.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from mtlsx.packets.control_packets import NO_PUBLISH_PROPERTIES, Publish, Will
from mtlsx.packets.properties import PublishProperties
from mtlsx.packets.property_codec import write_properties
from mtlsx.packets.publish import join_publish


class Message:
    """An application message (MQTT 5.0, section 1.2). ``publisher`` is the client id of whoever sent it.

    ``expires_at`` is None for one that does not expire. ``timed``: receivers are told how long it is valid.
    ``size`` in octets is about what it holds in memory.
    """

    __slots__ = (
        "__weakref__", "_parts", "_whole", "expires_at", "payload", "properties", "publisher", "qos", "retain", "size",
        "timed", "topic",
    )  # fmt: skip

    def __init__(
        self, topic: bytes, payload: bytes, qos: int, retain: bool, properties: PublishProperties,
        publisher: bytes, expires_at: float | None = None,
    ) -> None:  # fmt: skip
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties
        self.publisher = publisher
        self.expires_at = expires_at
        self.timed = properties.message_expiry_interval is not None
        self.size = _OVERHEAD + len(topic) + len(payload)
        if properties is not NO_PUBLISH_PROPERTIES:
            self.size += _size(properties)
        self._whole: dict[tuple[bool, bool], bytes] = {}
        self._parts: dict[bool, tuple[bytes, bytes]] = {}

    def whole(self, retain: bool, version5: bool) -> bytes:
        """As PUBLISH with QoS 0."""
        written = self._whole.get((retain, version5))
        if written is None:
            head = self._section() if version5 else b""
            written = join_publish(_PUBLISH | retain, self.topic, head, self.payload)
            self._whole[retain, version5] = written
        return written

    def numbered(self, qos: int, retain: bool, dup: bool, packet_id: int, version5: bool) -> bytes:
        """As PUBLISH with QoS 1 or 2."""
        parts = self._parts.get(version5)
        if parts is None:
            parts = self._parts[version5] = self._in_parts(version5)
        before, behind = parts
        first = _PUBLISH | dup << 3 | qos << 1 | retain
        return b"%c%b%b%b" % (first, before, packet_id.to_bytes(2), behind)

    def _in_parts(self, version5: bool) -> tuple[bytes, bytes]:
        """What stands between the first byte and the packet identifier, and what stands behind that."""
        head = b"\0\0" + self._section() if version5 else b"\0\0"
        written = join_publish(_PUBLISH, self.topic, head, self.payload)
        at = 1
        while written[at] & 0x80:
            at += 1
        at += 3 + len(self.topic)
        return written[1:at], written[at + 2 :]

    def _section(self) -> bytes:
        properties = self.properties
        return b"\0" if properties is NO_PUBLISH_PROPERTIES else write_properties(properties)

    def expired(self, now: float) -> bool:
        """Whether the message is valid no longer."""
        return self.expires_at is not None and self.expires_at <= now

    def remaining(self, now: float) -> int:
        """The message expiry interval less the whole seconds that the message has waited here (MQTT-3.3.2-6)."""
        return 0 if self.expires_at is None else max(0, ceil(self.expires_at - now))


def published(publish: Publish, publisher: bytes, now: float, valid: float | None) -> Message:
    """The message of a PUBLISH; ``valid`` in seconds, where the PUBLISH itself does not say how long."""
    topic, payload, qos, retain, _, _, properties = publish
    if properties.message_expiry_interval is not None:
        valid = properties.message_expiry_interval
    return Message(
        topic, payload, qos, retain, properties, publisher, None if valid is None else now + valid
    )


def last_will(will: Will, publisher: bytes, now: float, valid: float | None) -> Message:
    """The message of a will, which becomes valid when it is published."""
    given = will.properties
    properties = PublishProperties(
        payload_format_indicator=given.payload_format_indicator,
        message_expiry_interval=given.message_expiry_interval,
        response_topic=given.response_topic,
        correlation_data=given.correlation_data,
        user_properties=given.user_properties,
        content_type=given.content_type,
    )
    if properties == NO_PUBLISH_PROPERTIES:
        properties = NO_PUBLISH_PROPERTIES
    publish = Publish(will.topic, will.payload, will.qos, will.retain, properties=properties)
    return published(publish, publisher, now, valid)


def is_utf8(payload: bytes) -> bool:
    """Whether a payload is what a payload format indicator of 1 says of it (MQTT 5.0, section 3.3.2.3.2)."""
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def without_alias(publish: Publish, topic: bytes) -> Publish:
    """``publish`` to ``topic``, which its topic alias stood for; aliases go no further than their connection."""
    properties = replace(publish.properties, topic_alias=None)
    if properties == NO_PUBLISH_PROPERTIES:
        properties = NO_PUBLISH_PROPERTIES
    return publish._replace(topic=topic, properties=properties)


_PUBLISH = 0x30
_OVERHEAD = 400
"""What Python needs for a message that is empty, with what is kept of its writing."""


def _size(properties: PublishProperties) -> int:
    texts = (properties.response_topic, properties.correlation_data, properties.content_type)
    pairs = sum(len(name) + len(text) + _OVERHEAD for name, text in properties.user_properties)
    return _OVERHEAD + sum(len(text) for text in texts if text) + pairs
