"""Makes a value of CONNECT (MQTT 5.0, section 3.1), the packet that says in which version all others are."""

from __future__ import annotations

from mtlsx.packets import demands
from mtlsx.packets.control_packets import MQTT_5, MQTT_31, MQTT_311, Connect, Will
from mtlsx.packets.demands import Demand
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.properties import ConnectProperties, WillProperties
from mtlsx.packets.property_codec import read_properties
from mtlsx.packets.reading import Reader
from mtlsx.packets.texts import check_text, check_topic_name

_LEVELS = {b"MQIsdp": (MQTT_31,), b"MQTT": (MQTT_311, MQTT_5)}
_RESERVED, _CLEAN_START, _WILL, _WILL_RETAIN, _PASSWORD, _USERNAME = 1, 2, 4, 32, 64, 128


def decode_connect(body: bytes) -> Connect:
    """The CONNECT with this ``body``; raises ``ProtocolError``, with reason code 0x84 for another protocol."""
    reader = Reader(body, "CONNECT", form=demands.CONNECT_FORM)
    version = _version(reader)
    flags = reader.integer(1, "connect flags")
    _check_flags(flags, version)
    keep_alive = reader.integer(2, "keep alive")
    properties = ConnectProperties()
    if version == MQTT_5:
        properties = read_properties(ConnectProperties, reader)
        if properties.authentication_data is not None and properties.authentication_method is None:
            raise ProtocolError(
                demands.METHOD_WITH_DATA, "CONNECT has authentication data, but no method."
            )
    client_id = reader.text(
        "client id", utf8=demands.CLIENT_ID_UTF8, missing=demands.CLIENT_ID_PRESENT
    )
    will = _will(reader, flags, version) if flags & _WILL else None
    username = password = None
    if flags & _USERNAME and not _left_out(reader, version):
        username = reader.binary("username", demands.USERNAME_PRESENT)
        check_text(username, "username of CONNECT", utf8=demands.USERNAME_UTF8)
    if flags & _PASSWORD and not _left_out(reader, version):
        password = reader.binary("password", demands.PASSWORD_PRESENT)
    if reader.left:
        raise ProtocolError(_behind(flags), "CONNECT goes on behind its last field.")
    return Connect(
        version, client_id, bool(flags & _CLEAN_START), keep_alive, username, password, will,
        properties,
    )  # fmt: skip


def _version(reader: Reader) -> int:
    name = reader.binary("protocol name")
    if name not in _LEVELS:
        raise ProtocolError(demands.PROTOCOL_NAME, "The protocol name of CONNECT is not MQTT.")
    version = reader.integer(1, "protocol level")
    if version not in _LEVELS[name]:
        raise ProtocolError(
            demands.PROTOCOL_LEVEL,
            f"CONNECT has protocol level {version} of {name.decode()}; 3.1, 3.1.1 and 5.0 are known.",
        )
    return version


def _check_flags(flags: int, version: int) -> None:
    """MQTT 3.1 reserves no flag's value, and does not speak of will flags without a will."""
    qos = flags >> 3 & 3
    if flags & _WILL and qos == 3:
        raise ProtocolError(demands.WILL_QOS, "The will in CONNECT has QoS 3.")
    if version == MQTT_31:
        return
    if flags & _RESERVED:
        raise ProtocolError(demands.CONNECT_RESERVED_FLAG, "CONNECT sets its reserved flag.")
    if not flags & _WILL:
        if qos:
            raise ProtocolError(demands.WILL_QOS_ALONE, "CONNECT has a will QoS, but no will.")
        if flags & _WILL_RETAIN:
            raise ProtocolError(demands.WILL_RETAIN_ALONE, "CONNECT has will retain, but no will.")


def _will(reader: Reader, flags: int, version: int) -> Will:
    properties = WillProperties()
    if version == MQTT_5:
        if not reader.left:
            raise ProtocolError(demands.WILL_FIELDS, "CONNECT ends before its will.")
        properties = read_properties(WillProperties, reader)
    topic = reader.binary("will topic", demands.WILL_FIELDS)
    what = "will topic of CONNECT"
    check_topic_name(
        topic, what, utf8=demands.WILL_TOPIC_UTF8, wildcards=demands.WILL_TOPIC_WILDCARDS
    )
    if not topic:
        raise ProtocolError(demands.TOPIC_NOT_EMPTY, f"The {what} is empty.")
    payload = reader.binary("will payload", demands.WILL_FIELDS)
    return Will(topic, payload, flags >> 3 & 3, bool(flags & _WILL_RETAIN), properties)


def _left_out(reader: Reader, version: int) -> bool:
    """In MQTT 3.1 a username or password may be missing though its flag is set (section 3.1, Payload)."""
    return version == MQTT_31 and not reader.left


def _behind(flags: int) -> Demand:
    """Which field it must be that goes on behind the last one."""
    if not flags & _USERNAME:
        return demands.USERNAME_ABSENT
    return demands.CONNECT_FORM if flags & _PASSWORD else demands.PASSWORD_ABSENT
