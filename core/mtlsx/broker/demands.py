"""What the standards demand of a client's behaviour, with the reason code that answers a breach.

What they demand of the form of packets is in ``mtlsx.packets.demands``, which explains the numbers.
"""

from __future__ import annotations

from typing import Final

from mtlsx.packets.demands import Demand

RECEIVE_MAXIMUM: Final = Demand(0x93, "MQTT-3.3.4-7", "section 4.4")
TOPIC_ALIAS_RANGE: Final = Demand(0x94, "MQTT-3.3.2-9", "")
TOPIC_ALIAS_UNKNOWN: Final = Demand(0x82, "section 3.3.2.3.4", "")
ALIAS_OCTETS: Final = Demand(0x97, "section 4.13", "")
TOPIC_LEVELS: Final = Demand(0x90, "section 4.7.3", "section 4.7.3")
MAXIMUM_QOS: Final = Demand(0x9B, "MQTT-3.2.2-11", "section 3.3")
RETAIN_AVAILABLE: Final = Demand(0x9A, "MQTT-3.2.2-14", "section 3.3")
SESSION_EXPIRY: Final = Demand(0x82, "section 3.14.2.2.2", "")
NO_AUTHENTICATION: Final = Demand(0x82, "MQTT-4.12.0-7", "")
KEEP_ALIVE: Final = Demand(0x8D, "MQTT-3.1.2-22", "MQTT-3.1.2-24")
CONNECT_IN_TIME: Final = Demand(0x8D, "section 3.1.4", "section 3.1.4")
CONNACK_SIZE: Final = Demand(0x95, "MQTT-3.1.2-24", "")
