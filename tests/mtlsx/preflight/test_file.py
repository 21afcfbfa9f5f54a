"""The pre-flight check of a file: each fault has its id, and no file makes it raise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from ssl import DER_cert_to_PEM_cert

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.checks.usage import Purpose
from mtlsx.preflight.file import Asked, check_file
from mtlsx.secret import Secret
from support.made_pki import CLIENT, NOW, SERVER, Made, make
from support.odd_certificates import CN, SEQUENCE, attribute, certificate, oid, tlv
from support.vector_certificates import mutated_certificates, vector_certificates

ROOT = make("Root", ca=True, days=(-1, 3000))
PLANT = make("Plant CA", ROOT, ca=True, days=(-1, 1000))
DEVICE = make("dev", PLANT, usage=CLIENT, days=(-1, 200))
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505  (it is to be found weak)


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    path = tmp_path / "ca.crt"
    path.write_bytes(ROOT.pem)
    return str(path)


def check(data: bytes, now: datetime = NOW, **asked: object) -> dict[str, Finding]:
    """The findings on a file with the content ``data``, by id."""
    found = check_file("a.pem", Asked(**asked), now, data)  # type: ignore[arg-type]
    assert sound(found)
    return {each.id: each for each in found}


def failures(found: dict[str, Finding]) -> set[str]:
    return {name for name, each in found.items() if each.level is Level.FAILURE}


def warnings(found: dict[str, Finding]) -> set[str]:
    return {name for name, each in found.items() if each.level is Level.WARNING}


def pem(*chain: Made) -> bytes:
    return b"".join(each.pem for each in chain)


def key_file(directory: Path, made: Made, passphrase: bytes | None = None) -> str:
    path = directory / "a.key"
    how = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    path.touch(mode=0o600)
    path.write_bytes(made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    return str(path)


def test_a_chain_with_its_key_and_ca_is_in_order(tmp_path: Path, ca_file: str) -> None:
    found = check(pem(DEVICE, PLANT), key_file=key_file(tmp_path, DEVICE), ca_file=ca_file)
    assert failures(found) == set()
    topics = ["format", "key", "permissions", "dates", "usage", "strength", "chain", "issuers"]
    assert [each.topic for each in found.values()][:8] == topics
    assert found["chain-trusted"].what == "It leads to the CA file: dev ← Plant CA ← Root."


# The key


def test_without_a_key_the_key_is_not_checked() -> None:
    assert check(pem(DEVICE))["key-not-checked"].level is Level.NOTE
    assert failures(check(pem(DEVICE), needs_key=True)) == {"not-a-key"}


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    found = check(pem(DEVICE, PLANT), key_file=key_file(tmp_path, ROOT))
    assert failures(found) == {"key-mismatch"}


def test_a_key_in_the_same_file_counts() -> None:
    assert "key-matches" in check(pem(DEVICE) + DEVICE.key_pem)


@pytest.mark.parametrize(
    ("passphrase", "wanted"),
    [(None, "key-encrypted"), ("wrong", "passphrase-wrong"), ("right", "key-matches")],
)
def test_an_encrypted_key(tmp_path: Path, passphrase: str | None, wanted: str) -> None:
    secret = None if passphrase is None else Secret(passphrase)
    found = check(pem(DEVICE), key_file=key_file(tmp_path, DEVICE, b"right"), passphrase=secret)
    assert wanted in found
    assert failures(found) == ({wanted} if wanted != "key-matches" else set())


def test_a_passphrase_for_a_key_that_is_not_encrypted(tmp_path: Path) -> None:
    found = check(pem(DEVICE), key_file=key_file(tmp_path, DEVICE), passphrase=Secret("needless"))
    assert found["passphrase-not-needed"].level is Level.NOTE


@pytest.mark.parametrize("passphrase", [None, "wrong", "right"])
def test_a_pkcs12_archive(passphrase: str | None) -> None:
    data = pkcs12.serialize_key_and_certificates(
        b"dev",
        DEVICE.key,
        DEVICE.certificate,
        [PLANT.certificate],
        BestAvailableEncryption(b"right"),
    )
    found = check(data, passphrase=Secret(passphrase) if passphrase else None)
    wanted = {None: {"key-encrypted"}, "wrong": {"passphrase-wrong"}, "right": set()}
    assert failures(found) == wanted[passphrase]
    if passphrase == "right":
        assert {"file-is-not-pem", "key-matches"} <= found.keys()


def test_a_key_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    path.write_text("hello")
    assert failures(check(pem(DEVICE), key_file=str(path))) == {"not-a-key"}
    path.write_bytes(DEVICE.pem)
    found = check(pem(DEVICE), key_file=str(path))
    assert failures(found) == {"not-a-key"}
    assert "key-file-open-to-others" not in found
    assert failures(check(pem(DEVICE), key_file=str(tmp_path / "none"))) == {"file-missing"}


# Dates, usage, strength


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        (timedelta(days=201), {"own-cert-expired"}),
        (timedelta(days=-2), {"own-cert-not-yet-valid", "issuer-not-yet-valid"}),
        (timedelta(days=1001), {"own-cert-expired", "issuer-expired"}),
        (timedelta(days=190), set()),
    ],
)
def test_dates(moment: timedelta, wanted: set[str]) -> None:
    found = check(pem(DEVICE, PLANT), NOW + moment)
    assert failures(found) == wanted
    if not wanted:
        assert found["own-cert-ending"].what.endswith("10 days left.")


def test_usage_for_clients_and_servers() -> None:
    client, server, any_ = (make("x", ROOT, usage=usage) for usage in (CLIENT, SERVER, None))
    assert failures(check(client.pem)) == failures(check(any_.pem)) == set()
    assert failures(check(server.pem)) == {"own-cert-wrong-usage"}
    assert failures(check(server.pem, purpose=Purpose.SERVER)) == set()
    assert failures(check(client.pem, purpose=Purpose.SERVER)) == {"own-cert-wrong-usage"}


def test_any_extended_key_usage_does_not_count() -> None:
    any_ = make("x", ROOT, usage=x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    assert failures(check(any_.pem)) == {"own-cert-wrong-usage"}


def built(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
    issuer: Made = ROOT,
    cn: str = "x",
    critical: bool = False,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=100))
    )
    for each in extensions:
        builder = builder.add_extension(each, critical)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def usages(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in every})


def test_key_usage() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert failures(check(built(key, usages("key_encipherment")))) == {"own-cert-wrong-usage"}
    found = check(built(key, usages("key_encipherment")), purpose=Purpose.SERVER)
    assert failures(found) == set()
    assert "own-cert-cannot-sign" in warnings(found)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (WEAK, {"own-cert-weak"}),
        (rsa.generate_private_key(65537, 2048), set()),
        (ec.generate_private_key(ec.SECP192R1()), {"own-cert-weak"}),
    ],
)
def test_strength(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, wanted: set[str]) -> None:
    assert failures(check(built(key))) == wanted


def test_a_weak_hash() -> None:
    sha1 = tlv(SEQUENCE, oid("1.2.840.10045.4.1"))
    assert "own-cert-weak" in failures(check(certificate(attribute(CN, "dev"), algorithm=sha1)))


def test_a_curve_that_tls_1_3_does_not_know() -> None:
    found = check(built(ec.generate_private_key(ec.SECP256K1())))
    assert failures(found) == set()
    assert "own-cert-curve" in warnings(found)


def test_a_critical_extension_that_nobody_knows() -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
    found = check(built(ec.generate_private_key(ec.SECP256R1()), odd, critical=True))
    assert failures(found) == {"unknown-critical-extension"}


# The chain


def test_no_ca_at_hand() -> None:
    found = check(pem(DEVICE))
    assert found["chain-not-checked"].level is Level.NOTE
    assert failures(found) == set()


@pytest.mark.parametrize(
    ("chain", "ca", "wanted"),
    [
        ([DEVICE, PLANT], ROOT, "chain-trusted"),
        ([DEVICE], ROOT, "chain-unknown-ca"),
        ([DEVICE, PLANT], make("Other CA", ca=True), "chain-unknown-ca"),
        ([DEVICE, PLANT], make("Root", ca=True), "chain-namesake-ca"),
        ([DEVICE], PLANT, "chain-without-root"),
        ([DEVICE, PLANT, ROOT], make("Other CA", ca=True), "chain-unknown-ca"),
        ([make("alone")], ROOT, "own-cert-self-signed"),
    ],
)
def test_where_the_chain_leads(tmp_path: Path, chain: list[Made], ca: Made, wanted: str) -> None:
    path = tmp_path / "ca.crt"
    path.write_bytes(ca.pem)
    found = check(pem(*chain), ca_file=str(path))
    assert wanted in found
    assert failures(found) == ({wanted} - {"chain-trusted"})


def test_a_self_signed_certificate_that_the_ca_file_holds(tmp_path: Path) -> None:
    alone = make("alone", usage=CLIENT)
    path = tmp_path / "ca.crt"
    path.write_bytes(alone.pem)
    assert "chain-trusted" in check(alone.pem, ca_file=str(path))
    assert "own-cert-self-signed" in warnings(check(alone.pem))


def test_an_intermediate_that_only_the_ca_file_has(tmp_path: Path) -> None:
    path = tmp_path / "ca.crt"
    path.write_bytes(pem(PLANT, ROOT))
    found = check(pem(DEVICE), ca_file=str(path))
    assert failures(found) == set()
    assert '"Plant CA"' in found["own-chain-incomplete"].what


def again(made_: Made, issuer: Made | None = None, days: tuple[int, int] = (-1, 900)) -> Made:
    """Another certificate of the same CA: its name and key, other dates or another issuer."""
    certificate = made_.certificate
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(issuer.certificate.subject if issuer else certificate.subject)
        .public_key(certificate.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return Made(builder.sign(issuer.key if issuer else made_.key, hashes.SHA256()), made_.key)


@pytest.mark.parametrize("new_first", [True, False])
def test_a_ca_file_with_a_root_and_its_renewal(tmp_path: Path, new_first: bool) -> None:
    old, new = again(ROOT, days=(-90, -2)), ROOT
    path = tmp_path / "ca.crt"
    path.write_bytes(pem(*((new, old) if new_first else (old, new))))
    found = check(pem(DEVICE, PLANT), ca_file=str(path))
    assert failures(found) == set()
    path.write_bytes(old.pem)
    assert failures(check(pem(DEVICE, PLANT), ca_file=str(path))) == {"issuer-expired"}


def test_a_root_that_another_ca_has_signed_too(ca_file: str) -> None:
    crossed = again(ROOT, make("Older Root", ca=True))
    found = check(pem(DEVICE, PLANT, crossed), ca_file=ca_file)
    assert failures(found) == set()
    assert found["chain-trusted"].what.endswith("dev ← Plant CA ← Root.")
    assert "unrelated-certificate" not in found


def test_a_ca_file_with_certificates_that_openssl_cannot_read(tmp_path: Path) -> None:
    odd = certificate(attribute(CN, "Odd CA"), key=tlv(SEQUENCE, tlv(SEQUENCE), tlv(3, b"\0")))
    path = tmp_path / "ca.crt"
    path.write_bytes(DER_cert_to_PEM_cert(odd).encode() + ROOT.pem)
    assert failures(check(pem(DEVICE, PLANT), ca_file=str(path))) == set()


def test_where_a_missing_issuer_can_be_fetched(ca_file: str) -> None:
    address = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                x509.oid.AuthorityInformationAccessOID.CA_ISSUERS,
                x509.UniformResourceIdentifier("http://pki.example/plant.cer"),
            )
        ]
    )
    leaf = built(ec.generate_private_key(ec.SECP256R1()), address, issuer=PLANT)
    fix = check(leaf, ca_file=ca_file)["chain-unknown-ca"].fix
    assert fix is not None
    assert "http://pki.example/plant.cer" in fix


@pytest.mark.parametrize(
    ("chain", "wanted"),
    [
        ([PLANT, DEVICE], {"own-cert-not-first"}),
        ([DEVICE, PLANT, PLANT], {"duplicate-certificate"}),
        ([DEVICE, ROOT, PLANT], {"chain-out-of-order"}),
        ([DEVICE, PLANT, make("stranger")], {"unrelated-certificate"}),
        ([DEVICE, ROOT], {"own-chain-incomplete"}),
        ([DEVICE, PLANT, ROOT], {"root-in-file"}),
        ([DEVICE, PLANT], set()),
    ],
)
def test_the_order_of_a_file(chain: list[Made], wanted: set[str]) -> None:
    about_order = {
        "own-cert-not-first", "duplicate-certificate", "chain-out-of-order",
        "unrelated-certificate", "own-chain-incomplete", "root-in-file",
    }  # fmt: skip
    found = check(pem(*chain))
    assert (
        set(found) & about_order - (set() if "root-in-file" in wanted else {"root-in-file"})
        == wanted
    )


def test_a_ca_file_without_a_ca(tmp_path: Path) -> None:
    path = tmp_path / "ca.crt"
    path.write_bytes(DEVICE.pem)
    assert failures(check(pem(DEVICE), ca_file=str(path))) == {"ca-file-has-no-ca"}
    assert failures(check(pem(DEVICE), ca_file=str(tmp_path / "none"))) == {"file-missing"}


def test_an_issuer_that_is_no_ca(tmp_path: Path) -> None:
    false = make("No CA", ROOT)
    path = tmp_path / "ca.crt"
    path.write_bytes(ROOT.pem)
    found = check(pem(make("dev", false), false), ca_file=str(path))
    assert failures(found) == {"issuer-not-a-ca"}


def test_a_ca_certificate_is_judged_as_one() -> None:
    found = check(ROOT.pem)
    assert failures(found) == set()
    assert {"own-cert-is-ca", "chain-is-root"} <= found.keys()
    assert "strict-ca-without-key-usage" in warnings(found)


def test_a_file_of_several_cas_is_a_bundle() -> None:
    others = [make(f"CA {number}", ca=True) for number in range(4)]
    found = check(pem(ROOT, *others))
    assert found["ca-bundle"].what == (
        'The file holds 5 certificates: "Root", "CA 0", "CA 1" and 2 more.'
    )
    assert "unrelated-certificate" not in found
    old = make("Old CA", ca=True, days=(-9, -2))
    assert "ca-expired" in warnings(check(pem(ROOT, old)))
    assert "ca-expired" in failures(check(pem(old, old)))


# Names


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        (("broker.example",), "broker.example", True),
        (("*.example.com",), "broker.example.com", True),
        (("*.example.com",), "a.b.example.com", False),
        (("192.0.2.7",), "192.0.2.7", True),
        (("2001:db8::7",), "2001:db8::7", True),
        (("broker.example",), "192.0.2.7", False),
        ((), "broker.example", False),
    ],
)
def test_names(names: tuple[str, ...], host: str, fits: bool) -> None:
    server = make("broker.example", ROOT, usage=SERVER, names=names)
    assert failures(check(server.pem, host=host)) == (set() if fits else {"name-mismatch"})


def test_a_name_in_the_cn_alone_is_said_not_to_count() -> None:
    found = check(make("broker.example", ROOT, usage=SERVER).pem, host="broker.example")
    assert "common name is the same" in (found["name-mismatch"].why or "")


def test_a_server_without_names() -> None:
    server = make("broker.example", ROOT, usage=SERVER)
    assert "no-alternative-names" in warnings(check(server.pem, purpose=Purpose.SERVER))


# Brokers and strict verifiers


def test_names_that_a_broker_refuses() -> None:
    assert "no-cn" in warnings(check(make(None, ROOT, names=("dev.example",)).pem))
    found = check(make("dev\x07", ROOT).pem)
    assert "invalid-cn" in warnings(found)
    assert "brokers-agree" in check(DEVICE.pem)


def test_surprises_are_counted_not_told() -> None:
    found = check(make("dev one", ROOT).pem)
    assert found["broker-surprises"].level is Level.NOTE


def test_what_strict_verifiers_refuse_is_a_warning() -> None:
    found = check(pem(DEVICE, PLANT, ROOT))
    assert "strict-ca-without-key-usage" in warnings(found)
    assert "strict-without-authority-key-id" in warnings(found)
    assert failures(found) == set()


# The file itself


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (DEVICE.pem, "file-is-pem"),
        (DEVICE.pem.replace(b"\n", b"\r\n"), "file-is-pem"),
        (DEVICE.der, "file-is-not-pem"),
        (b"\xef\xbb\xbf" + DEVICE.pem, "file-begins-with-bom"),
        (DEVICE.pem.decode().encode("utf-16"), "file-is-utf-16"),
        (DEVICE.pem.replace(b"\n", b"\r"), "file-has-cr-line-ends"),
        (b"  " + DEVICE.pem.replace(b"\n", b"\n  "), "file-is-indented"),
        (DEVICE.pem.replace(b"\n", b"\n\n", 2), "file-has-gaps"),
        (b"".join(DEVICE.pem.splitlines()[1:-1]), "file-without-armour"),
        (DEVICE.pem.replace(b" CERT", b" TRUSTED CERT"), "file-is-for-openssl-only"),
        (DEVICE.pem[:-60], "not-a-certificate"),
        (DEVICE.key_pem, "not-a-certificate"),
        (b"", "not-a-certificate"),
        (b"hello", "not-a-certificate"),
    ],
)
def test_the_form_of_a_file(data: bytes, wanted: str) -> None:
    assert wanted in check(data)


def test_a_missing_file() -> None:
    found = check_file("/nowhere/a.crt", Asked(), NOW)
    assert [each.id for each in found] == ["file-missing"]


# Whatever comes


def sound(found: Sequence[Finding]) -> bool:
    """Each has its words, and what is wrong has a fix."""
    wrong = [each for each in found if each.level in (Level.WARNING, Level.FAILURE)]
    return (
        bool(found)
        and all(each.id and each.topic and each.what.endswith(".") for each in found)
        and all(each.fix for each in wrong)
    )


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert sound(check_file("a.crt", Asked(), NOW, data))


def test_no_damaged_certificate_makes_it_raise() -> None:
    for data in mutated_certificates(400):
        for host in (None, "h.example", "192.0.2.1"):
            assert sound(check_file("a.crt", Asked(host=host), NOW, data))


def test_each_vector_is_checked() -> None:
    for data in vector_certificates().values():
        assert sound(check_file("a.crt", Asked(), NOW, data))


@given(st.lists(st.sampled_from([DEVICE.pem, PLANT.pem, ROOT.pem, DEVICE.key_pem, b"junk\n"])))
def test_no_order_makes_it_raise(blocks: list[bytes]) -> None:
    assert sound(check_file("a.crt", Asked(), NOW, b"".join(blocks)))


@given(st.text(max_size=30))
def test_no_name_makes_it_raise(cn: str) -> None:
    odd = certificate(attribute(CN, cn.encode(errors="surrogatepass")))
    assert sound(check_file("a.crt", Asked(), NOW, odd))
