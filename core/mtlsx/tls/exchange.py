"""A TLS client connection without a socket: bytes from the network in, bytes for it out.

For whoever has many connections in one thread. It sees what ``TlsStream`` sees and tells it in the same record, but
leaves the waiting to its owner: after the handshake nothing may be written before ``ready`` or, while the server is
silent, before ``patience`` has passed since it spoke last (``stream`` says why).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from OpenSSL import SSL

from mtlsx.tls.context_material import openssl_reason
from mtlsx.tls.names import is_ip_address
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.stream import HandshakeError, patience
from mtlsx.tls.witness import Witness

if TYPE_CHECKING:
    from mtlsx.tls.settings import TlsSettings

_CHUNK = 64 * 1024
_MAX_RECORD = 16 * 1024


class TlsExchange:
    """One connection; ``connection`` is new and has what the context does not (a certificate of its own).

    ``host`` is the name that the person gave (SNI and the name check use ``settings.sni`` where it is set).
    """

    def __init__(
        self, connection: SSL.Connection, settings: TlsSettings, host: str, *, has_certificate: bool
    ) -> None:
        name = settings.sni or host
        self.agreed = False
        """Whether the handshake has ended well, as far as we can see."""
        self.heard = False
        """Whether TLS at the server takes our part: on TLS 1.2 at once, on 1.3 by a ticket or plaintext."""
        self.at_end = False
        """Whether the server has said close_notify: nothing more will come."""
        self._tls = connection
        self._tls.set_connect_state()
        if not is_ip_address(name):
            self._tls.set_tlsext_host_name(name.encode("idna"))
        self._witness = Witness(settings, name, has_certificate=has_certificate)
        self._witness.attach(self._tls)
        self._talking = False
        self._started = self._round_trip = 0.0
        self._seconds: float | None = None
        self._ended = Ended.TIMEOUT
        self._error: str | None = None

    @property
    def ready(self) -> bool:
        """Whether there is nothing to wait for: the server asked for no certificate, or has sent plaintext."""
        return self._talking or (self.heard and not self._witness.certificate_requested)

    @property
    def patience(self) -> float:
        """How long to wait for ``ready``, in seconds, from ``agreed`` and again from ``heard``."""
        return patience(self._round_trip)

    @property
    def record(self) -> HandshakeRecord:
        """What was seen up to now; an alert that arrived after the handshake is in it too."""
        seconds = time.monotonic() - self._started if self._seconds is None else self._seconds
        return self._witness.record(self._tls, self._ended, error=self._error, seconds=seconds)

    def begin(self) -> bytes:
        """The first bytes to send."""
        self._started = time.monotonic()
        self._shake_hands()
        return self.outgoing()

    def receive(self, data: bytes) -> bytes:
        """The plaintext that ``data`` (not empty) brings; afterwards ``outgoing`` may have something.

        Raises ``HandshakeError``, also for what ends the connection after the handshake and before there was plaintext
        in either direction, and then ``ConnectionResetError`` where TLS ended in an error.
        """
        self._witness.saw_bytes(data)
        self._tls.bio_write(data)
        if not self.agreed:
            self._round_trip = self._round_trip or time.monotonic() - self._started
            self._shake_hands()
            if not self.agreed:
                return b""
        plain = self._decrypted()
        # A record may come in pieces: its first bytes do not tell an alert from a ticket.
        if plain or self._witness.ticket_received:
            self._hear()
        self._talking |= bool(plain)
        if self.at_end and not self._talking:
            raise self.failed(Ended.CLOSED, "end of file after the handshake")
        return plain

    def write(self, data: bytes) -> bytes:
        """``data`` as it goes to the network. Raises ``ConnectionResetError``."""
        self._talking = True
        try:
            for at in range(0, len(data), _MAX_RECORD):
                self._tls.send(data[at : at + _MAX_RECORD])
        except SSL.Error as error:
            raise ConnectionResetError(openssl_reason(error)) from error
        return self.outgoing()

    def farewell(self) -> bytes:
        """close_notify, where there is a connection to close."""
        try:
            self._tls.shutdown()
        except SSL.Error:
            return b""
        return self.outgoing()

    def outgoing(self) -> bytes:
        """What is ready for the network, an alert among it."""
        parts = []
        try:
            while True:
                parts.append(self._tls.bio_read(_CHUNK))
        except SSL.WantReadError:
            return b"".join(parts)

    def failed(self, ended: Ended, error: str) -> HandshakeError:
        """The error for a handshake that the network or a clock ended, whatever part of an answer had come."""
        self._witness.judged = False
        self._note(ended if self._witness.answered_in_tls() else Ended.NOT_TLS, error)
        return HandshakeError(self.record)

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error as failure:
            raise self.failed(self._ended_by(), openssl_reason(failure)) from failure
        if self._witness.refuses():
            raise self.failed(Ended.REFUSED_BY_US, "certificate verify failed")
        self.agreed = True
        self._note(Ended.AGREED, None)
        if self._tls.get_protocol_version() < SSL.TLS1_3_VERSION:
            self._hear()

    def _decrypted(self) -> bytes:
        parts = []
        try:
            while True:
                parts.append(self._tls.recv(_MAX_RECORD))
        except SSL.WantReadError:
            return b"".join(parts)
        except SSL.ZeroReturnError:
            self.at_end = True
            return b"".join(parts)
        except SSL.Error as error:
            reason = openssl_reason(error)
            if not self._talking:
                raise self.failed(self._ended_by(), reason) from error
            self._note(Ended.ALERT_RECEIVED, None)
            raise ConnectionResetError(reason) from error

    def _hear(self) -> None:
        if not self.heard:
            self.heard = self._witness.judged = True

    def _ended_by(self) -> Ended:
        return Ended.REFUSED_BY_US if self._witness.alert_received is None else Ended.ALERT_RECEIVED

    def _note(self, ended: Ended, error: str | None) -> None:
        self._ended, self._error = ended, error
        if self._seconds is None:
            self._seconds = time.monotonic() - self._started
