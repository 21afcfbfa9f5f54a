"""The name check: is this certificate for the host that we meant to reach (RFC 9525)?

A name that stands only in the subject's common name does not count.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cryptography.x509 import (
    DNSName,
    DuplicateExtension,
    ExtensionNotFound,
    InvalidVersion,
    IPAddress,
    SubjectAlternativeName,
    UnsupportedGeneralNameType,
    load_der_x509_certificate,
)
from service_identity import CertificateError, VerificationError
from service_identity.hazmat import (
    DNS_ID,
    DNSPattern,
    IPAddress_ID,
    IPAddressPattern,
    verify_service_identity,
)

from mtlsx.certificates import oids
from mtlsx.certificates.der import DerError
from mtlsx.certificates.extensions import general_names
from mtlsx.certificates.fields import parse_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate

_SHOWN = 8
# What cryptography raises for certificates that are damaged or odd.
_UNREADABLE = (ValueError, InvalidVersion, DuplicateExtension, UnsupportedGeneralNameType)


def is_ip_address(host: str) -> bool:
    """Whether ``host`` is an IPv4 or IPv6 address, which is never sent as a server name (RFC 6066)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def name_error(certificate: bytes, host: str) -> str | None:
    """Why ``certificate`` (DER bytes) is not for ``host`` (a name or an address), or None where it is."""
    try:
        patterns = list(_patterns(load_der_x509_certificate(certificate)))
        wanted = IPAddress_ID(host) if is_ip_address(host) else DNS_ID(host)
        verify_service_identity(patterns, [wanted], [])
    except ExtensionNotFound:
        return "it has no subject alternative name, and a common name does not count"
    except (VerificationError, CertificateError):
        return f"{host} is not among its subject alternative names ({_names(certificate)})"
    except _UNREADABLE as error:
        return f"its names cannot be read ({error})"
    return None


def _patterns(certificate: Certificate) -> Iterator[DNSPattern | IPAddressPattern]:
    """What the certificate is for, without names that match nothing.

    An address that stands there as a DNS name, as many recipes have it beside the real one, is such a name.
    """
    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    for name in names.get_values_for_type(DNSName):
        try:
            yield DNSPattern.from_bytes(name.encode())
        except CertificateError:
            continue
    for address in names.get_values_for_type(IPAddress):
        if isinstance(address, (ipaddress.IPv4Address, ipaddress.IPv6Address)):  # no network
            yield IPAddressPattern(address)


def _names(certificate: bytes) -> str:
    try:
        for extension in parse_certificate(certificate).extensions:
            if extension.oid == oids.SUBJECT_ALTERNATIVE_NAME:
                names = [name.text for name in general_names(extension.value)]
                more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
                return ", ".join(names[:_SHOWN]) + more
    except DerError:
        return "unreadable"
    return "none"
