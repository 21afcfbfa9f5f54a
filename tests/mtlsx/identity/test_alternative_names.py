"""Subject alternative names as EMQX has them; the texts of addresses are those of Erlang's inet:ntoa."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity.emqx import identify
from support.odd_certificates import CN, UTF8, attribute, certificate, name, oid, san, tlv

EMAIL, DNS, DIRECTORY, URI, IP, REGISTERED = 0x81, 0x82, 0xA4, 0x86, 0x87, 0x88


def found(*names: bytes) -> dict[str, tuple[bytes, ...]] | None:
    names_found = identify(certificate(extensions=(san(*names),))).san
    return None if names_found is None else dict(names_found)


def test_each_kind_keeps_its_order_and_doubles() -> None:
    assert found(
        tlv(URI, b"urn:x"), tlv(DNS, b"b"), tlv(EMAIL, b"a@b"), tlv(DNS, b"a"), tlv(DNS, b"b"), tlv(DNS)
    ) == {"uri": (b"urn:x",), "dns": (b"b", b"a", b"b", b""), "email": (b"a@b",)}  # fmt: skip


def test_other_kinds_are_left_out() -> None:
    other = tlv(0xA0, oid("1.2.3"), tlv(0xA0, tlv(UTF8, b"x")))
    directory = tlv(DIRECTORY, name(attribute(CN, "x")))
    assert found(other, directory, tlv(REGISTERED, b"\x2a\x03"), tlv(IP, b"12345")) is None
    assert found() is None
    assert identify(certificate()).san is None


def test_octets_above_0x7f_are_latin_1() -> None:
    assert found(tlv(DNS, b"m\xfcnchen")) == {"dns": ("münchen".encode(),)}
    assert found(tlv(DNS, "ü".encode())) == {"dns": ("Ã¼".encode(),)}


def test_only_the_first_extension_counts() -> None:
    twice = certificate(extensions=(san(tlv(DNS, b"a")), san(tlv(DNS, b"b"))))
    assert identify(twice).san == {"dns": (b"a",)}


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("::", "::"),
        ("::1", "::1"),
        ("::2", "::0.0.0.2"),
        ("::192.0.2.33", "::192.0.2.33"),
        ("::ffff:192.0.2.128", "::ffff:192.0.2.128"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("1:2:3:4:5:6::", "1:2:3:4:5:6::"),
        ("fe80::1", "fe80::1"),
        ("fe80:5::1", "fe80::1%05"),
        ("ff02:1::fb", "ff02::fb%01"),
    ],
)
def test_ipv6(address: str, text: str) -> None:
    packed = ipaddress.IPv6Address(address).packed
    assert found(tlv(IP, packed)) == {"ip": (text.encode(),)}


@given(st.ip_addresses(v=4))
def test_ipv4(address: ipaddress.IPv4Address) -> None:
    assert found(tlv(IP, address.packed)) == {"ip": (str(address).encode(),)}


@given(st.ip_addresses(v=6))
def test_any_ipv6_text_means_the_address(address: ipaddress.IPv6Address) -> None:
    names = found(tlv(IP, address.packed))
    assert names is not None
    text, _, zone = names["ip"][0].decode().partition("%0")
    read = int(ipaddress.IPv6Address(text)) | int(zone or 0) << 96
    assert read == int(address)
