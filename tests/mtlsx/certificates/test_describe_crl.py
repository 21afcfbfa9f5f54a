from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe_crl import describe_crl
from mtlsx.certificates.load import load_bytes
from mtlsx.certificates.names import format_name
from mtlsx.errors import MaterialError
from support.made_pki import make

CA = make("Test CA", ca=True)
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def crl(*serials: int, numbered: bool = True) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(CA.certificate.subject)
        .last_update(WHEN)
        .next_update(datetime(2060, 1, 1, tzinfo=UTC))
    )
    if numbered:
        builder = builder.add_extension(x509.CRLNumber(258), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier(b"\1\2", None, None), critical=False
        )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(WHEN)
        if serial % 2:
            entry = entry.add_extension(
                x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False
            )
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(CA.key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_list() -> None:
    about = describe_crl(crl(0x1039, 0x103A), entries=10)
    assert format_name(about.issuer or ()) == "CN=Test CA"
    assert (str(about.this_update), str(about.next_update)) == (
        "2026-01-02 03:04:05 UTC",
        "2060-01-01 00:00:00 UTC",
    )
    assert (about.number, about.authority_key_identifier, about.count) == (258, b"\1\2", 2)
    assert [(entry.serial, entry.reason) for entry in about.entries] == [
        (0x1039, "keyCompromise"),
        (0x103A, None),
    ]
    assert str(about.entries[0].revoked_at) == "2026-01-02 03:04:05 UTC"
    assert about.oddities == ()


def test_only_so_many_entries_are_read_but_all_are_counted() -> None:
    about = describe_crl(crl(*range(1, 101)), entries=3)
    assert (about.count, [entry.serial for entry in about.entries]) == (100, [1, 2, 3])


def test_an_empty_list_without_extensions() -> None:
    about = describe_crl(crl(numbered=False), entries=10)
    assert (about.count, about.entries, about.number) == (0, (), None)


def test_it_is_told_from_a_certificate_by_its_content() -> None:
    assert load_bytes(FULL, source="x").crls == (FULL,)


def test_what_is_none() -> None:
    with pytest.raises(DerError, match="revocation list"):
        describe_crl(b"\x30\x00", entries=1)


FULL = crl(0x1039, 0x103A)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=4), st.integers(0, len(FULL) - 1))
def test_a_damaged_list_is_described_or_refused_when_it_is_loaded(junk: bytes, at: int) -> None:
    for damaged in (FULL[:at] + junk + FULL[at:], FULL[:at] + junk + FULL[at + len(junk) :]):
        try:
            lists = load_bytes(damaged, source="x").crls
        except MaterialError:
            continue
        for each in lists:
            assert describe_crl(each, entries=10).sha256
