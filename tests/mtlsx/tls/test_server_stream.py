"""The server's side of TLS over memory, against a client over memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from mtlsx.errors import MaterialError
from mtlsx.secret import Secret
from mtlsx.tls.context import client_context
from mtlsx.tls.material import TlsMaterial, load_material, load_server_material
from mtlsx.tls.record import Ended
from mtlsx.tls.server_context import ServerContext
from mtlsx.tls.server_stream import (
    RecordCounter,
    ServerHandshakeError,
    ServerStream,
    ServerStreamError,
)
from mtlsx.tls.settings import ServerTlsSettings, TlsVersion
from support.made_pki import CLIENT, NOW, make
from support.tls_server import Pki

BOTH = pytest.mark.parametrize("version", list(TlsVersion))


def server_settings(made: Pki, **changes: object) -> ServerTlsSettings:
    certificate, key = made.server.save(made.directory, "server")
    settings = ServerTlsSettings(
        certificate_file=certificate, key_file=key, ca_file=made.ca_file, verify=True, required=True
    )
    return replace(settings, **changes)  # type: ignore[arg-type]  # by name, in tests only


def server_context(made: Pki, **changes: object) -> ServerContext:
    settings = server_settings(made, **changes)
    return ServerContext(settings, load_server_material(settings))


class Client:
    """pyOpenSSL's client over memory, which trusts everybody."""

    def __init__(
        self, made: Pki, version: TlsVersion | None = None, *, certificate: bool = True
    ) -> None:
        settings = made.settings(version)
        if not certificate:
            settings = replace(settings, certificate_file=None, key_file=None)
        context = client_context(settings, load_material(settings))
        self.tls = SSL.Connection(context, None)
        self.tls.set_connect_state()

    def shake_hands(self, server: ServerStream) -> bytes:
        """As far as it goes; what the server found as plaintext meanwhile."""
        plain = b""
        for _ in range(3):
            try:
                self.tls.do_handshake()
                done = True
            except SSL.WantReadError:
                done = False
            if said := self.said():
                plain += server.receive(said)
                self.hear(server.outgoing())
            if done:
                break
        return plain

    def said(self) -> bytes:
        try:
            return self.tls.bio_read(1 << 21)
        except SSL.WantReadError:
            return b""

    def hear(self, data: bytes) -> None:
        if data:
            self.tls.bio_write(data)


@BOTH
def test_both_sides_agree(made: Pki, version: TlsVersion) -> None:
    server, client = ServerStream(server_context(made)), Client(made, version)
    assert server.record is server.certificate is None
    assert client.shake_hands(server) == b""
    assert server.record is not None
    assert (server.record.ended, server.record.version) == (Ended.AGREED, f"TLS {version}")
    assert server.certificate == made.device.der
    client.tls.send(b"hello")
    assert server.receive(client.said()) == b"hello"
    client.hear(server.send(b"welcome"))
    assert client.tls.recv(100) == b"welcome"


@BOTH
@pytest.mark.parametrize("size", [1, 16_384, 16_385, 1_000_000])
def test_data_of_any_size(made: Pki, version: TlsVersion, size: int) -> None:
    server, client = ServerStream(server_context(made)), Client(made, version)
    client.shake_hands(server)
    client.hear(server.send(bytes(size)))
    received = 0
    while received < size:
        received += len(client.tls.recv(65536))
    assert received == size
    sent = 0
    while sent < size:
        sent += client.tls.send(bytes(min(size - sent, 16_384)))
    assert server.receive(client.said()) == bytes(size)


@BOTH
def test_what_comes_octet_by_octet_comes_whole(made: Pki, version: TlsVersion) -> None:
    server, client = ServerStream(server_context(made)), Client(made, version)
    client.shake_hands(server)
    for part in (b"one", b"two", b"three"):
        client.tls.send(part)
    assert b"".join(server.receive(bytes([octet])) for octet in client.said()) == b"onetwothree"


def test_data_right_behind_the_handshake_is_not_left_lying(made: Pki) -> None:
    """A TLS 1.3 client may send CONNECT together with its Finished."""
    server, client = ServerStream(server_context(made)), Client(made, TlsVersion.V1_3)
    with pytest.raises(SSL.WantReadError):
        client.tls.do_handshake()
    server.receive(client.said())
    client.hear(server.outgoing())
    client.tls.do_handshake()
    client.tls.send(b"CONNECT")
    client.tls.send(b"SUBSCRIBE")
    assert server.receive(client.said()) == b"CONNECTSUBSCRIBE"


