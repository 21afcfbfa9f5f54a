"""What the form of a profile shows live: findings on TLS settings, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.preflight.connection import check_settings
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings
from support.made_pki import CLIENT, NOW, SERVER, Made, make

ROOT = make("Demo CA", ca=True)
PLANT = make("Plant CA", ROOT, ca=True)
DEVICE = make("dev-1", ROOT, usage=CLIENT)


def found(settings: TlsSettings, host: str = "broker.example") -> dict[str, Finding]:
    return {each.id: each for each in check_settings(settings, host, NOW)}


def failures(settings: TlsSettings) -> set[str]:
    return {name for name, each in found(settings).items() if each.level is Level.FAILURE}


def written(directory: Path, name: str, made: Made) -> str:
    path = directory / name
    path.write_bytes(made.pem)
    return str(path)


def test_what_a_good_profile_shows(tmp_path: Path) -> None:
    certificate, key = DEVICE.save(tmp_path, "dev")
    Path(key).chmod(0o600)
    ca = written(tmp_path, "ca.crt", ROOT)
    shown = found(TlsSettings(ca_file=ca, certificate_file=certificate, key_file=key))
    assert {"ca-file-fits", "key-matches", "own-cert-in-date"} <= shown.keys()
    assert {each.level for each in shown.values()} <= {Level.OK, Level.NOTE, Level.WARNING}


def test_nothing_given_is_nothing_wrong() -> None:
    assert found(TlsSettings()).keys() == {"ca-of-the-system", "no-client-certificate"}


def test_that_the_servers_ca_is_another_is_no_fault(tmp_path: Path) -> None:
    certificate, key = DEVICE.save(tmp_path, "dev")
    ca = written(tmp_path, "ca.crt", make("Server CA", ca=True))
    settings = TlsSettings(ca_file=ca, certificate_file=certificate, key_file=key)
    assert failures(settings) == set()


def test_an_intermediate_in_the_ca_file_proves_a_gap(tmp_path: Path) -> None:
    certificate, key = make("dev-1", PLANT).save(tmp_path, "dev")
    ca = written(tmp_path, "ca.crt", PLANT)
    shown = found(TlsSettings(ca_file=ca, certificate_file=certificate, key_file=key))
    assert "own-chain-incomplete" in shown


@pytest.mark.parametrize(("ca_days", "wanted"), [((-9, -2), {"ca-expired"}), ((-9, 900), set())])
def test_a_ca_that_has_expired(tmp_path: Path, ca_days: tuple[int, int], wanted: set[str]) -> None:
    ca = written(tmp_path, "ca.crt", make("Old CA", ca=True, days=ca_days))
    assert failures(TlsSettings(ca_file=ca)) == wanted


def test_each_file_that_cannot_be_used(tmp_path: Path) -> None:
    certificate, key = DEVICE.save(tmp_path, "dev")
    none = str(tmp_path / "none")
    assert failures(TlsSettings(ca_file=none)) == {"file-missing"}
    assert failures(TlsSettings(ca_file=certificate)) == {"ca-file-has-no-ca"}
    assert failures(TlsSettings(crl_file=certificate)) == {"file-unreadable"}
    assert failures(TlsSettings(key_file=key)) == {"not-a-certificate"}
    assert failures(TlsSettings(certificate_file=certificate)) == {"not-a-key"}
    assert failures(TlsSettings(certificate_file=certificate, key_file=none)) == {"file-missing"}


def test_switches_that_leave_the_server_unchecked() -> None:
    assert "verification-off" in found(TlsSettings(verify_chain=False))
    assert "for whom it is" in found(TlsSettings(verify_name=False))["verification-off"].what


def test_an_address_gets_no_server_name() -> None:
    assert "no-server-name" in found(TlsSettings(), host="192.0.2.7")
    assert "no-server-name" not in found(TlsSettings(sni="broker"), host="192.0.2.7")


def test_faults_of_the_client_certificate_are_those_of_cert_check(tmp_path: Path) -> None:
    certificate, key = make("dev-1", ROOT, usage=SERVER).save(tmp_path, "dev")
    settings = TlsSettings(certificate_file=certificate, key_file=key)
    assert failures(settings) == {"own-cert-wrong-usage"}


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "", ".", "a" * 5000])
def test_names_that_no_file_can_have(name: str) -> None:
    settings = TlsSettings(ca_file=name, certificate_file=name, key_file=name, crl_file=name)
    assert failures(settings) <= {"file-missing", "file-unreadable"}


@given(
    path=st.none() | st.text(max_size=20),
    key=st.none() | st.text(max_size=20),
    ca=st.none() | st.text(max_size=20),
    host=st.text(max_size=20),
)
def test_half_typed_settings_never_raise(
    path: str | None, key: str | None, ca: str | None, host: str
) -> None:
    settings = TlsSettings(
        certificate_file=path, key_file=key, ca_file=ca, passphrase=Secret("half")
    )
    assert check_settings(settings, host, NOW)
