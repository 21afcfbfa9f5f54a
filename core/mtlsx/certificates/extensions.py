"""The values of the extensions that testers look at: DER in, plain values out; ``DerError`` where it is none.

Texts are safe to show. Structures: RFC 5280, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from mtlsx.certificates import der, oids
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.names import format_name, name_from
from mtlsx.certificates.strings import decode_string, printable


@dataclass(frozen=True, slots=True)
class GeneralName:
    """One name of subjectAltName or of an address: ``kind`` as OpenSSL's configuration writes it.

    ``kind``: ``dns``, ``ip``, ``email``, ``uri``, ``dirName``, ``otherName``, ``RID``, ``x400Address`` or
    ``ediPartyName``; ``odd``: what is wrong with the value, as the end of a sentence, or None.
    """

    kind: str
    text: str
    odd: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.text}"


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """``path_length``: how many CA certificates may follow below; None: no limit."""

    ca: bool
    path_length: int | None


@dataclass(frozen=True, slots=True)
class AuthorityKeyIdentifier:
    """``key``: the key identifier; ``serial``: of the issuer's certificate; None where it is not there."""

    key: bytes | None
    serial: int | None


def general_names(value: bytes) -> tuple[GeneralName, ...]:
    """subjectAltName: its names in encoded order."""
    names = der.expect(der.read_whole(value), der.SEQUENCE, "names").children()
    return tuple(map(_general_name, names))


def key_usage(value: bytes) -> tuple[str, ...]:
    """keyUsage: the names of the bits that are set."""
    bits = der.expect(der.read_whole(value), der.BIT_STRING, "key usage").value
    if not bits or bits[0] > 7:
        raise DerError("key usage: no bit string")
    return tuple(
        name
        for position, name in enumerate(oids.KEY_USAGES)
        if position // 8 + 1 < len(bits) and bits[position // 8 + 1] & 0x80 >> position % 8
    )


def extended_key_usage(value: bytes) -> tuple[str, ...]:
    """extKeyUsage: the purposes' identifiers, dotted."""
    purposes = der.expect(der.read_whole(value), der.SEQUENCE, "purposes").children()
    return tuple(_oid(purpose) for purpose in purposes)


def basic_constraints(value: bytes) -> BasicConstraints:
    """basicConstraints."""
    ca = False
    path_length = None
    for part in der.expect(der.read_whole(value), der.SEQUENCE, "constraints").children():
        if part.tag == der.BOOLEAN:
            ca = any(part.value)
        elif part.tag == der.INTEGER:
            path_length = der.decode_integer(part.value)
        else:
            raise DerError(f"constraints: tag {part.tag:#04x}")
    return BasicConstraints(ca, path_length)


def subject_key_identifier(value: bytes) -> bytes:
    """subjectKeyIdentifier."""
    return der.expect(der.read_whole(value), der.OCTET_STRING, "key identifier").value


def authority_key_identifier(value: bytes) -> AuthorityKeyIdentifier:
    """authorityKeyIdentifier."""
    parts = der.expect(der.read_whole(value), der.SEQUENCE, "key identifier").children()
    by_tag = {part.tag: part.value for part in parts}
    serial = by_tag.get(0x82)
    return AuthorityKeyIdentifier(
        by_tag.get(0x80), None if serial is None else der.decode_integer(serial)
    )


def crl_addresses(value: bytes) -> tuple[str, ...]:
    """cRLDistributionPoints: the addresses, and the names of directory entries."""
    points = der.expect(der.read_whole(value), der.SEQUENCE, "distribution points").children()
    return tuple(address for point in points for address in _full_names(point))


def access_addresses(value: bytes) -> tuple[tuple[str, str], ...]:
    """authorityInfoAccess: pairs of access method (dotted) and address."""
    found = []
    for entry in der.expect(der.read_whole(value), der.SEQUENCE, "access").children():
        parts = entry.children()
        if len(parts) != 2:
            raise DerError("access: not a method and a location")
        found.append((_oid(parts[0]), _address(parts[1])))
    return tuple(found)


def _oid(element: Tlv) -> str:
    return der.decode_oid(der.expect(element, der.OBJECT_IDENTIFIER, "identifier").value)


def _full_names(point: Tlv) -> Iterator[str]:
    for field in point.children():
        if field.tag == 0xA0:  # distributionPoint
            for name in field.children():
                if name.tag == 0xA0:  # fullName
                    yield from map(_address, name.children())


def _address(element: Tlv) -> str:
    name = _general_name(element)
    return name.text if name.kind == "uri" else str(name)


def _general_name(element: Tlv) -> GeneralName:
    reader = _GENERAL_NAMES.get(element.tag)
    if reader is None:
        raise DerError(f"name: tag {element.tag:#04x} at byte {element.start}")
    return reader(element)


def _text(kind: str) -> Callable[[Tlv], GeneralName]:
    def read(element: Tlv) -> GeneralName:
        value = element.value
        text = decode_string(der.IA5_STRING, value) or ""
        odd = None
        if not value:
            odd = "is empty"
        elif not value.isascii():
            odd = "holds bytes above 0x7F"
        elif not text.isprintable():
            odd = "holds control characters"
        return GeneralName(kind, printable(text), odd)

    return read


def _ip(element: Tlv) -> GeneralName:
    value = element.value
    if len(value) in (4, 16):
        return GeneralName("ip", str(ip_address(value)))
    return GeneralName("ip", f"#{value.hex()}", f"is {len(value)} bytes long, not 4 or 16")


def _directory(element: Tlv) -> GeneralName:
    return GeneralName("dirName", format_name(name_from(der.read_whole(element.value))))


def _registered(element: Tlv) -> GeneralName:
    return GeneralName("RID", der.decode_oid(element.value))


def _other(element: Tlv) -> GeneralName:
    parts = element.children()
    if len(parts) != 2:
        raise DerError("other name: not a type and a value")
    inner = der.read(parts[1].value)
    text = decode_string(inner.tag, inner.value)
    shown = f"#{inner.raw.hex()}" if text is None else printable(text)
    return GeneralName("otherName", f"{_oid(parts[0])};{shown}")


def _opaque(kind: str) -> Callable[[Tlv], GeneralName]:
    return lambda element: GeneralName(kind, f"#{element.value.hex()}")


_GENERAL_NAMES: dict[int, Callable[[Tlv], GeneralName]] = {
    0xA0: _other,
    0x81: _text("email"),
    0x82: _text("dns"),
    0xA3: _opaque("x400Address"),
    0xA4: _directory,
    0xA5: _opaque("ediPartyName"),
    0x86: _text("uri"),
    0x87: _ip,
    0x88: _registered,
}
