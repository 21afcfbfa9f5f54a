"""X.501 names as they are encoded: DER in, RDNs and attributes in encoded order out.

Nothing is sorted, normalised or checked against an alphabet, because what a broker makes of a name depends on
the very bytes: order, string type, doubled attributes, empty sets. ``format_name`` is
for people; what brokers print is built elsewhere, from the same attributes.

Structure: RFC 5280, section 4.1.2.4; X.501 section 9.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from mtlsx.certificates import der, oids
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.strings import decode_string, printable


class Attribute(NamedTuple):
    """One attribute of a name.

    ``oid`` is dotted decimal; ``tag`` the identifier of the value (0x0C UTF8String …); ``value`` its content
    octets; ``raw`` the value's whole TLV; ``pair`` the whole SEQUENCE of type and value.
    """

    oid: str
    tag: int
    value: bytes
    raw: bytes
    pair: bytes


Rdn: TypeAlias = tuple[Attribute, ...]
"""The attributes of one relative distinguished name in encoded order; empty for an empty SET."""

Name: TypeAlias = tuple[Rdn, ...]
"""The RDNs of a name in encoded order."""


def parse_name(encoded: bytes) -> Name:
    """Read a DER Name (the SEQUENCE OF RelativeDistinguishedName, identifier included).

    Raises ``DerError`` where it is no such structure.
    """
    return name_from(der.read_whole(encoded))


def name_from(element: Tlv) -> Name:
    """The name that ``element`` encodes; raises ``DerError`` where it is none."""
    der.expect(element, der.SEQUENCE, "name")
    return tuple(
        tuple(_attribute(pair) for pair in der.expect(rdn, der.SET, "relative name").children())
        for rdn in element.children()
    )


def format_name(name: Name) -> str:
    r"""``name`` for people, in encoded order: ``C=DE, O=Demo, CN=dev-1 + UID=7``; safe to show.

    ``,`` and ``+`` in values get a backslash; a value that is no text is ``#`` and its DER in hex.
    """
    if not name:
        return "(empty)"
    return ", ".join(" + ".join(map(_format, rdn)) or "(empty set)" for rdn in name)


def common_names(name: Name) -> tuple[str, ...]:
    """The common names in encoded order, safe to show."""
    return tuple(
        format_value(attribute)
        for rdn in name
        for attribute in rdn
        if attribute.oid == oids.COMMON_NAME
    )


def format_value(attribute: Attribute) -> str:
    """An attribute's value, safe to show; ``#`` and its DER in hex where it is no text."""
    text = decode_string(attribute.tag, attribute.value)
    return f"#{attribute.raw.hex()}" if text is None else printable(text)


def _format(attribute: Attribute) -> str:
    value = format_value(attribute).replace(",", "\\,").replace("+", "\\+")
    return f"{oids.ATTRIBUTES.get(attribute.oid, attribute.oid)}={value}"


def _attribute(element: Tlv) -> Attribute:
    parts = der.expect(element, der.SEQUENCE, "attribute").children()
    if len(parts) != 2:
        raise DerError(
            f"attribute: {len(parts)} parts at byte {element.start}, not a type and a value"
        )
    kind, value = parts
    der.expect(kind, der.OBJECT_IDENTIFIER, "attribute type")
    return Attribute(der.decode_oid(kind.value), value.tag, value.value, value.raw, element.raw)
