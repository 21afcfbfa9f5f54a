from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.certificates.kinds import Kind
from mtlsx.certificates.load import STDIN, load_bytes, load_file, public_key_matches
from mtlsx.errors import MaterialError
from mtlsx.secret import Secret
from support.made_pki import make

CA = make("Test CA", ca=True)
DEVICE = make("device", CA)
RIGHT, WRONG = Secret("Käse 1"), Secret("wrong")


def encrypted(form: PrivateFormat, encoding: Encoding = Encoding.PEM) -> bytes:
    return DEVICE.key.private_bytes(
        encoding, form, BestAvailableEncryption(RIGHT.reveal().encode())
    )


PKCS8 = encrypted(PrivateFormat.PKCS8)
TRADITIONAL = encrypted(PrivateFormat.TraditionalOpenSSL)


def archive(passphrase: Secret | None) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"device",
        DEVICE.key,
        DEVICE.certificate,
        [CA.certificate],
        BestAvailableEncryption(passphrase.reveal().encode()) if passphrase else NoEncryption(),
    )


def load(data: bytes, passphrase: Secret | None = None):
    return load_bytes(data, source="file", passphrase=passphrase)


def refused(data: bytes, passphrase: Secret | None = None) -> MaterialError:
    with pytest.raises(MaterialError) as caught:
        load(data, passphrase)
    return caught.value


def relabelled(label: str) -> bytes:
    return DEVICE.pem.replace(b" CERTIFICATE-", f" {label}-".encode())


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        pytest.param(DEVICE.pem, "PEM", id="PEM"),
        pytest.param(b"Certificate:\n    Data:\n" + DEVICE.pem, "PEM", id="text before"),
        pytest.param(b"\xef\xbb\xbf" + DEVICE.pem, "PEM", id="byte order mark"),
        pytest.param(b"caf\xe9\n" + DEVICE.pem.replace(b"\n", b"\r\n"), "PEM", id="CRLF and Latin-1"),
        pytest.param(relabelled("X509 CERTIFICATE"), "PEM", id="X509 CERTIFICATE"),
        pytest.param(relabelled("TRUSTED CERTIFICATE"), "PEM", id="TRUSTED CERTIFICATE"),
        pytest.param(relabelled("CERTIFICATE REQUEST"), "PEM", id="a wrong label"),
        pytest.param(DEVICE.der, "DER", id="DER"),
        pytest.param(DEVICE.der + b"\r\n\0", "DER", id="DER and an end of line"),
        pytest.param(base64.encodebytes(DEVICE.der), "base64", id="base64 without armour"),
        pytest.param(pkcs7.serialize_certificates([DEVICE.certificate], Encoding.DER), "PKCS#7", id="PKCS#7"),
        pytest.param(pkcs7.serialize_certificates([DEVICE.certificate], Encoding.PEM), "PEM", id="PKCS#7 in PEM"),
    ],
)  # fmt: skip
def test_a_certificate_in_any_form(data: bytes, encoding: str) -> None:
    material = load(data)
    assert (material.certificates, material.encoding) == ((DEVICE.der,), encoding)
    assert (material.keys, material.requests, material.crls) == ((), (), ())


def test_everything_in_a_file_comes_in_file_order_with_its_line() -> None:
    public = DEVICE.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    material = load(CA.pem + DEVICE.key_pem + public + DEVICE.pem)
    lines = [CA.pem, DEVICE.key_pem, public]
    expected = [1 + sum(part.count(b"\n") for part in lines[:count]) for count in range(4)]
    assert [item.line for item in material.items] == expected
    assert material.certificates == (CA.der, DEVICE.der)
    assert [key.der for key in material.keys] == [DEVICE.key_der]
    assert len(material.public_keys) == 1


def test_der_elements_in_a_row() -> None:
    material = load(DEVICE.der + CA.der + DEVICE.key_der)
    assert material.certificates == (DEVICE.der, CA.der)
    assert material.keys[0].der == DEVICE.key_der


