"""X.501 names as they are encoded: DER in, RDNs and attributes in encoded order out.

Nothing is sorted, normalised or checked against an alphabet, because what a broker makes of a name depends on
the very bytes: order, string type, doubled attributes, empty sets. What brokers
print is built elsewhere, from the same attributes.

Structure: RFC 5280, section 4.1.2.4; X.501 section 9.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError, Tlv


class Attribute(NamedTuple):
    """One attribute of a name.

    ``oid`` is dotted decimal; ``tag`` the identifier of the value (0x0C UTF8String …); ``value`` its content
    octets; ``raw`` the value's whole TLV.
    """

    oid: str
    tag: int
    value: bytes
    raw: bytes


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


def _attribute(element: Tlv) -> Attribute:
    parts = der.expect(element, der.SEQUENCE, "attribute").children()
    if len(parts) != 2:
        raise DerError(
            f"attribute: {len(parts)} parts at byte {element.start}, not a type and a value"
        )
    kind, value = parts
    der.expect(kind, der.OBJECT_IDENTIFIER, "attribute type")
    return Attribute(der.decode_oid(kind.value), value.tag, value.value, value.raw)
