"""Files as ``openssl`` writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlsx.certificates.describe import describe
from mtlsx.certificates.describe_crl import describe_crl
from mtlsx.certificates.load import Material, load_file, public_key_matches
from mtlsx.certificates.names import format_name
from mtlsx.secret import Secret
from support.openssl_pki import DEVICE, PASSPHRASE, Pki, openssl

pytestmark = pytest.mark.e2e


def load(path: Path) -> Material:
    return load_file(str(path), passphrase=Secret(PASSPHRASE))


def test_names_and_fingerprints_are_those_that_openssl_prints(pki: Pki) -> None:
    (certificate,) = load(pki.device.certificate).certificates
    about = describe(certificate)
    assert format_name(about.subject or ()) == f"CN={DEVICE}"
    for digest in ("sha256", "sha1", "md5"):
        printed = openssl(
            "x509", "-in", pki.device.certificate, "-noout", "-fingerprint", f"-{digest}"
        )
        assert getattr(about, digest) == printed.strip().rpartition("=")[2].replace(":", "").lower()
    printed = openssl("x509", "-in", pki.device.certificate, "-noout", "-serial")
    assert int(printed.strip().removeprefix("serial="), 16) == about.serial


def test_text_and_trust_settings_around_a_certificate(pki: Pki, tmp_path: Path) -> None:
    expected = load(pki.device.certificate).certificates
    for options in (["-text"], ["-trustout", "-addtrust", "clientAuth"], ["-outform", "der"]):
        path = tmp_path / "other"
        openssl("x509", "-in", pki.device.certificate, "-out", path, *options)
        assert load(path).certificates == expected
        assert load(path).notes == ()


@pytest.mark.parametrize("form", ["pem", "der"])
def test_pkcs7(pki: Pki, tmp_path: Path, form: str) -> None:
    path = tmp_path / "bundle.p7b"
    openssl("crl2pkcs7", "-in", pki.crl, "-certfile", pki.device_with_its_chain.certificate, "-outform", form, "-out", path)  # fmt: skip
    material = load(path)
    assert set(material.certificates) == set(
        load(pki.device_with_its_chain.certificate).certificates
    )
    assert material.crls == load(pki.crl).crls


def test_keys_that_are_one_key_in_other_clothes(pki: Pki) -> None:
    for pair, path, encrypted in (
        (pki.device, pki.device.key, False),
        (pki.device, pki.device_der.key, False),
        (pki.device, pki.encrypted_pkcs8_key, True),
        (pki.device, pki.pkcs12, True),
        (pki.device, pki.certificate_and_key_in_one_file, False),
        (pki.device_rsa, pki.device_rsa.key, False),
        (pki.device_rsa, pki.encrypted_traditional_key, True),
    ):
        (certificate,) = load(pair.certificate).certificates
        (key,) = load(path).keys
        assert key.encrypted is encrypted
        assert key.der is not None
        assert public_key_matches(certificate, key.der), path


@pytest.mark.parametrize("legacy", [False, True])
def test_pkcs12_old_and_new(pki: Pki, tmp_path: Path, legacy: bool) -> None:
    path = tmp_path / "device.p12"
    openssl("pkcs12", "-export", *["-legacy"] * legacy, "-in", pki.device.certificate, "-inkey", pki.device.key,
            "-out", path, "-passout", f"pass:{PASSPHRASE}")  # fmt: skip
    assert load(path).certificates == load(pki.device.certificate).certificates
    # What "openssl pkcs12" prints has "Bag Attributes" around each block.
    opened = tmp_path / "opened.pem"
    openssl("pkcs12", *["-legacy"] * legacy, "-in", path, "-out", opened, "-nodes", "-passin", f"pass:{PASSPHRASE}")  # fmt: skip
    assert "Bag Attributes" in opened.read_text()
    assert load(opened).certificates == load(path).certificates
    assert [key.der for key in load(opened).keys] == [key.der for key in load(path).keys]


def test_a_key_with_its_parameters_before_it(tmp_path: Path) -> None:
    path = tmp_path / "ec.key"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", path)
    assert "BEGIN EC PARAMETERS" in path.read_text()
    (key,) = load(path).keys
    assert key.line == 4
    assert key.der is not None


def test_a_revocation_list(pki: Pki) -> None:
    (crl,) = load(pki.crl).crls
    revoked = [
        describe(load(pair.certificate).certificates[0]).serial
        for pair in (pki.device_revoked, pki.server_revoked)
    ]
    about = describe_crl(crl, entries=10)
    assert sorted(entry.serial for entry in about.entries) == sorted(revoked)
