"""Why EMQX refuses, by its own names, and the codes that the client then sees.

Source: emqx_reason_codes.erl (6.3); vectors ``emqx-auth`` (kind ``connack``) and ``emqx-observed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from mtlsx.packets.control_packets import MQTT_5


class Reason(StrEnum):
    """EMQX's names for why a client is refused."""

    BAD_USERNAME_OR_PASSWORD = "bad_username_or_password"  # noqa: S105  (a reason's name, no secret)
    NOT_AUTHORIZED = "not_authorized"
    CLIENT_IDENTIFIER_NOT_VALID = "client_identifier_not_valid"
    UNSUPPORTED_PROTOCOL_VERSION = "unsupported_protocol_version"
    BAD_AUTHENTICATION_METHOD = "bad_authentication_method"
    BANNED = "banned"
    SERVER_UNAVAILABLE = "server_unavailable"
    SERVER_BUSY = "server_busy"
    QUOTA_EXCEEDED = "quota_exceeded"
    PROTOCOL_ERROR = "protocol_error"


NOT_AUTHORIZED_CODE: Final = 0x87
"""Not authorized, in SUBACK, PUBACK, PUBREC and DISCONNECT of MQTT 5.0."""
SUBACK_FAILURE: Final = 0x80
"""The one refusal in SUBACK of MQTT 3.1.1 (section 3.9.3)."""

# The code of MQTT 5.0 and the return code of 3.1 and 3.1.1.
_UNSPECIFIED: Final = (0x80, 1)
_AUTHENTICATION: Final[Mapping[str, tuple[int, int]]] = {
    Reason.BAD_USERNAME_OR_PASSWORD: (0x86, 4),
    Reason.NOT_AUTHORIZED: (0x87, 5),
    Reason.SERVER_UNAVAILABLE: (0x88, 3),
    Reason.SERVER_BUSY: (0x89, 3),
    Reason.BANNED: (0x8A, 5),
    Reason.BAD_AUTHENTICATION_METHOD: (0x8C, 5),
    Reason.QUOTA_EXCEEDED: (0x97, 3),
    Reason.PROTOCOL_ERROR: (0x82, 1),
}
_PACKET: Final = {
    Reason.CLIENT_IDENTIFIER_NOT_VALID: (0x85, 2),
    Reason.UNSUPPORTED_PROTOCOL_VERSION: (0x84, 1),
}


def authentication_code(reason: str, version: int) -> int:
    """The code in CONNACK for a ``reason`` of authentication, by protocol level.

    A reason that EMQX does not know here, ``client_identifier_not_valid`` among them, becomes an unspecified
    error.
    """
    return _AUTHENTICATION.get(reason, _UNSPECIFIED)[version != MQTT_5]


def packet_code(reason: Reason, version: int) -> int:
    """The code in CONNACK for a ``reason`` of the checks before authentication, by protocol level.

    Levels that do not exist get the return code of MQTT 3 (vectors ``obs-p6-*``).
    """
    return _PACKET[reason][version != MQTT_5]
