"""Verify a certificate as ``openssl verify`` does: OpenSSL itself builds and judges the chain.

In: DER. Out: the chain that was found, or OpenSSL's own error with the certificate and depth where it arose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from mtlsx.certificates import extensions, oids
from mtlsx.certificates.fields import parse_certificate
from mtlsx.errors import MaterialError

if TYPE_CHECKING:
    from OpenSSL import crypto

Purpose: TypeAlias = Literal["sslclient", "sslserver"]

_INVALID_PURPOSE = 26  # X509_V_ERR_INVALID_PURPOSE, x509_vfy.h
_USAGE = {"sslclient": oids.CLIENT_AUTH, "sslserver": oids.SERVER_AUTH}
# crypto/x509/v3_purp.c: check_purpose_ssl_client and check_purpose_ssl_server.
_KEY_USAGES = {
    "sslclient": {"digitalSignature", "keyAgreement"},
    "sslserver": {"digitalSignature", "keyEncipherment", "keyAgreement"},
}


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it.

    ``chain``: the certificates (DER) from the one that was asked about to the trust anchor; empty where there is
    none. ``error``: OpenSSL's number and words for the first fault, None where all is well; ``depth`` is that of
    the certificate it is about, ``at`` that certificate (DER).
    """

    chain: tuple[bytes, ...]
    error: tuple[int, str] | None = None
    depth: int = 0
    at: bytes | None = None


def verify(
    certificate: bytes,
    *,
    anchors: Sequence[bytes],
    untrusted: Sequence[bytes] = (),
    crls: Sequence[bytes] = (),
    purpose: Purpose | None = None,
    strict: bool = False,
    moment: datetime | None = None,
) -> Verified:
    """Verify ``certificate`` against trust ``anchors``, with ``untrusted`` certificates to bridge the way.

    With ``crls``, every certificate of the chain is looked up (``-crl_check_all``); ``purpose`` as ``-purpose``,
    ``strict`` as ``-x509_strict``, ``moment`` as ``-attime``. Raises MaterialError for what OpenSSL cannot read.
    """
    from cryptography.x509 import load_der_x509_crl
    from OpenSSL import crypto

    store = crypto.X509Store()
    for anchor in anchors:
        store.add_cert(_loaded(anchor))
    flags = crypto.X509StoreFlags.X509_STRICT if strict else 0
    if crls:
        flags |= crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL
        for crl in crls:
            store.add_crl(load_der_x509_crl(crl))
    if flags:
        store.set_flags(flags)
    if moment is not None:
        store.set_time(moment)
    context = crypto.X509StoreContext(store, _loaded(certificate), list(map(_loaded, untrusted)))
    try:
        chain = tuple(map(_der, context.get_verified_chain()))
    except crypto.X509StoreContextError as error:
        code, depth, words = error.errors[:3]
        return Verified((), (code, words), depth, _der(error.certificate))
    for depth, each in enumerate(chain if purpose is not None else ()):
        if purpose is not None and not _is_fit(each, purpose, is_ca=depth > 0):
            fault = (_INVALID_PURPOSE, "unsuitable certificate purpose")
            return Verified(chain, fault, depth, each)
    return Verified(chain)


def _is_fit(certificate: bytes, purpose: Purpose, *, is_ca: bool) -> bool:
    """Whether the usages of a certificate allow ``purpose``; one that does not say allows all."""
    held = {each.oid: each.value for each in parse_certificate(certificate).extensions}
    extended = held.get(oids.EXTENDED_KEY_USAGE)
    if extended is not None and _USAGE[purpose] not in extensions.extended_key_usage(extended):
        return False
    usage = held.get(oids.KEY_USAGE)
    if is_ca or usage is None:
        return True
    return not _KEY_USAGES[purpose].isdisjoint(extensions.key_usage(usage))


def _loaded(certificate: bytes) -> crypto.X509:
    from OpenSSL import crypto

    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, certificate)
    except crypto.Error as error:
        raise MaterialError(
            "not-a-certificate", "OpenSSL cannot read one of the certificates."
        ) from error


def _der(certificate: crypto.X509) -> bytes:
    from OpenSSL import crypto

    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
