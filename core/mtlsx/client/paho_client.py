"""Between our values and paho's: a client for some settings, and messages and properties back and forth."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTv5, MQTTv31, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from mtlsx.client.message import Message
from mtlsx.client.settings import MqttVersion, PublishProperties

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from paho.mqtt.client import MQTTMessage

    from mtlsx.client.link import LinkContext
    from mtlsx.client.settings import (
        ConnectionSettings,
        Publication,
        Subscription,
        WillProperties,
    )

_PROTOCOLS = {MqttVersion.V3_1: MQTTv31, MqttVersion.V3_1_1: MQTTv311, MqttVersion.V5: MQTTv5}


class _Client(PahoClient):
    """A paho client whose TCP connections we make: paho's own tell neither which address answered, nor when."""

    def __init__(self, dial: Callable[[], socket.socket], **settings: Any) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, **settings)
        self._dial = dial

    def _create_socket_connection(self) -> socket.socket:
        return self._dial()


def make_client(
    settings: ConnectionSettings,
    client_id: str,
    dial: Callable[[], socket.socket],
    links: LinkContext,
) -> PahoClient:
    """A paho client that leaves connecting and reconnecting to us.

    ``dial`` makes a TCP connection or raises ``OSError``; ``links`` makes of it what paho reads and writes.
    """
    version5 = settings.version is MqttVersion.V5
    client = _Client(
        dial,
        client_id=client_id,
        clean_session=None if version5 else settings.clean_start,
        protocol=_PROTOCOLS[settings.version],
        transport="websockets" if settings.transport.uses_websocket else "tcp",
        reconnect_on_failure=False,
    )
    client.tls_set_context(links)
    client.connect_timeout = settings.connect_timeout
    # Registered so that paho leaves all writing to the thread that runs its loop.
    client.on_socket_register_write = lambda *_: None
    if settings.username is not None or settings.password is not None:
        # Without a username too, which is how a certificate's user logs in (``sends_empty_username``).
        password = None if settings.password is None else settings.password.reveal()
        client.username_pw_set(settings.username or "", password)
    if settings.will is not None:
        will = settings.will
        properties = _will_properties(will.properties) if version5 else None
        client.will_set(will.topic, will.payload, will.qos, will.retain, properties)
    if settings.transport.uses_websocket:
        client.ws_set_options(settings.path, _websocket_headers(settings))
    return client


def connect(client: PahoClient, settings: ConnectionSettings) -> None:
    """DNS, TCP, TLS and the websocket upgrade, then queue CONNECT; raises ``OSError``."""
    if settings.version is not MqttVersion.V5:
        client.connect(settings.host, settings.port, settings.keepalive)
        return
    client.connect(
        settings.host,
        settings.port,
        settings.keepalive,
        clean_start=settings.clean_start,
        properties=_connect_properties(settings),
    )


@dataclass(frozen=True, slots=True)
class SubscribePacket:
    """One SUBSCRIBE: the subscriptions in it, and the arguments for paho's ``subscribe``."""

    subscriptions: tuple[Subscription, ...]
    argument: list[tuple[str, int]] | list[tuple[str, SubscribeOptions]]
    properties: Properties | None = None


def subscribe_packets(
    subscriptions: Sequence[Subscription], version: MqttVersion
) -> list[SubscribePacket]:
    """The packets that ask for ``subscriptions``: an identifier and user properties are a whole packet's."""
    if version is not MqttVersion.V5:
        wanted = tuple(subscriptions)
        return [SubscribePacket(wanted, [(each.topic_filter, each.qos) for each in wanted])]
    packets: dict[object, list[Subscription]] = {}
    for each in subscriptions:
        packets.setdefault((each.subscription_identifier, each.user_properties), []).append(each)
    return [_subscribe_packet(tuple(alike)) for alike in packets.values()]


def _subscribe_packet(subscriptions: tuple[Subscription, ...]) -> SubscribePacket:
    first = subscriptions[0]
    properties = _properties_of(
        PacketTypes.SUBSCRIBE,
        SubscriptionIdentifier=first.subscription_identifier,
        UserProperty=list(first.user_properties) or None,
    )
    argument = [
        (
            each.topic_filter,
            SubscribeOptions(
                each.qos, each.no_local, each.retain_as_published, each.retain_handling
            ),
        )
        for each in subscriptions
    ]
    return SubscribePacket(subscriptions, argument, properties)


