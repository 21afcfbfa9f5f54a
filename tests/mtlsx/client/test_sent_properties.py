"""What CONNECT and SUBSCRIBE carry, as a broker reads it: the last will, its properties, identifiers, client ids."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mtlsx.client.events import Connected, Failed, Subscribed
from mtlsx.client.rules import check_settings, check_subscription
from mtlsx.client.settings import (
    ClientIdSuffix,
    ConnectionSettings,
    ConnectProperties,
    MqttVersion,
    Reconnect,
    Subscription,
    Transport,
    Will,
    WillProperties,
)
from mtlsx.errors import UsageError
from mtlsx.packets import control_packets as packets
from mtlsx.packets.decode import decode
from mtlsx.packets.framing import PacketType
from mtlsx.packets.properties import ConnectProperties as SentProperties
from mtlsx.packets.properties import SubscribeProperties
from mtlsx.packets.properties import WillProperties as SentWillProperties
from support.client import Client
from support.scripted_broker import CONNACK_OK_5, Peer, ScriptedBroker

PLAIN = ConnectionSettings(
    host="localhost",
    port=1883,
    transport=Transport.MQTT,
    client_id="dev",
    reconnect=Reconnect(enabled=False),
)
WILL = Will(
    "gone/dev",
    b"\xff\x00",
    qos=1,
    retain=True,
    properties=WillProperties(
        will_delay_interval=30,
        payload_format_indicator=0,
        message_expiry_interval=60,
        content_type="text/plain",
        response_topic="back/dev",
        correlation_data=b"\x00\x01",
        user_properties=(("a", "1"), ("a", "2")),
    ),
)
PROPERTIES = ConnectProperties(
    receive_maximum=10,
    maximum_packet_size=1024,
    request_response_information=True,
    request_problem_information=False,
    user_properties=(("site", "7"), ("site", "8")),
)


def sent_connect(settings: ConnectionSettings) -> packets.Connect:
    """The CONNECT that ``settings`` send."""
    seen: list[packets.Connect] = []
    level = {"3.1": 3, "3.1.1": 4, "5": 5}[settings.version]

    def script(peer: Peer) -> None:
        connect = decode(peer.expect(PacketType.CONNECT), level)
        assert isinstance(connect, packets.Connect)
        seen.append(connect)
        peer.send(b"\x20\x03\x00\x87\x00" if level == 5 else b"\x20\x02\x00\x05")

    with ScriptedBroker(script) as broker, Client(replace(settings, port=broker.port)) as client:
        client.event(Failed)
    return seen[0]


def test_every_property_of_connect_and_will_arrives() -> None:
    settings = replace(PLAIN, session_expiry=7200, properties=PROPERTIES, will=WILL)
    connect = sent_connect(settings)
    assert connect.properties == SentProperties(
        session_expiry_interval=7200,
        receive_maximum=10,
        maximum_packet_size=1024,
        request_response_information=True,
        request_problem_information=False,
        user_properties=((b"site", b"7"), (b"site", b"8")),
    )
    assert connect.will == packets.Will(
        b"gone/dev",
        b"\xff\x00",
        1,
        retain=True,
        properties=SentWillProperties(
            will_delay_interval=30,
            payload_format_indicator=0,
            message_expiry_interval=60,
            content_type=b"text/plain",
            response_topic=b"back/dev",
            correlation_data=b"\x00\x01",
            user_properties=((b"a", b"1"), (b"a", b"2")),
        ),
    )


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    connect = sent_connect(PLAIN)
    assert (connect.properties, connect.will) == (SentProperties(), None)
    will = sent_connect(replace(PLAIN, will=Will("gone"))).will
    assert will == packets.Will(b"gone")


@pytest.mark.parametrize("version", [MqttVersion.V3_1, MqttVersion.V3_1_1])
def test_before_mqtt_5_the_will_goes_without_its_properties(version: MqttVersion) -> None:
    settings = replace(PLAIN, version=version, properties=PROPERTIES, will=WILL)
    assert sent_connect(settings).will == packets.Will(b"gone/dev", b"\xff\x00", 1, retain=True)


@pytest.mark.parametrize(
    ("client_id", "suffix", "pattern"),
    [
        ("dev", ClientIdSuffix.NONE, rb"dev"),
        ("dev", ClientIdSuffix.RANDOM, rb"dev_[0-9a-f]{8}"),
        ("", ClientIdSuffix.RANDOM, rb"[0-9a-f]{8}"),
        ("dev", ClientIdSuffix.TIME, rb"dev_1\d{12}"),
    ],
)
def test_a_client_id_is_fixed_or_made_anew(
    client_id: str, suffix: ClientIdSuffix, pattern: bytes
) -> None:
    settings = replace(PLAIN, client_id=client_id, client_id_suffix=suffix)
    first, second = sent_connect(settings).client_id, sent_connect(settings).client_id
    assert re.fullmatch(pattern, first)
    assert re.fullmatch(pattern, second)
    assert (first == second) == (suffix is ClientIdSuffix.NONE)


def test_subscriptions_that_cannot_share_a_packet_go_in_several() -> None:
    wanted = [
        Subscription("a", 1, no_local=True, subscription_identifier=7),
        Subscription("b"),
        Subscription("c", subscription_identifier=7, retain_handling=2),
        Subscription("d", user_properties=(("k", "v"),)),
    ]
    seen: list[packets.Subscribe] = []

    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        for _ in range(3):
            packet = peer.expect(PacketType.SUBSCRIBE)
            subscribe = decode(packet, 5)
            assert isinstance(subscribe, packets.Subscribe)
            seen.append(subscribe)
            codes = bytes(len(subscribe.subscriptions))
            peer.send(bytes([0x90, 3 + len(codes)]) + packet.body[:2] + b"\x00" + codes)
        peer.expect(PacketType.DISCONNECT)

    with ScriptedBroker(script) as broker, Client(replace(PLAIN, port=broker.port)) as client:
        client.event(Connected)
        last = client.connection.subscribe(wanted)
        answers = [client.event(Subscribed) for _ in range(3)]
    assert [each.subscriptions for each in answers] == [
        (wanted[0], wanted[2]),
        (wanted[1],),
        (wanted[3],),
    ]
    assert answers[-1].packet_id == last
    assert [[each.topic_filter for each in one.subscriptions] for one in seen] == [
        [b"a", b"c"],
        [b"b"],
        [b"d"],
    ]
    assert [one.properties for one in seen] == [
        SubscribeProperties(subscription_identifier=7),
        SubscribeProperties(),
        SubscribeProperties(user_properties=((b"k", b"v"),)),
    ]


def will(**properties: object) -> dict[str, object]:
    return {"will": Will("w", properties=WillProperties(**properties))}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"properties": ConnectProperties(receive_maximum=0)}, "Receive maximum 0 is not between 1 and 65535."),
        ({"properties": ConnectProperties(maximum_packet_size=2**32)}, "is not between 1 and 4294967295."),
        ({"properties": ConnectProperties(user_properties=(("a\0", ""),))}, "name of a user property holds a NUL"),
        (will(will_delay_interval=-1), "The delay interval -1 of the last will is not between 0 and"),
        (will(payload_format_indicator=2), "payload format indicator 2 of the last will is not between 0 and 1."),
        (will(response_topic="a/#"), "The topic 'a/#' of the last will's response holds a wildcard."),
        (will(content_type="x" * 65_536), "The content type of the last will is 65536 bytes long"),
        (will(correlation_data=bytes(65_536)), "Correlation data may have 65535 bytes"),
        ({"will": Will("w", bytes(65_536))}, "The last will is 65536 bytes long"),
    ],
)  # fmt: skip
def test_what_mqtt_forbids_is_a_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_settings(replace(PLAIN, **changes))  # type: ignore[arg-type]
    assert sentence in str(caught.value)


@pytest.mark.parametrize("identifier", [0, 268_435_456])
def test_a_subscription_identifier_has_its_range(identifier: int) -> None:
    with pytest.raises(UsageError, match="is not between 1 and 268435455"):
        check_subscription(Subscription("a", subscription_identifier=identifier))


def test_a_session_is_kept_for_a_client_id_that_is_made_anew() -> None:
    """MQTT 3.1.1 forbids an empty one only."""
    check_settings(
        replace(
            PLAIN,
            version=MqttVersion.V3_1_1,
            client_id="",
            client_id_suffix=ClientIdSuffix.RANDOM,
            clean_start=False,
        )
    )
