from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.certificates.algorithms import PublicKey
from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import CertificateDescription, describe, role
from mtlsx.certificates.extensions import BasicConstraints
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.names import format_name
from support.made_pki import CLIENT, SERVER, make
from support.vector_certificates import mutated_certificates, vector_certificates

KEY = ec.generate_private_key(ec.SECP256R1())
VECTORS = vector_certificates()
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "everything")])


SHA256 = hashes.SHA256()


def built(key=KEY, hashed=SHA256, *extensions, **how) -> CertificateDescription:
    builder = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(0x1039)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2060, 1, 1, tzinfo=UTC))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.KeyUsage))
    return describe(builder.sign(key, hashed, **how).public_bytes(Encoding.DER))


def test_the_outline() -> None:
    about = built()
    assert (about.version, about.serial, about.self_issued) == (3, 0x1039, True)
    assert about.subject == about.issuer
    assert format_name(about.subject or ()) == "CN=everything"
    assert str(about.not_before) == "2026-01-01 00:00:00 UTC"
    assert str(about.not_after) == "2060-01-01 00:00:00 UTC"
    assert about.oddities == ()


def test_fingerprints_are_of_the_der() -> None:
    made = make("device")
    about = describe(made.der)
    assert about.sha256 == made.certificate.fingerprint(hashes.SHA256()).hex()
    assert about.sha1 == hashlib.new("sha1", made.der, usedforsecurity=False).hexdigest()
    assert about.md5 == hashlib.new("md5", made.der, usedforsecurity=False).hexdigest()


PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)


@pytest.mark.parametrize(
    ("key", "hashed", "how", "key_words", "signature_words"),
    [
        (KEY, SHA256, {}, "EC P-256", "ECDSA with SHA-256"),
        (ec.generate_private_key(ec.SECP521R1()), hashes.SHA512(), {}, "EC P-521", "ECDSA with SHA-512"),
        (ec.generate_private_key(ec.SECP256K1()), hashes.SHA384(), {}, "EC secp256k1", "ECDSA with SHA-384"),
        (rsa.generate_private_key(65537, 2048), SHA256, {}, "RSA 2048", "RSA with SHA-256"),
        (rsa.generate_private_key(65537, 3072), hashes.SHA384(), {"rsa_padding": PSS}, "RSA 3072", "RSA-PSS with SHA-384"),
        (ed25519.Ed25519PrivateKey.generate(), None, {}, "Ed25519", "Ed25519"),
    ],
)  # fmt: skip
def test_keys_and_signatures(key, hashed, how, key_words: str, signature_words: str) -> None:
    about = built(key, hashed, **how)
    assert (str(about.public_key), str(about.signature_algorithm)) == (key_words, signature_words)


def test_extensions() -> None:
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP,
                x509.UniformResourceIdentifier("http://o.example"),
            ),
            x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS,
                x509.UniformResourceIdentifier("http://i.example"),
            ),
        ]
    )
    points = x509.CRLDistributionPoints(
        [
            x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)
            for address in ("http://c.example/1", "ldap://c.example/2")
        ]
    )
    public = KEY.public_key()
    about = built(
        KEY,
        SHA256,
        usage,
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3.4")]),
        x509.BasicConstraints(ca=True, path_length=0),
        x509.SubjectKeyIdentifier.from_public_key(public),
        x509.AuthorityKeyIdentifier(b"\1\2", [x509.DirectoryName(NAME)], 7),
        points,
        access,
        x509.TLSFeature([x509.TLSFeatureType.status_request]),
    ).extensions
    assert about.key_usage == ("digitalSignature", "keyEncipherment")
    assert about.key_purposes == ("clientAuth", "1.2.3.4")
    assert about.basic_constraints == BasicConstraints(ca=True, path_length=0)
    assert about.subject_key_identifier == x509.SubjectKeyIdentifier.from_public_key(public).digest
    assert about.authority_key_identifier is not None
    assert about.authority_key_identifier.key == b"\1\2"
    assert about.authority_key_identifier.serial == 7
    assert about.crl_addresses == ("http://c.example/1", "ldap://c.example/2")
    assert about.ocsp_addresses == ("http://o.example",)
    assert about.issuer_addresses == ("http://i.example",)
    assert [extension.oid for extension in about.others] == ["1.3.6.1.5.5.7.1.24"]
    assert about.critical == {"2.5.29.15"}
    assert about.oddities == ()


def test_all_key_usages_and_none() -> None:
    every = built(KEY, SHA256, x509.KeyUsage(*[True] * 9)).extensions.key_usage
    assert every is not None
    assert (every[0], every[-2:]) == ("digitalSignature", ("encipherOnly", "decipherOnly"))
    none = built(KEY, SHA256, x509.KeyUsage(*[False] * 9)).extensions.key_usage
    assert none == ()
    assert built().extensions.key_usage is None


def test_alternative_names_of_all_kinds_in_encoded_order() -> None:
    names = x509.SubjectAlternativeName(
        [
            x509.UniformResourceIdentifier("urn:dev:1"),
            x509.DNSName("*.example"),
            x509.IPAddress(ip_address("192.0.2.7")),
            x509.IPAddress(ip_address("2001:db8::7")),
            x509.RFC822Name("ops@example.net"),
            x509.DirectoryName(NAME),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
            x509.OtherName(
                x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x05a\x1b@b\xc3"[:6] + b"c"
            ),
            x509.OtherName(x509.ObjectIdentifier("1.2.3.5"), b"\x02\x01\x07"),
        ]
    )
    assert list(map(str, built(KEY, SHA256, names).extensions.alternative_names)) == [
        "uri:urn:dev:1",
        "dns:*.example",
        "ip:192.0.2.7",
        "ip:2001:db8::7",
        "email:ops@example.net",
        "dirName:CN=everything",
        "RID:1.2.3.4",
        r"otherName:1.3.6.1.4.1.311.20.2.3;a\x1b@bc",
        "otherName:1.2.3.5;#020107",
    ]