@BOTH
def test_close_notify_is_the_end(made: Pki, version: TlsVersion) -> None:
    server, client = ServerStream(server_context(made)), Client(made, version)
    client.shake_hands(server)
    client.tls.send(b"bye")
    client.tls.shutdown()
    assert server.receive(client.said()) == b"bye"
    assert server.at_end
    client.hear(server.close())
    with pytest.raises(SSL.ZeroReturnError):
        client.tls.recv(100)


def test_nothing_can_be_sent_after_our_end(made: Pki) -> None:
    server, client = ServerStream(server_context(made)), Client(made)
    client.shake_hands(server)
    assert server.close()
    with pytest.raises(ServerStreamError):
        server.send(b"more")


@BOTH
def test_a_broken_record_ends_it(made: Pki, version: TlsVersion) -> None:
    server, client = ServerStream(server_context(made)), Client(made, version)
    client.shake_hands(server)
    client.tls.send(b"hello")
    record = bytearray(client.said())
    record[-1] ^= 1
    with pytest.raises(ServerStreamError, match="bad record mac"):
        server.receive(bytes(record))
    client.hear(server.outgoing())
    with pytest.raises(SSL.Error, match="bad record mac"):
        client.tls.recv(100)


@BOTH
def test_the_alert_is_there_to_be_sent(made: Pki, version: TlsVersion) -> None:
    server, client = ServerStream(server_context(made)), Client(made, version, certificate=False)
    with pytest.raises(ServerHandshakeError, match="peer did not return a certificate") as caught:
        client.shake_hands(server)
    alert = 40 if version is TlsVersion.V1_2 else 116
    record = caught.value.record
    assert (record.ended, record.alert_sent) == (Ended.REFUSED_BY_US, alert)
    assert record.certificate is record.verify_error is None
    client.hear(server.outgoing())
    with pytest.raises(SSL.Error, match="alert"):
        client.tls.recv(100)


def test_a_rejected_certificate_is_kept(made: Pki, tmp_path: Path) -> None:
    stranger = make("stranger", make("Other CA", ca=True), usage=CLIENT)
    files = stranger.save(tmp_path, "stranger")
    server, client = ServerStream(server_context(made)), Client(replace(made, device_files=files))
    with pytest.raises(ServerHandshakeError, match="certificate verify failed") as caught:
        client.shake_hands(server)
    record = caught.value.record
    assert record.certificate == stranger.der
    assert record.verify_error is not None
    assert record.verify_error.certificate == stranger.der
    assert (record.verify_error.text, record.alert_sent) == (
        "unable to get issuer cert locally",
        48,
    )


@pytest.mark.parametrize(
    "says", [b"GET / HTTP/1.1\r\n\r\n", b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"]
)
def test_what_is_not_tls_is_called_so(made: Pki, says: bytes) -> None:
    server = ServerStream(server_context(made))
    with pytest.raises(ServerHandshakeError) as caught:
        server.receive(says)
    assert caught.value.record.ended is Ended.NOT_TLS


def test_a_handshake_that_is_given_up_says_what_it_saw(made: Pki) -> None:
    server, client = ServerStream(server_context(made)), Client(made)
    client.tls.set_tlsext_host_name(b"broker.example")
    with pytest.raises(SSL.WantReadError):
        client.tls.do_handshake()
    server.receive(client.said())
    record = server.give_up(Ended.TIMEOUT)
    assert (record.ended, record.server_name) == (Ended.TIMEOUT, "broker.example")
    assert server.record is record


def test_another_context_is_asked_again(made: Pki) -> None:
    server, client = ServerStream(server_context(made)), Client(made)
    client.shake_hands(server)
    server.check_again(server_context(made))
    server.check_again(server_context(made, verify=False, required=False, ca_file=None))
    other, _ = make("Other CA", ca=True).save(made.directory, "other-ca")
    with pytest.raises(ServerHandshakeError) as caught:
        server.check_again(server_context(made, ca_file=other))
    assert caught.value.record.ended is Ended.REFUSED_BY_US
    assert caught.value.record.certificate == made.device.der


def test_the_server_sends_its_intermediates_and_not_the_root(made: Pki, tmp_path: Path) -> None:
    intermediate = make("Plant CA", made.ca, ca=True)
    server = make("broker", intermediate)
    cas = tmp_path / "cas.pem"
    cas.write_bytes(made.ca.pem + intermediate.pem)
    certificate, key = server.save(tmp_path, "plant")
    settings = server_settings(made, certificate_file=certificate, key_file=key, ca_file=str(cas))
    assert load_server_material(settings).chain == (server.der, intermediate.der)


def test_a_chain_of_the_certificate_file_is_sent_as_it_is(made: Pki, tmp_path: Path) -> None:
    certificate = tmp_path / "chain.pem"
    certificate.write_bytes(made.server.pem + made.ca.pem)
    settings = server_settings(made, certificate_file=str(certificate))
    assert load_server_material(settings).chain == (made.server.der, made.ca.der)


def test_material_never_shows_its_key(made: Pki) -> None:
    material: TlsMaterial = load_server_material(server_settings(made))
    assert material.key is not None
    assert repr(material.key) not in repr(material)


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 50)))
def test_records_are_counted_however_they_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"\x17\x03\x03" + len(body).to_bytes(2) + body for body in bodies)
    counter, counted, at = RecordCounter(), 0, 0
    for cut in cuts:
        counted += counter.feed(stream[at : at + cut])
        at += cut
    assert counted + counter.feed(stream[at:]) == len(bodies)


