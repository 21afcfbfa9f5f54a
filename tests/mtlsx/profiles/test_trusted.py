"""CA certificates that a person chose to trust: where they are kept, and that nothing is written over."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mtlsx.certificates.load import load_file
from mtlsx.client.settings import ConnectionSettings
from mtlsx.errors import UsageError
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.trusted import keep_ca, trusting
from mtlsx.tls.settings import TlsSettings
from support.openssl_pki import Pki

DER = b"\x30\x80 some certificate"


def test_a_profile_finds_the_file_again(tmp_path: Path) -> None:
    library = ProfileLibrary(tmp_path)
    tls = TlsSettings(ca_file="old.pem", certificate_file="dev.pem")
    profile = Profile(name="dev", connection=ConnectionSettings(host="h", port=1, tls=tls))
    trusted = trusting(profile, keep_ca(tmp_path, "Demo CA / ü", DER))
    library.save(trusted)
    (saved,) = library.list().profiles
    path = library.connection(saved).tls.ca_file
    assert path is not None
    assert Path(path).read_text().startswith("-----BEGIN CERTIFICATE-----\n")
    assert Path(path).name.startswith("Demo-CA-")
    assert saved.connection.tls.certificate_file == "dev.pem"
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o644


def test_the_same_certificate_is_kept_once(tmp_path: Path) -> None:
    assert keep_ca(tmp_path, "CA", DER) == keep_ca(tmp_path, "CA", DER)
    assert keep_ca(tmp_path, "CA", DER + b"2") != keep_ca(tmp_path, "CA", DER)
    assert len(list((tmp_path / "cas").iterdir())) == 2


def test_nothing_is_written_over(tmp_path: Path) -> None:
    keep_ca(tmp_path, "CA", DER)
    (file,) = (tmp_path / "cas").iterdir()
    file.write_bytes(b"mine")
    with pytest.raises(UsageError, match="holds something else"):
        keep_ca(tmp_path, "CA", DER)
    assert file.read_bytes() == b"mine"


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cas").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"):
        keep_ca(tmp_path, "../../etc/passwd", DER)


def test_what_is_written_can_be_read(tmp_path: Path, pki: Pki) -> None:
    (certificate,) = load_file(str(pki.ca.certificate)).certificates
    keep_ca(tmp_path, "", certificate)
    (file,) = (tmp_path / "cas").iterdir()
    assert file.name.startswith("ca-")
    assert load_file(str(file)).certificates == (certificate,)
