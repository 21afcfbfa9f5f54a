"""What a person says about one MQTT connection, its subscriptions and its messages. Values only."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mtlsx.tls.settings import TlsSettings

if TYPE_CHECKING:
    from mtlsx.secret import Secret


class Transport(StrEnum):
    """How MQTT is carried."""

    MQTT = "mqtt"
    MQTTS = "mqtts"
    WS = "ws"
    WSS = "wss"

    @property
    def uses_tls(self) -> bool:
        return self in {Transport.MQTTS, Transport.WSS}

    @property
    def uses_websocket(self) -> bool:
        return self in {Transport.WS, Transport.WSS}

    @property
    def default_port(self) -> int:
        """The port that EMQX listens on for this transport."""
        return _DEFAULT_PORTS[self]


_DEFAULT_PORTS = {
    Transport.MQTT: 1883,
    Transport.MQTTS: 8883,
    Transport.WS: 8083,
    Transport.WSS: 8084,
}


class MqttVersion(StrEnum):
    """An MQTT protocol version."""

    V3_1 = "3.1"
    V3_1_1 = "3.1.1"
    V5 = "5"


class ClientIdSuffix(StrEnum):
    """What is added to the client id, anew for each connection that is started.

    ``RANDOM``: 8 hexadecimal digits; ``TIME``: the milliseconds since the epoch, as MQTTX adds them. Both follow an
    underscore, where there is something before it.
    """

    NONE = "none"
    RANDOM = "random"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class WillProperties:
    """MQTT 5 properties of a last will (section 3.1.3.2); intervals in seconds."""

    will_delay_interval: int | None = None
    payload_format_indicator: int | None = None
    message_expiry_interval: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Will:
    """The last will: what the broker publishes when the connection is lost."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    properties: WillProperties = field(default_factory=WillProperties)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectProperties:
    """MQTT 5 properties of CONNECT (section 3.1.2.11), but for the session expiry; sizes in bytes.

    None leaves a property out; what the other two say at their defaults is not sent either. Two are never sent:
    the topic alias maximum, because paho does not resolve aliases, and an authentication method, because nothing
    here speaks enhanced authentication (section 4.12).
    """

    receive_maximum: int | None = None
    maximum_packet_size: int | None = None
    request_response_information: bool = False
    request_problem_information: bool = True
    user_properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reconnect:
    """When to try again after a loss: delays in seconds, doubling from the first to the longest.

    ``limit`` is the number of attempts in a row, None for no limit. A definite refusal (a certificate,
    credentials) is never retried, whatever is said here.
    """

    enabled: bool = True
    initial_delay: float = 1.0
    maximum_delay: float = 30.0
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """One MQTT connection.

    ``keepalive``, ``session_expiry`` and ``connect_timeout`` are in seconds. An empty ``client_id`` without
    a suffix asks the server to assign one. ``session_expiry`` and ``properties`` are MQTT 5's. ``path`` and
    ``headers`` are for websockets; ``tls`` counts where the transport uses TLS.
    """

    host: str
    port: int
    transport: Transport = Transport.MQTTS
    version: MqttVersion = MqttVersion.V5
    client_id: str = ""
    client_id_suffix: ClientIdSuffix = ClientIdSuffix.NONE
    username: str | None = None
    password: Secret | None = None
    keepalive: int = 60
    clean_start: bool = True
    session_expiry: int = 0
    properties: ConnectProperties = field(default_factory=ConnectProperties)
    connect_timeout: float = 10.0
    path: str = "/mqtt"
    headers: tuple[tuple[str, str], ...] = ()
    will: Will | None = None
    reconnect: Reconnect = field(default_factory=Reconnect)
    tls: TlsSettings = field(default_factory=TlsSettings)

    @property
    def sends_empty_username(self) -> bool:
        """Whether a password goes out with an empty username beside it, because none was given.

        MQTT 3.1.1 forbids a password alone (MQTT-3.1.2-22), and paho would drop it.
        """
        return self.password is not None and self.username is None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter with its subscription options, and how a list shows it.

    MQTT 5's (section 3.8): ``no_local``, ``retain_as_published``, ``retain_handling``, and of the whole packet
    ``subscription_identifier`` and ``user_properties``. A profile also remembers an ``alias`` to show in place of the
    filter, a ``colour`` (``#rrggbb`` or a colour's name), and whether it is ``enabled``: subscribed on connecting.
    """

    topic_filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0
    _: KW_ONLY
    subscription_identifier: int | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    alias: str | None = None
    colour: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishProperties:
    """MQTT 5 properties of a PUBLISH packet (section 3.3.2.3). ``message_expiry_interval`` in seconds."""

    payload_format_indicator: int | None = None
    message_expiry_interval: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    subscription_identifiers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to publish."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    properties: PublishProperties | None = None
