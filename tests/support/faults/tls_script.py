"""A TLS server on pyOpenSSL that does on purpose what no server should, at any point of the handshake."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from OpenSSL import SSL

from support.openssl_pki import Pair
from support.ports import serving

FATAL = 2
_ALERT, _APPLICATION_DATA = 21, 23
_VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_WAIT = 10.0  # seconds; for what a healthy machine does in a few milliseconds
_SUITES = b"ECDHE+AESGCM"  # for TLS 1.2; in 1.3 our client prefers AES-GCM too


class Misbehaving:
    """One connection, seen from the server, which moves on as a script tells it.

    The script speaks first: ``hello`` takes the ClientHello in, ``answer`` sends all that belongs to it up to
    the server's Finished (1.3) or ServerHelloDone (1.2), ``flight`` waits for the client's certificate and does not
    look at it, ``accept`` does and ends the handshake.
    """

    def __init__(self, connected: socket.socket, context: SSL.Context) -> None:
        connected.settimeout(_WAIT)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connected
        self._secret = b""
        self._flight = b""
        context.set_keylog_callback(self._note_secret)
        self.tls = SSL.Connection(context, None)
        self.tls.set_accept_state()

    def hello(self) -> bytes:
        """The client's first bytes."""
        data = self.socket.recv(65536)
        self.tls.bio_write(data)
        return data

    def answer(self, *, spoiled: bool = False) -> None:
        """Send the first flight; ``spoiled``: with a bit of its last message turned over."""
        self._step()
        flight = self._take()
        if spoiled:
            flight[-20] ^= 1
        self.socket.sendall(flight)

    def answer_some(self, share: float) -> None:
        """Send this share of the first flight."""
        self._step()
        flight = self._take()
        self.socket.sendall(flight[: int(len(flight) * share)])

    def flight(self) -> bytes:
        """The first bytes of the client's second flight."""
        self._flight = self.socket.recv(65536)
        return self._flight

    def accept(self) -> None:
        """Take the client's second flight in, more of it than came where that is needed."""
        self.tls.bio_write(self._flight or self.socket.recv(65536))
        while not self._step():
            self.tls.bio_write(self.socket.recv(65536))
        self.socket.sendall(self._take())

    def words(self) -> bytes:
        """The first plaintext of the client's, which may have come with its part of the handshake; b"" at its end."""
        while True:
            try:
                return self.tls.recv(65536)
            except SSL.WantReadError:
                data = self.socket.recv(65536)
                if not data:
                    return b""
                self.tls.bio_write(data)

    def alert(self, number: int, *, in_pieces: bool = False) -> None:
        """A fatal alert with the keys of the moment; ``in_pieces``: one octet in each packet."""
        body = bytes((FATAL, number))
        record = bytes((_ALERT, 3, 3, 0, len(body))) + body
        if self._secret:
            record = _sealed(self._secret, body)
        size = 1 if in_pieces else len(record)
        for at in range(0, len(record), size):
            self.socket.sendall(record[at : at + size])

    def linger(self) -> None:
        """Close so that the client can read all that was sent: a plain close may become a reset."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        self.wait_for_the_end()

    def wait_for_the_end(self) -> None:
        """Say nothing more until the client hangs up."""
        with suppress(OSError):
            while self.socket.recv(65536):
                pass

    def _step(self) -> bool:
        """Whether the handshake is over."""
        try:
            self.tls.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def _take(self) -> bytearray:
        """What is ready for the client."""
        ready = bytearray()
        with suppress(SSL.WantReadError):
            while True:
                ready += self.tls.bio_read(65536)
        return ready

    def _note_secret(self, _: SSL.Connection, line: bytes) -> None:
        kind, _random, secret = line.split()
        if kind == b"SERVER_TRAFFIC_SECRET_0":
            self._secret = bytes.fromhex(secret.decode())


Script = Callable[[Misbehaving], None]


@contextmanager
def misbehaving_port(
    server: Pair, script: Script, *, client_ca: Path | None = None, tls: str | None = None
) -> Iterator[int]:
    """A port where ``script`` is played for each connection, which is closed after it, gently."""

    def play(connected: socket.socket) -> None:
        with connected, suppress(OSError, SSL.Error):
            one = Misbehaving(connected, _context(server, client_ca, tls))
            script(one)
            one.linger()

    with serving(play) as port:
        yield port


def _context(server: Pair, client_ca: Path | None, tls: str | None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(str(server.certificate))
    context.use_privatekey_file(str(server.key))
    context.set_cipher_list(_SUITES)
    if tls is not None:
        context.set_min_proto_version(_VERSIONS[tls])
        context.set_max_proto_version(_VERSIONS[tls])
    if client_ca is not None:
        context.load_verify_locations(str(client_ca))
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


def _sealed(secret: bytes, body: bytes) -> bytes:
    """The server's first record under its application traffic secret (RFC 8446, sections 5.2 and 7.3): an alert."""
    large = len(secret) == SHA384.digest_size
    key = _expand(secret, b"key", 32 if large else 16)
    nonce = _expand(secret, b"iv", 12)
    inner = body + bytes((_ALERT,))
    header = bytes((_APPLICATION_DATA, 3, 3)) + (len(inner) + 16).to_bytes(2, "big")
    return header + AESGCM(key).encrypt(nonce, inner, header)


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446, section 7.1)."""
    name = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes((len(name),)) + name + b"\0"
    digest = SHA384() if len(secret) == SHA384.digest_size else SHA256()
    return HKDFExpand(digest, length, info).derive(secret)
