"""Mosquitto's view: raw octets of the first CN, and the subject as OpenSSL prints it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity.mosquitto import MosquittoIdentity, identify, short_names
from support.odd_certificates import (
    BIT_STRING,
    BMP,
    CN,
    EMAIL,
    IA5,
    INTEGER,
    NUMERIC,
    OCTET_STRING,
    ORGANIZATION,
    PRINTABLE,
    PRIVATE,
    SEQUENCE,
    SERIAL,
    SET,
    TELETEX,
    UID,
    UNIT,
    UNIVERSAL,
    UTF8,
    VISIBLE,
    attribute,
    certificate,
    name,
    tlv,
)


def subject(*attributes: bytes) -> bytes | None:
    return identify(certificate(*attributes)).subject


def test_only_the_first_cn_counts() -> None:
    found = identify(certificate(attribute(UNIT, "x"), attribute(CN, "a"), attribute(CN, "b")))
    assert found == MosquittoIdentity(b"a", b"CN=b,CN=a,OU=x")


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (UTF8, "é\n".encode()),
        (TELETEX, b"\xe9"),
        (IA5, b"a"),
        (NUMERIC, b"1"),
        (PRINTABLE, b"\xff_"),
        (UTF8, b""),
        (UTF8 | 0x20, tlv(UTF8, b"a") + tlv(OCTET_STRING, b"b")),
    ],
)
def test_the_octets_of_the_cn_are_taken_as_they_are(tag: int, value: bytes) -> None:
    expected = b"ab" if tag & 0x20 else value
    assert identify(certificate(attribute(CN, value, tag))).identity == expected


def test_logins_that_are_refused() -> None:
    for encoded in (
        certificate(),
        certificate(attribute(ORGANIZATION, "x")),
        certificate(attribute(CN, "a\0")),
        certificate(attribute(CN, b"\0a", BMP)),
        certificate(attribute(CN, b"\0ab", BIT_STRING)),
    ):
        assert identify(encoded).identity is None
        assert identify(encoded).subject is not None


@pytest.mark.parametrize(
    ("kind", "value", "tag"),
    [
        (CN, b"\xff", UTF8),
        (CN, b"a", VISIBLE),
        (CN, b"\5", INTEGER),
        (CN, b"a", OCTET_STRING),
        (CN, b"\0a\0", BMP),
        (CN, b"\xd8\x3d\xde\x00", BMP),
        (CN, b"\0\x11\0\0", UNIVERSAL),
        (CN, b"", BIT_STRING),
        (PRIVATE, b"\xff", UTF8),
    ],
)
def test_what_openssl_cannot_load(kind: str, value: bytes, tag: int) -> None:
    for encoded in (
        certificate(attribute(kind, value, tag)),
        certificate(issuer=name(attribute(kind, value, tag))),
    ):
        found = identify(encoded)
        assert (found.identity, found.subject) == (None, None)
        assert found.unloadable


def test_attributes_are_reversed_inside_an_rdn_too_and_empty_sets_vanish() -> None:
    rdns = (
        tlv(SET, attribute(CN, "a"), attribute(UID, "b")),
        tlv(SET),
        tlv(SET, attribute(UNIT, "c")),
    )
    assert identify(certificate(subject=tlv(SEQUENCE, *rdns))).subject == b"OU=c,UID=b+CN=a"


def in_pieces(depth: int) -> bytes:
    content = b"a"
    for level in range(depth):
        content = tlv(UTF8 | 0x20 if level else UTF8, content)
    return certificate(attribute(CN, content, UTF8 | 0x20))


def test_a_string_in_pieces_goes_as_deep_as_openssl_goes() -> None:
    assert identify(in_pieces(6)).identity == b"a"
    assert identify(in_pieces(7)).unloadable
    assert identify(in_pieces(3000)).unloadable


def test_names_and_types_that_openssl_does_not_know() -> None:
    assert subject(attribute(SERIAL, b"1", PRINTABLE)) == b"serialNumber=1"
    assert subject(attribute(EMAIL, b"a@b", IA5)) == b"emailAddress=a@b"
    assert subject(attribute("1.2.840.113549.2.5", "x")) == b"MD5=x"
    assert subject(attribute(PRIVATE, "abc")) == f"{PRIVATE}=#0C03616263".encode()
    assert subject(attribute(PRIVATE, "a" * 200)) == f"{PRIVATE}=#0C81C8{'61' * 200}".encode()
    assert subject(attribute(CN, b"\0ab", BIT_STRING)) == b"CN=#0303006162"
    assert subject(attribute(CN, tlv(UTF8, b"x"), SEQUENCE)) == b"CN=#30030C0178"


def test_the_short_names_are_all_of_openssl() -> None:
    assert len(short_names()) == 1103
    assert short_names()["2.5.4.42"] == "GN"


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("~=/#", "~=/#"),
        ("#", "#"),
        ("##", r"\##"),
        (" ", r"\ "),
        ("  ", r"\ \ "),
        ('"+,;<>\\', r"\"\+\,\;\<\>\\"),
        ("é\x7f\0", r"\C3\A9\7F\00"),
    ],
)
def test_escapes(value: str, escaped: str) -> None:
    assert subject(attribute(ORGANIZATION, value)) == f"O={escaped}".encode()


def test_octets_of_other_strings_become_utf8() -> None:
    assert subject(attribute(ORGANIZATION, b"\xe9", TELETEX)) == rb"O=\C3\A9"
    assert subject(attribute(ORGANIZATION, b"\x67\x71", BMP)) == rb"O=\E6\9D\B1"


@given(st.binary())
def test_any_bytes_get_an_answer(data: bytes) -> None:
    assert isinstance(identify(data), MosquittoIdentity)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([CN, EMAIL, PRIVATE]), st.integers(0, 0xFF), st.binary(max_size=40)
        ),
        max_size=4,
    )
)
def test_a_subject_is_printable_ascii(parts: list[tuple[str, int, bytes]]) -> None:
    text = subject(*(attribute(kind, value, tag) for kind, tag, value in parts))
    assert text is None or text.decode("ascii").isprintable() or text == b""
