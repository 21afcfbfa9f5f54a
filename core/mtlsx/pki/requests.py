"""Certificate signing requests (PKCS#10, RFC 2986): made for a key, and read before they are signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.errors import MaterialError
from mtlsx.pki.keys import signature_hash

if TYPE_CHECKING:
    from cryptography.x509 import CertificateSigningRequest, GeneralName, Name

    from mtlsx.pki.keys import PrivateKey


def make_request(
    key: PrivateKey, subject: Name, alternative_names: tuple[GeneralName, ...] = ()
) -> CertificateSigningRequest:
    """A request for a certificate, signed with the key that it is for."""
    from cryptography import x509

    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if alternative_names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName(alternative_names), critical=not subject.rdns
        )
    return builder.sign(key, signature_hash(key))


def read_request(encoded: bytes, *, source: str) -> CertificateSigningRequest:
    """The request in ``encoded`` (DER), whose signature proves that the sender has the key.

    Raises MaterialError where it cannot be read or the signature is wrong.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        request = x509.load_der_x509_csr(encoded)
        valid = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MaterialError(
            "not-a-certificate", f"The request in {source} cannot be read: {error}."
        ) from error
    if not valid:
        raise MaterialError(
            "key-mismatch",
            f"The request in {source} is not signed with the key that it holds.",
            fix="Have it made anew by whoever has the key.",
        )
    return request


def requested_names(request: CertificateSigningRequest) -> tuple[GeneralName, ...]:
    """The subject alternative names that a request asks for.

    Nothing else of what it asks for is taken over: its usages and basic constraints are the issuer's to decide.
    """
    from cryptography import x509

    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(names)
