"""Writes the data types of MQTT (5.0, section 1.5). What does not fit raises ``UsageError``."""

from __future__ import annotations

from mtlsx.errors import UsageError

LONGEST_FIELD = 0xFFFF
LONGEST_PACKET = 268_435_455
"""The largest remaining length, in octets (table 2-4 of MQTT 3.1.1)."""


def integer(value: int, size: int, what: str, *, least: int = 0, most: int | None = None) -> bytes:
    """``value`` in ``size`` bytes, where it lies between ``least`` and ``most``."""
    top = (1 << 8 * size) - 1 if most is None else most
    if not least <= value <= top:
        raise UsageError(f"The {what} is {value}; it must be between {least} and {top}.")
    return value.to_bytes(size)


def variable_byte_integer(value: int, what: str, *, least: int = 0) -> bytes:
    if not least <= value <= LONGEST_PACKET:
        raise UsageError(f"The {what} is {value}; it must be between {least} and {LONGEST_PACKET}.")
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def binary(value: bytes, what: str) -> bytes:
    """Two bytes of length, then ``value``. A text is written so, too, once it is checked."""
    size = len(value)
    if size > LONGEST_FIELD:
        raise UsageError(f"The {what} has {size} octets; {LONGEST_FIELD} is the most.")
    return size.to_bytes(2) + value


def packet(first: int, body: bytes) -> bytes:
    """A whole packet: ``first`` is its first byte, ``body`` what follows the remaining length."""
    return bytes((first,)) + variable_byte_integer(len(body), "remaining length") + body
