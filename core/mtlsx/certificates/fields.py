"""The fields of a certificate as they are encoded: DER in, ``CertificateFields`` out, tolerantly.

Only the outline is read at once; names and extensions are read when asked for, so that one unreadable name
does not hide the rest, and so that who needs the subject alone does not pay for the extensions.

Structure: RFC 5280, section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError, Tlv
from mtlsx.certificates.names import Name, name_from


class Extension(NamedTuple):
    """One extension: ``oid`` in dotted decimal, ``value`` the content of its OCTET STRING (itself DER)."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class CertificateFields:
    """The outline of one certificate. All ``Tlv`` fields lie in the certificate's own bytes.

    ``version`` is 1, 2 or 3 (or whatever the certificate claims); ``serial`` may be negative or zero.
    ``not_before`` and ``not_after`` are the times as encoded (UTCTime or GeneralizedTime, or something odd).
    ``spki`` is the SubjectPublicKeyInfo, ``extension_list`` the SEQUENCE OF Extension or None.
    """

    version: int
    serial: int
    inner_algorithm: Tlv
    issuer_element: Tlv
    not_before: Tlv
    not_after: Tlv
    subject_element: Tlv
    spki: Tlv
    extension_list: Tlv | None
    tbs: Tlv
    signature_algorithm: Tlv
    signature: Tlv

    @property
    def issuer(self) -> Name:
        """The issuer's name, read anew at each call; raises ``DerError``."""
        return name_from(self.issuer_element)

    @property
    def subject(self) -> Name:
        """The subject's name, read anew at each call; raises ``DerError``."""
        return name_from(self.subject_element)

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """The extensions in encoded order, doubles kept, read anew at each call; raises ``DerError``."""
        return () if self.extension_list is None else extensions_from(self.extension_list)


def parse_certificate(encoded: bytes) -> CertificateFields:
    """Read the outline of a DER certificate; bytes behind it are ignored.

    Raises ``DerError`` where the outline of a certificate is not there.
    """
    tbs, algorithm, signature = _parts(der.read(encoded), "certificate", 3)
    parts = der.expect(tbs, der.SEQUENCE, "certificate").children()
    version = 1
    if parts and parts[0].tag == _VERSION:
        version = der.decode_integer(der.read(parts.pop(0).value).value) + 1
    if len(parts) < 6:
        raise DerError(f"certificate: {len(parts)} fields, where at least 6 are needed")
    serial, inner_algorithm, issuer, validity, subject, spki, *rest = parts
    der.expect(serial, der.INTEGER, "serial number")
    der.expect(inner_algorithm, der.SEQUENCE, "signature algorithm")
    der.expect(issuer, der.SEQUENCE, "issuer")
    der.expect(subject, der.SEQUENCE, "subject")
    not_before, not_after = _parts(validity, "validity", 2)
    return CertificateFields(
        version=version,
        serial=der.decode_integer(serial.value),
        inner_algorithm=inner_algorithm,
        issuer_element=issuer,
        not_before=not_before,
        not_after=not_after,
        subject_element=subject,
        spki=der.expect(spki, der.SEQUENCE, "public key"),
        extension_list=_extension_list(rest),
        tbs=tbs,
        signature_algorithm=algorithm,
        signature=signature,
    )


def extensions_from(element: Tlv) -> tuple[Extension, ...]:
    """The extensions in a SEQUENCE OF Extension (of a certificate, a request or a CRL); raises ``DerError``."""
    return tuple(map(_extension, der.expect(element, der.SEQUENCE, "extensions").children()))


_VERSION = 0xA0
_EXTENSIONS = 0xA3


def _parts(element: Tlv, what: str, count: int) -> list[Tlv]:
    parts = der.expect(element, der.SEQUENCE, what).children()
    if len(parts) != count:
        raise DerError(f"{what}: {len(parts)} parts at byte {element.start}, not {count}")
    return parts


def _extension_list(rest: list[Tlv]) -> Tlv | None:
    for element in rest:
        if element.tag == _EXTENSIONS:
            return der.read_whole(element.value)
    return None


def _extension(element: Tlv) -> Extension:
    parts = der.expect(element, der.SEQUENCE, "extension").children()
    if not parts or parts[-1].tag != der.OCTET_STRING or len(parts) > 3:
        raise DerError(f"extension at byte {element.start} is not an identifier and a value")
    oid = der.decode_oid(der.expect(parts[0], der.OBJECT_IDENTIFIER, "extension").value)
    critical = len(parts) == 3 and any(parts[1].value)
    return Extension(oid, critical, parts[-1].value)
