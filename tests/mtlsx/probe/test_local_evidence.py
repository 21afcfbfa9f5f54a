"""What our own files and our clock say: dates, usage, strength, links, namesakes, and where an issuer can be had."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.probe import evidence as look
from mtlsx.probe.chain_gaps import find_way
from mtlsx.probe.clock import doubt
from mtlsx.probe.issuers import fetch_issuers, http_loader
from support.made_pki import CLIENT, NOW, SERVER, Made, make
from support.ports import talking_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

ROOT = make("Root CA", ca=True)
NAMESAKE = make("Root CA", ca=True)
PLANT = make("Plant CA", ROOT, ca=True)
DEVICE = make("dev", PLANT, usage=CLIENT)


def build(
    key: CertificateIssuerPrivateKeyTypes,
    extensions: Sequence[x509.ExtensionType] = (),
    *,
    issuer: str = "Some CA",
) -> bytes:
    """A certificate with this key and these extensions, signed by its own key in another's name."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dev")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(NOW + timedelta(days=9))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


P256 = ec.generate_private_key(ec.SECP256R1())
RSA_2048 = rsa.generate_private_key(65537, 2048)
RSA_1024 = rsa.generate_private_key(65537, 1024)  # noqa: S505  (made to be refused)
DSA_1024 = dsa.generate_private_key(1024)  # noqa: S505  (made to be refused)


def signed_with_sha1(issuer: str) -> bytes:
    """As far as it says; nobody here makes such a signature any more."""
    sha256, sha1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))
    return build(RSA_2048, issuer=issuer).replace(sha256, sha1)


def usage(*allowed: str) -> x509.KeyUsage:
    bits = inspect.signature(x509.KeyUsage).parameters
    return x509.KeyUsage(**{bit: bit in allowed for bit in bits})


@pytest.mark.parametrize(
    ("extensions", "lacks", "cannot"),
    [
        ([], False, False),
        ([x509.ExtendedKeyUsage([CLIENT])], False, False),
        ([x509.ExtendedKeyUsage([SERVER])], True, False),
        ([x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])], True, False),
        ([usage("digital_signature")], False, False),
        ([usage("key_encipherment")], False, True),
    ],
)
def test_usage(extensions: list[x509.ExtensionType], lacks: bool, cannot: bool) -> None:
    made = build(P256, extensions)
    assert (look.lacks_client_purpose(made), look.cannot_sign(made)) == (lacks, cannot)


def test_usages_are_named() -> None:
    made = build(P256, [x509.ExtendedKeyUsage([SERVER]), usage("key_encipherment")])
    assert look.usages(made) == "serverAuth, keyEncipherment"
    assert look.usages(DEVICE.der) == "clientAuth"
    assert look.usages(b"junk") == "nothing"


@pytest.mark.parametrize(
    ("certificate", "weak"),
    [
        (build(P256), None),
        (build(ec.generate_private_key(ec.SECP384R1())), None),
        (build(ec.generate_private_key(ec.SECP192R1())), "EC P-192"),
        (build(ec.generate_private_key(ec.SECP256K1())), "secp256k1"),
        (build(RSA_2048), None),
        (build(RSA_1024), "RSA 1024"),
        (build(DSA_1024), "DSA 1024"),
        (signed_with_sha1("Some CA"), "SHA-1"),
        (signed_with_sha1("dev"), None),  # the signature of a root counts for nobody
        (b"junk", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_strength(certificate: bytes, weak: str | None) -> None:
    found = look.weakness(certificate)
    assert (found is None) == (weak is None)
    assert weak is None or weak in (found or "")


@pytest.mark.parametrize(("days", "words"), [((-9, -2), "2 days ago"), ((-9, -1), "1 day ago")])
def test_how_long_ago(days: tuple[int, int], words: str) -> None:
    assert look.end_of_validity(make("dev", days=days).der, NOW).endswith(words)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(days=1200), "in 1,200 days"),
        (timedelta(hours=3), "in 3 hours"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(seconds=9), "in less than a minute"),
    ],
)
def test_how_soon(before: timedelta, words: str) -> None:
    begins = make("dev", days=(0, 30)).der
    assert look.start_of_validity(begins, NOW - before).endswith(words)


def test_a_certificate_that_clocks_may_see_differently() -> None:
    young, old = make("dev", days=(0, 30)).der, make("dev", days=(-30, 0)).der
    assert look.just_begun(young, NOW)
    assert not look.just_begun(young, NOW + timedelta(days=2))
    assert look.about_to_end(old, NOW - timedelta(hours=1))
    assert not look.about_to_end(old, NOW - timedelta(days=2))


def test_the_key_that_the_issuer_should_have() -> None:
    identifier = x509.AuthorityKeyIdentifier(b"\x0a\x1b\x2c", None, None)
    assert look.authority_key(build(P256, [identifier])) == "0A:1B:2C"
    assert look.authority_key(DEVICE.der) is None


