"""Reads and writes properties by the table of MQTT 5.0, section 2.2.2.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, NamedTuple, TypeVar, get_args

from mtlsx.packets import demands
from mtlsx.packets.demands import Demand
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.properties import Properties
from mtlsx.packets.reading import Reader
from mtlsx.packets.texts import check_text, check_topic_name
from mtlsx.packets.writing import binary, integer, variable_byte_integer

Kind = TypeVar("Kind", bound=Properties)

_BYTE, _TWO_BYTES, _FOUR_BYTES, _VARIABLE, _TEXT, _BINARY, _PAIR = range(7)
_SIZES: Final = (1, 2, 4)  # of the first three
_NUL = 0


class _Property(NamedTuple):
    """How a property is written, which integers it may be, and what it becomes here.

    ``made``: the type that differs from the one on the wire; ``several``: it may stand more than once;
    ``topic``: it is a topic name.
    """

    identifier: int
    name: str
    encoding: int
    least: int = 0
    most: int = 0xFFFF_FFFF
    made: type[str | bool] | None = None
    several: bool = False
    out_of_range: Demand = demands.PROPERTY_RANGE
    utf8: Demand = demands.UTF8
    topic: bool = False


_IDENTIFIER = demands.SUBSCRIPTION_IDENTIFIER
_TABLE: Final = (
    _Property(0x01, "payload_format_indicator", _BYTE, most=1),
    _Property(0x02, "message_expiry_interval", _FOUR_BYTES),
    _Property(0x03, "content_type", _TEXT, utf8=demands.CONTENT_TYPE_UTF8),
    _Property(0x08, "response_topic", _TEXT, utf8=demands.RESPONSE_TOPIC_UTF8, topic=True),
    _Property(0x09, "correlation_data", _BINARY),
    _Property(0x0B, "subscription_identifier", _VARIABLE, 1, out_of_range=_IDENTIFIER),
    _Property(
        0x0B, "subscription_identifiers", _VARIABLE, 1, several=True, out_of_range=_IDENTIFIER
    ),
    _Property(0x11, "session_expiry_interval", _FOUR_BYTES),
    _Property(0x12, "assigned_client_identifier", _TEXT),
    _Property(0x13, "server_keep_alive", _TWO_BYTES),
    _Property(0x15, "authentication_method", _TEXT),
    _Property(0x16, "authentication_data", _BINARY),
    _Property(0x17, "request_problem_information", _BYTE, 0, 1, bool),
    _Property(0x18, "will_delay_interval", _FOUR_BYTES),
    _Property(0x19, "request_response_information", _BYTE, 0, 1, bool),
    _Property(0x1A, "response_information", _TEXT, made=str),
    _Property(0x1C, "server_reference", _TEXT, made=str),
    _Property(0x1F, "reason_string", _TEXT, made=str),
    _Property(0x21, "receive_maximum", _TWO_BYTES, 1),
    _Property(0x22, "topic_alias_maximum", _TWO_BYTES),
    _Property(0x23, "topic_alias", _TWO_BYTES, 1, out_of_range=demands.TOPIC_ALIAS),
    _Property(0x24, "maximum_qos", _BYTE, most=1),
    _Property(0x25, "retain_available", _BYTE, 0, 1, bool),
    _Property(0x26, "user_properties", _PAIR, several=True, utf8=demands.TEXT_PAIR_UTF8),
    _Property(0x27, "maximum_packet_size", _FOUR_BYTES, 1),
    _Property(0x28, "wildcard_subscription_available", _BYTE, 0, 1, bool),
    _Property(0x29, "subscription_identifier_available", _BYTE, 0, 1, bool),
    _Property(0x2A, "shared_subscription_available", _BYTE, 0, 1, bool),
)


def _allowed(kind: type[Properties]) -> Mapping[int, _Property]:
    names = {each.name for each in fields(kind)}
    return {each.identifier: each for each in _TABLE if each.name in names}


_ALLOWED: Final[Mapping[type, Mapping[int, _Property]]] = {
    kind: _allowed(kind) for kind in get_args(Properties)
}
_WRITTEN: Final[Mapping[type, Sequence[tuple[bytes, _Property]]]] = {
    kind: [(bytes((identifier,)), known) for identifier, known in allowed.items()]
    for kind, allowed in _ALLOWED.items()
}

_SEVERAL: Final = frozenset(each.name for each in _TABLE if each.several)


def read_properties(kind: type[Kind], reader: Reader) -> Kind:
    """The properties at ``reader``, with their length in front; raises ``ProtocolError``."""
    length = reader.variable_byte_integer("property length", demands.PROPERTY_LENGTH)
    if length == 0:
        return kind()
    return read_section(kind, reader.take(length, "properties"), reader.packet)


def read_section(kind: type[Kind], data: bytes, packet: str) -> Kind:
    """The properties that ``data`` is, of the packet with that name; raises ``ProtocolError``."""
    length = len(data)
    allowed = _ALLOWED[kind]
    found: dict[str, Any] = {}
    at = 0
    while at < length:
        known = allowed.get(data[at])
        if known is None:
            raise ProtocolError(
                demands.PROPERTY_ALLOWED,
                f"{packet} has a property 0x{data[at]:02X}, which it may not have.",
            )
        value, at = _read(known, data, at + 1, packet)
        name = known.name
        if known.several:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise ProtocolError(demands.PROPERTY_ONCE, f"{packet} has its {_words(known)} twice.")
        else:
            found[name] = value
    for name in _SEVERAL & found.keys():
        found[name] = tuple(found[name])
    return kind(**found)


def write_properties(properties: Properties) -> bytes:
    """``properties`` with their length in front; raises ``UsageError`` and ``ProtocolError``."""
    written: list[bytes] = []
    for head, known in _WRITTEN[type(properties)]:
        value = getattr(properties, known.name)
        if value is None:
            continue
        if known.several:
            written += [head + _write(known, each) for each in value]
        else:
            written.append(head + _write(known, value))
    section = b"".join(written)
    return variable_byte_integer(len(section), "property length") + section


def _read(known: _Property, data: bytes, at: int, packet: str) -> tuple[Any, int]:
    """The value at ``at`` and the offset behind it."""
    encoding = known.encoding
    if encoding >= _TEXT:
        first, at = _read_octets(known, data, at, packet)
        if encoding != _PAIR:
            return first.decode() if known.made is str else first, at
        second, at = _read_octets(known, data, at, packet)
        return (first, second), at
    if encoding == _VARIABLE:
        reader = Reader(data, packet, at=at)
        value, after = reader.variable_byte_integer(_words(known)), reader.at
    else:
        after = at + _SIZES[encoding]
        value = int.from_bytes(data[at:after])
        if after > len(data):
            raise _cut_off(known, packet)
    if not known.least <= value <= known.most:
        raise ProtocolError(
            known.out_of_range, f"The {_words(known)} of {packet} may not be {value}."
        )
    return bool(value) if known.made is bool else value, after


def _read_octets(known: _Property, data: bytes, at: int, packet: str) -> tuple[bytes, int]:
    start = at + 2
    after = start + int.from_bytes(data[at:start])
    if after > len(data):
        raise _cut_off(known, packet)
    octets = data[start:after]
    if known.encoding != _BINARY and (_NUL in octets or not octets.isascii() or known.topic):
        _check_octets(known, octets, f"{_words(known)} of {packet}")
    return octets, after


def _check_octets(known: _Property, octets: bytes, what: str) -> None:
    if known.topic:
        wildcards = demands.RESPONSE_TOPIC_WILDCARDS
        check_topic_name(octets, what, utf8=known.utf8, wildcards=wildcards)
    else:
        check_text(octets, what, utf8=known.utf8)


def _cut_off(known: _Property, packet: str) -> ProtocolError:
    return ProtocolError(
        demands.LENGTH, f"The properties of {packet} end before their {_words(known)} does."
    )


def _write(known: _Property, value: Any) -> bytes:
    encoding = known.encoding
    if encoding == _PAIR:
        name, text = value
        return _write_octets(known, name) + _write_octets(known, text)
    if encoding >= _TEXT:
        octets = value.encode(errors="surrogatepass") if known.made is str else value
        return _write_octets(known, octets)
    if encoding == _VARIABLE:
        return variable_byte_integer(value, _words(known), least=known.least)
    size = _SIZES[encoding]
    most = min(known.most, (1 << 8 * size) - 1)
    return integer(value, size, _words(known), least=known.least, most=most)


def _write_octets(known: _Property, octets: bytes) -> bytes:
    if known.encoding != _BINARY:
        _check_octets(known, octets, _words(known))
    return binary(octets, _words(known))


def _words(known: _Property) -> str:
    return known.name.replace("_", " ")
