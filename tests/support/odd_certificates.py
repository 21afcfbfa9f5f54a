"""Certificates that no tool would issue, put together from DER: for what brokers make of odd ones.

Nothing is signed; nobody who reads names looks at the signature.
"""

from __future__ import annotations

CN, ORGANIZATION, UNIT, COUNTRY = "2.5.4.3", "2.5.4.10", "2.5.4.11", "2.5.4.6"
SERIAL, DC, EMAIL = "2.5.4.5", "0.9.2342.19200300.100.1.25", "1.2.840.113549.1.9.1"
UID, STREET, PRIVATE = "0.9.2342.19200300.100.1.1", "2.5.4.9", "1.3.6.1.4.1.99999.1.2.3"

UTF8, NUMERIC, PRINTABLE, TELETEX, IA5 = 0x0C, 0x12, 0x13, 0x14, 0x16
VISIBLE, UNIVERSAL, BMP = 0x1A, 0x1C, 0x1E
INTEGER, BIT_STRING, OCTET_STRING, NULL, SEQUENCE, SET = 2, 3, 4, 5, 0x30, 0x31


def tlv(tag: int, *contents: bytes) -> bytes:
    """One element; ``tag`` is its identifier octet."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.insert(0, arc & 0x7F | 0x80)
        content += bytes(octets)
    return tlv(6, content)


def attribute(kind: str, value: bytes | str, tag: int = UTF8) -> bytes:
    """One attribute; ``value`` is the content of the string, or text for a UTF8String."""
    return tlv(SEQUENCE, oid(kind), tlv(tag, value.encode() if isinstance(value, str) else value))


def name(*attributes: bytes) -> bytes:
    """A name with each attribute in an RDN of its own."""
    return tlv(SEQUENCE, *(tlv(SET, each) for each in attributes))


def extension(kind: str, value: bytes) -> bytes:
    """An extension that is not critical."""
    return tlv(SEQUENCE, oid(kind), tlv(OCTET_STRING, value))


def san(*names: bytes) -> bytes:
    """A subject alternative name of these GeneralNames."""
    return extension("2.5.29.17", tlv(SEQUENCE, *names))


ECDSA = tlv(SEQUENCE, oid("1.2.840.10045.4.3.2"))
TIMES = tlv(SEQUENCE, tlv(0x17, b"260101000000Z"), tlv(0x17, b"360101000000Z"))
EC_KEY = tlv(
    SEQUENCE,
    tlv(SEQUENCE, oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
    tlv(BIT_STRING, b"\0\4", bytes(64)),
)
ISSUER = name(attribute(CN, "Odd CA"))


def certificate(
    *attributes: bytes,
    subject: bytes | None = None,
    issuer: bytes = ISSUER,
    extensions: tuple[bytes, ...] = (),
    key: bytes = EC_KEY,
    algorithm: bytes = ECDSA,
    rest: bytes = b"",
) -> bytes:
    """A certificate for ``attributes``, each in an RDN of its own, or for ``subject`` (a Name).

    ``rest`` comes behind the extensions.
    """
    listed = tlv(0xA3, tlv(SEQUENCE, *extensions)) if extensions else b""
    tbs = tlv(
        SEQUENCE,
        tlv(0xA0, tlv(INTEGER, b"\2")),
        tlv(INTEGER, b"\1"),
        algorithm,
        issuer,
        TIMES,
        subject or name(*attributes),
        key,
        listed,
        rest,
    )
    return tlv(SEQUENCE, tbs, algorithm, tlv(BIT_STRING, b"\0signature"))
