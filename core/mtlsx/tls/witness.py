"""Watches one handshake through OpenSSL's callbacks, so that its record can be written afterwards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from OpenSSL import SSL, crypto

from mtlsx.tls.alerts import CLOSE_NOTIFY
from mtlsx.tls.names import name_error
from mtlsx.tls.record import Ended, HandshakeRecord, VerifyError

if TYPE_CHECKING:
    from mtlsx.tls.settings import TlsSettings

# openssl/ssl.h; pyOpenSSL exports SSL_CB_ALERT, but not for whom it was.
ALERT_READ = SSL.SSL_CB_ALERT | SSL.SSL_CB_READ
ALERT_WRITTEN = SSL.SSL_CB_ALERT | SSL.SSL_CB_WRITE
_WORDS = {
    code: name.removeprefix("ERR_").replace("_", " ").lower()
    for name, code in vars(SSL.X509VerificationCodes).items()
    if name.startswith("ERR_")
} | {  # which pyOpenSSL does not name (openssl/x509_vfy.h)
    24: "invalid or unusable ca certificate",
    66: "ee key too small",
    67: "ca key too small",
    68: "ca md too weak",
    76: "unsupported signature algorithm",
    77: "subject signature algorithm and issuer public key algorithm mismatch",
    78: "cert info signature and signature algorithm mismatch",
}
_ENOUGH_BYTES = 64


class Witness:
    """The evidence of one handshake as it comes in.

    ``host`` is the name that the server's certificate must hold. The handshake is refused at the first
    objection that ``settings`` does not waive, with the alert that belongs to it.
    """

    def __init__(self, settings: TlsSettings, host: str, *, has_certificate: bool) -> None:
        self.alert_received: int | None = None
        self.judged = False
        self.certificate_requested = False
        self.ticket_received = False
        """Whether a session ticket came: then the handshake is over for the server too."""
        self._settings = settings
        self._host = host
        self._has_certificate = has_certificate
        self._alert_sent: int | None = None
        self._verify_errors: list[VerifyError] = []
        self._name_checked = False
        self._name_error: str | None = None
        self._started = time.monotonic()
        self._hello_after: float | None = None
        self._server_judged_after: float | None = None
        self._certificate_written = False
        self._first_bytes = b""

    def attach(self, connection: SSL.Connection) -> None:
        """Watch ``connection`` and decide about its server's certificate."""
        connection.set_verify(SSL.VERIFY_PEER, self._on_certificate)
        connection.set_info_callback(self._on_info)

    def saw_bytes(self, data: bytes) -> None:
        """Note what came over the wire; only the first bytes are kept."""
        if len(self._first_bytes) < _ENOUGH_BYTES:
            self._first_bytes = (self._first_bytes + data)[:_ENOUGH_BYTES]

    def answered_in_tls(self) -> bool:
        """Whether the server's first bytes, where there are some, begin a TLS record (RFC 8446, section 5.1)."""
        kind, major = self._first_bytes[:1], self._first_bytes[1:2]
        return not kind or (20 <= kind[0] <= 23 and major in {b"", b"\3"})

    def refuses(self) -> bool:
        """Whether we have an objection to the server that the settings do not waive."""
        return bool(
            (self._settings.verify_chain and self._verify_errors)
            or (self._settings.verify_name and self._name_error)
        )

    def record(
        self, connection: SSL.Connection, ended: Ended, *, error: str | None, seconds: float
    ) -> HandshakeRecord:
        """What was seen so far, on the assumption that it ended in ``ended``."""
        agreed = self._hello_after is not None
        chain = tuple(map(der, connection.get_peer_cert_chain() or ()))
        if chain:
            self._check_name(
                chain[0]
            )  # which an objection to the chain may have kept from being checked
        accepted = [bytes(name.der()) for name in connection.get_client_ca_list()]
        return HandshakeRecord(
            ended=ended,
            version=connection.get_protocol_version_name().replace("v", " ") if agreed else None,
            cipher=connection.get_cipher_name() if agreed else None,
            alpn=connection.get_alpn_proto_negotiated().decode("latin-1") or None,
            server_chain=chain,
            verify_errors=tuple(self._verify_errors),
            name_error=self._name_error,
            certificate_requested=self.certificate_requested,
            certificate_sent=self._certificate_written and self._has_certificate,
            accepted_cas=tuple(accepted) or None,
            alert_received=self.alert_received,
            alert_sent=self._alert_sent,
            judged=self.judged,
            first_bytes=b"" if self.answered_in_tls() else self._first_bytes,
            error=error,
            seconds=seconds,
            hello_seconds=self._hello_after,
            server_seconds=self._server_judged_after,
        )

    def _on_certificate(
        self, _: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int
    ) -> bool:
        self._server_judged_after = time.monotonic() - self._started
        if not ok:
            self._verify_errors.append(
                VerifyError(code, verify_words(code), depth, der(certificate))
            )
            return not self._settings.verify_chain
        if depth == 0:
            self._check_name(der(certificate))
        return not self.refuses()

    def _check_name(self, certificate: bytes) -> None:
        if not self._name_checked:
            self._name_checked = True
            self._name_error = name_error(certificate, self._host)

    def _on_info(self, connection: SSL.Connection, where: int, value: int) -> None:
        if where & ALERT_READ == ALERT_READ:
            if value & 0xFF != CLOSE_NOTIFY:
                self.alert_received = value & 0xFF
        elif where & ALERT_WRITTEN == ALERT_WRITTEN:
            if value & 0xFF != CLOSE_NOTIFY:
                self._alert_sent = value & 0xFF
        elif where & SSL.SSL_CB_HANDSHAKE_START:
            self._started = time.monotonic()
        elif where & SSL.SSL_CB_LOOP:
            state = connection.get_state_string()
            if self._hello_after is None and b"read server hello" in state:
                self._hello_after = time.monotonic() - self._started
            self.certificate_requested |= b"read server certificate request" in state
            self._certificate_written |= b"write client certificate" in state
            self.ticket_received |= b"read server session ticket" in state


def verify_words(code: int) -> str:
    """OpenSSL's words for an X509_V_ERR number."""
    return _WORDS.get(code, f"error {code}")


def der(certificate: crypto.X509) -> bytes:
    """The bytes of a certificate of OpenSSL's."""
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
