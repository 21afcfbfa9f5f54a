"""What an authority issues, refuses, revokes and renews, and how its folder looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mtlsx.errors import MaterialError, UsageError
from mtlsx.pki.authority import Admission, Authority, names_of
from mtlsx.pki.certify import Kind, Wanted, certify, new_serial, serial_text
from mtlsx.pki.crls import Reason
from mtlsx.pki.keys import KeyKind, generate
from mtlsx.pki.names import parse_subject
from mtlsx.pki.requests import make_request, read_request, requested_names
from mtlsx.pki.workbench import Workbench
from mtlsx.secret import Secret
from support.issued_pki import issue_device, issue_server, make_intermediate, make_root
from support.whole_folder import require_whole


@pytest.fixture
def root(tmp_path: Path) -> Authority:
    return make_root(tmp_path)


def extension(certificate: x509.Certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def test_a_device_is_issued_and_kept(root: Authority) -> None:
    made = issue_device(root, "dev-1", subject="/O=Acme")
    assert (made.entry.cn, made.entry.dn) == ("dev-1", "CN=dev-1,O=Acme")
    authority = require_whole(root.folder.path)
    assert authority.index.entries[made.entry.serial].kind is Kind.DEVICE
    assert authority.folder.certificate(made.entry.serial) == made.certificate
    assert authority.folder.path.stat().st_mode & 0o777 == 0o700
    assert (authority.folder.path / "ca.key").stat().st_mode & 0o777 == 0o600


def test_a_device_can_do_what_devices_do_and_no_more(root: Authority) -> None:
    certificate = root.issued_certificate(issue_device(root, "dev").entry.serial)
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == [
        x509.ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    constraints = extension(certificate, x509.BasicConstraints)
    assert (constraints.value.ca, constraints.critical) == (False, True)
    usage = extension(certificate, x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (
        True,
        False,
        False,
    )


def test_serials_are_random_and_of_one_length() -> None:
    serials = {new_serial() for _ in range(1000)}
    assert len(serials) == 1000
    assert {len(serial_text(serial)) for serial in serials} == {40}
    assert all(serial.bit_length() <= 159 for serial in serials)  # RFC 5280: 20 octets, positive
    assert serial_text(0xABC) == "0ABC"


def test_an_identity_is_issued_once(root: Authority) -> None:
    first = issue_device(root, "dev-1", subject="/O=Acme")
    with pytest.raises(UsageError, match=r"CN dev-1 was already issued on .* is not revoked"):
        issue_device(root, "dev-1", subject="/O=Other")
    # Another DN is another identity where the broker takes the DN.
    by_dn = Admission(identity="dn")
    issue_device(root, "dev-1", subject="/O=Other", admission=by_dn)
    with pytest.raises(UsageError, match="DN CN=dev-1,O=Acme was already issued"):
        issue_device(root, "dev-1", subject="/O=Acme", admission=by_dn)
    # The md5 is of the whole certificate.
    issue_device(root, "dev-1", subject="/O=Acme", admission=Admission(identity="md5"))
    issue_device(root, "dev-1", subject="/O=Acme", admission=Admission(duplicates=True))
    root.revoke([first.entry.serial], Reason.SUPERSEDED)
    require_whole(root.folder.path)


def test_a_revoked_identity_is_free_again(root: Authority) -> None:
    first = issue_device(root, "dev-1")
    root.revoke([first.entry.serial], Reason.KEY_COMPROMISE)
    second = issue_device(root, "dev-1")
    assert second.entry.serial != first.entry.serial
    assert root.find("dev-1").serial == second.entry.serial


def test_what_is_refused_leaves_nothing(root: Authority) -> None:
    issue_device(root, "dev-1")
    before = sorted(root.folder.path.rglob("*"))
    with pytest.raises(UsageError):
        issue_device(root, "dev-1")
    assert sorted(root.folder.path.rglob("*")) == before


def test_two_programs_do_not_issue_one_identity(root: Authority) -> None:
    other = Workbench(root.folder.path.parent).authority("demo")
    issue_device(root, "dev-1")
    with pytest.raises(UsageError, match="already issued"):
        issue_device(other, "dev-1")


def test_revoking_is_all_or_nothing(root: Authority) -> None:
    one, two = (issue_device(root, cn).entry.serial for cn in ("a", "b"))
    root.revoke([one], Reason.SUPERSEDED)
    with pytest.raises(UsageError, match="already revoked"):
        root.revoke([two, one], Reason.SUPERSEDED)
    with pytest.raises(UsageError, match="has issued no certificate 77"):
        root.revoke([two, "77"], Reason.SUPERSEDED)
    assert list(root.index.revoked) == [one]


def test_revocation_lists_name_what_is_revoked_and_count(root: Authority) -> None:
    one, two, three = (issue_device(root, cn).entry.serial for cn in "abc")
    root.revoke([one], Reason.KEY_COMPROMISE)
    root.revoke([two], Reason.UNSPECIFIED)
    first = root.write_crl(root.open(None), days=30)
    second = root.write_crl(root.open(None), days=30)
    kept = x509.load_pem_x509_crl((root.folder.path / "ca.crl").read_bytes())
    assert kept == second
    numbers = [extension(crl, x509.CRLNumber).value.crl_number for crl in (first, second)]
    assert numbers == [1, 2]
    assert kept.is_signature_valid(root.certificate.public_key())
    assert {f"{each.serial_number:X}" for each in kept} == {one, two}
    assert kept.get_revoked_certificate_by_serial_number(int(three, 16)) is None
    reasons = [
        None if not len(each.extensions) else each.extensions[0].value.reason.value for each in kept
    ]
    assert reasons == ["keyCompromise", None]


def test_renewing_keeps_the_names_and_changes_the_rest(root: Authority) -> None:
    old = issue_device(root, "dev-1", subject="/O=Acme", names=("dev.example", "192.0.2.1"))
    new = root.renew(root.open(None), old.entry, KeyKind.P256, days=30)
    was, now = (root.issued_certificate(each.entry.serial) for each in (old, new))
    assert (now.subject, names_of(now)) == (was.subject, names_of(was))
    assert now.public_key() != was.public_key()
    assert new.entry.renews == old.entry.serial
    assert root.find("dev-1").serial == new.entry.serial
    again = root.renew(root.open(None), new.entry, None, days=30)
    assert root.issued_certificate(again.entry.serial).public_key() == now.public_key()
    assert again.key == new.key
    require_whole(root.folder.path)


def test_what_is_revoked_is_not_renewed(root: Authority) -> None:
    old = issue_device(root, "dev-1").entry
    root.revoke([old.serial], Reason.SUPERSEDED)
    with pytest.raises(UsageError, match="is revoked"):
        root.renew(root.open(None), old, KeyKind.P256, days=30)
    with pytest.raises(UsageError, match="Every certificate of demo for dev-1 is revoked"):
        root.find("dev-1")


def test_certificates_are_found_by_serial_cn_and_dn(root: Authority) -> None:
    entry = issue_device(root, "dev-1", subject="/O=Acme").entry
    colons = ":".join(entry.serial[at : at + 2] for at in range(0, 40, 2)).lower()
    for text in (entry.serial, entry.serial.lower(), colons, "dev-1", "CN=dev-1,O=Acme"):
        assert root.find(text) == entry
    with pytest.raises(UsageError, match="no certificate for dev-2"):
        root.find("dev-2")


def test_an_authority_with_a_passphrase(tmp_path: Path) -> None:
    root = make_root(tmp_path, passphrase=Secret("psst"))
    assert root.key_is_encrypted
    with pytest.raises(MaterialError) as error:
        root.open(None)
    assert error.value.verdict == "key-encrypted"
    assert root.open(Secret("psst")).key.public_key() == root.certificate.public_key()
    assert "psst" not in repr(root.open(Secret("psst")))


def test_an_intermediate_knows_its_way_to_the_root(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    plant = make_intermediate(tmp_path, root)
    line = make_intermediate(tmp_path, plant, "line")
    assert line.chain == (line.certificate, plant.certificate)
    assert line.root == root.certificate
    assert (root.chain, root.root) == ((), root.certificate)
    workbench = Workbench(tmp_path)
    assert [each.name for each in workbench.authorities()] == ["demo", "line", "plant"]
    assert workbench.authority(None).name == "line"  # the only one with none below


def test_one_of_several_authorities_must_be_named(tmp_path: Path) -> None:
    workbench = Workbench(tmp_path)
    with pytest.raises(UsageError, match="There is no authority in"):
        workbench.authority(None)
    make_root(tmp_path, "one")
    make_root(tmp_path, "two")
    with pytest.raises(UsageError, match="Several authorities could be meant: one, two"):
        workbench.authority(None)
    with pytest.raises(UsageError, match='There is no authority "three"'):
        workbench.authority("three")
    with pytest.raises(UsageError, match='There is already an authority "one"'):
        make_root(tmp_path, "one")
    with pytest.raises(UsageError, match="cannot be the name"):
        make_root(tmp_path, ".x")


def test_a_certificate_does_not_outlive_its_issuer(root: Authority) -> None:
    wanted = Wanted(kind=Kind.DEVICE, subject=parse_subject("/CN=d"), days=9999)
    made = root.issue(root.open(None), wanted, KeyKind.P256, admission=Admission())
    assert made.entry.until == root.certificate.not_valid_after_utc
    with pytest.raises(UsageError, match="0 days is no validity"):
        root.issue(
            root.open(None), Wanted(kind=Kind.DEVICE, subject=parse_subject("/CN=e"), days=0),
            KeyKind.P256, admission=Admission(),
        )  # fmt: skip


def test_who_is_no_issuer_does_not_issue(root: Authority) -> None:
    signer = root.open(None).key
    device = root.issued_certificate(issue_device(root, "dev").entry.serial)
    wanted = Wanted(kind=Kind.DEVICE, subject=parse_subject("/CN=d"), days=1)
    with pytest.raises(UsageError, match="CN=dev is not a CA"):
        certify(
            wanted, signer.public_key(), issuer=device, signing_key=signer, now=datetime.now(UTC)
        )
    with pytest.raises(UsageError, match="The issuer's certificate ended"):
        certify(
            wanted, signer.public_key(), issuer=root.certificate, signing_key=signer,
            now=datetime.now(UTC) + timedelta(days=9999),
        )  # fmt: skip


def test_a_path_length_of_zero_allows_no_authority_below(tmp_path: Path) -> None:
    wanted = Wanted(kind=Kind.CA, subject=parse_subject("/CN=r"), days=10, path_length=0)
    root = Workbench(tmp_path).create("r", wanted, KeyKind.ED25519)
    issue_device(root, "dev")
    with pytest.raises(UsageError, match="no CA may stand below"):
        make_intermediate(tmp_path, root)


def test_a_request_is_signed_for_a_key_that_stays_where_it_is(root: Authority) -> None:
    key = generate(KeyKind.P256)
    made = make_request(
        key,
        parse_subject("/CN=dev-9"),
        names_of(root.issued_certificate(issue_server(root).entry.serial)),
    )
    request = read_request(made.public_bytes(Encoding.DER), source="dev.csr")
    wanted = Wanted(
        kind=Kind.DEVICE,
        subject=request.subject,
        days=10,
        alternative_names=requested_names(request),
    )
    issued = root.issue(root.open(None), wanted, request.public_key(), admission=Admission())
    assert issued.key is None
    assert root.folder.key_path(issued.entry.serial) is None
    certificate = root.issued_certificate(issued.entry.serial)
    assert certificate.public_key() == key.public_key()
    assert names_of(certificate)[0].value == "localhost"


def test_a_request_that_was_tampered_with_is_refused() -> None:
    encoded = bytearray(
        make_request(generate(KeyKind.P256), parse_subject("/CN=dev-9")).public_bytes(Encoding.DER)
    )
    at = encoded.index(b"dev-9")
    encoded[at : at + 5] = b"dev-8"
    with pytest.raises(MaterialError) as error:
        read_request(bytes(encoded), source="dev.csr")
    assert error.value.verdict == "key-mismatch"


def test_a_damaged_index_is_named_and_left_alone(root: Authority) -> None:
    index = root.folder.path / "index.txt"
    damaged = index.read_bytes() + b"rubbish\n"
    index.write_bytes(damaged)
    with pytest.raises(UsageError, match=r"index.txt, line 6"):
        Workbench(root.folder.path.parent).authority("demo")
    assert index.read_bytes() == damaged


def test_the_half_of_a_line_that_a_kill_left_is_written_over(root: Authority) -> None:
    index = root.folder.path / "index.txt"
    index.write_bytes(index.read_bytes() + b"2026-11-26T08:00:00Z\t4A")
    made = issue_device(root, "dev-1")
    assert list(require_whole(root.folder.path).index.entries)[-1] == made.entry.serial
