"""A TLS client connection over a connected TCP socket, in the form of a socket.

The handshake reads before anything is written after it. In TLS 1.3 it is over for the client before the
server has judged the client certificate; the alert comes with the first read, and writing first can lose it.
Some servers judge it when the handshake is over for them too, and hang up: only who has written nothing yet can
tell that from an answer to what was written.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import TYPE_CHECKING

from OpenSSL import SSL

from mtlsx.tls.context_material import openssl_reason
from mtlsx.tls.names import is_ip_address
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx.tls.witness import Witness

if TYPE_CHECKING:
    from mtlsx.tls.settings import TlsSettings

_CHUNK = 64 * 1024
_MAX_RECORD = 16 * 1024
_SHORTEST_WAIT = 0.1
_LONGEST_WAIT = 1.0
_FAREWELL = 0.2


class HandshakeError(OSError):
    """A handshake that did not end well; ``record`` says how."""

    def __init__(self, record: HandshakeRecord) -> None:
        self.record = record
        super().__init__(record.error or record.ended)


def hang_up(connected: socket.socket) -> None:
    """Close a socket without a reset, which could overtake what was sent last (an alert, DISCONNECT).

    What still arrives is read and thrown away until the other side closes too, for a moment at the most.
    """
    deadline = time.monotonic() + _FAREWELL
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_WR)
        while (left := deadline - time.monotonic()) > 0:
            connected.settimeout(left)
            if not connected.recv(_CHUNK):
                break
    connected.close()


def patience(round_trip: float) -> float:
    """How long to wait for the server's first bytes after a handshake: two round trips, at least 100 ms; in seconds."""
    return min(max(2 * round_trip, _SHORTEST_WAIT), _LONGEST_WAIT)


