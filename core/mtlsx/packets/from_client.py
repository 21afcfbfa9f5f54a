"""What only a server has to refuse: packets, properties and codes that clients may not send (MQTT 5.0, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mtlsx.packets import demands
from mtlsx.packets.control_packets import (
    Auth,
    Connack,
    ControlPacket,
    Disconnect,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
)
from mtlsx.packets.demands import Demand
from mtlsx.packets.errors import ProtocolError

_PUBACK = frozenset({0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99})
_PUBREL = frozenset({0x00, 0x92})
_CODES: Final[Mapping[type, tuple[frozenset[int], Demand]]] = {
    Puback: (_PUBACK, demands.PUBACK_CODE),
    Pubrec: (_PUBACK, demands.PUBREC_CODE),
    Pubrel: (_PUBREL, demands.PUBREL_CODE),
    Pubcomp: (_PUBREL, demands.PUBCOMP_CODE),
    Disconnect: (
        frozenset(
            {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99}
        ),
        demands.DISCONNECT_CODE,
    ),
    Auth: (frozenset({0x18, 0x19}), demands.AUTH_CODE),
}
"""The reason codes that a client may send, by the tables of sections 3.4 to 3.15."""

_FROM_SERVERS: Final = frozenset({Connack, Suback, Unsuback, Pingresp})


def check_from_client(packet: ControlPacket) -> None:
    """Refuse what a client may not send; raises ``ProtocolError``."""
    kind = type(packet)
    if kind in _CODES:
        code = packet.code  # type: ignore[union-attr]  # those that have one are in _CODES
        allowed, demand = _CODES[kind]
        if code not in allowed:
            name = kind.__name__.upper()
            raise ProtocolError(
                demand, f"{name} from a client may not have reason code 0x{code:02X}."
            )
    elif isinstance(packet, Publish):
        if packet.properties.subscription_identifiers:
            raise ProtocolError(
                demands.NO_SUBSCRIPTION_IDENTIFIER,
                "PUBLISH from a client has a subscription identifier.",
            )
    elif kind in _FROM_SERVERS:
        raise ProtocolError(demands.DIRECTION, f"{kind.__name__.upper()} comes from servers only.")