# Links


def test_the_way_goes_through_what_is_at_hand_and_says_what_is_missing() -> None:
    way = find_way([DEVICE.der], [ROOT.der, PLANT.der])
    assert way.certificates == (DEVICE.der, PLANT.der, ROOT.der)
    assert (way.missing, way.complete) == ((PLANT.der,), True)


def test_what_the_chain_holds_is_not_missing() -> None:
    way = find_way([DEVICE.der, PLANT.der], [ROOT.der])
    assert (way.missing, way.complete) == ((), True)


def test_a_way_that_ends_early() -> None:
    way = find_way([DEVICE.der], [ROOT.der])
    assert (way.certificates, way.missing, way.complete) == ((DEVICE.der,), (), False)


def test_a_ca_of_the_same_name_with_another_key_is_no_link() -> None:
    way = find_way([PLANT.der], [NAMESAKE.der])
    assert (way.certificates, way.namesakes) == ((PLANT.der,), (NAMESAKE.der,))
    assert find_way([PLANT.der], [NAMESAKE.der, ROOT.der]).certificates[-1] == ROOT.der


@given(st.lists(st.binary(max_size=40) | st.just(DEVICE.der) | st.just(ROOT.der), max_size=3))
def test_garbage_proves_nothing(chain: list[bytes]) -> None:
    assert find_way(chain, [b"junk", *chain]).missing == ()


# The clock


def test_a_clock_before_everything_looks_wrong() -> None:
    at_hand = [DEVICE.der, PLANT.der, ROOT.der]
    assert doubt(at_hand, NOW) is None
    early = doubt(at_hand, NOW.replace(year=1970))
    assert early is not None
    assert "1970" in early
    assert "would be valid yet" in early


def test_a_clock_after_everything_looks_wrong() -> None:
    late = doubt([DEVICE.der, PLANT.der], NOW + timedelta(days=9999))
    assert late is not None
    assert "would have expired" in late


def test_one_certificate_says_nothing_of_the_clock() -> None:
    assert doubt([DEVICE.der, DEVICE.der, b"junk"], NOW.replace(year=1970)) is None


# Issuers that are fetched


def pointing(issuer: Made, *addresses: str) -> bytes:
    """A certificate by ``issuer`` that says where that can be had."""
    access = [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(address)
        )
        for address in addresses
    ]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dev")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(P256.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=9))
        .add_extension(x509.AuthorityInformationAccess(access), critical=False)
        .sign(issuer.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def test_an_issuer_is_fetched_from_where_the_certificate_says() -> None:
    served = {"http://one/": b"no certificate", "http://two/": NAMESAKE.pem, "http://3/": PLANT.der}
    asked = []

    def load(address: str) -> bytes:
        asked.append(address)
        return served[address]

    leaf = pointing(PLANT, *served)
    assert find_way([leaf], []).addresses == tuple(served)
    assert fetch_issuers([leaf], [ROOT.der], load) == (PLANT.der,)
    assert asked == list(served)


def test_nothing_is_fetched_where_nothing_is_missing() -> None:
    def load(address: str) -> bytes:
        raise AssertionError(address)

    leaf = pointing(PLANT, "http://one/")
    assert fetch_issuers([leaf, PLANT.der], [ROOT.der], load) == ()
    assert fetch_issuers([], [], load) == ()


def test_an_address_that_leads_in_a_circle_ends() -> None:
    leaf = pointing(PLANT, "http://one/")
    assert fetch_issuers([leaf], [], lambda _: leaf) == ()


def test_an_address_that_fails_is_no_end() -> None:
    def load(address: str) -> bytes:
        raise OSError("no such host")

    assert fetch_issuers([pointing(PLANT, "http://one/")], [], load) == ()


def answer(body: bytes) -> bytes:
    return b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def test_the_loader_loads_over_http() -> None:
    with talking_port(answer(PLANT.der)) as port:
        load = http_loader(5)
        assert fetch_issuers([pointing(PLANT, f"http://127.0.0.1:{port}/ca.der")], [], load) == (
            PLANT.der,
        )


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        answer(bytes(1024 * 1024 + 1)),
        b"HTTP/1.0 302 Found\r\nLocation: ftp://127.0.0.1/\r\n\r\n",
        b"HTTP/1.0 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"HTTP/1.0 404 Not Found\r\n\r\n",
    ],
    ids=["not http", "too large", "to ftp", "to a file", "not found"],
)
def test_the_loader_refuses_what_it_should(said: bytes) -> None:
    with talking_port(said) as port, pytest.raises(OSError):  # noqa: PT011  (all that it raises)
        http_loader(5)(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ldap://ca.example/", "http://[::/", ""])
def test_the_loader_takes_http_alone(address: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011  (all that it raises)
        http_loader(5)(address)
