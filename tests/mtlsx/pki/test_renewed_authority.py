"""An authority's own certificate is renewed: what it issued goes on, and everybody gets the new one from then on."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from mtlsx.errors import UsageError
from mtlsx.pki.authority import Authority
from mtlsx.pki.certify import Kind, Wanted, serial_text
from mtlsx.pki.crls import Reason
from mtlsx.pki.export import credentials, files, pem
from mtlsx.pki.folder import Issued
from mtlsx.pki.keys import KeyKind
from mtlsx.pki.names import parse_subject
from mtlsx.pki.workbench import Workbench
from mtlsx.secret import Secret
from support.issued_pki import issue_device, make_intermediate, make_root
from support.openssl_pki import openssl
from support.whole_folder import require_whole


def renew(bench: Workbench, name: str, *, days: int = 5000) -> Authority:
    issuer = bench.issuer_of(bench.authority(name))
    return bench.renew(name, (issuer, issuer.open(None)), days=days)


def require_verified(tmp_path: Path, root: Authority, made: Issued, *chain: Authority) -> None:
    """Ask openssl, in its strict mode."""
    (tmp_path / "device.crt").write_bytes(made.certificate)
    (tmp_path / "chain.crt").write_bytes(pem(*(each.certificate for each in chain)))
    between = ("-untrusted", tmp_path / "chain.crt") if chain else ()
    said = openssl(
        "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", root.folder.path / "ca.crt", *between,
        tmp_path / "device.crt",
    )  # fmt: skip
    assert said == f"{tmp_path / 'device.crt'}: OK\n"


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.RSA_2048, KeyKind.ED25519])
def test_what_a_root_issued_goes_on(tmp_path: Path, kind: KeyKind) -> None:
    bench = Workbench(tmp_path / "pki")
    old = make_root(bench.directory, key=kind)
    before = issue_device(old, "dev-1")
    new = renew(bench, "demo")
    was, now = old.certificate, new.certificate
    assert (now.subject, now.issuer, now.public_key()) == (
        was.subject,
        was.issuer,
        was.public_key(),
    )
    assert now.serial_number != was.serial_number
    assert (now.not_valid_after_utc - was.not_valid_after_utc).days >= 1349
    assert [each.value for each in now.extensions] == [each.value for each in was.extensions]
    require_verified(tmp_path, new, before)
    require_verified(tmp_path, new, issue_device(new, "dev-2"))
    again = require_whole(new.folder.path)
    # The old certificate stays listed, with who took its place, and is kept.
    first, _, second, _ = again.index.entries.values()
    assert (first.serial, second.serial) == (
        serial_text(was.serial_number), serial_text(now.serial_number),
    )  # fmt: skip
    assert second.renews == first.serial in again.index.renewed()
    assert again.issued_certificate(first.serial) == was


def test_an_intermediate_is_signed_by_the_one_above(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "pki")
    root = make_root(bench.directory)
    plant = make_intermediate(bench.directory, root)
    line = make_intermediate(bench.directory, plant, "line")
    device = issue_device(line, "dev-1")
    new = renew(bench, "plant", days=100)
    assert (new.certificate.subject, new.certificate.public_key()) == (
        plant.certificate.subject, plant.certificate.public_key(),
    )  # fmt: skip
    assert new.certificate.serial_number != plant.certificate.serial_number
    new.certificate.verify_directly_issued_by(root.certificate)
    below = require_whole(line.folder.path)
    assert below.issuers == (new.certificate, root.certificate)
    require_verified(tmp_path, root, device, below, new)
    # What is handed out from now on holds the new one.
    chain = credentials(below, below.find("dev-1")).chain
    assert chain == (line.certificate, new.certificate)
    handed = files(credentials(below, below.find("dev-1")), "pem", None)[0].content
    assert new.folder.path.joinpath("ca.crt").read_bytes() in handed
    above = require_whole(root.folder.path)
    *_, old, renewed = above.index.entries.values()
    assert (old.cn, renewed.cn, renewed.kind, renewed.renews) == (
        "plant",
        "plant",
        Kind.CA,
        old.serial,
    )


def test_all_below_a_renewed_root_hold_it(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "pki")
    root = make_root(bench.directory)
    plant = make_intermediate(bench.directory, root)
    line = make_intermediate(bench.directory, plant, "line")
    other = make_root(bench.directory, "other")
    device = issue_device(line, "dev-1")
    new = renew(bench, "demo")
    renew(bench, "demo")
    new = renew(bench, "plant", days=4000).issuers[0]
    assert {each.name: each.root for each in bench.authorities()} == {
        "demo": new, "plant": new, "line": new, "other": other.certificate,
    }  # fmt: skip
    require_verified(tmp_path, bench.authority("demo"), device, line, bench.authority("plant"))


def test_lists_of_revoked_ones_are_believed_below_the_new_one(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "pki")
    root = make_root(bench.directory)
    device = issue_device(root, "dev-1")
    root.write_crl(root.open(None), days=30)
    new = renew(bench, "demo")
    for _ in ("the list from before", "one made after"):
        (tmp_path / "device.crt").write_bytes(device.certificate)
        openssl(
            "verify", "-crl_check", "-CAfile", new.folder.path / "ca.crt",
            "-CRLfile", new.folder.path / "ca.crl", tmp_path / "device.crt",
        )  # fmt: skip
        new.write_crl(new.open(None), days=30)


def test_limits_stay(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "pki")
    wanted = Wanted(kind=Kind.CA, subject=parse_subject("/CN=demo"), days=10, path_length=0)
    root = bench.create("demo", wanted, KeyKind.P256, passphrase=Secret("psst"))
    key = (root.folder.path / "ca.key").read_bytes()
    new = bench.renew("demo", (root, root.open(Secret("psst"))), days=20)
    constraints = new.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.path_length) == (True, 0)
    assert (root.folder.path / "ca.key").read_bytes() == key


def test_a_revoked_authority_is_not_renewed(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "pki")
    root = make_root(bench.directory)
    plant = make_intermediate(bench.directory, root)
    root.revoke([serial_text(plant.certificate.serial_number)], Reason.CA_COMPROMISE)
    before = sorted(bench.directory.rglob("*"))
    with pytest.raises(UsageError, match="is revoked"):
        renew(bench, "plant")
    assert sorted(bench.directory.rglob("*")) == before
    assert bench.authority("plant").certificate == plant.certificate


def test_without_the_one_above_nothing_is_renewed(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "pki")
    make_intermediate(bench.directory, make_root(bench.directory))
    (bench.directory / "demo").rename(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="The authority above plant, CN=demo,O=Acme, is not in"):
        renew(bench, "plant")
