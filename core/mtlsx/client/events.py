"""What a connection tells its owner, in the order in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.client.settings import Publication, Subscription
    from mtlsx.probe.ladder import Step
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnackFacts:
    """What the server said in its CONNACK (MQTT 5.0, section 3.2).

    ``client_id`` is the one in force, ``client_id_assigned`` whether the server chose it. Intervals are in
    seconds, sizes in bytes. What the server did not say, or cannot say before MQTT 5, is None.
    """

    code: int
    session_present: bool
    client_id: str
    client_id_assigned: bool = False
    server_keepalive: int | None = None
    session_expiry: int | None = None
    receive_maximum: int | None = None
    maximum_qos: int | None = None
    retain_available: bool | None = None
    maximum_packet_size: int | None = None
    topic_alias_maximum: int | None = None
    wildcard_available: bool | None = None
    subscription_identifiers_available: bool | None = None
    shared_available: bool | None = None
    reason_string: str | None = None
    server_reference: str | None = None
    response_information: str | None = None
    authentication_method: str | None = None
    user_properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Connecting:
    """An attempt begins; ``attempt`` counts from 1 since the last success or start."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Connected:
    """The server accepted CONNECT. ``handshake`` is None where there is no TLS, ``steps`` the way there."""

    facts: ConnackFacts
    handshake: HandshakeRecord | None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt failed, or an established connection was lost (then the verdict's stage is ``session``).

    ``retry_in``: seconds until the next attempt, None where there will be none. ``steps``: the ladder of the
    attempt; its last rung is the one on which it ended.
    """

    verdict: Verdict
    handshake: HandshakeRecord | None
    retry_in: float | None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Disconnected:
    """We closed the connection, as asked."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The answer to a SUBSCRIBE: a code for each subscription, 0 to 2 granted, from 0x80 refused."""

    packet_id: int
    subscriptions: tuple[Subscription, ...]
    codes: tuple[int, ...]
    texts: tuple[str, ...]
    reason_string: str | None


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """The answer to an UNSUBSCRIBE; before MQTT 5 there are no codes."""

    packet_id: int
    topic_filters: tuple[str, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """A publication is done: written (QoS 0), acknowledged (QoS 1), completed (QoS 2), or refused (code
    from 0x80)."""

    packet_id: int
    publication: Publication
    code: int
    text: str


Event = Connecting | Connected | Failed | Disconnected | Subscribed | Unsubscribed | Published
