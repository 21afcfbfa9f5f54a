"""Puts loaded material into an OpenSSL context: a certificate with its chain and key, anchors, revocation lists."""

from __future__ import annotations

import contextlib
import tempfile
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl
from OpenSSL import SSL, crypto

from mtlsx.errors import MaterialError
from mtlsx.tls.settings import TlsVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VERSIONS = {TlsVersion.V1_2: SSL.TLS1_2_VERSION, TlsVersion.V1_3: SSL.TLS1_3_VERSION}
DEFAULT_CIPHERS = "DEFAULT"
# SSL_MODE_NO_AUTO_CHAIN (openssl/ssl.h): without it OpenSSL adds issuers that it finds among the anchors.
MODE_NO_AUTO_CHAIN = 0x00000008
_TOO_WEAK = {"ee key too small", "ca key too small", "ca md too weak"}


def build_for_any_strength(
    build: Callable[[str], SSL.Context], ciphers: str, certificate: str
) -> SSL.Context:
    """What ``build`` makes with ``ciphers``; where our certificate is too weak for that, at security level 0.

    A weak certificate of ours is the other side's to refuse, not ours: a tester must be able to send it.
    ``certificate`` says which it is ("client certificate dev.crt"). Raises ``MaterialError``.
    """
    try:
        return build(ciphers)
    except SSL.Error as error:
        found = reasons(error)
        if found.isdisjoint(_TOO_WEAK):
            raise MaterialError(
                "not-a-certificate",
                f"OpenSSL does not take the {certificate}: {', '.join(sorted(found))}.",
            ) from error
    return build(f"{ciphers}:@SECLEVEL=0")


def use_certificate(context: SSL.Context, chain: Sequence[bytes], key: bytes) -> None:
    """Show ``chain`` (DER, our certificate first) and sign with ``key`` (PKCS#8, DER).

    Raises ``SSL.Error`` where OpenSSL does not take them.
    """
    _use_chain(context, chain)
    # Loading the file has validated the key; once more would cost 40 ms for RSA 2048.
    loaded = load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True)
    context.use_privatekey(loaded)  # type: ignore[arg-type]  # kinds that sign only are refused by OpenSSL itself


def trust(context: SSL.Context, anchors: Sequence[bytes], crls: Sequence[bytes]) -> None:
    """Trust ``anchors``; where there are ``crls``, ask them about the other side's certificate (both DER).

    A certificate whose issuer has no list there is refused then, as OpenSSL does it.
    """
    store = context.get_cert_store()
    assert store is not None  # noqa: S101  (a context of ours always has one)
    fill(store, anchors, crls)


def fill(store: crypto.X509Store, anchors: Sequence[bytes], crls: Sequence[bytes]) -> None:
    """The same for a store without a context."""
    for anchor in anchors:
        # What OpenSSL cannot read cannot be an anchor; the others of the file still count.
        with contextlib.suppress(crypto.Error):
            store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, anchor))
    if crls:
        store.set_flags(crypto.X509StoreFlags.CRL_CHECK)
        for crl in crls:
            store.add_crl(load_der_x509_crl(crl))


def reasons(error: SSL.Error) -> set[str]:
    """The reason strings in OpenSSL's error queue as pyOpenSSL hands it over: [(library, function, reason)]."""
    queue = error.args[0] if error.args else ()
    return {entry[2] for entry in queue} if isinstance(queue, list) else {str(queue)}


def openssl_reason(error: SSL.Error) -> str:
    """OpenSSL's words, from pyOpenSSL's [(library, function, reason)] or (number, text)."""
    queue = error.args[0] if error.args else ""
    if isinstance(queue, list):
        return ", ".join(entry[2] for entry in queue)
    return str(error.args[-1]) if error.args else type(error).__name__


def _use_chain(context: SSL.Context, chain: Sequence[bytes]) -> None:
    try:
        leaf, *others = map(load_der_x509_certificate, chain)
    except ValueError:
        # OpenSSL reads certificates that cryptography's parser refuses, but only from a file.
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.writelines(DER_cert_to_PEM_cert(certificate).encode() for certificate in chain)
            file.flush()
            context.use_certificate_chain_file(file.name)
        return
    context.use_certificate(leaf)
    for certificate in others:
        context.add_extra_chain_cert(certificate)