def publish_properties(publication: Publication, version: MqttVersion) -> Properties | None:
    """The MQTT 5 properties of ``publication`` as paho takes them."""
    given = publication.properties
    if given is None or version is not MqttVersion.V5:
        return None
    return _properties_of(
        PacketTypes.PUBLISH,
        PayloadFormatIndicator=given.payload_format_indicator,
        MessageExpiryInterval=given.message_expiry_interval,
        ContentType=given.content_type,
        ResponseTopic=given.response_topic,
        CorrelationData=given.correlation_data,
        UserProperty=list(given.user_properties) or None,
    )


def publish_size(publication: Publication, version: MqttVersion) -> int:
    """How many bytes the PUBLISH packet will have (MQTT 5.0, section 3.3)."""
    rest = 2 + len(publication.topic.encode()) + len(publication.payload)
    rest += 2 if publication.qos else 0
    if version is MqttVersion.V5:
        properties = publish_properties(publication, version)
        rest += 1 if properties is None else len(properties.pack())
    return 1 + max((rest.bit_length() + 6) // 7, 1) + rest


def received(message: MQTTMessage) -> Message:
    """Our record of a message that paho received; a topic that is not UTF-8 is shown with U+FFFD."""
    try:
        topic = message.topic
    except UnicodeDecodeError as error:
        topic = error.object.decode(errors="replace")
    return Message(
        topic,
        bytes(message.payload),
        message.qos,
        message.retain,
        message.dup,
        False,
        time.time(),
        _properties(message.properties) if message.properties is not None else None,
    )


def _connect_properties(settings: ConnectionSettings) -> Properties:
    given = settings.properties
    return _properties_of(
        PacketTypes.CONNECT,
        SessionExpiryInterval=settings.session_expiry or None,
        ReceiveMaximum=given.receive_maximum,
        MaximumPacketSize=given.maximum_packet_size,
        RequestResponseInformation=1 if given.request_response_information else None,
        RequestProblemInformation=None if given.request_problem_information else 0,
        UserProperty=list(given.user_properties) or None,
    )


def _will_properties(given: WillProperties) -> Properties:
    return _properties_of(
        PacketTypes.WILLMESSAGE,
        WillDelayInterval=given.will_delay_interval,
        PayloadFormatIndicator=given.payload_format_indicator,
        MessageExpiryInterval=given.message_expiry_interval,
        ContentType=given.content_type,
        ResponseTopic=given.response_topic,
        CorrelationData=given.correlation_data,
        UserProperty=list(given.user_properties) or None,
    )


def _properties_of(packet: int, **values: object) -> Properties:
    """paho's properties of a kind of packet, without those that are None."""
    properties = Properties(packet)
    for name, value in values.items():
        if value is not None:
            setattr(properties, name, value)
    return properties


def _properties(given: Properties) -> PublishProperties | None:
    found = vars(given)
    # paho keeps four attributes of its own beside the properties that are set.
    if len(found) <= _OWN_ATTRIBUTES:
        return None
    return PublishProperties(
        payload_format_indicator=found.get("PayloadFormatIndicator"),
        message_expiry_interval=found.get("MessageExpiryInterval"),
        content_type=found.get("ContentType"),
        response_topic=found.get("ResponseTopic"),
        correlation_data=found.get("CorrelationData"),
        user_properties=tuple(found.get("UserProperty", ())),
        subscription_identifiers=tuple(found.get("SubscriptionIdentifier", ())),
    )


def _websocket_headers(settings: ConnectionSettings) -> dict[str, str]:
    """paho takes our links for TLS, also where they are plain; say what is true instead."""
    secure = settings.transport.uses_tls
    default = settings.port == (443 if secure else 80)
    authority = settings.host if default else f"{settings.host}:{settings.port}"
    scheme = "https" if secure else "http"
    return {"Host": authority, "Origin": f"{scheme}://{authority}", **dict(settings.headers)}


_OWN_ATTRIBUTES = len(vars(Properties(PacketTypes.PUBLISH)))
