"""The TLS stream: what a handshake shows, what is read before anything is written, bytes both ways."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from dataclasses import replace

import pytest
from OpenSSL import SSL

from mtlsx.tls.record import Ended
from mtlsx.tls.settings import TlsSettings, TlsVersion
from mtlsx.tls.stream import HandshakeError, TlsStream
from support.made_pki import SERVER, make
from support.ports import silent_port, talking_port
from support.tls_server import Open, Pki, Serve

BOTH = pytest.mark.parametrize("version", list(TlsVersion))


def echo(tls: SSL.Connection) -> None:
    while True:
        try:
            tls.sendall(tls.recv(65536))
        except (SSL.ZeroReturnError, SSL.SysCallError):
            return


def failed(stream: TlsStream) -> HandshakeError:
    with pytest.raises(HandshakeError) as caught:
        stream.do_handshake()
    assert stream.record is caught.value.record
    return caught.value


@BOTH
def test_an_accepted_handshake_is_recorded(
    made: Pki, serve: Serve, dial: Open, version: TlsVersion
) -> None:
    server = serve(made.server, echo, trusts=made.ca, version=version, names_cas=True)
    stream = dial(server.port, made.settings())
    stream.do_handshake()
    record = stream.record
    assert record is not None
    assert (record.ended, record.version, record.judged) == (Ended.AGREED, f"TLS {version}", True)
    assert record.server_chain == (made.server.der,)
    assert record.accepted_cas == (made.ca.certificate.subject.public_bytes(),)
    assert record.certificate_requested
    assert record.certificate_sent
    assert record.alert_received is record.alert_sent is record.name_error is record.error is None
    stream.send(b"hello")
    assert stream.recv(100) == b"hello"
    assert server.client_certificates == [True]


@BOTH
@pytest.mark.parametrize("fault", ["none", "other CA", "expired"])
def test_the_alert_is_read_twenty_times_out_of_twenty(
    made: Pki, serve: Serve, dial: Open, version: TlsVersion, fault: str
) -> None:
    settings = made.settings(version)
    if fault == "none":
        settings = replace(settings, certificate_file=None, key_file=None)
    else:
        issuer = make("Other CA", ca=True) if fault == "other CA" else made.ca
        days = (-9, -2) if fault == "expired" else (-1, 9)
        certificate, key = make("dev", issuer, days=days).save(made.directory, fault)
        settings = replace(settings, certificate_file=certificate, key_file=key)
    missing = 40 if version is TlsVersion.V1_2 else 116
    alert = {"none": missing, "other CA": 48, "expired": 45}[fault]
    for _ in range(20):
        server = serve(made.server, echo, trusts=made.ca, version=version)
        record = failed(dial(server.port, settings)).record
        assert record.ended is Ended.ALERT_RECEIVED
        assert record.alert_received == alert
        assert record.certificate_requested
        assert record.certificate_sent is (fault != "none")


@BOTH
def test_an_unknown_server_ca_is_refused_with_its_alert(
    made: Pki, serve: Serve, dial: Open, version: TlsVersion
) -> None:
    ca_file, _ = make("Other CA", ca=True).save(made.directory, "other-ca")
    server = serve(made.server, echo, trusts=made.ca, version=version)
    record = failed(dial(server.port, made.settings(ca_file=ca_file))).record
    assert record.ended is Ended.REFUSED_BY_US
    assert [(error.code, error.depth) for error in record.verify_errors] == [(20, 0)]
    assert record.alert_sent == 48
    assert record.server_chain == (made.server.der,)


@BOTH
def test_a_wrong_name_is_refused_before_our_certificate_goes_out(
    made: Pki, serve: Serve, dial: Open, version: TlsVersion
) -> None:
    server = serve(made.server, echo, trusts=made.ca, version=version)
    record = failed(dial(server.port, made.settings(), host="broker.example")).record
    assert record.ended is Ended.REFUSED_BY_US
    assert record.name_error is not None
    assert "localhost, 127.0.0.1" in record.name_error
    assert not record.certificate_sent
    assert server.client_certificates == []


def test_sni_is_what_the_name_check_uses(made: Pki, serve: Serve, dial: Open) -> None:
    server = serve(made.server, echo)
    stream = dial(server.port, made.settings(sni="localhost"), host="broker.example")
    stream.do_handshake()


def test_an_address_is_checked_against_the_addresses(made: Pki, serve: Serve, dial: Open) -> None:
    server = serve(made.server, echo)
    dial(server.port, made.settings(), host="127.0.0.1").do_handshake()
    server = serve(made.server, echo)
    record = failed(dial(server.port, made.settings(), host="127.0.0.2")).record
    assert record.name_error is not None


@pytest.mark.parametrize(
    ("settings", "accepted"),
    [
        ({"verify_chain": False, "verify_name": False}, True),
        ({"verify_chain": False}, False),
        ({"verify_name": False}, False),
    ],
)
def test_the_two_checks_are_switched_off_apart(
    made: Pki, serve: Serve, dial: Open, settings: dict[str, bool], accepted: bool
) -> None:
    stranger = make("stranger", usage=SERVER, names=("elsewhere",))
    stream = dial(serve(stranger, echo).port, made.settings(**settings))
    if accepted:
        stream.do_handshake()
        record = stream.record
    else:
        record = failed(stream).record
    assert record is not None
    assert record.verify_errors
    if "verify_chain" in settings:
        assert record.name_error is not None


def test_alpn_is_offered_and_recorded(made: Pki, serve: Serve, dial: Open) -> None:
    stream = dial(serve(made.server, echo, alpn=b"mqtt").port, made.settings(alpn=("x", "mqtt")))
    stream.do_handshake()
    assert stream.record is not None
    assert stream.record.alpn == "mqtt"


def test_a_server_that_speaks_something_else_is_not_tls(made: Pki, dial: Open) -> None:
    with talking_port(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        record = failed(dial(port, made.settings())).record
    assert record.ended is Ended.NOT_TLS
    assert record.first_bytes.startswith(b"SSH-2.0")


def test_silence_runs_into_the_timeout(made: Pki, dial: Open) -> None:
    with silent_port() as port:
        record = failed(dial(port, made.settings(), timeout=1.0)).record
    assert record.ended is Ended.TIMEOUT
    assert record.version is None


@BOTH
def test_hanging_up_on_our_certificate_is_no_agreement(
    made: Pki, serve: Serve, dial: Open, version: TlsVersion
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        stream = dial(listener.getsockname()[1], made.settings(version))
        accepted, _ = listener.accept()
        accepted.close()
        record = failed(stream).record
    assert record.ended is Ended.CLOSED
    assert record.alert_received is None


@BOTH
def test_hanging_up_when_the_handshake_is_over_is_no_agreement(
    made: Pki, serve: Serve, dial: Open, version: TlsVersion
) -> None:
    """On TLS 1.3 tickets have come by then; the application has looked at the certificate."""
    server = serve(made.server, lambda tls: tls.shutdown(), trusts=made.ca, version=version)
    record = failed(dial(server.port, made.settings(version))).record
    assert (record.ended, record.alert_received, record.judged) == (Ended.CLOSED, None, False)
    assert server.client_certificates == [True]


@BOTH
def test_a_server_that_speaks_first_is_heard(
    made: Pki, serve: Serve, dial: Open, version: TlsVersion
) -> None:
    def greet(tls: SSL.Connection) -> None:
        tls.sendall(b"hello")
        tls.shutdown()

    server = serve(made.server, greet, trusts=made.ca, version=version)
    stream = dial(server.port, made.settings(version))
    stream.do_handshake()
    assert stream.record is not None
    assert stream.record.judged
    assert stream.recv(100) == b"hello"


def test_many_bytes_go_both_ways_without_blocking(made: Pki, serve: Serve, dial: Open) -> None:
    stream = dial(serve(made.server, echo, trusts=made.ca).port, made.settings())
    stream.do_handshake()
    stream.setblocking(False)
    sent, got = 0, bytearray()
    data = bytes(range(256)) * 4 * 1024 * 4
    while len(got) < len(data):
        wants = [stream] if sent < len(data) else []
        if not stream.pending():
            select.select([stream], wants, [], 5)
        with contextlib.suppress(BlockingIOError):
            sent += stream.send(data[sent:]) if wants else 0
        with contextlib.suppress(BlockingIOError):
            got += stream.recv(1000)
    assert bytes(got) == data


def test_an_end_in_the_open_is_an_end_of_file(made: Pki, serve: Serve, dial: Open) -> None:
    def goodbye(tls: SSL.Connection) -> None:
        tls.sendall(b"bye")
        tls.shutdown()

    stream = dial(serve(made.server, goodbye).port, made.settings())
    stream.do_handshake()
    assert stream.recv(10) == b"bye"
    assert stream.recv(10) == b""
    assert stream.recv(10) == b""


@pytest.mark.skipif(not hasattr(socket, "TCP_CORK"), reason="needs what Linux calls TCP_CORK")
def test_an_end_that_comes_with_the_last_bytes_is_pending(
    made: Pki, serve: Serve, dial: Open
) -> None:
    heard = threading.Event()

    def goodbye(tls: SSL.Connection) -> None:
        tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        tls.sendall(b"bye")
        tls.shutdown()
        tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        heard.wait(10)  # with the socket open

    stream = dial(serve(made.server, goodbye).port, made.settings())
    stream.do_handshake()
    assert stream.recv(10) == b"bye"
    assert stream.pending()
    assert stream.recv(10) == b""
    heard.set()


def test_one_way_tls_needs_no_certificate(made: Pki, serve: Serve, dial: Open) -> None:
    stream = dial(serve(made.server, echo).port, TlsSettings(ca_file=made.ca_file))
    stream.do_handshake()
    assert stream.record is not None
    assert not stream.record.certificate_requested


def test_the_key_log_can_be_written(made: Pki, serve: Serve, dial: Open) -> None:
    path = made.directory / "keys.log"
    stream = dial(serve(made.server, echo).port, made.settings(keylog_file=str(path)))
    stream.do_handshake()
    assert "CLIENT_TRAFFIC_SECRET_0" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
