"""Packets as clients and servers send them, and the ways in which they come damaged: what the fuzzing feeds."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import fields
from typing import Any

from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_31,
    MQTT_311,
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
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import (
    AnswerProperties,
    AuthProperties,
    ConnackProperties,
    ConnectProperties,
    DisconnectProperties,
    PublishProperties,
    SubscribeProperties,
    UnsubscribeProperties,
    WillProperties,
)
from support.recorded_clients import RECORDED, stream

VERSIONS = (MQTT_31, MQTT_311, MQTT_5)
TELLING = (
    b"",
    b"\0",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\xff\xff\xff\x7f",
    b"\xed\xa0\x80",
    b"#",
    b"+",
    b"$share/",
)
VALUES: dict[str, Any] = {
    "user_properties": ((b"name", b"value"), (b"name", b"")),
    "subscription_identifiers": (1, 200, 70_000),
    "correlation_data": b"\0\xff",
    "authentication_data": b"\0\xff",
    "reason_string": "why",
    "server_reference": "other:8883",
    "response_information": "r",
    "response_topic": b"r/1",
    "content_type": b"text/plain",
    "authentication_method": b"SCRAM",
    "assigned_client_identifier": b"auto-1",
}


def full(kind: type[Any]) -> Any:
    """Properties of ``kind``, all of them."""
    return kind(**{each.name: VALUES.get(each.name, 1) for each in fields(kind)})


def every_packet() -> list[ControlPacket]:
    will = Will(b"gone/1", b"bye", 1, True, full(WillProperties))
    answer = full(AnswerProperties)
    return [
        Connect(MQTT_5, b"dev", False, 60, b"user", b"pass", will, full(ConnectProperties)),
        Connack(True, 0, full(ConnackProperties)),
        Publish(b"factory/1/temp", b"20.5", 2, True, True, 7, full(PublishProperties)),
        Puback(7, 0x10, answer),
        Pubrec(7, 0x10, answer),
        Pubrel(7, 0x92, answer),
        Pubcomp(7, 0x92, answer),
        Subscribe(
            7,
            (Subscription(b"a/+/#", 2, True, True, 2), Subscription(b"$share/g/a", 1)),
            full(SubscribeProperties),
        ),
        Suback(7, (0, 1, 2, 0x80), answer),
        Unsubscribe(7, (b"a/+/#", b"b"), full(UnsubscribeProperties)),
        Unsuback(7, (0, 0x11), answer),
        Pingreq(),
        Pingresp(),
        Disconnect(0x04, full(DisconnectProperties)),
        Auth(0x18, full(AuthProperties)),
    ]


def real_packets() -> list[bytes]:
    """Whole packets of all versions, and whole connections."""
    found = [stream(recorded) for recorded in RECORDED.values()]
    for packet in every_packet():
        for version in VERSIONS:
            with suppress(UsageError):  # AUTH is of 5.0 alone
                found.append(encode(packet, version))
    connects = (Connect(each, b"dev", will=Will(b"t"), username=b"u") for each in VERSIONS)
    return found + [encode(each, each.version) for each in connects]


def damaged(chance: random.Random, packets: list[bytes]) -> bytes:
    """One of ``packets`` with one to four faults."""
    data = bytearray(chance.choice(packets))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(8):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(data):
                data[at] = chance.randrange(256)
            case 2:
                data[at:at] = chance.choice(TELLING)
            case 3:
                del data[at : at + chance.randrange(1, 9)]
            case 4:
                data[at:at] = data[at : at + chance.randrange(1, 20)]
            case 5 if len(data) > 1:
                data[1] = (data[1] + chance.randrange(-3, 4)) & 0xFF
            case 6:
                other = chance.choice(packets)
                data[at:] = other[chance.randrange(len(other) + 1) :]
            case _:
                data += chance.randbytes(chance.randrange(1, 9))
    if chance.random() < 0.6 and 1 < len(data) < 130:
        data[1] = len(data) - 2  # so that the fault is inside the packet
    return bytes(data)
