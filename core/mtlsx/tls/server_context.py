"""The OpenSSL context of a server that may ask for client certificates: settings and material in, context out.

Nothing is resumed, since a resumed session skips verification and revocation lists. A context never changes:
new certificates or lists are a new context, and connections keep the one that they came through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.x509 import load_der_x509_certificate
from OpenSSL import SSL, crypto

from mtlsx.tls.context_material import (
    DEFAULT_CIPHERS,
    MODE_NO_AUTO_CHAIN,
    VERSIONS,
    build_for_any_strength,
    fill,
    trust,
    use_certificate,
)
from mtlsx.tls.record import VerifyError
from mtlsx.tls.server_witness import ask, watch
from mtlsx.tls.witness import der, verify_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx.tls.material import TlsMaterial
    from mtlsx.tls.settings import ServerTlsSettings

# With OP_NO_TICKET, TLS 1.3 tickets are only names of sessions in a cache that is off. They still go out: a
# client that reads before it writes would stall without any.
_OPTIONS = SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION
# Buffers of idle connections are given back: 36 KiB a connection instead of 61.
_MODES = MODE_NO_AUTO_CHAIN | SSL.MODE_RELEASE_BUFFERS


class ServerContext:
    """One loaded set of certificates and lists, for any number of connections.

    ``settings`` are what it was loaded from. Raises ``MaterialError`` for material that OpenSSL does not take.
    """

    def __init__(self, settings: ServerTlsSettings, material: TlsMaterial) -> None:
        self.settings = settings
        self._material = material
        self.openssl = build_for_any_strength(
            lambda ciphers: _build(settings, material, ciphers),
            DEFAULT_CIPHERS,
            f"server certificate {settings.certificate_file}",
        )

    def objection(self, chain: Sequence[crypto.X509]) -> VerifyError | None:
        """What this context has against a chain (a client's own certificate first) that another one accepted.

        For clients whose handshake began before a reload and ended after it.
        """
        if not self.settings.verify or not chain:
            return None
        store = crypto.X509Store()
        fill(store, self._material.anchors or (), self._material.crls)
        try:
            crypto.X509StoreContext(store, chain[0], list(chain[1:])).verify_certificate()
        except crypto.X509StoreContextError as error:
            code, depth = error.errors[0], error.errors[1]
            return VerifyError(code, verify_words(code), depth, der(error.certificate))
        return None


def _build(settings: ServerTlsSettings, material: TlsMaterial, ciphers: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(VERSIONS[min(settings.versions)])
    context.set_max_proto_version(VERSIONS[max(settings.versions)])
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(_OPTIONS)
    context.set_mode(_MODES)
    context.set_cipher_list(ciphers.encode())
    assert material.key is not None  # noqa: S101  (a server's material always has one)
    use_certificate(context, material.chain, material.key)
    watch(context)
    if settings.verify:
        _ask_for_certificates(context, settings, material)
    return context


def _ask_for_certificates(
    context: SSL.Context, settings: ServerTlsSettings, material: TlsMaterial
) -> None:
    anchors = material.anchors or ()
    trust(context, anchors, material.crls)
    context.set_verify_depth(settings.depth)
    for anchor in anchors:
        try:
            context.add_client_ca(load_der_x509_certificate(anchor))
        except ValueError:
            context.add_client_ca(crypto.load_certificate(crypto.FILETYPE_ASN1, anchor))
    ask(context, required=settings.required)
