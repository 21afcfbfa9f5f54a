"""TLS without a socket, against Python's own TLS in memory: the same evidence as ``TlsStream`` finds."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from OpenSSL import SSL

from mtlsx.tls.context import client_context
from mtlsx.tls.exchange import TlsExchange
from mtlsx.tls.material import load_material
from mtlsx.tls.record import Ended
from mtlsx.tls.settings import TlsSettings, TlsVersion
from mtlsx.tls.stream import HandshakeError
from support.made_pki import CLIENT, make
from support.tls_server import Pki

BOTH = pytest.mark.parametrize("version", list(TlsVersion))
GARBAGE = b"\x17\x03\x03\x00\x20" + bytes(32)


class Server:
    """A server that requires a client certificate of ``made.ca``; ``tickets``: how many it sends on TLS 1.3.

    Without ``asks`` it asks for none.
    """

    def __init__(self, made: Pki, directory: Path, *, tickets: int = 2, asks: bool = True) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.num_tickets = tickets
        context.load_cert_chain(*made.server.save(directory, "server"))
        context.load_verify_locations(made.ca_file)
        context.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_NONE
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = False
        self.closed = False
        """Whether the client has said close_notify."""

    def answer(self, data: bytes) -> bytes:
        """What it sends back for ``data``; it echoes plaintext."""
        self._incoming.write(data)
        try:
            if not self._shaken:
                self.tls.do_handshake()
                self._shaken = True
            while data := self.tls.read():
                self.tls.write(data)
            self.closed = True
            return self._outgoing.read()
        except ssl.SSLError:  # it wants more, or it has refused: then the alert is in what it sends
            return self._outgoing.read()

    def goodbye(self) -> bytes:
        """Its close_notify."""
        with suppress(ssl.SSLWantReadError):  # it waits for the client's
            self.tls.unwrap()
        return self._outgoing.read()


def exchange(settings: TlsSettings, host: str = "localhost") -> TlsExchange:
    material = load_material(settings)
    connection = SSL.Connection(client_context(settings, material), None)
    return TlsExchange(connection, settings, host, has_certificate=bool(material.chain))


def shake_hands(client: TlsExchange, server: Server, *, at_once: int = 65536) -> None:
    """Carry bytes to and fro, ``at_once`` at a time, until both have nothing to say."""
    sent = client.begin()
    while sent:
        answer = server.answer(sent)
        sent = b""
        for at in range(0, len(answer), at_once):
            assert client.receive(answer[at : at + at_once]) == b""
            sent += client.outgoing()


@BOTH
@pytest.mark.parametrize("at_once", [1, 65536])
def test_an_accepted_handshake_and_bytes_both_ways(
    made: Pki, tmp_path: Path, version: TlsVersion, at_once: int
) -> None:
    client, server = exchange(made.settings(version)), Server(made, tmp_path)
    shake_hands(client, server, at_once=at_once)
    assert client.agreed
    assert client.heard  # on TLS 1.3 by its tickets
    record = client.record
    assert (record.ended, record.version, record.judged) == (Ended.AGREED, f"TLS {version}", True)
    assert record.server_chain[0] == made.server.der
    assert (record.certificate_requested, record.certificate_sent) == (True, True)
    data = bytes(range(256)) * 300
    received = client.receive(server.answer(client.write(data)))
    assert received == data
    server.answer(client.farewell())
    assert server.closed


def test_nothing_is_heard_before_the_server_speaks(made: Pki, tmp_path: Path) -> None:
    client, server = exchange(made.settings(TlsVersion.V1_3)), Server(made, tmp_path)
    client.receive(server.answer(client.begin()))
    assert client.agreed
    assert not client.heard
    assert 0.1 <= client.patience <= 1.0
    assert not client.record.judged


@BOTH
@pytest.mark.parametrize("at_once", [1, 65536])
def test_the_alert_for_our_certificate_is_in_the_record(
    made: Pki, tmp_path: Path, version: TlsVersion, at_once: int
) -> None:
    files = make("dev-1", make("Other CA", ca=True), usage=CLIENT).save(tmp_path, "other")
    settings = made.settings(version, certificate_file=files[0], key_file=files[1])
    client = exchange(settings)
    with pytest.raises(HandshakeError) as caught:
        shake_hands(client, Server(made, tmp_path), at_once=at_once)
    record = caught.value.record
    assert (record.ended, record.alert_received) == (Ended.ALERT_RECEIVED, 48)
    assert not client.heard
    assert not record.judged


@pytest.mark.parametrize("first", [0, 1, 5])
def test_a_goodbye_in_place_of_a_word_is_no_yes(made: Pki, tmp_path: Path, first: int) -> None:
    """On TLS 1.3 some servers hang up on a certificate that they refuse, and give no reason."""
    client, server = exchange(made.settings(TlsVersion.V1_3)), Server(made, tmp_path, tickets=0)
    shake_hands(client, server)
    assert client.agreed
    goodbye = server.goodbye()
    if first:
        assert client.receive(goodbye[:first]) == b""
        assert not client.heard
    with pytest.raises(HandshakeError) as caught:
        client.receive(goodbye[first:])
    record = caught.value.record
    assert (record.ended, record.alert_received, record.judged) == (Ended.CLOSED, None, False)


@BOTH
def test_a_goodbye_before_we_have_written_is_no_yes(
    made: Pki, tmp_path: Path, version: TlsVersion
) -> None:
    """Some applications judge our certificate themselves, when TLS has taken it."""
    client, server = exchange(made.settings(version)), Server(made, tmp_path)
    shake_hands(client, server)
    assert client.heard
    assert not client.ready
    with pytest.raises(HandshakeError) as caught:
        client.receive(server.goodbye())
    record = caught.value.record
    assert (record.ended, record.alert_received, record.judged) == (Ended.CLOSED, None, False)


@BOTH
def test_a_goodbye_is_the_end(made: Pki, tmp_path: Path, version: TlsVersion) -> None:
    client, server = exchange(made.settings(version)), Server(made, tmp_path)
    shake_hands(client, server)
    client.receive(server.answer(client.write(b"hello")))
    assert client.ready
    assert not client.at_end
    assert client.receive(server.goodbye()) == b""
    assert client.at_end
    assert client.record.judged


@BOTH
def test_a_server_that_asks_for_no_certificate_is_not_waited_for(
    made: Pki, tmp_path: Path, version: TlsVersion
) -> None:
    client, server = exchange(made.settings(version)), Server(made, tmp_path, asks=False)
    shake_hands(client, server)
    assert client.ready


def test_we_refuse_a_server_of_another_name(made: Pki, tmp_path: Path) -> None:
    client, server = exchange(made.settings(), host="other.example"), Server(made, tmp_path)
    with pytest.raises(HandshakeError) as caught:
        client.receive(server.answer(client.begin()))
    assert caught.value.record.ended is Ended.REFUSED_BY_US
    assert caught.value.record.name_error is not None
    assert client.outgoing()  # the alert for the server


def test_what_is_not_tls_is_told(made: Pki) -> None:
    client = exchange(made.settings())
    client.begin()
    with pytest.raises(HandshakeError) as caught:
        client.receive(b"SSH-2.0-OpenSSH_9.6\r\n")
    assert caught.value.record.ended is Ended.NOT_TLS
    assert caught.value.record.first_bytes.startswith(b"SSH-2.0")


def test_garbage_after_the_handshake_ends_it(made: Pki, tmp_path: Path) -> None:
    client, server = exchange(made.settings()), Server(made, tmp_path)
    shake_hands(client, server)
    with pytest.raises(HandshakeError) as caught:
        client.receive(GARBAGE)
    assert caught.value.record.ended is Ended.REFUSED_BY_US


def test_garbage_after_some_words_ends_it(made: Pki, tmp_path: Path) -> None:
    client, server = exchange(made.settings()), Server(made, tmp_path)
    shake_hands(client, server)
    client.write(b"hello")
    with pytest.raises(ConnectionResetError):
        client.receive(GARBAGE)


@pytest.mark.parametrize("ended", [Ended.CLOSED, Ended.TIMEOUT])
def test_the_owner_says_how_it_ended(made: Pki, ended: Ended) -> None:
    client = exchange(made.settings())
    client.begin()
    error = client.failed(ended, "no answer in time")
    assert (error.record.ended, error.record.error) == (ended, "no answer in time")


def test_part_of_what_is_not_tls_is_told(made: Pki) -> None:
    client = exchange(made.settings())
    client.begin()
    assert client.receive(b"?") == b""
    assert client.failed(Ended.CLOSED, "end of file").record.ended is Ended.NOT_TLS
