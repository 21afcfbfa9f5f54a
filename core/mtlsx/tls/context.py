"""The OpenSSL context of a client, built explicitly so that it is the same on every Python version.

TLS 1.2 and 1.3, OpenSSL's default ciphers and security level, no strict X.509 mode, and exactly the chain
that the certificate file holds: what works here must work on the device.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl
from OpenSSL import SSL, crypto

from mtlsx.errors import MaterialError, UsageError
from mtlsx.tls.settings import TlsVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.tls.material import TlsMaterial
    from mtlsx.tls.settings import TlsSettings

_VERSIONS = {TlsVersion.V1_2: SSL.TLS1_2_VERSION, TlsVersion.V1_3: SSL.TLS1_3_VERSION}
# SSL_MODE_NO_AUTO_CHAIN (openssl/ssl.h): without it OpenSSL adds issuers that it finds among the anchors.
_MODE_NO_AUTO_CHAIN = 0x00000008
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_DEFAULT_CIPHERS = "DEFAULT"
_TOO_WEAK = {"ee key too small", "ca key too small", "ca md too weak"}


def client_context(settings: TlsSettings, material: TlsMaterial) -> SSL.Context:
    """A context for one or more connections with these settings.

    Verification is left to the callback that the connection sets. Raises ``UsageError`` for a cipher list
    that OpenSSL does not know and ``MaterialError`` for material that it does not take or a key log that
    cannot be written.
    """
    try:
        return _build(settings, material, settings.ciphers or _DEFAULT_CIPHERS)
    except SSL.Error as error:
        # A weak certificate of ours is the server's to refuse, not ours: a tester must be able to send it.
        if _reasons(error).isdisjoint(_TOO_WEAK):
            raise MaterialError(
                "not-a-certificate",
                f"OpenSSL does not take the client certificate {settings.certificate_file}:"
                f" {', '.join(sorted(_reasons(error)))}.",
            ) from error
    return _build(settings, material, f"{settings.ciphers or _DEFAULT_CIPHERS}:@SECLEVEL=0")


def _build(settings: TlsSettings, material: TlsMaterial, ciphers: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(_VERSIONS[settings.minimum_version])
    context.set_max_proto_version(_VERSIONS[settings.maximum_version])
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_mode(_MODE_NO_AUTO_CHAIN)
    _set_ciphers(context, ciphers)
    if settings.keylog_file is not None:
        context.set_keylog_callback(_key_log(settings.keylog_file))
    if settings.alpn:
        context.set_alpn_protos([name.encode() for name in settings.alpn])
    _trust(context, material)
    if material.key is not None:
        _use_chain(context, material.chain)
        # Loading the file has validated the key; once more would cost 40 ms for RSA 2048.
        key = load_der_private_key(material.key, None, unsafe_skip_rsa_key_validation=True)
        context.use_privatekey(key)  # type: ignore[arg-type]  # kinds that sign only are refused by OpenSSL itself
    return context


def _set_ciphers(context: SSL.Context, ciphers: str) -> None:
    try:
        context.set_cipher_list(ciphers.encode())
    except SSL.Error as error:
        raise UsageError(
            f"OpenSSL knows no cipher in {ciphers!r}.",
            fix="Give names as `openssl ciphers` lists them.",
        ) from error


def _key_log(path: str) -> Callable[[SSL.Connection, bytes], None]:
    """Appends lines to ``path``, which only its owner may read: they open what was said."""
    try:
        os.close(os.open(path, _APPEND, 0o600))
    except OSError as error:
        raise MaterialError(
            "file-unreadable",
            f"The key log {path} cannot be written: {(error.strerror or str(error)).lower()}.",
            fix="Name another file, or none.",
        ) from error

    def write(_: SSL.Connection, line: bytes) -> None:
        with os.fdopen(os.open(path, _APPEND, 0o600), "ab") as file:
            file.write(line + b"\n")

    return write


def _trust(context: SSL.Context, material: TlsMaterial) -> None:
    if material.anchors is None:
        context.set_default_verify_paths()
    store = context.get_cert_store()
    assert store is not None  # noqa: S101  (a context of ours always has one)
    for anchor in material.anchors or ():
        # What OpenSSL cannot read cannot be an anchor; the others of the file still count.
        with contextlib.suppress(crypto.Error):
            store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, anchor))
    if material.crls:
        store.set_flags(crypto.X509StoreFlags.CRL_CHECK)
        for crl in material.crls:
            store.add_crl(load_der_x509_crl(crl))


def _use_chain(context: SSL.Context, chain: tuple[bytes, ...]) -> None:
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


def _reasons(error: SSL.Error) -> set[str]:
    """The reason strings in OpenSSL's error queue as pyOpenSSL hands it over: [(library, function, reason)]."""
    queue = error.args[0] if error.args else ()
    return {entry[2] for entry in queue} if isinstance(queue, list) else {str(queue)}
