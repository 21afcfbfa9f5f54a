"""What a CONNECT gets that the engine has let in: a refusal for what we do not support, or what CONNACK says."""

from __future__ import annotations

from typing import Final

from mtlsx.broker import demands
from mtlsx.broker.limits import NEVER, Limits
from mtlsx.broker.messages import is_utf8
from mtlsx.packets.control_packets import MQTT_5, Connack, Connect
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.properties import ConnackProperties

QUOTA_EXCEEDED: Final = 0x97
_TOPIC_NAME_INVALID, _PAYLOAD_FORMAT, _RETAIN, _QOS = 0x90, 0x99, 0x9A, 0x9B
_V3_CODES: Final = {
    _TOPIC_NAME_INVALID: 5,
    _PAYLOAD_FORMAT: 5,
    _RETAIN: 5,
    _QOS: 5,
    QUOTA_EXCEEDED: 3,
}


def unsupported(connect: Connect, limits: Limits) -> tuple[int, str] | None:
    """The reason code of MQTT 5 for a will that we cannot take, and a sentence; None where all is well."""
    will, mqtt = connect.will, limits.mqtt
    if will is None:
        return None
    if will.qos > mqtt.max_qos_allowed:
        return _QOS, f"The will has QoS {will.qos}; {mqtt.max_qos_allowed} is the most."
    if will.retain and not mqtt.retain_available:
        return _RETAIN, "The will is retained, and retained messages are not supported."
    if will.topic.count(b"/") >= mqtt.max_topic_levels:
        return _TOPIC_NAME_INVALID, f"The will topic has more than {mqtt.max_topic_levels} levels."
    if will.properties.payload_format_indicator and not is_utf8(will.payload):
        return (
            _PAYLOAD_FORMAT,
            "The will payload is not UTF-8, as its payload format indicator says.",
        )
    return None


def refusal_code(code: int, version: int) -> int:
    """``code`` in CONNACK: a return code before MQTT 5."""
    return code if version == MQTT_5 else _V3_CODES[code]


def session_expiry(connect: Connect, limits: Limits) -> float | None:
    """How long the session outlasts its connection, in seconds; None: for ever.

    Before MQTT 5 a session that is not clean lasts as long as the setting says, as in EMQX.
    """
    if connect.version < MQTT_5:
        return 0.0 if connect.clean_start else limits.mqtt.session_expiry_interval
    interval = connect.properties.session_expiry_interval or 0
    return None if interval == NEVER else float(interval)


def offer(connect: Connect, limits: Limits, assigned: bytes | None) -> ConnackProperties:
    """What CONNACK tells an MQTT 5 client: what is not as the standard has it by default.

    Raises ``ProtocolError`` where that is more than the client takes.
    """
    mqtt = limits.mqtt
    if connect.version < MQTT_5:
        return ConnackProperties()
    keep_alive = limits.keep_alive(connect.keep_alive, connect.version)
    offered = ConnackProperties(
        receive_maximum=limits.receive_maximum,
        maximum_qos=mqtt.max_qos_allowed if mqtt.max_qos_allowed < 2 else None,
        retain_available=None if mqtt.retain_available else False,
        maximum_packet_size=mqtt.max_packet_size,
        assigned_client_identifier=assigned,
        topic_alias_maximum=mqtt.max_topic_alias,
        wildcard_subscription_available=None if mqtt.wildcard_subscription else False,
        shared_subscription_available=None if mqtt.shared_subscription else False,
        server_keep_alive=None if keep_alive == connect.keep_alive else keep_alive,
    )
    most = connect.properties.maximum_packet_size
    if most is not None and len(encode(Connack(False, 0, offered), MQTT_5)) > most:
        raise ProtocolError(
            demands.CONNACK_SIZE,
            f"CONNACK does not fit into the {most} octets that the client takes.",
        )
    return offered
