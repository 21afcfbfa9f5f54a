"""Our reading against paho's writing, and our topic rules against EMQX's."""

from __future__ import annotations

import json
import socket
from base64 import b64decode
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTv5, MQTTv31, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from mtlsx.packets import demands
from mtlsx.packets.control_packets import (
    Connack,
    Connect,
    ControlPacket,
    Disconnect,
    Publish,
    Subscribe,
    Subscription,
    Unsubscribe,
    Will,
)
from mtlsx.packets.decoder import Decoder
from mtlsx.packets.encode import encode
from mtlsx.packets.errors import ProtocolError
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
from mtlsx.packets.property_codec import read_properties, write_properties
from mtlsx.packets.reading import Reader
from mtlsx.packets.texts import check_topic_filter
from support.control_packets import properties_of

KINDS = {
    ConnectProperties: PacketTypes.CONNECT,
    WillProperties: PacketTypes.WILLMESSAGE,
    ConnackProperties: PacketTypes.CONNACK,
    PublishProperties: PacketTypes.PUBLISH,
    AnswerProperties: PacketTypes.PUBACK,
    SubscribeProperties: PacketTypes.SUBSCRIBE,
    UnsubscribeProperties: PacketTypes.UNSUBSCRIBE,
    DisconnectProperties: PacketTypes.DISCONNECT,
    AuthProperties: PacketTypes.AUTH,
}
ODD_NAMES = {
    "maximum_qos": "MaximumQoS",
    "user_properties": "UserProperty",
    "subscription_identifiers": "SubscriptionIdentifier",
}
VECTORS = Path(__file__).parents[2] / "vectors" / "emqx-auth" / "topic_match.json"


def paho_can(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Properties of ``kind`` that paho takes: it knows no maximum packet size beyond MQTT's largest packet."""
    return properties_of(kind).filter(
        lambda found: (getattr(found, "maximum_packet_size", None) or 0) < 2**28
    )


def as_paho(properties: Any, packet_type: int) -> Properties:
    """The same properties as paho has them."""
    made = Properties(packet_type)
    for name in properties.__slots__:
        value = getattr(properties, name)
        if value is None or value == ():
            continue
        paho_name = ODD_NAMES.get(name) or name.title().replace("_", "")
        for each in value if isinstance(value, tuple) else (value,):
            setattr(made, paho_name, _as_paho_value(name, each))
    return made


def _as_paho_value(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(part.decode() for part in value)
    if isinstance(value, bytes) and name not in {"correlation_data", "authentication_data"}:
        return value.decode()
    return int(value) if isinstance(value, bool) else value


@given(st.data(), st.sampled_from(list(KINDS)))
@settings(max_examples=50)
def test_properties_that_paho_writes_are_read(data: st.DataObject, kind: type[Any]) -> None:
    properties = data.draw(paho_can(kind))
    packed = as_paho(properties, KINDS[kind]).pack()
    reader = Reader(packed, "PUBLISH")
    assert read_properties(kind, reader) == properties
    assert not reader.left


@given(st.data(), st.sampled_from(list(KINDS)))
@settings(max_examples=50)
def test_properties_that_we_write_are_read_by_paho(data: st.DataObject, kind: type[Any]) -> None:
    properties = data.draw(paho_can(kind))
    written = write_properties(properties)
    read = Properties(KINDS[kind])
    read.unpack(written)
    assert read.json() == as_paho(properties, KINDS[kind]).json()


def test_the_packets_of_paho_5() -> None:
    connect_properties = Properties(PacketTypes.CONNECT)
    connect_properties.SessionExpiryInterval = 30
    connect_properties.UserProperty = ("a", "ü")
    will_properties = Properties(PacketTypes.WILLMESSAGE)
    will_properties.WillDelayInterval = 5
    publish_properties = Properties(PacketTypes.PUBLISH)
    publish_properties.TopicAlias = 4
    publish_properties.CorrelationData = b"\0\xff"
    client = _client(MQTTv5)
    client.will_set("gone", b"bye", 1, retain=True, properties=will_properties)
    option = SubscribeOptions(1, noLocal=True, retainAsPublished=True, retainHandling=2)
    with _Wire(client) as wire:
        client.connect("broker.example", 1883, 45, clean_start=False, properties=connect_properties)
        wire.answer(Connack(False, 0), 5)
        client.subscribe([("a/+", option)])
        client.publish("t/ü", b"x", 2, retain=True, properties=publish_properties)
        client.unsubscribe(["a/+", "b"])
        client.disconnect()
        sent = wire.sent()
    user = ((b"a", "ü".encode()),)
    assert sent == [
        Connect(
            5, b"dev", False, 45, b"user", b"pass",
            Will(b"gone", b"bye", 1, True, WillProperties(will_delay_interval=5)),
            ConnectProperties(session_expiry_interval=30, user_properties=user),
        ),
        Subscribe(1, (Subscription(b"a/+", 1, True, True, 2),)),
        Publish(
            "t/ü".encode(), b"x", 2, True, False, 2,
            PublishProperties(topic_alias=4, correlation_data=b"\0\xff"),
        ),
        Unsubscribe(3, (b"a/+", b"b")),
        Disconnect(),
    ]  # fmt: skip


@pytest.mark.parametrize("protocol", [MQTTv31, MQTTv311])
def test_the_packets_of_paho_3(protocol: int) -> None:
    client = _client(protocol)
    with _Wire(client) as wire:
        client.connect("broker.example", 1883, 45)
        wire.answer(Connack(False, 0), protocol)
        client.subscribe([("a/#", 2), ("+", 0)])
        client.publish("t", b"x", 1)
        client.publish("t", b"", 0, retain=True)
        client.disconnect()
        sent = wire.sent()
    assert sent == [
        Connect(protocol, b"dev", True, 45, b"user", b"pass"),
        Subscribe(1, (Subscription(b"a/#", 2), Subscription(b"+"))),
        Publish(b"t", b"x", 1, packet_id=2),
        Publish(b"t", retain=True),
        Disconnect(),
    ]


def _filter_vectors() -> list[Any]:
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads(VECTORS.read_text())
        if case["kind"] == "topic_validate" and case["input"]["type"] == "filter"
    ]


@pytest.mark.parametrize("case", _filter_vectors())
def test_topic_filters_that_emqx_refuses(case: dict[str, Any]) -> None:
    topic = case["input"]["topic"]
    octets = topic.encode() if isinstance(topic, str) else b64decode(topic["$b64"])
    assert _is_filter(octets) is case["expected"]["valid"]


def _is_filter(octets: bytes) -> bool:
    try:
        check_topic_filter(octets, "topic filter", utf8=demands.UTF8, shares=True)
    except ProtocolError:
        return False
    return True


def _client(protocol: int) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, "dev", protocol=protocol)  # type: ignore[arg-type]
    client.username_pw_set("user", "pass")
    return client


class _Wire:
    """Connects a paho client to a socket of ours, and tells what it sent."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._theirs, self._ours = socket.socketpair()
        client._create_socket = lambda: self._theirs  # type: ignore[method-assign]  # no public way

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._theirs.close()
        self._ours.close()

    def answer(self, packet: ControlPacket, version: int) -> None:
        self._ours.sendall(encode(packet, version))
        self._client.loop_read()

    def sent(self) -> list[ControlPacket]:
        while self._client.want_write():
            self._client.loop_write()
        self._ours.setblocking(False)
        return list(Decoder().feed(self._ours.recv(65_536)))
