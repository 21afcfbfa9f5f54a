"""Between settings and packets: CONNECT, and the time of sending in a payload."""

from __future__ import annotations

import re

from mtlsx.client.settings import ConnectionSettings, MqttVersion
from mtlsx.packets.control_packets import MQTT_5, MQTT_31, MQTT_311, Connect, Will
from mtlsx.packets.properties import ConnectProperties

_LEVELS = {MqttVersion.V3_1: MQTT_31, MqttVersion.V3_1_1: MQTT_311, MqttVersion.V5: MQTT_5}
_TIME = re.compile(rb"mtlsx-bench ([0-9]{1,20}) ")


def level(version: MqttVersion) -> int:
    """The protocol level of ``version``."""
    return _LEVELS[version]


def connect_packet(settings: ConnectionSettings) -> Connect:
    """CONNECT as ``settings`` say; a password without a username gets an empty one (MQTT-3.1.2-22)."""
    username = "" if settings.sends_empty_username else settings.username
    password, will = settings.password, settings.will
    return Connect(
        version=level(settings.version),
        client_id=settings.client_id.encode(),
        clean_start=settings.clean_start,
        keep_alive=settings.keepalive,
        username=None if username is None else username.encode(),
        password=None if password is None else password.reveal().encode(),
        will=None
        if will is None
        else Will(will.topic.encode(), will.payload, will.qos, will.retain),
        properties=ConnectProperties(session_expiry_interval=settings.session_expiry or None),
    )


def payload_with_time(payload: bytes, nanoseconds: int) -> bytes:
    """``payload`` behind the time (since the epoch); as long as before where it is long enough for both."""
    head = b"mtlsx-bench %d " % nanoseconds
    return head + payload[len(head) :] if len(payload) > len(head) else head + payload


def time_in(payload: bytes) -> int | None:
    """The nanoseconds that ``payload_with_time`` put in front; None where it did not."""
    found = _TIME.match(payload)
    return None if found is None else int(found[1])