class TlsStream:
    """One TLS connection with the methods of a socket that a client needs.

    ``connected`` is a connected TCP socket, ours from now on; ``host`` the name that the person gave (SNI
    and the name check use ``settings.sni`` where it is set). Receiving is buffered: one read takes what the
    network holds. ``listen``: how many seconds the server has, on TLS 1.3, to say something after the handshake;
    None: ``patience``. Not for use by several threads at once.
    """

    def __init__(
        self, connected: socket.socket, context: SSL.Context, settings: TlsSettings, host: str,
        *, has_certificate: bool, listen: float | None = None,
    ) -> None:  # fmt: skip
        name = settings.sni or host
        self._listen = listen
        self._socket = connected
        with contextlib.suppress(OSError):  # a socket pair in a test knows no TCP options
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tls = SSL.Connection(context, None)
        self._tls.set_connect_state()
        if not is_ip_address(name):
            self._tls.set_tlsext_host_name(name.encode("idna"))
        self._witness = Witness(settings, name, has_certificate=has_certificate)
        self._witness.attach(self._tls)
        self._plain = memoryview(b"")
        self._cipher = memoryview(b"")
        self._accepted = 0
        self._at_end = False
        self._closed = False
        self._hello_answered_after: float | None = None
        self._record: HandshakeRecord | None = None

    @property
    def record(self) -> HandshakeRecord | None:
        """What the handshake showed; an alert that arrived later is in it too. None before it ended."""
        return self._record

    # ------------------------------------------------------------------ the handshake

    def do_handshake(self) -> None:
        """Do the handshake within the socket's timeout, then hear what the server thinks of it.

        On TLS 1.3 its first bytes after the handshake are waited for, and where it asked for a certificate it is
        listened to for ``patience`` more, in each version.

        Raises ``HandshakeError``; the socket is closed then.
        """
        started = time.monotonic()
        timeout = self._socket.gettimeout()
        ended, error = self._attempt(started, None if timeout is None else started + timeout)
        self._socket.settimeout(timeout)
        seconds = time.monotonic() - started
        self._record = self._witness.record(self._tls, ended, error=error, seconds=seconds)
        if ended is not Ended.AGREED:
            self._flush_and_hang_up()
            raise HandshakeError(self._record)

    def _attempt(self, started: float, deadline: float | None) -> tuple[Ended, str | None]:
        try:
            self._shake_hands(started, deadline)
            if self._witness.refuses():
                return Ended.REFUSED_BY_US, "certificate verify failed"
            if self._tls.get_protocol_version() < SSL.TLS1_3_VERSION:
                self._witness.judged = True
            elif not self._hear_the_server():
                return Ended.CLOSED, "end of file after the handshake"
            if self._witness.judged and not self._stays():
                return Ended.CLOSED, "end of file after the handshake"
        except TimeoutError:
            return self._broken_off(Ended.TIMEOUT), "no answer in time"
        except SSL.Error as failure:
            return self._ended_by(failure), openssl_reason(failure)
        except OSError as failure:
            return self._broken_off(Ended.CLOSED), failure.strerror or str(failure)
        return Ended.AGREED, None

    def _shake_hands(self, started: float, deadline: float | None) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except SSL.WantReadError:
                self._send_all(deadline)
                self._receive(deadline)
                if self._hello_answered_after is None:
                    self._hello_answered_after = time.monotonic() - started
                if self._at_end:
                    raise ConnectionResetError("end of file during the handshake") from None
            else:
                self._send_all(deadline)
                return

    def _hear_the_server(self) -> bool:
        """Wait for the first that the server says; False: it hung up."""
        wait = self._listen
        if wait is None:
            wait = patience(self._hello_answered_after or 0.0)
        deadline = time.monotonic() + wait
        # A record may come in pieces: its first bytes do not tell an alert from a ticket.
        while not self._plain and not self._witness.ticket_received:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                return True
            self._receive(None)
            self._decrypt()
            if self._at_end:
                break
        self._witness.judged = not self._at_end or bool(self._plain)
        return self._witness.judged

    def _broken_off(self, ended: Ended) -> Ended:
        """``ended``, but for a server whose few bytes OpenSSL was still waiting to complete, and were not TLS."""
        return ended if self._witness.answered_in_tls() else Ended.NOT_TLS

    def _stays(self) -> bool:
        """Listen on until it says something, for ``patience``; False: it hung up.

        There are servers that look at our certificate when the handshake is over, in each version (gnutls-serv, and
        applications that ask Node.js or Python for the certificate and judge it themselves).
        """
        if not self._witness.certificate_requested or self._plain:
            return True
        self._witness.judged = False
        deadline = time.monotonic() + patience(self._hello_answered_after or 0.0)
        while not (self._at_end or self._plain) and (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self._socket], [], [], left)
            if readable:
                self._receive(None)
                self._decrypt()
        if self._at_end and not self._plain:
            return False
        self._witness.judged = True
        return True

    def _ended_by(self, failure: SSL.Error) -> Ended:
        if not self._witness.answered_in_tls():
            return Ended.NOT_TLS
        if self._witness.alert_received is not None:
            return Ended.ALERT_RECEIVED
        if isinstance(failure, (SSL.SysCallError, SSL.ZeroReturnError)):
            return Ended.CLOSED
        return Ended.REFUSED_BY_US

    # ------------------------------------------------------------------ the socket's methods

    def recv(self, size: int) -> bytes:
        """Up to ``size`` bytes of plaintext; b"" at the end.

        Raises ``BlockingIOError`` or ``TimeoutError`` as a socket does, and ``ConnectionResetError`` where
        TLS ended in an error.
        """
        if not self._plain:
            self._refill()
        taken = self._plain[:size]
        self._plain = self._plain[size:]
        return taken.tobytes()

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send some of ``data`` and return how many bytes.

        A record that the network does not take whole raises ``BlockingIOError``; the next call, with the
        same data in front, sends the rest of it.
        """
        if not self._accepted:
            try:
                self._accepted = self._tls.send(memoryview(data)[:_MAX_RECORD].tobytes())
            except SSL.Error as error:
                raise ConnectionResetError(openssl_reason(error)) from error
        self._flush()
        accepted, self._accepted = self._accepted, 0
        return accepted

    def pending(self) -> int:
        """How many bytes of plaintext are waiting, or 1 for the end; ``select`` sees neither.

        A server's close_notify may come with its last bytes, and long before it closes the socket.
        """
        return len(self._plain) or int(self._at_end)

    def fileno(self) -> int:
        return self._socket.fileno()

    def settimeout(self, seconds: float | None) -> None:
        self._socket.settimeout(seconds)

    def setblocking(self, flag: bool) -> None:
        self._socket.setblocking(flag)

    def close(self) -> None:
        """Say close_notify and close the socket; never raises, and does nothing a second time."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(SSL.Error):
            self._tls.shutdown()
        self._flush_and_hang_up()

    # ------------------------------------------------------------------ bytes in, bytes out

    def _refill(self) -> None:
        timeout = self._socket.gettimeout()
        # Whoever sends a record byte by byte has no more time for it than for a whole one.
        deadline = time.monotonic() + timeout if timeout else None
        try:
            while not self._plain and not self._at_end:
                self._receive(deadline)
                self._decrypt()
        except SSL.Error as error:
            self._note_late_alert()
            raise ConnectionResetError(openssl_reason(error)) from error
        finally:
            if deadline is not None:
                self._socket.settimeout(timeout)

    def _note_late_alert(self) -> None:
        if self._record is not None:
            self._record = self._witness.record(
                self._tls, Ended.ALERT_RECEIVED, error=None, seconds=self._record.seconds
            )

    def _receive(self, deadline: float | None) -> None:
        if deadline is not None:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
        data = self._socket.recv(_CHUNK)
        if data:
            self._witness.saw_bytes(data)
            self._tls.bio_write(data)
        else:
            self._at_end = True

    def _decrypt(self) -> None:
        """Turn all records that are complete into plaintext."""
        parts = []
        try:
            while True:
                parts.append(self._tls.recv(_MAX_RECORD))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self._at_end = True
        finally:
            self._plain = memoryview(b"".join((self._plain, *parts)))

    def _flush_and_hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.settimeout(_FAREWELL)
            self._flush()
        hang_up(self._socket)

    def _send_all(self, deadline: float | None) -> None:
        if deadline is not None:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
        self._flush()

    def _flush(self) -> None:
        """Hand all ciphertext to the socket; where it takes no more, the rest stays and it raises."""
        while True:
            if not self._cipher:
                try:
                    self._cipher = memoryview(self._tls.bio_read(_CHUNK))
                except SSL.WantReadError:
                    return
            self._cipher = self._cipher[self._socket.send(self._cipher) :]
