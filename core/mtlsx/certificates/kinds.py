"""What a DER element is, judged by its shape: certificate, request, CRL, key, PKCS#12 or PKCS#7.

Suffixes and PEM labels are often wrong; the outer structure of each kind differs, so that is what counts.
"""

from __future__ import annotations

from enum import StrEnum

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError, Tlv


class Kind(StrEnum):
    """The kinds of objects that key material files hold."""

    CERTIFICATE = "certificate"
    REQUEST = "certificate request"
    CRL = "certificate revocation list"
    PUBLIC_KEY = "public key"
    PRIVATE_KEY = "private key"
    ENCRYPTED_KEY = "encrypted private key"
    PKCS12 = "PKCS#12 archive"
    PKCS7 = "PKCS#7 bundle"


_ATTRIBUTES = 0xA0
_CONTENT = 0xA0
_TIMES = ((der.UTC_TIME,), (der.GENERALIZED_TIME,))

# The outermost tags of each kind; longer ones first where one begins like another.
_SHAPES = (
    ((der.SEQUENCE, der.BIT_STRING), Kind.PUBLIC_KEY),  # RFC 5280, SubjectPublicKeyInfo
    ((der.INTEGER, der.SEQUENCE, der.OCTET_STRING), Kind.PRIVATE_KEY),  # RFC 5208
    ((der.SEQUENCE, der.OCTET_STRING), Kind.ENCRYPTED_KEY),  # RFC 5208
    ((der.INTEGER, der.OCTET_STRING), Kind.PRIVATE_KEY),  # RFC 5915, EC
    ((der.INTEGER,) * 6, Kind.PRIVATE_KEY),  # RFC 8017, RSA (9 numbers); DSA (6)
    ((der.INTEGER, der.SEQUENCE), Kind.PKCS12),  # RFC 7292
    ((der.OBJECT_IDENTIFIER, _CONTENT), Kind.PKCS7),  # RFC 2315
)


def kind_of(element: Tlv) -> Kind | None:
    """The kind of ``element``, or None where its shape is that of none; never raises."""
    try:
        if element.tag != der.SEQUENCE:
            return None
        parts = element.children()
        tags = tuple(part.tag for part in parts)
        if tags == (der.SEQUENCE, der.SEQUENCE, der.BIT_STRING):
            return _signed_kind(tuple(part.tag for part in parts[0].children()))
    except DerError:
        return None
    if tags == (der.INTEGER, der.INTEGER):  # RFC 8017, RSAPublicKey
        return Kind.PUBLIC_KEY
    for shape, kind in _SHAPES:
        if tags[: len(shape)] == shape:
            return kind
    return None


def _signed_kind(tags: tuple[int, ...]) -> Kind:
    """Certificate, request or CRL: all are (content, algorithm, signature), so the content decides."""
    after_version = tags[1:] if tags[:1] == (der.INTEGER,) else tags
    if after_version[:2] == (der.SEQUENCE, der.SEQUENCE) and after_version[2:3] in _TIMES:
        return Kind.CRL
    if tags[:3] == (der.INTEGER, der.SEQUENCE, der.SEQUENCE) and tags[3:] in ((), (_ATTRIBUTES,)):
        return Kind.REQUEST
    return Kind.CERTIFICATE
