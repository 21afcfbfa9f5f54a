"""The OpenSSL context of a client, built explicitly so that it is the same on every Python version.

TLS 1.2 and 1.3, OpenSSL's default ciphers and security level, no strict X.509 mode, and exactly the chain
that the certificate file holds: what works here must work on the device.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from OpenSSL import SSL

from mtlsx.errors import MaterialError, UsageError
from mtlsx.tls.context_material import (
    DEFAULT_CIPHERS,
    MODE_NO_AUTO_CHAIN,
    VERSIONS,
    build_for_any_strength,
    trust,
    use_certificate,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.tls.material import TlsMaterial
    from mtlsx.tls.settings import TlsSettings

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT


def client_context(settings: TlsSettings, material: TlsMaterial) -> SSL.Context:
    """A context for one or more connections with these settings.

    Verification is left to the callback that the connection sets. Raises ``UsageError`` for a cipher list
    that OpenSSL does not know and ``MaterialError`` for material that it does not take or a key log that
    cannot be written.
    """
    return build_for_any_strength(
        lambda ciphers: _build(settings, material, ciphers),
        settings.ciphers or DEFAULT_CIPHERS,
        f"client certificate {settings.certificate_file}",
    )


def _build(settings: TlsSettings, material: TlsMaterial, ciphers: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(VERSIONS[settings.minimum_version])
    context.set_max_proto_version(VERSIONS[settings.maximum_version])
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_mode(MODE_NO_AUTO_CHAIN)
    _set_ciphers(context, ciphers)
    if settings.keylog_file is not None:
        context.set_keylog_callback(_key_log(settings.keylog_file))
    if settings.alpn:
        context.set_alpn_protos([name.encode() for name in settings.alpn])
    if material.anchors is None:
        context.set_default_verify_paths()
    trust(context, material.anchors or (), material.crls)
    if material.key is not None:
        use_certificate(context, material.chain, material.key)
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
