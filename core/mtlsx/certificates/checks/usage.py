"""Whether a certificate may be used for what it is meant for: as a TLS client or as a TLS server.

Rules: RFC 5280, sections 4.2.1.3 and 4.2.1.12; OpenSSL's check_purpose_ssl_client and check_purpose_ssl_server
(crypto/x509/v3_purp.c), which do not count anyExtendedKeyUsage; RFC 8446, section 4.4.2 (TLS 1.3 only signs).
"""

from __future__ import annotations

from enum import StrEnum

from mtlsx.certificates import der
from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import CertificateDescription


class Purpose(StrEnum):
    """What a certificate is to be good for."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def key_purpose(self) -> str:
        """The extended key usage that allows it."""
        return f"{self}Auth"


# Of keyUsage, one of these is needed.
KEY_USAGES = {
    Purpose.CLIENT: frozenset({"digitalSignature", "keyAgreement"}),
    Purpose.SERVER: frozenset({"digitalSignature", "keyEncipherment", "keyAgreement"}),
}


def check_usage(about: CertificateDescription, purpose: Purpose) -> Finding:
    """Whether one certificate, which is no CA's, may be used for ``purpose``."""
    purposes, usages = about.extensions.key_purposes, about.extensions.key_usage
    if purposes is not None and purpose.key_purpose not in purposes:
        return Finding(
            "own-cert-wrong-usage", Level.FAILURE, "usage",
            f"Its extended key usage ({', '.join(purposes) or 'empty'}) does not allow"
            f" {purpose.key_purpose}.",
            f"The other side refuses it as a {purpose} certificate.",
            f"Issue it with extendedKeyUsage {purpose.key_purpose}, or take it for what it is meant for.",
        )  # fmt: skip
    if not _netscape_type_allows(about, purpose):
        return Finding(
            "own-cert-wrong-usage", Level.FAILURE, "usage",
            f"Its Netscape certificate type does not allow an SSL {purpose}.",
            f"OpenSSL still looks at it, and refuses it as a {purpose} certificate.",
            "Issue it without nsCertType.",
        )  # fmt: skip
    if usages is not None and KEY_USAGES[purpose].isdisjoint(usages):
        return Finding(
            "own-cert-wrong-usage", Level.FAILURE, "usage",
            f"Its key usage ({', '.join(usages) or 'empty'}) does not allow digitalSignature.",
            f"The other side refuses it as a {purpose} certificate.",
            "Issue it with keyUsage digitalSignature.",
        )  # fmt: skip
    if usages is not None and "digitalSignature" not in usages:
        return Finding(
            "own-cert-cannot-sign", Level.WARNING, "usage",
            f"Its key usage ({', '.join(usages)}) leaves out digitalSignature.",
            "TLS 1.3 always signs with the certificate's key, and so does TLS 1.2 with today's ciphers.",
            "Issue it with keyUsage digitalSignature.",
        )  # fmt: skip
    named = [*(purposes or ()), *(usages or ())]
    return Finding(
        "own-cert-usage-fits", Level.OK, "usage",
        f"It may be used by a {purpose}: {', '.join(named)}."
        if named
        else f"It names no usage, so a {purpose} may use it.",
    )  # fmt: skip


def _netscape_type_allows(about: CertificateDescription, purpose: Purpose) -> bool:
    """Whether nsCertType, which old recipes set, leaves the purpose; without it, or unreadable, it does."""
    for extension in about.extensions.others:
        if extension.oid == _NETSCAPE_TYPE:
            try:
                bits = der.expect(der.read_whole(extension.value), der.BIT_STRING, "type").value
            except DerError:
                return True
            return len(bits) < 2 or bool(bits[1] & _NETSCAPE_BITS[purpose])
    return True


_NETSCAPE_TYPE = "2.16.840.1.113730.1.1"
_NETSCAPE_BITS = {
    Purpose.CLIENT: 0x80,
    Purpose.SERVER: 0x40,
}  # v3_purp.c: NS_SSL_CLIENT, NS_SSL_SERVER
