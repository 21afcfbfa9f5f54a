"""One certificate in plain values: DER in, ``CertificateDescription`` out, with a word on whatever is odd.

Everything is read by this room's own tolerant reader, so certificates that strict parsers refuse are described
too; a part that cannot be read is left out and named in ``oddities``. All texts are safe to show.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mtlsx.certificates import oddities
from mtlsx.certificates.algorithms import (
    PublicKey,
    SignatureAlgorithm,
    read_public_key,
    read_signature_algorithm,
)
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.extension_facts import ExtensionFacts, read_extensions
from mtlsx.certificates.fields import CertificateFields, Extension, parse_certificate
from mtlsx.certificates.names import Name, name_from
from mtlsx.certificates.times import Moment, read_moment


@dataclass(frozen=True, slots=True)
class CertificateDescription:
    """What is in one certificate.

    ``subject``, ``issuer``, ``public_key`` and ``signature_algorithm`` are None where they cannot be read.
    ``self_issued``: subject and issuer are the same bytes. Fingerprints are lower-case hex of the DER.
    """

    version: int
    serial: int
    subject: Name | None
    issuer: Name | None
    self_issued: bool
    not_before: Moment
    not_after: Moment
    public_key: PublicKey | None
    signature_algorithm: SignatureAlgorithm | None
    extensions: ExtensionFacts
    sha256: str
    sha1: str
    md5: str
    oddities: tuple[str, ...]


def describe(encoded: bytes) -> CertificateDescription:
    """Describe a DER certificate; raises ``DerError`` where not even the outline of one is there."""
    fields = parse_certificate(encoded)
    notes = list(oddities.field_oddities(fields))
    not_before, not_after = read_moment(fields.not_before), read_moment(fields.not_after)
    notes += oddities.time_oddities(not_before, not_after)
    issuer = name_or_note("Issuer", fields.issuer_element, notes)
    subject = name_or_note("Subject", fields.subject_element, notes)
    extensions = read_extensions(_extensions(fields, notes))
    return CertificateDescription(
        version=fields.version,
        serial=fields.serial,
        subject=subject,
        issuer=issuer,
        self_issued=fields.subject_element.raw == fields.issuer_element.raw,
        not_before=not_before,
        not_after=not_after,
        public_key=public_key_or_note(fields.spki, notes),
        signature_algorithm=signature_or_note(fields.signature_algorithm, notes),
        extensions=extensions,
        sha256=hashlib.sha256(encoded).hexdigest(),
        sha1=hashlib.sha1(encoded, usedforsecurity=False).hexdigest(),
        md5=hashlib.md5(encoded, usedforsecurity=False).hexdigest(),
        oddities=(*notes, *extensions.oddities),
    )


def role(description: CertificateDescription) -> str:
    """What the certificate is for, in two or three words: ``"TLS client certificate"``."""
    extensions = description.extensions
    if extensions.basic_constraints and extensions.basic_constraints.ca:
        return "root CA certificate" if description.self_issued else "intermediate CA certificate"
    purposes = extensions.key_purposes or ()
    sides = [side for side in ("client", "server") if f"{side}Auth" in purposes]
    if sides:
        return f"TLS {' and '.join(sides)} certificate"
    return "self-signed certificate" if description.self_issued else "certificate"


def name_or_note(what: str, element: Tlv, notes: list[str]) -> Name | None:
    """The name that ``element`` is; where it cannot be read, None and a sentence in ``notes``."""
    try:
        name = name_from(element)
    except DerError as error:
        notes.append(f"{what}: cannot be read: {error}.")
        return None
    notes += oddities.name_oddities(what, name)
    return name


def public_key_or_note(spki: Tlv, notes: list[str]) -> PublicKey | None:
    """The key that ``spki`` is; where it cannot be read, None and a sentence in ``notes``."""
    try:
        return read_public_key(spki)
    except DerError as error:
        notes.append(f"The public key cannot be read: {error}.")
        return None


def signature_or_note(algorithm: Tlv, notes: list[str]) -> SignatureAlgorithm | None:
    """The signature's algorithm; where it cannot be read, None and a sentence in ``notes``."""
    try:
        return read_signature_algorithm(algorithm)
    except DerError as error:
        notes.append(f"The signature algorithm cannot be read: {error}.")
        return None


def _extensions(fields: CertificateFields, notes: list[str]) -> tuple[Extension, ...]:
    try:
        return fields.extensions
    except DerError as error:
        notes.append(f"The extensions cannot be read: {error}.")
        return ()
