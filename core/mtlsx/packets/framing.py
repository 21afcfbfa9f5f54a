"""Cuts a byte stream into MQTT control packets without looking into them (MQTT 5.0, section 2.1).

For who watches a stream that somebody else decodes; ``decoder`` makes values of all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from mtlsx.packets import demands
from mtlsx.packets.errors import ProtocolError

# Answers are short; what claims to be longer is stepped over instead of being held in memory.
_LONGEST_WANTED = 256 * 1024


class PacketType(IntEnum):
    """Control packet types (MQTT 5.0, table 2-1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Packet(NamedTuple):
    """A control packet: its type, the four flag bits, and what follows the fixed header."""

    type: PacketType
    flags: int
    body: bytes


class PacketFilter:
    """Picks the packets of certain types out of a stream, and steps over all others without copying them.

    ``on_any`` hears of each packet, once: its first byte, its remaining length, the stream as far as it has come, and
    where in it the packet's body begins.
    """

    def __init__(
        self,
        wanted: frozenset[PacketType],
        on_any: Callable[[int, int, bytes, int], None] | None = None,
    ) -> None:
        self._on_any = on_any
        self._wanted = frozenset(int(kind) for kind in wanted)
        self._rest = b""
        self._skip = 0

    def feed(self, data: bytes) -> list[Packet]:
        """The wanted packets that ``data`` completes; raises ``ProtocolError`` where it is not MQTT."""
        if self._skip >= len(data):
            self._skip -= len(data)
            return []
        stream = self._rest + data if self._rest else data
        at, end = self._skip, len(stream)
        self._skip = 0
        found = []
        while at < end:
            first = stream[at]
            length, body_at = remaining_length(stream, at + 1)
            if body_at == 0:
                break
            after = body_at + length
            if first >> 4 in self._wanted and length <= _LONGEST_WANTED:
                if after > end:
                    break
                found.append(Packet(PacketType(first >> 4), first & 15, stream[body_at:after]))
            elif first >> 4 == 0:
                raise ProtocolError(demands.TYPE, "Packet type 0 is reserved.")
            if self._on_any is not None:
                self._on_any(first, length, stream, body_at)
            at = after
        if at > end:
            self._skip, self._rest = at - end, b""
        else:
            self._rest = stream[at:]
        return found


def decode_variable_byte_integer(data: bytes, at: int) -> tuple[int, int]:
    """The integer at ``at`` and the offset behind it (MQTT 5.0, section 1.5.5).

    Raises ``ProtocolError`` where it is cut off or longer than four bytes.
    """
    value, after = remaining_length(data, at)
    if after == 0:
        raise ProtocolError(demands.LENGTH, "A variable byte integer is cut off.")
    return value, after


def remaining_length(data: bytes, at: int) -> tuple[int, int]:
    """As ``decode_variable_byte_integer``, but (0, 0) where more bytes are needed."""
    value = 0
    for count in range(4):
        if at + count >= len(data):
            return 0, 0
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, at + count + 1
    raise ProtocolError(demands.INTEGER_LENGTH, "A variable byte integer has more than four bytes.")
