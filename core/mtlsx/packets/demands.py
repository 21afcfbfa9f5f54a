"""What the standards demand of the form of a packet, with the reason code that answers a breach.

The numbers are those of MQTT 5.0 (OASIS Standard, 7 March 2019) and MQTT 3.1.1 (29 October 2014). A demand that a
standard makes without numbering it has the number of its section; MQTT 3.1 numbers nothing and borrows from 3.1.1.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_MALFORMED, _PROTOCOL_ERROR, _UNSUPPORTED_VERSION = 0x81, 0x82, 0x84
_FILTER_INVALID, _TOPIC_INVALID, _ALIAS_INVALID, _TOO_LARGE = 0x8F, 0x90, 0x94, 0x95


class Demand(NamedTuple):
    """``reason_code`` of MQTT 5.0, and the number in 5.0 and in 3.1.1."""

    reason_code: int
    v5: str
    v3: str


# Data representation.
UTF8: Final = Demand(_MALFORMED, "MQTT-1.5.4-1", "MQTT-1.5.3-1")
NO_NUL: Final = Demand(_MALFORMED, "MQTT-1.5.4-2", "MQTT-1.5.3-2")
SHORTEST_INTEGER: Final = Demand(_MALFORMED, "MQTT-1.5.5-1", "section 2.2.3")
INTEGER_LENGTH: Final = Demand(_MALFORMED, "section 1.5.5", "section 2.2.3")
TEXT_PAIR_UTF8: Final = Demand(_MALFORMED, "MQTT-1.5.7-1", "section 1.5.3")

# The fixed header, and what all packets share.
TYPE: Final = Demand(_MALFORMED, "section 2.1.2", "section 2.2.1")
DIRECTION: Final = Demand(_PROTOCOL_ERROR, "section 2.1.2", "section 2.2.1")
FLAGS: Final = Demand(_MALFORMED, "MQTT-2.1.3-1", "MQTT-2.2.2-2")
LENGTH: Final = Demand(_MALFORMED, "MQTT-4.13.1-1", "MQTT-4.8.0-1")
PACKET_IDENTIFIER: Final = Demand(_PROTOCOL_ERROR, "MQTT-2.2.1-3", "MQTT-2.3.1-1")
ANSWER_IDENTIFIER: Final = Demand(_PROTOCOL_ERROR, "MQTT-2.2.1-5", "MQTT-2.3.1-6")
MAXIMUM_PACKET_SIZE: Final = Demand(_TOO_LARGE, "MQTT-3.2.2-15", "section 4.2")

# Properties, which only MQTT 5.0 has.
PROPERTY_LENGTH: Final = Demand(_MALFORMED, "MQTT-2.2.2-1", "")
PROPERTY_ALLOWED: Final = Demand(_MALFORMED, "section 2.2.2.2", "")
PROPERTY_ONCE: Final = Demand(_PROTOCOL_ERROR, "section 2.2.2.2", "")
PROPERTY_RANGE: Final = Demand(_PROTOCOL_ERROR, "section 2.2.2.2", "")
RESPONSE_TOPIC_UTF8: Final = Demand(_MALFORMED, "MQTT-3.3.2-13", "")
RESPONSE_TOPIC_WILDCARDS: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.3.2-14", "")
CONTENT_TYPE_UTF8: Final = Demand(_MALFORMED, "MQTT-3.3.2-19", "")
TOPIC_ALIAS: Final = Demand(_ALIAS_INVALID, "MQTT-3.3.2-8", "")
SUBSCRIPTION_IDENTIFIER: Final = Demand(_PROTOCOL_ERROR, "section 3.8.2.1.2", "")
NO_SUBSCRIPTION_IDENTIFIER: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.3.4-6", "")
METHOD_WITH_DATA: Final = Demand(_PROTOCOL_ERROR, "section 3.1.2.11.10", "")

# CONNECT.
CONNECT_FIRST: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.1.0-1", "MQTT-3.1.0-1")
CONNECT_ONCE: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.1.0-2", "MQTT-3.1.0-2")
CONNECT_FORM: Final = Demand(_MALFORMED, "MQTT-3.1.4-1", "MQTT-3.1.4-1")
PROTOCOL_NAME: Final = Demand(_UNSUPPORTED_VERSION, "MQTT-3.1.2-1", "MQTT-3.1.2-1")
PROTOCOL_LEVEL: Final = Demand(_UNSUPPORTED_VERSION, "MQTT-3.1.2-2", "MQTT-3.1.2-2")
CONNECT_RESERVED_FLAG: Final = Demand(_MALFORMED, "MQTT-3.1.2-3", "MQTT-3.1.2-3")
WILL_FIELDS: Final = Demand(_MALFORMED, "MQTT-3.1.2-9", "MQTT-3.1.2-9")
WILL_QOS_ALONE: Final = Demand(_MALFORMED, "MQTT-3.1.2-11", "MQTT-3.1.2-13")
WILL_QOS: Final = Demand(_MALFORMED, "MQTT-3.1.2-12", "MQTT-3.1.2-14")
WILL_RETAIN_ALONE: Final = Demand(_MALFORMED, "MQTT-3.1.2-13", "MQTT-3.1.2-15")
WILL_TOPIC_UTF8: Final = Demand(_MALFORMED, "MQTT-3.1.3-11", "MQTT-3.1.3-10")
USERNAME_ABSENT: Final = Demand(_MALFORMED, "MQTT-3.1.2-16", "MQTT-3.1.2-18")
USERNAME_PRESENT: Final = Demand(_MALFORMED, "MQTT-3.1.2-17", "MQTT-3.1.2-19")
USERNAME_UTF8: Final = Demand(_MALFORMED, "MQTT-3.1.3-12", "MQTT-3.1.3-11")
PASSWORD_ABSENT: Final = Demand(_MALFORMED, "MQTT-3.1.2-18", "MQTT-3.1.2-20")
PASSWORD_PRESENT: Final = Demand(_MALFORMED, "MQTT-3.1.2-19", "MQTT-3.1.2-21")
CLIENT_ID_PRESENT: Final = Demand(_MALFORMED, "MQTT-3.1.3-3", "MQTT-3.1.3-3")
CLIENT_ID_UTF8: Final = Demand(_MALFORMED, "MQTT-3.1.3-4", "MQTT-3.1.3-4")

# PUBLISH and its answers.
DUP_ALONE: Final = Demand(_MALFORMED, "MQTT-3.3.1-2", "MQTT-3.3.1-2")
PUBLISH_QOS: Final = Demand(_MALFORMED, "MQTT-3.3.1-4", "MQTT-3.3.1-4")
TOPIC_NAME: Final = Demand(_MALFORMED, "MQTT-3.3.2-1", "MQTT-3.3.2-1")
TOPIC_NAME_WILDCARDS: Final = Demand(_TOPIC_INVALID, "MQTT-3.3.2-2", "MQTT-3.3.2-2")
WILL_TOPIC_WILDCARDS: Final = Demand(_TOPIC_INVALID, "MQTT-4.7.0-1", "MQTT-4.7.1-1")
TOPIC_NOT_EMPTY: Final = Demand(_TOPIC_INVALID, "MQTT-4.7.3-1", "MQTT-4.7.3-1")
TOPIC_OR_ALIAS: Final = Demand(_PROTOCOL_ERROR, "section 3.3.2.1", "MQTT-4.7.3-1")
TOPIC_NO_NUL: Final = Demand(_MALFORMED, "MQTT-4.7.3-2", "MQTT-4.7.3-2")
PUBACK_CODE: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.4.2-1", "")
PUBREC_CODE: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.5.2-1", "")
PUBREL_FLAGS: Final = Demand(_MALFORMED, "MQTT-3.6.1-1", "MQTT-3.6.1-1")
PUBREL_CODE: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.6.2-1", "")
PUBCOMP_CODE: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.7.2-1", "")

# SUBSCRIBE and UNSUBSCRIBE. MQTT-3-8.3-4 is spelled so in the standard.
SUBSCRIBE_FLAGS: Final = Demand(_MALFORMED, "MQTT-3.8.1-1", "MQTT-3.8.1-1")
SUBSCRIBE_UTF8: Final = Demand(_MALFORMED, "MQTT-3.8.3-1", "MQTT-3.8.3-1")
SUBSCRIBE_NOT_EMPTY: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.8.3-2", "MQTT-3.8.3-3")
NO_LOCAL_SHARED: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.8.3-4", "")
SUBSCRIBE_RESERVED: Final = Demand(_MALFORMED, "MQTT-3.8.3-5", "MQTT-3-8.3-4")
SUBSCRIBE_QOS: Final = Demand(_PROTOCOL_ERROR, "section 3.8.3.1", "MQTT-3-8.3-4")
RETAIN_HANDLING: Final = Demand(_PROTOCOL_ERROR, "section 3.8.3.1", "")
UNSUBSCRIBE_FLAGS: Final = Demand(_MALFORMED, "MQTT-3.10.1-1", "MQTT-3.10.1-1")
UNSUBSCRIBE_UTF8: Final = Demand(_MALFORMED, "MQTT-3.10.3-1", "MQTT-3.10.3-1")
UNSUBSCRIBE_NOT_EMPTY: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.10.3-2", "MQTT-3.10.3-2")
FILTER_NOT_EMPTY: Final = Demand(_FILTER_INVALID, "MQTT-4.7.3-1", "MQTT-4.7.3-1")
MULTI_LEVEL_WILDCARD: Final = Demand(_FILTER_INVALID, "MQTT-4.7.1-1", "MQTT-4.7.1-2")
SINGLE_LEVEL_WILDCARD: Final = Demand(_FILTER_INVALID, "MQTT-4.7.1-2", "MQTT-4.7.1-3")
SHARE_NAME: Final = Demand(_FILTER_INVALID, "MQTT-4.8.2-1", "")
SHARE_NAME_FORM: Final = Demand(_FILTER_INVALID, "MQTT-4.8.2-2", "")

# DISCONNECT and AUTH.
DISCONNECT_FLAGS: Final = Demand(_MALFORMED, "MQTT-3.14.1-1", "MQTT-3.14.1-1")
DISCONNECT_CODE: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.14.2-1", "")
AUTH_FLAGS: Final = Demand(_MALFORMED, "MQTT-3.15.1-1", "")
AUTH_CODE: Final = Demand(_PROTOCOL_ERROR, "MQTT-3.15.2-1", "")
AUTH_METHOD: Final = Demand(_PROTOCOL_ERROR, "MQTT-4.12.0-5", "")
