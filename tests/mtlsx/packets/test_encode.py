"""What cannot be sent is refused in words, before it is sent."""

from __future__ import annotations

import pytest

from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import (
    Auth,
    Connack,
    Connect,
    ControlPacket,
    Puback,
    Publish,
    Subscribe,
    Subscription,
    Unsubscribe,
    Will,
)
from mtlsx.packets.encode import encode
from mtlsx.packets.properties import (
    AnswerProperties,
    ConnackProperties,
    ConnectProperties,
    PublishProperties,
    SubscribeProperties,
)

LONG = b"x" * 65_536


@pytest.mark.parametrize(
    ("packet", "version", "words"),
    [
        (Publish(b""), 4, "neither a topic name nor"),
        (Publish(b""), 5, "neither a topic name nor"),
        (Publish(b"a/#"), 5, "wildcard"),
        (Publish(b"a/\0"), 5, "NUL"),
        (Publish(b"\xff"), 5, "not UTF-8"),
        (Publish(b"\xed\xa0\x80"), 5, "not UTF-8"),
        (Publish(LONG), 5, "65536 octets"),
        (Publish(b"t", bytes(268_435_455)), 4, "268435458 in all"),
        (Publish(b"t", qos=1), 5, "packet identifier 0"),
        (Publish(b"t", qos=3, packet_id=1), 5, "QoS 3"),
        (Publish(b"t", dup=True), 5, "DUP"),
        (Publish(b"t", packet_id=1), 5, "packet identifier"),
        (Publish(b"t", properties=PublishProperties(topic_alias=0)), 5, "topic alias is 0"),
        (Publish(b"t", properties=PublishProperties(response_topic=b"+")), 5, "wildcard"),
        (Publish(b"t", properties=PublishProperties(correlation_data=LONG)), 5, "correlation data"),
        (
            Publish(b"t", properties=PublishProperties(subscription_identifiers=(0,))),
            5,
            "subscription identifiers is 0",
        ),
        (Puback(0), 4, "packet identifier is 0"),
        (Puback(65_536), 4, "packet identifier is 65536"),
        (Puback(1, 256), 5, "reason code is 256"),
        (Puback(1, 0, AnswerProperties(reason_string="a\0")), 5, "NUL"),
        (Puback(1, 0, AnswerProperties(reason_string="\udcff")), 5, "not UTF-8"),
        (Connack(False, 0x87), 4, "no return code 135"),
        (Connack(False, 0, ConnackProperties(receive_maximum=0)), 5, "receive maximum is 0"),
        (Connack(False, 0, ConnackProperties(maximum_qos=2)), 5, "maximum qos is 2"),
        (Connect(6), 5, "level 6"),
        (Connect(4, LONG), 4, "client id has 65536"),
        (Connect(4, keep_alive=-1), 4, "keep alive is -1"),
        (Connect(4, username=b"\xff"), 4, "username is not UTF-8"),
        (Connect(4, will=Will(b"")), 4, "will topic is empty"),
        (Connect(4, will=Will(b"#")), 4, "will topic holds a wildcard"),
        (Connect(4, will=Will(b"t", qos=3)), 4, "will QoS is 3"),
        (
            Connect(properties=ConnectProperties(session_expiry_interval=2**32)),
            5,
            "session expiry interval",
        ),
        (Subscribe(1, ()), 4, "no topic filter"),
        (Subscribe(1, (Subscription(b"a/#/b"),)), 4, "not the whole last level"),
        (Subscribe(1, (Subscription(b"$share//b"),)), 5, "no share name"),
        (Subscribe(1, (Subscription(b"$share/g/b", no_local=True),)), 5, "No Local"),
        (Subscribe(1, (Subscription(b"a", 3),)), 4, "QoS of SUBSCRIBE is 3"),
        (Subscribe(1, (Subscription(b"a", retain_handling=3),)), 5, "retain handling is 3"),
        (
            Subscribe(1, (Subscription(b"a"),), SubscribeProperties(subscription_identifier=2**28)),
            5,
            "subscription identifier is 268435456",
        ),
        (Unsubscribe(1, ()), 4, "no topic filter"),
        (Unsubscribe(1, (b"a+",)), 4, "not a whole level"),
        (Auth(), 4, "before MQTT 5"),
        (Auth(0x18), 5, "no authentication method"),
    ],
)
def test_what_cannot_be_sent(packet: ControlPacket, version: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        encode(packet, version)
