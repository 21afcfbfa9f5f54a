"""What a broker keeps to: the settings under ``[mqtt]``, and a bound for everything that they leave open.

Nothing a client does may take memory without end. Where EMQX's settings say ``infinity``, a number here counts
instead; sizes are in octets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mtlsx.configuration.model import Mqtt
from mtlsx.packets.control_packets import MQTT_5

NEVER: Final = 0xFFFF_FFFF
"""The session expiry interval that means: the session does not expire (MQTT 5.0, section 3.1.2.11.2)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings, and the bounds that are our own.

    ``max_queue_bytes`` is for one session, ``max_total_queue_bytes`` for all together. ``most_subscriptions``,
    ``most_queued`` and ``most_awaiting_rel`` count where the setting is ``infinity``. ``max_sent_aliases`` is how
    many topic aliases we use towards one client, ``max_alias_octets`` the topics that a client may give aliases.
    ``burst`` is how much of a backlog a client is sent at once.
    """

    mqtt: Mqtt = field(default_factory=Mqtt)
    max_sessions: int = 100_000
    max_queue_bytes: int = 16 * 1024 * 1024
    max_total_queue_bytes: int = 512 * 1024 * 1024
    max_retained: int = 100_000
    max_retained_bytes: int = 256 * 1024 * 1024
    max_sent_aliases: int = 32
    max_alias_octets: int = 1024 * 1024
    most_subscriptions: int = 10_000
    most_queued: int = 100_000
    most_awaiting_rel: int = 0xFFFF
    burst: int = 256 * 1024

    @property
    def max_subscriptions(self) -> int:
        """Subscriptions of one session."""
        return _bounded(self.mqtt.max_subscriptions, self.most_subscriptions)

    @property
    def max_queued(self) -> int:
        """Messages that wait in one session."""
        return _bounded(self.mqtt.max_mqueue_len, self.most_queued)

    @property
    def max_awaiting_rel(self) -> int:
        """Messages of QoS 2 from one client whose PUBREL is not there yet."""
        return _bounded(self.mqtt.max_awaiting_rel, self.most_awaiting_rel)

    @property
    def receive_maximum(self) -> int:
        """How many messages of QoS 1 and 2 an MQTT 5 client may send before one is answered."""
        return self.mqtt.receive_maximum or self.mqtt.max_inflight

    def window(self, receive_maximum: int | None) -> int:
        """How many messages of QoS 1 and 2 may be on their way to a client with this Receive Maximum."""
        return min(receive_maximum or 0xFFFF, self.mqtt.max_inflight)

    def keep_alive(self, asked: int, version: int) -> int:
        """The keep alive in seconds that counts, 0 for none.

        ``server_keepalive`` shortens what an MQTT 5 client asked for, who is told so in CONNACK; it does not
        lengthen it. Earlier versions cannot be told, so theirs stays.
        """
        most = self.mqtt.server_keepalive
        if most is None or version < MQTT_5:
            return asked
        return min(asked or most, most)


def _bounded(setting: int | None, most: int) -> int:
    return most if setting is None else min(setting, most)
