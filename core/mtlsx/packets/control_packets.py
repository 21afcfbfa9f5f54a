"""The 15 MQTT control packets as values, the same for MQTT 3.1, 3.1.1 and 5.0.

Fields have the standard's names. Topic names and filters, client ids, user names and user properties are the octets
of the packet, checked to be UTF-8, and not ``str``: a broker compares them, asks its rules and stores about them
(``mtlsx.auth`` takes octets, because those are what EMQX puts into commands and rules) and sends them on, and nobody
on that way reads them as text; so nothing is converted. Before MQTT 5 there are no properties and, in most answers,
no codes: decoding gives the defaults, encoding leaves them out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

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

MQTT_31, MQTT_311, MQTT_5 = 3, 4, 5
"""The protocol levels of MQTT 3.1, 3.1.1 and 5.0, as they stand in CONNECT."""

NO_PUBLISH_PROPERTIES: Final = PublishProperties()
NO_ANSWER_PROPERTIES: Final = AnswerProperties()


@dataclass(frozen=True, slots=True)
class Will:
    """The last will in a CONNECT."""

    topic: bytes
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    properties: WillProperties = field(default_factory=WillProperties)


@dataclass(frozen=True, slots=True)
class Connect:
    """CONNECT (section 3.1). ``version`` is the protocol level, ``clean_start`` is Clean Session before MQTT 5.

    ``keep_alive`` in seconds, 0 for none. None is a username or password that is absent, b"" one that is empty. A
    password without a username is a valid packet in MQTT 5 only, but EMQX takes it in every version, and so do we.
    """

    version: int = MQTT_5
    client_id: bytes = b""
    clean_start: bool = True
    keep_alive: int = 0
    username: bytes | None = None
    password: bytes | None = field(default=None, repr=False)
    will: Will | None = None
    properties: ConnectProperties = field(default_factory=ConnectProperties)


@dataclass(frozen=True, slots=True)
class Connack:
    """CONNACK (section 3.2). ``code``: the return code of MQTT 3.1 and 3.1.1, the reason code of 5.0."""

    session_present: bool
    code: int
    properties: ConnackProperties = field(default_factory=ConnackProperties)


class Publish(NamedTuple):
    """PUBLISH (section 3.3). ``packet_id`` is 0 with QoS 0.

    A named tuple where all others are dataclasses: each message makes one, and it is made in a quarter of the time.
    """

    topic: bytes
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: PublishProperties = NO_PUBLISH_PROPERTIES


@dataclass(frozen=True, slots=True)
class Puback:
    """PUBACK (section 3.4)."""

    packet_id: int
    code: int = 0
    properties: AnswerProperties = NO_ANSWER_PROPERTIES


@dataclass(frozen=True, slots=True)
class Pubrec:
    """PUBREC (section 3.5)."""

    packet_id: int
    code: int = 0
    properties: AnswerProperties = NO_ANSWER_PROPERTIES


@dataclass(frozen=True, slots=True)
class Pubrel:
    """PUBREL (section 3.6)."""

    packet_id: int
    code: int = 0
    properties: AnswerProperties = NO_ANSWER_PROPERTIES


@dataclass(frozen=True, slots=True)
class Pubcomp:
    """PUBCOMP (section 3.7)."""

    packet_id: int
    code: int = 0
    properties: AnswerProperties = NO_ANSWER_PROPERTIES


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic filter of a SUBSCRIBE and its options (section 3.8.3.1); before MQTT 5, ``qos`` is the only one."""

    topic_filter: bytes
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


@dataclass(frozen=True, slots=True)
class Subscribe:
    """SUBSCRIBE (section 3.8)."""

    packet_id: int
    subscriptions: tuple[Subscription, ...]
    properties: SubscribeProperties = field(default_factory=SubscribeProperties)


@dataclass(frozen=True, slots=True)
class Suback:
    """SUBACK (section 3.9): a code for each topic filter, in the order of the SUBSCRIBE.

    Before MQTT 5 every refusal (0x80 and above) is written as 0x80. MQTT 3.1 knows none at all; brokers say 0x80.
    """

    packet_id: int
    codes: tuple[int, ...]
    properties: AnswerProperties = NO_ANSWER_PROPERTIES


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """UNSUBSCRIBE (section 3.10)."""

    packet_id: int
    topic_filters: tuple[bytes, ...]
    properties: UnsubscribeProperties = field(default_factory=UnsubscribeProperties)


@dataclass(frozen=True, slots=True)
class Unsuback:
    """UNSUBACK (section 3.11): a code for each topic filter; none before MQTT 5."""

    packet_id: int
    codes: tuple[int, ...] = ()
    properties: AnswerProperties = NO_ANSWER_PROPERTIES


@dataclass(frozen=True, slots=True)
class Pingreq:
    """PINGREQ (section 3.12)."""


@dataclass(frozen=True, slots=True)
class Pingresp:
    """PINGRESP (section 3.13)."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """DISCONNECT (section 3.14)."""

    code: int = 0
    properties: DisconnectProperties = field(default_factory=DisconnectProperties)


@dataclass(frozen=True, slots=True)
class Auth:
    """AUTH (section 3.15), which only MQTT 5 has."""

    code: int = 0
    properties: AuthProperties = field(default_factory=AuthProperties)


Answer: TypeAlias = Puback | Pubrec | Pubrel | Pubcomp
ControlPacket: TypeAlias = (
    Connect
    | Connack
    | Publish
    | Answer
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
    | Auth
)