@given(st.binary(max_size=500))
def test_arbitrary_bytes_end_in_a_handshake_error(made: Pki, data: bytes) -> None:
    server = ServerStream(server_context(made))
    try:
        assert server.receive(data or b"\0") == b""
    except ServerHandshakeError as error:
        assert error.record is server.record  # noqa: PT017  (it may also wait for more)


def test_the_servers_key_may_have_a_passphrase(made: Pki, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        made.server.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")
        )
    )
    context = server_context(made, key_file=str(locked), passphrase=Secret("open sesame"))
    server = ServerStream(context)
    Client(made).shake_hands(server)
    assert server.certificate == made.device.der
    for passphrase, verdict in ((None, "key-encrypted"), (Secret("wrong"), "passphrase-wrong")):
        with pytest.raises(MaterialError) as caught:
            server_context(made, key_file=str(locked), passphrase=passphrase)
        assert caught.value.verdict == verdict


@pytest.mark.parametrize(
    ("name", "verdict", "fix"),
    [
        ("ca_file", "ca-file-has-no-ca", "Give the certificate of the CA that issued client certificates."),
        ("crl_file", "file-unreadable", "Give the list of the CA that issued client certificates."),
        ("key_file", "not-a-key", "Give the server certificate's private key."),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_one_sentence(
    made: Pki, name: str, verdict: str, fix: str
) -> None:
    with pytest.raises(MaterialError) as caught:
        server_context(made, **{name: made.device_files[0]})
    assert (caught.value.verdict, caught.value.fix) == (verdict, fix)


@pytest.mark.parametrize(
    ("issuer", "days", "revoked", "words", "alert"),
    [
        ("ca", 9, True, "cert revoked", 44),
        ("ca", -1, False, "crl has expired", 45),
        ("other", 9, False, "unable to get crl", 48),
        ("ca", 9, False, None, None),
    ],
    ids=["revoked", "stale", "of-another-ca", "in-order"],
)
def test_revocation_lists(
    made: Pki, tmp_path: Path, issuer: str, days: int, revoked: bool, words: str | None, alert: int | None
) -> None:  # fmt: skip
    signer = made.ca if issuer == "ca" else make("Other CA", ca=True)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(NOW - timedelta(days=5))
        .next_update(NOW + timedelta(days=days))
    )
    if revoked:
        entry = x509.RevokedCertificateBuilder().revocation_date(NOW - timedelta(days=1))
        serial = made.device.certificate.serial_number
        crl = crl.add_revoked_certificate(entry.serial_number(serial).build())
    path = tmp_path / "ca.crl"
    path.write_bytes(crl.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.PEM))
    server = ServerStream(server_context(made, crl_file=str(path)))
    if words is None:
        Client(made).shake_hands(server)
        assert server.certificate == made.device.der
        return
    with pytest.raises(ServerHandshakeError) as caught:
        Client(made).shake_hands(server)
    error = caught.value.record.verify_error
    assert error is not None
    assert (error.text, caught.value.record.alert_sent) == (words, alert)
