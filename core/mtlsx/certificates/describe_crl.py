"""One certificate revocation list in plain values: DER in, ``CrlDescription`` out.

Structure: RFC 5280, section 5.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mtlsx.certificates import der, extensions, oids
from mtlsx.certificates.algorithms import SignatureAlgorithm
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.describe import name_or_note, signature_or_note
from mtlsx.certificates.fields import Extension, extensions_from
from mtlsx.certificates.names import Name
from mtlsx.certificates.times import Moment, read_moment

_TIMES = (der.UTC_TIME, der.GENERALIZED_TIME)
_EXTENSIONS = 0xA0


@dataclass(frozen=True, slots=True)
class RevokedCertificate:
    """One entry: ``reason`` by its RFC 5280 name, None where the list gives none."""

    serial: int
    revoked_at: Moment
    reason: str | None


@dataclass(frozen=True, slots=True)
class CrlDescription:
    """What is in one CRL.

    ``next_update`` is None where the list does not promise one; ``count`` is the number of all entries,
    ``entries`` the first of them; ``issuer`` and ``signature_algorithm`` are None where they cannot be read.
    """

    issuer: Name | None
    this_update: Moment
    next_update: Moment | None
    number: int | None
    authority_key_identifier: bytes | None
    signature_algorithm: SignatureAlgorithm | None
    count: int
    entries: tuple[RevokedCertificate, ...]
    sha256: str
    oddities: tuple[str, ...]


def describe_crl(encoded: bytes, *, entries: int) -> CrlDescription:
    """Describe a DER CRL with its first ``entries`` entries; raises ``DerError`` where there is no outline of one."""
    parts = der.read(encoded).children()
    fields = parts[0].children() if len(parts) == 3 else []
    if fields and fields[0].tag == der.INTEGER:
        del fields[0]
    if len(fields) < 3:
        raise DerError("revocation list: not an algorithm, an issuer and a time")
    _, issuer_element, this_update, *rest = fields
    notes: list[str] = []
    next_update = read_moment(rest.pop(0)) if rest and rest[0].tag in _TIMES else None
    revoked = _revoked(rest.pop(0), notes) if rest and rest[0].tag == der.SEQUENCE else []
    about = _extensions(rest, notes)
    return CrlDescription(
        issuer=name_or_note("Issuer", issuer_element, notes),
        this_update=read_moment(this_update),
        next_update=next_update,
        number=_number(about, notes),
        authority_key_identifier=_authority_key(about, notes),
        signature_algorithm=signature_or_note(parts[1], notes),
        count=len(revoked),
        entries=tuple(islice(_entries(revoked, notes), entries)),
        sha256=hashlib.sha256(encoded).hexdigest(),
        oddities=tuple(notes),
    )


def _revoked(element: Tlv, notes: list[str]) -> list[Tlv]:
    try:
        return element.children()
    except DerError as error:
        notes.append(f"The entries cannot be read: {error}.")
        return []


def _entries(revoked: list[Tlv], notes: list[str]) -> Iterator[RevokedCertificate]:
    for position, element in enumerate(revoked, start=1):
        try:
            serial, moment, *rest = element.children()
            reason = _reason(extensions_from(rest[0])) if rest else None
            yield RevokedCertificate(der.decode_integer(serial.value), read_moment(moment), reason)
        except ValueError as error:  # DerError, or an entry that is too short
            notes.append(f"Entry {position} cannot be read: {error}.")


def _reason(about: tuple[Extension, ...]) -> str | None:
    for extension in about:
        if extension.oid == oids.CRL_REASON:
            number = der.decode_integer(der.read_whole(extension.value).value)
            return oids.CRL_REASONS.get(number, f"reason {number}")
    return None


def _extensions(rest: list[Tlv], notes: list[str]) -> dict[str, bytes]:
    try:
        for element in rest:
            if element.tag == _EXTENSIONS:
                return {each.oid: each.value for each in extensions_from(der.read(element.value))}
    except DerError as error:
        notes.append(f"The extensions cannot be read: {error}.")
    return {}


def _number(about: dict[str, bytes], notes: list[str]) -> int | None:
    if oids.CRL_NUMBER not in about:
        return None
    try:
        return der.decode_integer(der.read_whole(about[oids.CRL_NUMBER]).value)
    except DerError as error:
        notes.append(f"The list's number cannot be read: {error}.")
        return None


def _authority_key(about: dict[str, bytes], notes: list[str]) -> bytes | None:
    if oids.AUTHORITY_KEY_IDENTIFIER not in about:
        return None
    try:
        return extensions.authority_key_identifier(about[oids.AUTHORITY_KEY_IDENTIFIER]).key
    except DerError as error:
        notes.append(f"The authority key identifier cannot be read: {error}.")
        return None
