"""The TLS side of many devices: their certificates and keys loaded ahead, and what they can share shared.

A context with a system's trust store takes 20 ms and a megabyte, so one context serves all devices; only its
certificate and key belong to a connection. A device that sends a chain, or a certificate that OpenSSL finds weak,
needs a context of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509 import load_der_x509_certificate
from OpenSSL import SSL

from mtlsx.tls.context import client_context
from mtlsx.tls.exchange import TlsExchange
from mtlsx.tls.material import TlsMaterial, load_material

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

    from mtlsx.tls.settings import TlsSettings


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one device's connection is made with; ``own`` goes into the connection, not into ``context``."""

    settings: TlsSettings
    context: SSL.Context
    chain: tuple[bytes, ...]
    anchors: tuple[bytes, ...] | None
    own: tuple[Certificate, PrivateKeyTypes] | None = field(default=None, repr=False)

    def exchange(self, host: str) -> TlsExchange:
        """A new connection to ``host``."""
        connection = SSL.Connection(self.context, None)
        if self.own is not None:
            certificate, key = self.own
            connection.use_certificate(certificate)
            connection.use_privatekey(key)  # type: ignore[arg-type]  # as in ``context``
        return TlsExchange(connection, self.settings, host, has_certificate=bool(self.chain))


class CredentialStore:
    """Loads the credentials of devices that differ in certificate and key only; equal ones once."""

    def __init__(self, settings: TlsSettings) -> None:
        """``settings``: those of any of the devices. Raises MaterialError for what all have, UsageError for ciphers."""
        self._bare = replace(settings, certificate_file=None, key_file=None)
        self._trust = load_material(self._bare)
        self._shared = client_context(self._bare, self._trust)
        self._last: Credentials | None = None

    def load(self, settings: TlsSettings) -> Credentials:
        """The credentials that ``settings`` name. Raises MaterialError and UsageError."""
        if self._last is None or self._last.settings != settings:
            self._last = self._loaded(settings)
        return self._last

    def _loaded(self, settings: TlsSettings) -> Credentials:
        # The trust is loaded already; for our own side it makes no difference.
        own = load_material(replace(settings, ca_file=None, crl_file=None))
        material = replace(self._trust, chain=own.chain, key=own.key)
        if not own.chain:
            return Credentials(settings, self._shared, (), material.anchors)
        try:
            pair = self._for_connection(own)
        except (SSL.Error, ValueError):
            pair = None  # cryptography cannot parse it, or OpenSSL finds it weak: ``client_context`` has ways
        context = client_context(settings, material) if pair is None else self._shared
        return Credentials(settings, context, material.chain, material.anchors, pair)

    def _for_connection(self, own: TlsMaterial) -> tuple[Certificate, PrivateKeyTypes] | None:
        if len(own.chain) > 1 or own.key is None:
            return None
        certificate = load_der_x509_certificate(own.chain[0])
        # Loading the file has validated the key.
        key = load_der_private_key(own.key, None, unsafe_skip_rsa_key_validation=True)
        trial = SSL.Connection(self._shared, None)
        trial.use_certificate(certificate)
        trial.use_privatekey(key)  # type: ignore[arg-type]  # kinds that sign only are refused by OpenSSL itself
        return certificate, key
