"""The server's side of one TLS connection over memory: ciphertext in, plaintext out, and back. No socket, no clock.

Who has a socket gives ``receive`` what came in and sends what ``outgoing`` returns, above all after a
``ServerHandshakeError``: the alert is in it. The socket is then half-closed and drained, or a reset overtakes it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from OpenSSL import SSL

from mtlsx.tls.context_material import openssl_reason
from mtlsx.tls.record import Ended, ServerHandshakeRecord
from mtlsx.tls.server_witness import ServerWitness
from mtlsx.tls.witness import der

if TYPE_CHECKING:
    from mtlsx.tls.server_context import ServerContext

_MAX_RECORD = 16 * 1024
# A record's header, tag and, at the most, padding of CBC ciphers (RFC 5246, section 6.2).
_RECORD_OVERHEAD = 5 + 16 + 16 + 256
_CHUNK = 16 * 1024
_HANDSHAKE = 22
_HEADER = 5


class ServerHandshakeError(Exception):
    """A handshake that did not end well; ``record`` says how."""

    def __init__(self, record: ServerHandshakeRecord) -> None:
        self.record = record
        super().__init__(record.error or record.ended)


class ServerStreamError(Exception):
    """TLS ended in an error after the handshake; the text is OpenSSL's."""


class RecordCounter:
    """Counts TLS records in a stream (RFC 8446, section 5.1: five octets of header, the last two the length)."""

    __slots__ = ("_head", "_missing")

    def __init__(self) -> None:
        self._head = b""
        self._missing = 0

    def feed(self, data: bytes) -> int:
        """How many records ``data`` completes."""
        if self._missing > len(data):
            self._missing -= len(data)
            return 0
        records, at = int(self._missing > 0), self._missing
        self._missing = 0
        if self._head:
            data = self._head + data
        end = len(data)
        while at + _HEADER <= end:
            after = at + _HEADER + (data[at + 3] << 8 | data[at + 4])
            if after > end:
                self._missing, self._head = after - end, b""
                return records
            at = after
            records += 1
        self._head = data[at:]
        return records


class ServerStream:
    """One connection through ``context``. It holds about 35 KiB while it is idle."""

    def __init__(self, context: ServerContext) -> None:
        self.context = context
        self.record: ServerHandshakeRecord | None = None
        """What the handshake showed; None before it ended."""
        self.at_end = False
        """Whether the client said that it will send no more (close_notify)."""
        self._witness = ServerWitness()
        self._tls = SSL.Connection(context.openssl, None)
        self._tls.set_accept_state()
        self._witness.attach(self._tls)
        self._first = b""
        self._records = RecordCounter()

    @property
    def certificate(self) -> bytes | None:
        """DER of the client's certificate; None where it showed none, or before the handshake ended."""
        return self.record.certificate if self.record else None

    def receive(self, data: bytes) -> bytes:
        """Take ciphertext and return the plaintext that it completes, b"" where that is none.

        Raises ``ServerHandshakeError`` and ``ServerStreamError``; there may be something ``outgoing`` then.
        """
        self._tls.bio_write(data)
        records = self._records.feed(data)
        if self.record is None:
            self._first = self._first or data[:1]
            if not self._shake_hands():
                return b""
            records += 1  # how many are left of those that came is unknown; one more ends it
        return self._decrypt(records)

    def send(self, data: bytes) -> bytes:
        """The ciphertext of ``data``, after whatever else there was to send.

        Raises ``ServerStreamError`` where TLS has ended.
        """
        try:
            # pyOpenSSL has OpenSSL write no more than one record at a time.
            sent = self._tls.send(data)
            while sent < len(data):
                sent += self._tls.send(memoryview(data)[sent : sent + _MAX_RECORD])
        except SSL.Error as error:
            raise ServerStreamError(openssl_reason(error)) from error
        records = len(data) // _MAX_RECORD + 1
        return self._read(len(data) + records * _RECORD_OVERHEAD)

    def outgoing(self) -> bytes:
        """What TLS itself has to say: its part of the handshake, or an alert."""
        return self._read(_CHUNK)

    def close(self) -> bytes:
        """The ciphertext of close_notify; nothing is sent after it."""
        with contextlib.suppress(SSL.Error):
            self._tls.shutdown()
        return self.outgoing()

    def check_again(self, context: ServerContext) -> None:
        """Ask a context that was loaded meanwhile about the client, too.

        TLS has no alert for that any more. Raises ``ServerHandshakeError``.
        """
        own = self._tls.get_peer_certificate()
        # For a server OpenSSL leaves the client's own certificate out of the chain.
        others = self._tls.get_peer_cert_chain() or ()
        objection = None if own is None else context.objection((own, *others))
        if objection is not None:
            self._witness.verify_error = objection
            self.record = self._seen(Ended.REFUSED_BY_US, objection.text)
            raise ServerHandshakeError(self.record)

    def give_up(self, ended: Ended) -> ServerHandshakeRecord:
        """End a handshake that will not go on (``Ended.CLOSED``, ``Ended.TIMEOUT``), and say what was seen."""
        self.record = self._seen(ended, None)
        return self.record

    def _shake_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            self.record = self._seen(self._ended(), openssl_reason(error))
            raise ServerHandshakeError(self.record) from error
        self.record = self._seen(Ended.AGREED, None)
        return True

    def _ended(self) -> Ended:
        if self._witness.alert_received is not None:
            return Ended.ALERT_RECEIVED
        return Ended.REFUSED_BY_US if self._first[0] == _HANDSHAKE else Ended.NOT_TLS

    def _seen(self, ended: Ended, error: str | None) -> ServerHandshakeRecord:
        witness, tls = self._witness, self._tls
        certificate = tls.get_peer_certificate()
        objection = witness.verify_error
        shown = None if certificate is None else der(certificate)
        if shown is None and objection is not None and objection.depth == 0:
            shown = objection.certificate
        cipher = tls.get_cipher_name()
        name = tls.get_servername()
        return ServerHandshakeRecord(
            ended=ended,
            certificate=shown,
            verify_error=objection,
            alert_sent=witness.alert_sent,
            alert_received=witness.alert_received,
            version=tls.get_protocol_version_name().replace("v", " ") if cipher else None,
            cipher=cipher,
            server_name=name.decode("latin-1") if name else None,
            error=error,
        )

    def _decrypt(self, records: int) -> bytes:
        """The plaintext of the ``records`` that are complete; asking for one more would cost twice as much."""
        parts = []
        try:
            for _ in range(records):
                parts.append(self._tls.recv(_MAX_RECORD))  # noqa: PERF401  (what came before an error counts)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.at_end = True
        except SSL.Error as error:
            raise ServerStreamError(openssl_reason(error)) from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read(self, size: int) -> bytes:
        """All ciphertext that waits; ``size`` is a guess that makes it one step."""
        parts = []
        try:
            while True:
                parts.append(self._tls.bio_read(size))
                if len(parts[-1]) < size:
                    break
        except SSL.WantReadError:
            pass
        return parts[0] if len(parts) == 1 else b"".join(parts)
