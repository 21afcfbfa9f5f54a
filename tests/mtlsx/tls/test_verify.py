"""Verification says what ``openssl verify`` says, about the same certificate at the same depth."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mtlsx.certificates.load import load_file
from mtlsx.pki.authority import Admission, Authority
from mtlsx.pki.certify import Kind, Wanted
from mtlsx.pki.crls import Reason
from mtlsx.pki.keys import KeyKind
from mtlsx.pki.names import parse_alternative_name, parse_subject
from mtlsx.tls.verify import Purpose, verify
from support.issued_pki import issue_device, issue_server, make_intermediate, make_root
from support.openssl_pki import Pki, openssl
from support.programs import find

pytestmark = pytest.mark.e2e


if TYPE_CHECKING:
    from cryptography import x509


def der(*certificates: x509.Certificate) -> list[bytes]:
    return [each.public_bytes(Encoding.DER) for each in certificates]


def pem(path: Path, *certificates: x509.Certificate) -> Path:
    path.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    return path


def require_accepted(directory: Path, authority: Authority, serial: str, purpose: Purpose) -> None:
    """openssl and we accept it, strictly and for its purpose, and not for the other."""
    certificate = authority.issued_certificate(serial)
    files = ["-CAfile", pem(directory / "root.pem", authority.root)]
    if authority.chain:
        files += ["-untrusted", pem(directory / "chain.pem", *authority.chain)]
    leaf = pem(directory / "leaf.pem", certificate)
    openssl("verify", "-x509_strict", "-purpose", purpose, *files, leaf)
    anchors, untrusted = der(authority.root), der(*authority.chain)
    ours = verify(
        *der(certificate), anchors=anchors, untrusted=untrusted, purpose=purpose, strict=True
    )
    assert ours.error is None
    assert ours.chain == tuple(der(certificate, *authority.chain, authority.root))
    other: Purpose = "sslserver" if purpose == "sslclient" else "sslclient"
    wrong = verify(*der(certificate), anchors=anchors, untrusted=untrusted, purpose=other)
    theirs = subprocess.run(
        [find("openssl"), "verify", "-purpose", other, *map(str, files), leaf],
        capture_output=True,
        text=True,
    )
    assert wrong.error is not None
    assert (wrong.error[0], wrong.depth) == openssl_error(theirs.stderr)


def openssl_error(said: str) -> tuple[int, int]:
    found = re.search(r"error (\d+) at (\d+) depth lookup", said)
    assert found, said
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("kind", KeyKind)
def test_openssl_accepts_all_that_is_issued_strictly(tmp_path: Path, kind: KeyKind) -> None:
    root = make_root(tmp_path / "pki", key=kind)
    plant = make_intermediate(tmp_path / "pki", root, key=kind)
    for authority in (root, plant):
        require_accepted(
            tmp_path, authority, issue_device(authority, "dev", kind).entry.serial, "sslclient"
        )
        require_accepted(
            tmp_path, authority, issue_server(authority, kind).entry.serial, "sslserver"
        )


def test_a_certificate_without_subject_has_critical_names(tmp_path: Path) -> None:
    root = make_root(tmp_path / "pki")
    wanted = Wanted(
        kind=Kind.SERVER, subject=parse_subject("/"), days=9,
        alternative_names=(parse_alternative_name("broker.example"),),
    )  # fmt: skip
    made = root.issue(root.open(None), wanted, KeyKind.P256, admission=Admission())
    require_accepted(tmp_path, root, made.entry.serial, "sslserver")


def test_the_same_faults_as_openssl(tmp_path: Path, pki: Pki) -> None:
    cases = [
        (pki.device_of_another_ca, []),
        (pki.device_self_signed, []),
        (pki.device_expired, []),
        (pki.device_not_yet_valid, []),
        (pki.device_behind_the_intermediate, []),
        (pki.device_for_servers, ["-purpose", "sslclient"]),
        (pki.device_of_the_namesake, []),
    ]
    anchors = load_file(str(pki.ca.certificate)).certificates
    for pair, options in cases:
        said = subprocess.run(
            [find("openssl"), "verify", "-CAfile", pki.ca.certificate, *options, pair.certificate],
            capture_output=True, text=True,
        ).stderr  # fmt: skip
        ours = verify(
            load_file(str(pair.certificate)).certificates[0], anchors=anchors,
            purpose="sslclient" if options else None,
        )  # fmt: skip
        assert ours.error is not None
        assert (ours.error[0], ours.depth) == openssl_error(said), pair


def test_a_revoked_certificate_is_told_as_openssl_tells_it(tmp_path: Path) -> None:
    root = make_root(tmp_path / "pki")
    good, bad = (issue_device(root, cn).entry.serial for cn in ("good", "bad"))
    root.revoke([bad], Reason.KEY_COMPROMISE)
    crl = root.write_crl(root.open(None), days=30)
    path = root.folder.path
    openssl("verify", "-CAfile", path / "ca.crt", "-CRLfile", path / "ca.crl", "-crl_check_all",
            path / "certs" / f"{good}.crt")  # fmt: skip
    said = subprocess.run(
        [find("openssl"), "verify", "-CAfile", path / "ca.crt", "-CRLfile", path / "ca.crl",
         "-crl_check_all", path / "certs" / f"{bad}.crt"], capture_output=True, text=True,
    )  # fmt: skip
    crls = [crl.public_bytes(Encoding.DER)]
    assert (
        verify(*der(root.issued_certificate(good)), anchors=der(root.root), crls=crls).error is None
    )
    ours = verify(*der(root.issued_certificate(bad)), anchors=der(root.root), crls=crls)
    assert ours.error is not None
    assert (ours.error[0], ours.depth) == openssl_error(said.stderr) == (23, 0)
    assert ours.error[1] == "certificate revoked"


def test_another_moment(tmp_path: Path) -> None:
    root = make_root(tmp_path / "pki")
    certificate = root.issued_certificate(issue_device(root, "dev").entry.serial)
    later = datetime.now(UTC) + timedelta(days=366)
    ours = verify(*der(certificate), anchors=der(root.root), moment=later)
    assert ours.error == (10, "certificate has expired")
    assert ours.at == der(certificate)[0]