def test_utf_16_is_read_and_complained_about() -> None:
    material = load(DEVICE.pem.decode().encode("utf-16"))
    assert material.certificates == (DEVICE.der,)
    assert "UTF-16" in material.notes[0]
    assert "Save it as ASCII" in material.notes[0]


def test_what_follows_a_certificate_is_noted() -> None:
    body = base64.encodebytes(DEVICE.der + b"\x05\x00").decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n".encode()
    assert load(pem).certificates == (DEVICE.der,)
    assert load(pem).notes == (
        "Line 1: 2 bytes follow the certificate; strict programs refuse it.",
    )
    trusted = pem.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE")
    assert load(trusted).notes == ()
    assert "4 bytes behind what was read" in load(DEVICE.der + b"junk").notes[0]


def test_blocks_that_are_no_key_material_are_passed_over() -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    message = b"-----BEGIN MESSAGE-----\nAAEC\n-----END MESSAGE-----\n"
    material = load(parameters + DEVICE.key_pem + message)
    assert [key.der for key in material.keys] == [DEVICE.key_der]
    assert material.notes == ("Line 9: block MESSAGE was passed over.",)
    error = refused(parameters + message)
    assert error.verdict == "not-a-certificate"
    assert "but EC PARAMETERS, MESSAGE" in error.summary


@pytest.mark.parametrize(
    ("key", "form"),
    [
        (ec.generate_private_key(ec.SECP384R1()), PrivateFormat.TraditionalOpenSSL),
        (rsa.generate_private_key(65537, 2048), PrivateFormat.TraditionalOpenSSL),
        (rsa.generate_private_key(65537, 2048), PrivateFormat.PKCS8),
        (dsa.generate_private_key(2048), PrivateFormat.TraditionalOpenSSL),
        (ed25519.Ed25519PrivateKey.generate(), PrivateFormat.PKCS8),
    ],
    ids=["EC", "RSA", "RSA in PKCS#8", "DSA", "Ed25519"],
)
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_private_keys_come_as_pkcs8(key, form: PrivateFormat, encoding: Encoding) -> None:
    (item,) = load(key.private_bytes(encoding, form, NoEncryption())).keys
    assert item.der == key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert not item.encrypted


@pytest.mark.parametrize(
    "data",
    [PKCS8, TRADITIONAL, encrypted(PrivateFormat.PKCS8, Encoding.DER)],
    ids=["PKCS#8", "traditional", "DER"],
)
def test_an_encrypted_key(data: bytes) -> None:
    (closed,) = load(data).keys
    assert (closed.der, closed.encrypted) == (None, True)
    (opened,) = load(data, RIGHT).keys
    assert (opened.der, opened.encrypted) == (DEVICE.key_der, True)
    error = refused(data, WRONG)
    assert error.verdict == "passphrase-wrong"
    assert "the passphrase does not open the private key" in error.summary
    assert "wrong" not in str(error).replace("passphrase-wrong", "")


@pytest.mark.parametrize("key", [PKCS8, TRADITIONAL])
def test_an_encrypted_key_leaves_the_rest_of_its_file_readable(key: bytes) -> None:
    material = load(key + DEVICE.pem)
    assert material.certificates == (DEVICE.der,)
    assert material.keys[0].der is None


def test_a_passphrase_that_is_not_needed_is_not_used() -> None:
    assert load(DEVICE.key_pem, WRONG).keys[0].der == DEVICE.key_der
    assert load(archive(None), WRONG).keys[0].der == DEVICE.key_der


def test_pkcs12() -> None:
    material = load(archive(RIGHT), RIGHT)
    assert material.encoding == "PKCS#12"
    assert material.certificates == (DEVICE.der, CA.der)
    assert (material.keys[0].der, material.keys[0].encrypted) == (DEVICE.key_der, True)
    assert not load(archive(None)).keys[0].encrypted


def test_pkcs12_without_its_passphrase() -> None:
    assert refused(archive(RIGHT)).verdict == "key-encrypted"
    assert refused(archive(RIGHT), WRONG).verdict == "passphrase-wrong"


