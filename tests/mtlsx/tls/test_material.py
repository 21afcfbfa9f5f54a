"""From the files that settings name to chain, key, anchors and CRLs, and to an OpenSSL context."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from mtlsx.errors import MaterialError, UsageError
from mtlsx.secret import Secret
from mtlsx.tls.context import client_context
from mtlsx.tls.material import load_material
from mtlsx.tls.settings import TlsSettings
from support.made_pki import CLIENT, make

CA = make("Demo CA", ca=True)
DEVICE = make("dev-1", CA, usage=CLIENT)
OTHER = make("dev-2", CA, usage=CLIENT)

Write = Callable[[str, bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return to_file


def refused(settings: TlsSettings) -> MaterialError:
    with pytest.raises(MaterialError) as caught:
        load_material(settings)
    return caught.value


def test_without_files_there_is_no_material() -> None:
    material = load_material(TlsSettings())
    assert (material.chain, material.key, material.anchors) == ((), None, None)


def test_our_own_certificate_comes_first_whatever_the_files_order(write: Write) -> None:
    everything = write("all.pem", CA.pem + DEVICE.pem + DEVICE.key_pem)
    material = load_material(TlsSettings(certificate_file=everything))
    assert material.chain == (DEVICE.der, CA.der)
    assert material.key == DEVICE.key_der
    assert "key" not in repr(material)


def test_pkcs12_with_a_passphrase(write: Write) -> None:
    archive = pkcs12.serialize_key_and_certificates(
        b"dev", DEVICE.key, DEVICE.certificate, [CA.certificate], BestAvailableEncryption(b"secret")
    )
    path = write("device.bin", archive)
    settings = TlsSettings(certificate_file=path, passphrase=Secret("secret"))
    assert load_material(settings).chain == (DEVICE.der, CA.der)
    wrong = refused(TlsSettings(certificate_file=path, passphrase=Secret("wrong-one")))
    assert wrong.verdict == "passphrase-wrong"
    assert "wrong-one" not in str(wrong)
    assert refused(TlsSettings(certificate_file=path)).verdict == "key-encrypted"


def test_each_fault_has_its_verdict(write: Write) -> None:
    certificate, key = write("d.pem", DEVICE.pem), write("d.key", DEVICE.key_pem)
    locked = write(
        "l.key",
        DEVICE.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        ),
    )
    text, ca_file = write("notes.txt", b"hello"), write("ca.pem", CA.pem)
    for verdict, settings in (
        ("key-mismatch", {"key_file": write("o.key", OTHER.key_pem)}),
        ("key-encrypted", {"key_file": locked}),
        ("passphrase-wrong", {"key_file": locked, "passphrase": Secret("no")}),
        ("not-a-key", {"key_file": text}),
        ("not-a-key", {"key_file": ca_file}),
        ("not-a-key", {}),
        ("not-a-certificate", {"certificate_file": text, "key_file": key}),
        ("not-a-certificate", {"certificate_file": key, "key_file": key}),
        ("not-a-certificate", {"certificate_file": None, "key_file": key}),
        ("file-missing", {"key_file": text + ".missing"}),
        ("ca-file-has-no-ca", {"certificate_file": None, "ca_file": certificate}),
        ("ca-file-has-no-ca", {"certificate_file": None, "ca_file": key}),
        ("file-unreadable", {"certificate_file": None, "crl_file": certificate}),
    ):
        error = refused(TlsSettings(**{"certificate_file": certificate, **settings}))
        assert error.verdict == verdict, error
        assert str(error).isprintable()


def test_a_self_signed_server_certificate_can_be_the_ca_file(write: Write) -> None:
    server = make("broker", names=("localhost",))
    path = write("server.pem", server.pem)
    assert load_material(TlsSettings(ca_file=path)).anchors == (server.der,)


def test_crls_are_loaded(write: Write) -> None:
    now = datetime.now(UTC)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(CA.certificate.subject)
        .last_update(now)
        .next_update(now + timedelta(days=1))
        .sign(CA.key, hashes.SHA256())
    )
    ca_file = write("ca.pem", CA.pem)
    path = write("ca.crl", crl.public_bytes(Encoding.PEM))
    settings = TlsSettings(ca_file=ca_file, crl_file=path)
    material = load_material(settings)
    assert material.crls == (crl.public_bytes(Encoding.DER),)
    client_context(settings, material)


def test_a_certificate_that_cryptography_refuses_can_still_be_sent(write: Write) -> None:
    odd = make("dev@1", CA)
    # "@" is not in PrintableString's alphabet (X.680, table 10).
    der = odd.der.replace(b"\x0c\x05dev@1", b"\x13\x05dev@1")
    with pytest.raises(ValueError, match="error parsing"):
        x509.load_der_x509_certificate(der)
    settings = TlsSettings(
        certificate_file=write("odd.der", der), key_file=write("odd.key", odd.key_pem)
    )
    client_context(settings, load_material(settings))


def test_a_weak_key_is_the_servers_to_refuse(write: Write) -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505  (weak on purpose)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings = TlsSettings(
        certificate_file=write("old.pem", certificate.public_bytes(Encoding.PEM) + private)
    )
    client_context(settings, load_material(settings))


def test_a_cipher_list_that_openssl_does_not_know_gets_a_sentence() -> None:
    settings = TlsSettings(ciphers="NO-SUCH-CIPHER")
    with pytest.raises(UsageError, match="NO-SUCH-CIPHER"):
        client_context(settings, load_material(settings))


def test_a_key_log_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    settings = TlsSettings(keylog_file=str(tmp_path / "missing" / "keys.log"))
    with pytest.raises(MaterialError, match=r"keys\.log") as caught:
        client_context(settings, load_material(settings))
    assert caught.value.verdict == "file-unreadable"
