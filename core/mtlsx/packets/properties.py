"""MQTT 5.0 properties: decoding by the table of section 2.2.2.2."""

from __future__ import annotations

from typing import TypeAlias

from mtlsx.packets.errors import MalformedPacketError
from mtlsx.packets.framing import decode_variable_byte_integer

Value: TypeAlias = int | str | bytes | tuple[str, str]

_BYTE, _TWO_BYTES, _FOUR_BYTES, _VARIABLE, _TEXT, _BINARY, _PAIR = range(7)
_INTEGER_SIZES = {_BYTE: 1, _TWO_BYTES: 2, _FOUR_BYTES: 4}

PROPERTIES = {
    0x01: ("payload_format_indicator", _BYTE),
    0x02: ("message_expiry_interval", _FOUR_BYTES),
    0x03: ("content_type", _TEXT),
    0x08: ("response_topic", _TEXT),
    0x09: ("correlation_data", _BINARY),
    0x0B: ("subscription_identifier", _VARIABLE),
    0x11: ("session_expiry_interval", _FOUR_BYTES),
    0x12: ("assigned_client_identifier", _TEXT),
    0x13: ("server_keep_alive", _TWO_BYTES),
    0x15: ("authentication_method", _TEXT),
    0x16: ("authentication_data", _BINARY),
    0x17: ("request_problem_information", _BYTE),
    0x18: ("will_delay_interval", _FOUR_BYTES),
    0x19: ("request_response_information", _BYTE),
    0x1A: ("response_information", _TEXT),
    0x1C: ("server_reference", _TEXT),
    0x1F: ("reason_string", _TEXT),
    0x21: ("receive_maximum", _TWO_BYTES),
    0x22: ("topic_alias_maximum", _TWO_BYTES),
    0x23: ("topic_alias", _TWO_BYTES),
    0x24: ("maximum_qos", _BYTE),
    0x25: ("retain_available", _BYTE),
    0x26: ("user_property", _PAIR),
    0x27: ("maximum_packet_size", _FOUR_BYTES),
    0x28: ("wildcard_subscription_available", _BYTE),
    0x29: ("subscription_identifier_available", _BYTE),
    0x2A: ("shared_subscription_available", _BYTE),
}
"""Property identifier to name and encoding."""


def decode_properties(data: bytes, at: int) -> tuple[list[tuple[str, Value]], int]:
    """The properties at ``at`` (their length in front) as (name, value) in order, and the offset behind.

    Text that is not UTF-8, unknown identifiers and lengths that do not fit raise ``MalformedPacketError``.
    """
    length, at = decode_variable_byte_integer(data, at)
    end = at + length
    if end > len(data):
        raise MalformedPacketError("the properties are cut off")
    found: list[tuple[str, Value]] = []
    while at < end:
        identifier, at = decode_variable_byte_integer(data, at)
        if identifier not in PROPERTIES:
            raise MalformedPacketError(f"unknown property 0x{identifier:02X}")
        name, encoding = PROPERTIES[identifier]
        value, at = _decode(data[:end], at, encoding)
        found.append((name, value))
    return found, end


def _decode(data: bytes, at: int, encoding: int) -> tuple[Value, int]:
    if encoding == _VARIABLE:
        return decode_variable_byte_integer(data, at)
    if encoding in _INTEGER_SIZES:
        after = at + _INTEGER_SIZES[encoding]
        if after > len(data):
            raise MalformedPacketError("a property is cut off")
        return int.from_bytes(data[at:after]), after
    if encoding == _BINARY:
        return _binary(data, at)
    first, at = _text(data, at)
    if encoding == _TEXT:
        return first, at
    second, at = _text(data, at)
    return (first, second), at


def _binary(data: bytes, at: int) -> tuple[bytes, int]:
    start = at + 2
    after = start + int.from_bytes(data[at:start])
    if start > len(data) or after > len(data):
        raise MalformedPacketError("a property is cut off")
    return data[start:after], after


def _text(data: bytes, at: int) -> tuple[str, int]:
    raw, after = _binary(data, at)
    try:
        return raw.decode(), after
    except UnicodeDecodeError as error:
        raise MalformedPacketError("a property is not UTF-8") from error