@pytest.mark.parametrize(
    ("ca", "issued", "usage", "words"),
    [
        (True, False, None, "root CA certificate"),
        (True, True, None, "intermediate CA certificate"),
        (False, True, CLIENT, "TLS client certificate"),
        (False, True, SERVER, "TLS server certificate"),
        (False, True, ExtendedKeyUsageOID.CODE_SIGNING, "certificate"),
        (False, True, None, "certificate"),
        (False, False, None, "self-signed certificate"),
    ],
)
def test_roles(ca: bool, issued: bool, usage: x509.ObjectIdentifier | None, words: str) -> None:
    issuer = make("CA", ca=True) if issued else None
    assert role(describe(make("x", issuer, ca=ca, usage=usage).der)) == words


@pytest.mark.parametrize(
    ("vector", "sentence"),
    [
        ("printable-illegal-1", "Subject: CN holds characters that PrintableString does not allow."),
        ("utf8-invalid-1", "Subject: CN holds bytes that are not valid in UTF8String."),
        ("bmp-odd-1", "Subject: CN holds bytes that are not valid in BMPString."),
        ("cn-ia5-1", "Subject: CN is written as IA5String, which RFC 5280 does not allow there."),
        ("cn-graphic", "Subject: CN is written as GraphicString, a type that strict programs do not read."),
        ("cn-nonstring-4", "Subject: CN is no string (tag 0x30)."),
        ("ctl-c0-1", "Subject: CN holds control or invisible characters."),
        ("empty-cn-1", "Subject: CN is empty."),
        ("len-cn-utf8-3", "Subject: CN is 65 characters long; the limit is 64."),
        ("country-types-3", "Subject: C is no two-letter country code."),
        ("mrdn-unsorted-1", "Subject: the attributes of a multi-valued part are not in DER order."),
        ("empty-set-1", "Subject: an empty set stands where an attribute belongs."),
        ("ser-6", "The serial number is negative."),
        ("ser-4", "The serial number is longer than 20 bytes."),
        ("v2-1", "The version is 2: only 1 and 3 are in use."),
        ("val-odd-3", "The end of its validity is written in a form that DER does not allow: 20600101000000.5Z."),
        ("san-twice-1", "Extension subjectAltName stands there twice."),
        ("san-empty-1", "Extension subjectAltName holds no name."),
        ("san-bad-ip-1", "Alternative name ip:#0a0000 is 3 bytes long, not 4 or 16."),
        ("san-garbage-3", "Extension subjectAltName cannot be read: name: tag 0x89 at byte 2."),
        ("bad-ext-3", "Extension basicConstraints cannot be read: data ends inside the element at byte 0."),
    ],
)  # fmt: skip
def test_what_is_odd_is_said(vector: str, sentence: str) -> None:
    assert sentence in describe(VECTORS[vector]).oddities


def test_an_ordinary_vector_is_not_odd() -> None:
    assert describe(VECTORS["attr-cn-1"]).oddities == ()


def _strict_parser_refuses(certificate: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(certificate)
            _ = parsed.subject, parsed.issuer, list(parsed.extensions), parsed.serial_number
    except (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension):
        return True
    return False


def test_every_vector_is_described_and_what_a_strict_parser_refuses_is_called_odd() -> None:
    outcomes = Counter()
    for name, certificate in VECTORS.items():
        about = describe(certificate)
        assert about.subject is not None, name
        assert about.public_key is not None, name
        if _strict_parser_refuses(certificate):
            outcomes["refused"] += 1
            assert about.oddities, name
        outcomes["described"] += 1
    # Which ones are refused depends on cryptography's version; that some are is what this is about.
    assert outcomes["described"] == 344
    assert outcomes["refused"] > 20


def texts_of(about: CertificateDescription) -> list[str]:
    names = [format_name(name) for name in (about.subject, about.issuer) if name is not None]
    alternative = [str(name) for name in about.extensions.alternative_names]
    addresses = [*about.extensions.crl_addresses, *about.extensions.ocsp_addresses]
    times = [str(about.not_before), str(about.not_after)]
    return [*names, *alternative, *addresses, *times, *about.oddities]


def test_ten_thousand_damaged_certificates() -> None:
    outcomes = Counter()
    for certificate in mutated_certificates(10_000):
        try:
            about = describe(certificate)
        except DerError:
            outcomes["refused"] += 1
            continue
        outcomes["odd" if about.oddities else "plain"] += 1
        assert all(text.isprintable() for text in texts_of(about))
    assert outcomes.total() == 10_000
    assert min(outcomes.values()) > 500


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 2000))
def test_any_bytes_inside_a_certificate(junk: bytes, at: int) -> None:
    original = VECTORS["san-mixed-1"]
    for certificate in (
        junk,
        original[: at % len(original)] + junk + original[at % len(original) :],
    ):
        try:
            about = describe(certificate)
        except DerError:
            continue
        assert all(text.isprintable() for text in texts_of(about))


def test_a_key_that_cannot_be_read_hides_nothing_else() -> None:
    made = make("device")
    spki = parse_certificate(made.der).spki
    damaged = made.der[: spki.content] + b"\x31" + made.der[spki.content + 1 :]
    about = describe(damaged)
    assert about.public_key == PublicKey("EC", 256, "P-256")
    damaged = made.der[: spki.content] + b"\x30\x7f" + made.der[spki.content + 2 :]
    about = describe(damaged)
    assert about.public_key is None
    assert "The public key cannot be read" in about.oddities[0]
    assert format_name(about.subject or ()) == "CN=device"