@pytest.mark.parametrize(
    ("data", "verdict", "words"),
    [
        (b"", "not-a-certificate", "File file is empty"),
        (b" \r\n", "not-a-certificate", "File file is empty"),
        (b"hello", "not-a-certificate", "neither a certificate nor a key"),
        (b"ssh-ed25519 AAAA@ x", "not-a-certificate", "neither a certificate nor a key"),
        (b"\xfe\xed\xfe\xed\0\0\0\2", "not-a-certificate", "Java keystore"),
        (DEVICE.der[:200], "not-a-certificate", "cut short or damaged: the element at byte 0"),
        (b"\x30\x03\x02\x01\x05", "not-a-certificate", "is DER, but holds neither"),
        (DEVICE.pem[:300], "not-a-certificate", "line 1: block CERTIFICATE has no END line"),
        (b"\n" + DEVICE.key_pem[:99], "not-a-key", "line 2: block PRIVATE KEY has no END line"),
        (DEVICE.pem.replace(b"\nM", b"\n*", 1), "not-a-certificate", "line 2: '*' is not base64"),
        (
            b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----",
            "not-a-key",
            "line 1: block PRIVATE KEY holds something else",
        ),
        (
            b"-----BEGIN PRIVATE KEY-----\nMAoCAQAwAwYBKgQA\n-----END PRIVATE KEY-----",
            "not-a-key",
            "line 1: the private key",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----",
            "not-a-certificate",
            "line 1: block CERTIFICATE is damaged",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nMAcwADAAAwEA\n-----END CERTIFICATE-----",
            "not-a-certificate",
            "line 1: a damaged certificate: certificate: 0 fields",
        ),
        (
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----",
            "not-a-key",
            "an OpenSSH key",
        ),
        (
            b"-----BEGIN PKCS7-----\nMA8GCSqGSIb3DQEHAaACBAA=\n-----END PKCS7-----",
            "not-a-certificate",
            "PKCS#7 without certificates",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",  # keys are new in each process
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_place(data: bytes, verdict: str, words: str) -> None:
    error = refused(data)
    assert error.verdict == verdict
    assert words in error.summary


def test_standard_input_has_a_name() -> None:
    with pytest.raises(
        MaterialError, match=r"^Standard input, line 1: block CERTIFICATE has no END"
    ):
        load_bytes(DEVICE.pem[:99], source=STDIN)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    path.write_bytes(DEVICE.pem)
    assert load_file(str(path)).certificates == (DEVICE.der,)
    assert load_file(str(path)).source == str(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, verdict, words in (
        (tmp_path / "none.pem", "file-missing", "does not exist"),
        (tmp_path, "file-unreadable", "is a directory"),
        (Path("/dev/zero"), "file-unreadable", "is larger than 64 MiB"),
    ):
        with pytest.raises(MaterialError, match=words) as caught:
            load_file(str(path))
        assert caught.value.verdict == verdict
        assert str(path) in caught.value.summary


def test_which_key_belongs_to_a_certificate() -> None:
    assert public_key_matches(DEVICE.der, DEVICE.key_der)
    assert not public_key_matches(CA.der, DEVICE.key_der)
    assert not public_key_matches(b"no certificate", DEVICE.key_der)


def test_no_secret_is_shown() -> None:
    material = load(DEVICE.pem + DEVICE.key_pem)
    assert material.keys[0].der is not None
    assert repr(material.keys[0].der) not in repr(material)
    assert material.items[0].kind is Kind.CERTIFICATE


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_load_or_give_the_rooms_own_error(data: bytes) -> None:
    for prefix in (b"", b"\x30", DEVICE.der, b"-----BEGIN CERTIFICATE-----\n", DEVICE.pem):
        try:
            material = load(prefix + data)
        except MaterialError as error:
            outcome = error.verdict in {
                "not-a-certificate",
                "not-a-key",
                "key-encrypted",
                "file-unreadable",
            }
        else:
            outcome = bool(material.items)
        assert outcome
