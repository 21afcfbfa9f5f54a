"""What Mosquitto makes of a client certificate: DER in, ``MosquittoIdentity`` out.

``use_identity_as_username`` takes the octets of the first CN as they stand in the certificate, in whatever
character set; ``use_subject_as_username`` takes the subject as OpenSSL prints it for RFC 2253. Both replace the
username of CONNECT, and where there is no name, the login is refused.

What OpenSSL cannot load never comes that far. Here that is told by the names in the certificate: their string
types, and octets that are no text in their type. Source: Mosquitto 2.0.11 (handle__connect), OpenSSL 3.0
(X509_NAME_print_ex, x509_name_canon, do_esc_char).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.names import Attribute, Name
from mtlsx.certificates.oids import ATTRIBUTES, COMMON_NAME
from mtlsx.certificates.strings import TYPE_NAMES
from mtlsx.identity.dn_escapes import escapes, with_ends


@dataclass(frozen=True, slots=True)
class MosquittoIdentity:
    """The two usernames; None where Mosquitto refuses the login or OpenSSL cannot load the certificate.

    ``identity`` is of any octets but NUL; ``subject`` printable ASCII, empty for an empty subject.
    ``unloadable`` says why OpenSSL cannot load the certificate, in words that begin in lower case; None where
    it can, as far as its names tell.
    """

    identity: bytes | None
    subject: bytes | None
    unloadable: str | None = None


def identify(certificate: bytes) -> MosquittoIdentity:
    """What Mosquitto makes of a certificate (DER); never raises."""
    try:
        fields = parse_certificate(certificate)
        subject = _strings(fields.subject)
        _strings(fields.issuer)
    except (DerError, _UnloadableError) as error:
        return MosquittoIdentity(None, None, unloadable=str(error))
    return MosquittoIdentity(_first_common_name(subject), _print_name(subject))


class _UnloadableError(ValueError):
    """OpenSSL cannot load a name with this value."""


class _String(NamedTuple):
    """One value as OpenSSL keeps it: its type's tag, its octets (without the count of unused bits), and its
    characters as UTF-8 (None for what is no text)."""

    oid: str
    rdn: int
    tag: int
    octets: bytes
    text: bytes | None


# Characters by string type, as OpenSSL reads them: octets of NumericString and the like are Latin-1.
_CHARSETS = {
    der.UTF8_STRING: "utf-8",
    der.NUMERIC_STRING: "latin-1",
    der.PRINTABLE_STRING: "latin-1",
    der.TELETEX_STRING: "latin-1",
    der.IA5_STRING: "latin-1",
    der.UNIVERSAL_STRING: "utf-32-be",
    der.BMP_STRING: "utf-16-be",
}
_CONSTRUCTED = 0x20
# Types that X509_NAME_ENTRY takes without reading them: rare ones, and those that have no meaning in ASN.1.
_OPAQUE = frozenset((der.BIT_STRING, der.SEQUENCE, 7, 8, 9, 11, 13, 14, 15, 29))


def _strings(name: Name) -> list[_String]:
    return [_string(attribute, number) for number, rdn in enumerate(name) for attribute in rdn]


def _string(attribute: Attribute, rdn: int) -> _String:
    name = ATTRIBUTES.get(attribute.oid, attribute.oid)
    tag, octets = attribute.tag, attribute.value
    if tag & _CONSTRUCTED and tag != der.SEQUENCE:
        tag, octets = tag & ~_CONSTRUCTED, _joined(der.read(attribute.raw))
    if tag in _OPAQUE:
        if tag == der.SEQUENCE:
            octets = attribute.raw
        if tag == der.BIT_STRING and (not octets or octets[0] > 7):
            raise _UnloadableError(f"{name} is a BIT STRING that leaves out more than 7 bits")
        return _String(attribute.oid, rdn, tag, octets, None)
    charset = _CHARSETS.get(tag)
    if charset is None:
        raise _UnloadableError(
            f"{name} is {TYPE_NAMES.get(tag, f'of the type with tag {tag:#04x}')}"
        )
    try:
        text = octets.decode(charset)
        if charset == "utf-16-be" and any(character > "\uffff" for character in text):
            raise _UnloadableError(f"{name} is a BMPString that holds surrogates")
        return _String(attribute.oid, rdn, tag, octets, text.encode())
    except UnicodeError as error:
        raise _UnloadableError(f"{name} holds octets that are not {charset.upper()}") from error


def _joined(string: Tlv, depth: int = 1) -> bytes:
    """The octets of a string that comes in pieces."""
    if depth > _DEEPEST_STRING:
        raise _UnloadableError("a string in pieces is in pieces too often")
    return b"".join(
        _joined(piece, depth + 1) if piece.tag & _CONSTRUCTED else piece.value
        for piece in string.children()
    )


# ASN1_MAX_STRING_NEST is 5, below the outermost.
_DEEPEST_STRING = 6


def _first_common_name(subject: list[_String]) -> bytes | None:
    for value in subject:
        if value.oid == COMMON_NAME:
            # A BIT STRING is kept without a NUL behind it, so its length never matches that of the C string.
            refused = 0 in value.octets or value.tag == der.BIT_STRING
            return None if refused else value.octets
    return None


def _print_name(subject: list[_String]) -> bytes:
    """X509_NAME_print_ex with XN_FLAG_RFC2253: all attributes from last to first."""
    text = b""
    after: _String | None = None
    for value in reversed(subject):
        if after is not None:
            text += b"+" if after.rdn == value.rdn else b","
        short = short_names().get(value.oid)
        text += (short or value.oid[:_LONGEST_OID]).encode() + b"="
        text += _dump(value) if short is None or value.text is None else _escape(value.text)
        after = value
    return text


# OpenSSL writes dotted decimal into a buffer of 80.
_LONGEST_OID = 79


@cache
def short_names() -> Mapping[str, str]:
    """OpenSSL 3.0's short names by dotted decimal: of all its objects, for any of them may name an attribute."""
    table = resources.files(__package__).joinpath("openssl_names.txt").read_text("ascii")
    return dict(line.split() for line in table.splitlines())


def _dump(value: _String) -> bytes:
    if value.tag == der.SEQUENCE:
        return b"#" + value.octets.hex().upper().encode()
    length = len(value.octets)
    size = length.to_bytes((length.bit_length() + 7) // 8 or 1, "big")
    if length >= 0x80:
        size = bytes((0x80 | len(size),)) + size
    return b"#" + (bytes((value.tag,)) + size + value.octets).hex().upper().encode()


def _escape(text: bytes) -> bytes:
    return with_ends(text, [_ESCAPED[octet] for octet in text], lone_hash=False)


_ESCAPED = escapes(last_printable=0x7E)
