from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe_request import describe_request
from mtlsx.certificates.load import load_bytes
from mtlsx.certificates.names import format_name
from mtlsx.errors import MaterialError

KEY = ec.generate_private_key(ec.SECP256R1())
BUILDER = x509.CertificateSigningRequestBuilder().subject_name(
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dev-1")])
)
PLAIN = BUILDER.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)
FULL = (
    BUILDER.add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"x")
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("dev-1.local")]), critical=True)
    .sign(KEY, hashes.SHA256())
    .public_bytes(Encoding.DER)
)


def test_a_request() -> None:
    about = describe_request(PLAIN)
    assert format_name(about.subject or ()) == "CN=dev-1"
    assert str(about.public_key) == "EC P-256"
    assert str(about.signature_algorithm) == "ECDSA with SHA-256"
    assert about.extensions.alternative_names == ()
    assert about.oddities == ()


def test_the_extensions_that_it_asks_for() -> None:
    about = describe_request(FULL)
    assert list(map(str, about.extensions.alternative_names)) == ["dns:dev-1.local"]
    assert about.extensions.critical == {"2.5.29.17"}


def test_it_is_told_from_a_certificate_by_its_content() -> None:
    assert load_bytes(FULL, source="x").requests == (FULL,)


def test_what_is_none() -> None:
    with pytest.raises(DerError, match="certificate request"):
        describe_request(b"\x30\x00")


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=4), st.integers(0, len(FULL) - 1))
def test_a_damaged_request_is_described_or_refused_when_it_is_loaded(junk: bytes, at: int) -> None:
    for damaged in (FULL[:at] + junk + FULL[at:], FULL[:at] + junk + FULL[at + len(junk) :]):
        try:
            requests = load_bytes(damaged, source="x").requests
        except MaterialError:
            continue
        for request in requests:
            assert describe_request(request).sha256
