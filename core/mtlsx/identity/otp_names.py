"""Distinguished names as Erlang/OTP decodes them: a name's element in, the text of each attribute out.

OTP gives each attribute type that it knows a type of its own; a value of another type makes the whole
certificate undecodable. What it yields, EMQX's listener library (esockd_ssl) and RabbitMQ turn into text: a
value's text here is what their ``format_asn1_value`` gives, before any escaping.

Source: RFC 5280 appendix A.1, OTP's OTP-PKIX.asn1 and pubkey_cert_records; esockd_ssl.erl.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple, TypeAlias

from mtlsx.certificates.der import decode_oid
from mtlsx.certificates.oids import (
    ATTRIBUTES,
    COMMON_NAME,
    COUNTRY,
    DN_QUALIFIER,
    DOMAIN_COMPONENT,
    EMAIL_ADDRESS,
    SERIAL_NUMBER,
)
from mtlsx.certificates.strings import TYPE_NAMES
from mtlsx.identity.erlang_terms import Atom, print_term
from mtlsx.identity.otp_asn1 import (
    BMP,
    IA5,
    OBJECT_IDENTIFIER,
    PRINTABLE,
    SEQUENCE,
    SET,
    TELETEX,
    UNIVERSAL,
    UTF8,
    Content,
    Element,
    UndecodableError,
    element_of,
    encode,
    members,
    oid_text,
    string_octets,
)
from mtlsx.identity.otp_generations import Generation

Text: TypeAlias = "bytes | list[int] | None"
"""The text of a value: octets (UTF-8 as a rule); or numbers, some above 255; or None, where the code that
makes text of it crashes."""

Reader: TypeAlias = Callable[[Content], Text]
Readers: TypeAlias = Mapping[str, Mapping[int, Reader]]
"""By attribute type, and then by the tag of the value."""


class Attribute(NamedTuple):
    """One attribute: its type in dotted decimal, and its text."""

    oid: str
    text: Text


Name: TypeAlias = tuple[tuple[Attribute, ...], ...]
"""RDNs and the attributes in them, all in encoded order."""


def read_rdn(encoded: bytes, generation: Generation) -> tuple[Attribute, ...]:
    """One RDN of a subject or issuer; raises ``UndecodableError``."""
    lone = _lone_attribute(encoded)
    if lone is not None:
        return (_attribute(*lone, generation),)
    element = element_of(encoded)
    if element.tag != SET:
        raise UndecodableError("a relative name is not a SET")
    found = _attributes(element.content, generation)
    return tuple([_attribute(oid, value, generation) for oid, value in found])


def check_name(content: Content, readers: Readers, generation: Generation) -> None:
    """Raise ``UndecodableError`` unless this is the content of a name whose values are as ``readers`` have them."""
    for rdn in members(content):
        if rdn.tag != SET:
            raise UndecodableError("a relative name is not a SET")
        check_rdn(rdn.content, readers, generation)


def check_rdn(content: Content, readers: Readers, generation: Generation) -> None:
    """Raise ``UndecodableError`` unless this is the content of an RDN whose values are as ``readers`` have them."""
    for oid, value in _attributes(content, generation):
        if (known := readers.get(oid)) is not None:
            _read(oid, known, value)


@cache
def subject_readers(generation: Generation) -> Readers:
    """How the attributes of a subject are read: leniently where certificates in the field need it."""
    stray = _code_points if generation.stray_utf8 == "code points" else _printed_binary
    return {
        **_text_readers(generation.text_sizes),
        SERIAL_NUMBER: {PRINTABLE: _octets(1, 64)},
        DN_QUALIFIER: {PRINTABLE: string_octets},
        COUNTRY: {PRINTABLE: _octets(2, 3), UTF8: stray},
        DOMAIN_COMPONENT: dict.fromkeys(generation.domain_component, string_octets),
        EMAIL_ADDRESS: {IA5: _octets(1, 255), UTF8: stray},
    }


@cache
def strict_readers(generation: Generation) -> Readers:
    """How the attributes of other names are read where that is done by the letter of RFC 5280."""
    return {
        **_text_readers({**generation.text_sizes, COMMON_NAME: (64, 64)}),
        SERIAL_NUMBER: {PRINTABLE: _octets(1, 64)},
        DN_QUALIFIER: {PRINTABLE: string_octets},
        COUNTRY: {PRINTABLE: _octets(2, 2)},
        DOMAIN_COMPONENT: {IA5: string_octets},
        EMAIL_ADDRESS: {IA5: _octets(1, 255)},
    }


def _lone_attribute(encoded: bytes) -> tuple[str, Element] | None:
    """The type and value in an RDN, where that is one of X.520 as a short string, which it mostly is."""
    found = _LONE_ATTRIBUTE.fullmatch(encoded)
    size = len(encoded)
    if found is None or (encoded[1], encoded[3], encoded[10]) != (size - 2, size - 4, size - 11):
        return None
    return decode_oid(found[1]), Element(encoded[9], found[2])


# SET and SEQUENCE, 2.5.4.x, a string in one piece; all lengths fit in an octet.
_LONE_ATTRIBUTE = re.compile(
    rb"\x31.\x30.\x06\x03(\x55\x04[\0-\x7f])[\x0c\x13\x14\x16\x1c\x1e].(.{0,117})", re.DOTALL
)


def _attribute(oid: str, value: Element, generation: Generation) -> Attribute:
    known = subject_readers(generation).get(oid)
    text = _unknown_text(value, generation) if known is None else _read(oid, known, value)
    return Attribute(oid, text)


def _attributes(rdn: Content, generation: Generation) -> list[tuple[str, Element]]:
    """The types and values of an RDN."""
    found = []
    for pair in members(rdn):
        parts = members(pair.content) if pair.tag == SEQUENCE else []
        if len(parts) != 2 or parts[0].tag != OBJECT_IDENTIFIER:
            raise UndecodableError("an attribute is not a type and a value")
        kind, value = parts
        found.append((oid_text(kind.content, generation.longest_arc), value))
    return found


def _read(oid: str, known: Mapping[int, Reader], value: Element) -> Text:
    reader = known.get(value.tag)
    if reader is None:
        kind = TYPE_NAMES.get(value.tag, f"the type with tag {value.tag:#04x}")
        allowed = ", ".join(TYPE_NAMES[tag] for tag in known)
        raise UndecodableError(f"{ATTRIBUTES.get(oid, oid)} is {kind}, not {allowed}")
    try:
        return reader(value.content)
    except UndecodableError as error:
        raise UndecodableError(f"{ATTRIBUTES.get(oid, oid)} has {error}") from error


def _text_readers(sizes: Mapping[str, tuple[int, int]]) -> Readers:
    return {oid: _directory_string(octets, wide) for oid, (octets, wide) in sizes.items()}


def _directory_string(octets: int, wide: int) -> dict[int, Reader]:
    """DirectoryString (RFC 5280, section 4.1.2.4) of at most so many octets or wide characters."""
    one_byte = _octets(1, octets)
    return {
        TELETEX: lambda content: one_byte(content).decode("latin-1").encode(),
        PRINTABLE: one_byte,
        BMP: _wide(2, wide),
        UNIVERSAL: _wide(4, wide),
        UTF8: _utf8,
    }


def _octets(minimum: int, maximum: int) -> Callable[[Content], bytes]:
    def read(content: Content) -> bytes:
        octets = string_octets(content)
        if not minimum <= len(octets) <= maximum:
            raise UndecodableError(
                f"{len(octets)} octets, where {minimum} to {maximum} are allowed"
            )
        return octets

    return read


def _wide(width: int, maximum: int) -> Reader:
    """Characters of ``width`` octets; one that Unicode does not have crashes the conversion to text."""

    def read(content: Content) -> Text:
        octets = string_octets(content)
        if len(octets) % width or not 1 <= len(octets) // width <= maximum:
            raise UndecodableError(
                f"{len(octets)} octets, where 1 to {maximum} times {width} are allowed"
            )
        points = [
            int.from_bytes(octets[start : start + width], "big")
            for start in range(0, len(octets), width)
        ]
        if any(0xD800 <= point <= 0xDFFF or point > 0x10FFFF for point in points):
            return None
        return "".join(map(chr, points)).encode()

    return read


def _utf8(content: Content) -> Text:
    # OTP makes an empty list, not a binary, of a string of no pieces; that crashes later.
    return string_octets(content) if content != [] else None


def _code_points(content: Content) -> Text:
    """UTF-8 as unicode:characters_to_list makes it: code points, or a term that tells how far it came."""
    octets = string_octets(content) if content != [] else b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(octets)
    except UnicodeDecodeError as error:
        decoded = [ord(character) for character in octets[: error.start].decode()]
        return _latin1(print_term((Atom("error"), decoded, octets[error.start :])))
    points = [ord(character) for character in text]
    rest, _ = decoder.getstate()
    if rest:
        return _latin1(print_term((Atom("incomplete"), points, rest)))
    return points


def _printed_binary(content: Content) -> Text:
    return _latin1(print_term(string_octets(content))) if content != [] else b""


def _unknown_text(value: Element, generation: Generation) -> Text:
    encoded = encode(value)
    if generation.unknown_attribute == "printed open type":
        return _latin1(print_term((Atom("asn1_OPENTYPE"), encoded)))
    reader = _ANY_DIRECTORY_STRING.get(value.tag)
    try:
        text = None if reader is None else reader(value.content)
    except UndecodableError:
        text = None
    return _latin1(print_term(encoded)) if text is None else text


def _latin1(printed: str) -> bytes:
    return printed.encode("latin-1")


_ANY_DIRECTORY_STRING = _directory_string(sys.maxsize, sys.maxsize)
