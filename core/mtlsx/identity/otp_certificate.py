"""A certificate as Erlang/OTP decodes it (``public_key:pkix_decode_cert(Der, otp)``): DER in, subject and SAN out.

OTP decodes everything or nothing: one part that its schema does not allow, and the TLS handshake dies before
MQTT begins. So all parts are checked here, though few are kept. Parts that certificates of one fleet share
(issuer, algorithms, extensions) are read once and remembered.

Source: public_key's OTPCertificate; the outline is RFC 5280, section 4.1.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError
from mtlsx.certificates.oids import EXTENSIONS, SUBJECT_ALTERNATIVE_NAME
from mtlsx.identity import otp_schema
from mtlsx.identity.otp_asn1 import (
    BIT_STRING,
    Element,
    UndecodableError,
    check,
    element_of,
    members,
)
from mtlsx.identity.otp_generations import OPAQUE, Generation
from mtlsx.identity.otp_names import Attribute, Name, read_rdn


class OtpCertificate(NamedTuple):
    """What is kept of a certificate: the subject, and the entries of the first subject alternative name as
    they are encoded (None where there is no such extension)."""

    subject: Name
    alternative_names: tuple[Element, ...] | None


def decode(encoded: bytes, generation: Generation) -> OtpCertificate:
    """Decode a DER certificate as this generation of OTP does; bytes behind it are ignored.

    Raises ``UndecodableError``, whose message begins with the part that OTP stumbles over.
    """
    fields = _Fields()
    try:
        return _decode(encoded, generation, fields)
    except (DerError, UndecodableError) as error:
        raise UndecodableError(f"{fields.part}: {error}") from error


def _decode(encoded: bytes, generation: Generation, fields: _Fields) -> OtpCertificate:
    tbs, algorithm, signature = _sequence(encoded, exactly=3)
    _check_signature_algorithm(algorithm, generation)
    if not _WHOLE_OCTETS.match(signature):
        check(BIT_STRING, element_of(signature))
    fields.rest = _sequence(tbs)[::-1]
    if (version := fields.take_if("version", (0xA0,))) is not None:
        _check_version(version)
    if not _USUAL_SERIAL_NUMBER.match(serial := fields.take("serial number")):
        check(otp_schema.SERIAL_NUMBER, element_of(serial))
    _check_signature_algorithm(fields.take("signature algorithm"), generation)
    _check_issuer(fields.take("issuer"), generation)
    if not _USUAL_TIMES.fullmatch(validity := fields.take("validity")):
        check(otp_schema.VALIDITY, element_of(validity))
    subject = _name(fields.take("subject"), generation)
    _check_public_key(fields.take("public key"), generation)
    for tags, kind in _UNIQUE_IDENTIFIERS:
        if (identifier := fields.take_if("unique identifier", tags)) is not None:
            check(kind, element_of(identifier))
    extensions = fields.take_if("extensions", (0x83, 0xA3))
    if fields.rest and not generation.unknown_fields:
        raise UndecodableError("something follows the last field")
    for unknown in fields.rest:
        element_of(unknown)
    names = None if extensions is None else _alternative_names(extensions, generation)
    return OtpCertificate(subject, names)


# The forms in which nearly every certificate has what it shares with no other; they are always taken: a short
# INTEGER, two UTCTimes of the usual length, a BIT STRING of whole octets, and a subjectKeyIdentifier of 20 octets.
_USUAL_SERIAL_NUMBER = re.compile(rb"\x02[\0-\x7f]")
_USUAL_TIMES = re.compile(rb"\x30\x1e(?:\x17\x0d.{13}){2}", re.DOTALL)
_WHOLE_OCTETS = re.compile(rb"\x03(?:[\x01-\x7f]|\x81.|\x82..)\0", re.DOTALL)
_USUAL_KEY_IDENTIFIER = b"\x30\x1d\x06\x03\x55\x1d\x0e\x04\x16\x04\x14"
_UNIQUE_IDENTIFIERS = (
    ((0x81, 0xA1), otp_schema.ISSUER_UNIQUE_ID),
    ((0x82, 0xA2), otp_schema.SUBJECT_UNIQUE_ID),
)


class _Fields:
    """The fields of a TBSCertificate, taken one after the other; ``part`` is the one at hand."""

    __slots__ = ("part", "rest")

    def __init__(self) -> None:
        self.part = "certificate"
        self.rest: list[bytes] = []

    def take(self, part: str) -> bytes:
        self.part = part
        if not self.rest:
            raise UndecodableError("it is missing")
        return self.rest.pop()

    def take_if(self, part: str, tags: tuple[int, ...]) -> bytes | None:
        self.part = part
        return self.rest.pop() if self.rest and self.rest[-1][0] in tags else None


def _sequence(encoded: bytes, exactly: int | None = None) -> list[bytes]:
    """What is inside a SEQUENCE, each part as it is encoded."""
    tag, parts = der.pieces(encoded)
    if tag != der.SEQUENCE:
        raise UndecodableError(f"tag {tag:#x} is not allowed here")
    if exactly is not None and len(parts) != exactly:
        raise UndecodableError(f"{len(parts)} parts where {exactly} are due")
    return parts


def _name(encoded: bytes, generation: Generation) -> Name:
    return tuple(
        [
            read_rdn(rdn, generation) if _COMMON_NAME.match(rdn) else _rdn(rdn, generation)
            for rdn in _sequence(encoded)
        ]
    )


# Not worth remembering, since each device has its own.
_COMMON_NAME = re.compile(rb"\x31.\x30.\x06\x03\x55\x04\x03", re.DOTALL)


def _check_public_key(encoded: bytes, generation: Generation) -> None:
    algorithm, key = _sequence(encoded, exactly=2)
    oid = _key_algorithm(algorithm, generation)
    if generation.public_keys[oid] is not OPAQUE or not _WHOLE_OCTETS.match(key):
        otp_schema.check_public_key(oid, element_of(key), generation)


def _alternative_names(encoded: bytes, generation: Generation) -> tuple[Element, ...] | None:
    """The entries of the first subject alternative name; all extensions are checked."""
    tag, inner = der.pieces(encoded)
    if tag != 0xA3 or len(inner) != 1:
        raise UndecodableError("the extensions are not one list in an explicit tag")
    found = None
    for extension in _sequence(inner[0]):
        if extension.startswith(_USUAL_KEY_IDENTIFIER):
            continue
        names = _extension(extension, generation)
        found = names if found is None else found
    return found


# What certificates of one fleet have in common, read once. The keys are bytes, so equal parts are equal.


@lru_cache(maxsize=16)
def _check_version(encoded: bytes) -> None:
    check(otp_schema.EXPLICIT_VERSION, element_of(encoded))


@lru_cache(maxsize=256)
def _check_signature_algorithm(encoded: bytes, generation: Generation) -> None:
    otp_schema.check_signature_algorithm(element_of(encoded), generation)


@lru_cache(maxsize=256)
def _key_algorithm(encoded: bytes, generation: Generation) -> str:
    return otp_schema.check_key_algorithm(element_of(encoded), generation)


@lru_cache(maxsize=256)
def _check_issuer(encoded: bytes, generation: Generation) -> None:
    _name(encoded, generation)


@lru_cache(maxsize=2048)
def _rdn(encoded: bytes, generation: Generation) -> tuple[Attribute, ...]:
    return read_rdn(encoded, generation)


@lru_cache(maxsize=2048)
def _extension(encoded: bytes, generation: Generation) -> tuple[Element, ...] | None:
    """Check one extension; the entries of a subject alternative name, None of any other."""
    oid, value = otp_schema.extension_parts(element_of(encoded), generation)
    kind = otp_schema.extension_types(generation).get(oid)
    if kind is None:
        return None
    try:
        decoded = element_of(value)
        check(kind, decoded)
    except UndecodableError as error:
        raise UndecodableError(f"{EXTENSIONS.get(oid, oid)}: {error}") from error
    return tuple(members(decoded.content)) if oid == SUBJECT_ALTERNATIVE_NAME else None
