"""A TLS server for one connection that does what a test tells it, on pyOpenSSL."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from OpenSSL import SSL, crypto

from mtlsx.tls.settings import TlsSettings, TlsVersion
from mtlsx.tls.stream import TlsStream
from support.made_pki import Made

NO_AUTO_CHAIN = 0x00000008
VERSIONS = {TlsVersion.V1_2: SSL.TLS1_2_VERSION, TlsVersion.V1_3: SSL.TLS1_3_VERSION}


@dataclass(frozen=True)
class Pki:
    """Files and certificates that every test here shares."""

    directory: Path
    ca: Made
    server: Made
    device: Made
    ca_file: str
    device_files: tuple[str, str]

    def settings(self, version: TlsVersion | None = None, **changes: object) -> TlsSettings:
        """A device's settings, for one TLS version where it is given."""
        certificate, key = self.device_files
        given: dict[str, object] = {
            "ca_file": self.ca_file, "certificate_file": certificate, "key_file": key,
        }  # fmt: skip
        if version is not None:
            given |= {"minimum_version": version, "maximum_version": version}
        return TlsSettings(**{**given, **changes})  # type: ignore[arg-type]  # by name, in tests only


@dataclass
class Server:
    """A server for one connection: a handshake, then ``behave`` with what came out of it."""

    port: int
    errors: list[str] = field(default_factory=list)
    client_certificates: list[bool] = field(default_factory=list)


Behave = Callable[[SSL.Connection], None]
Serve = Callable[..., Server]


Open = Callable[..., TlsStream]


def server_context(
    certificate: Made,
    *,
    trusts: Made | None = None,
    version: TlsVersion | None = None,
    names_cas: bool = False,
    alpn: bytes | None = None,
) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_mode(NO_AUTO_CHAIN)
    context.use_certificate(certificate.certificate)
    context.use_privatekey(certificate.key)
    if version is not None:
        context.set_min_proto_version(VERSIONS[version])
        context.set_max_proto_version(VERSIONS[version])
    if trusts is not None:
        store = context.get_cert_store()
        assert store is not None
        store.add_cert(crypto.X509.from_cryptography(trusts.certificate))
        if names_cas:
            context.add_client_ca(trusts.certificate)
        context.set_verify(
            SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *arguments: bool(arguments[4])
        )
    if alpn is not None:
        context.set_alpn_select_callback(
            lambda _, offered: alpn if alpn in offered else SSL.NO_OVERLAPPING_PROTOCOLS
        )
    return context


def serve_one(
    listener: socket.socket, context: SSL.Context, server: Server, behave: Behave
) -> None:
    try:
        connected, _ = listener.accept()
    except OSError:  # closed: the test connected to nobody
        return
    connected.settimeout(10)
    tls = SSL.Connection(context, connected)
    tls.set_accept_state()
    connected.setblocking(True)
    try:
        tls.do_handshake()
        server.client_certificates.append(tls.get_peer_certificate() is not None)
        behave(tls)
    except SSL.Error as error:
        server.errors.append(str(error.args))
    finally:
        # Half-close and drain, or the alert can turn into a reset.
        with connected, suppress(OSError):
            connected.shutdown(socket.SHUT_WR)
            while connected.recv(65536):
                pass
