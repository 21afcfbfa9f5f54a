"""The name check: is this certificate for the host that we meant to reach (RFC 9525)?

A name that stands only in the subject's common name does not count.
"""

from __future__ import annotations

import ipaddress

from cryptography.x509 import (
    DuplicateExtension,
    InvalidVersion,
    UnsupportedGeneralNameType,
    load_der_x509_certificate,
)
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import (
    verify_certificate_hostname,
    verify_certificate_ip_address,
)

from mtlsx.certificates import oids
from mtlsx.certificates.der import DerError
from mtlsx.certificates.extensions import general_names
from mtlsx.certificates.fields import parse_certificate

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
        parsed = load_der_x509_certificate(certificate)
        if is_ip_address(host):
            verify_certificate_ip_address(parsed, host)
        else:
            verify_certificate_hostname(parsed, host)
    except VerificationError:
        return f"{host} is not among its subject alternative names ({_names(certificate)})"
    except CertificateError:
        return "it has no subject alternative name, and a common name does not count"
    except _UNREADABLE as error:
        return f"its names cannot be read ({error})"
    return None


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
