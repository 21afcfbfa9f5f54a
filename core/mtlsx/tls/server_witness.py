"""Watches the handshakes of a server through OpenSSL's callbacks: one set for a context, one note for a connection."""

from __future__ import annotations

from OpenSSL import SSL, crypto

from mtlsx.tls.alerts import CLOSE_NOTIFY
from mtlsx.tls.record import VerifyError
from mtlsx.tls.witness import ALERT_READ, ALERT_WRITTEN, der, verify_words


class ServerWitness:
    """What the callbacks saw of one connection."""

    __slots__ = ("alert_received", "alert_sent", "verify_error")

    def __init__(self) -> None:
        self.verify_error: VerifyError | None = None
        self.alert_sent: int | None = None
        self.alert_received: int | None = None

    def attach(self, connection: SSL.Connection) -> None:
        """Watch ``connection``, of a context that ``watch`` or ``ask`` prepared."""
        connection.set_app_data(self)


def watch(context: SSL.Context) -> None:
    """Note the alerts of the connections of ``context``."""
    context.set_info_callback(_on_info)


def ask(context: SSL.Context, *, required: bool) -> None:
    """Ask clients for a certificate, refuse one with its proper alert at the first objection, and note that."""
    mode = SSL.VERIFY_PEER | SSL.VERIFY_CLIENT_ONCE
    if required:
        mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
    context.set_verify(mode, _on_certificate)


def _on_certificate(
    connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int
) -> bool:
    if not ok:
        witness: ServerWitness = connection.get_app_data()
        witness.verify_error = VerifyError(code, verify_words(code), depth, der(certificate))
    return bool(ok)


def _on_info(connection: SSL.Connection, where: int, value: int) -> None:
    if not where & SSL.SSL_CB_ALERT or value & 0xFF == CLOSE_NOTIFY:
        return
    witness: ServerWitness = connection.get_app_data()
    if where & ALERT_READ == ALERT_READ:
        witness.alert_received = value & 0xFF
    elif where & ALERT_WRITTEN == ALERT_WRITTEN:
        witness.alert_sent = value & 0xFF
