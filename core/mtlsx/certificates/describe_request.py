"""One certificate request (PKCS#10) in plain values: DER in, ``RequestDescription`` out.

Structure: RFC 2986, section 4; the requested extensions: RFC 2985, section 5.4.2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mtlsx.certificates import der, oids
from mtlsx.certificates.algorithms import PublicKey, SignatureAlgorithm
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.describe import name_or_note, public_key_or_note, signature_or_note
from mtlsx.certificates.extension_facts import ExtensionFacts, read_extensions
from mtlsx.certificates.fields import Extension, extensions_from
from mtlsx.certificates.names import Name


@dataclass(frozen=True, slots=True)
class RequestDescription:
    """What is in one request; ``extensions`` are those that it asks for.

    ``subject``, ``public_key`` and ``signature_algorithm`` are None where they cannot be read.
    """

    subject: Name | None
    public_key: PublicKey | None
    signature_algorithm: SignatureAlgorithm | None
    extensions: ExtensionFacts
    sha256: str
    oddities: tuple[str, ...]


def describe_request(encoded: bytes) -> RequestDescription:
    """Describe a DER request; raises ``DerError`` where not even the outline of one is there."""
    parts = der.read(encoded).children()
    info = parts[0].children() if len(parts) == 3 else []
    if len(info) < 3:
        raise DerError("certificate request: not a version, a subject and a key")
    _, subject_element, spki, *rest = info
    notes: list[str] = []
    subject = name_or_note("Subject", subject_element, notes)
    extensions = read_extensions(_requested_extensions(rest, notes))
    return RequestDescription(
        subject=subject,
        public_key=public_key_or_note(spki, notes),
        signature_algorithm=signature_or_note(parts[1], notes),
        extensions=extensions,
        sha256=hashlib.sha256(encoded).hexdigest(),
        oddities=(*notes, *extensions.oddities),
    )


def _requested_extensions(rest: list[Tlv], notes: list[str]) -> tuple[Extension, ...]:
    try:
        for attributes in rest:
            for attribute in attributes.children():
                kind, values = attribute.children()
                if der.decode_oid(kind.value) == oids.EXTENSION_REQUEST:
                    return extensions_from(der.read(values.value))
    except ValueError as error:  # DerError, or an attribute that is no pair
        notes.append(f"The attributes cannot be read: {error}.")
    return ()
