"""Traps are told where they apply, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity.mapping import Mapping
from mtlsx.identity.traps import traps
from support.odd_certificates import (
    BMP,
    CN,
    COUNTRY,
    DC,
    IA5,
    ORGANIZATION,
    PRINTABLE,
    STREET,
    TELETEX,
    UID,
    UTF8,
    VISIBLE,
    attribute,
    certificate,
    name,
    san,
    tlv,
)
from support.vector_certificates import vector_certificates

PLAIN = certificate(attribute(COUNTRY, b"CN", PRINTABLE), attribute(CN, "dev-1"))


def ids(encoded: bytes, mapping: Mapping | None = None) -> list[str]:
    return [trap.id for trap in traps(encoded, mapping)]


def sentence(encoded: bytes, trap_id: str) -> str:
    (found,) = (trap.sentence for trap in traps(encoded) if trap.id == trap_id)
    return found


def test_an_ordinary_certificate_has_none() -> None:
    assert traps(PLAIN) == ()
    assert traps(PLAIN, Mapping()) == ()


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (certificate(subject=name()), ["empty-subject", "no-cn"]),
        (certificate(attribute(ORGANIZATION, "EMQ")), ["no-cn"]),
        (
            certificate(attribute(ORGANIZATION, "EMQ"), extensions=(san(tlv(0x82, b"a")),)),
            ["no-cn", "name-only-in-san"],
        ),
        (certificate(attribute(CN, "")), ["empty-cn"]),
        (certificate(attribute(CN, "a"), attribute(CN, "b")), ["several-cns"]),
        (certificate(attribute(CN, b"a", IA5)), ["undecodable"]),
        (certificate(attribute(CN, b"a", VISIBLE)), ["undecodable", "openssl-cannot-load"]),
        (certificate(attribute(CN, b"\0a", BMP)), ["cn-holds-nul"]),
        (
            certificate(attribute(CN, b"\xe9", TELETEX)),
            ["cn-in-other-octets", "escaped-in-dn-only", "backslash-in-4x"],
        ),
        (certificate(attribute(UID, "u"), attribute(CN, "a")), ["dn-changes-with-emqx-6"]),
        (certificate(attribute(CN, "a~")), ["escaped-in-dn-only", "backslash-in-4x"]),
        (certificate(attribute(CN, "a,b")), ["backslash-in-4x"]),
        (certificate(attribute(CN, "a b")), ["space-splits-4x"]),
        (certificate(attribute(CN, "%u")), ["placeholder-in-cn"]),
        (certificate(attribute(CN, "a/b")), ["wildcard-in-cn"]),
        (certificate(attribute(CN, "$a")), ["dollar-in-cn"]),
        (certificate(attribute(CN, "a\n")), ["invalid-cn", "backslash-in-4x"]),
        (
            certificate(attribute(CN, b"\xd8\0", BMP)),
            ["unformattable", "openssl-cannot-load"],
        ),
    ],
)
def test_traps(encoded: bytes, expected: list[str]) -> None:
    assert ids(encoded) == expected


def test_sentences_name_what_is_in_the_certificate() -> None:
    empty = certificate(subject=name())
    assert "/Common Name=" in sentence(empty, "empty-subject")
    assert "CONNECT" in sentence(empty, "no-cn")
    two = certificate(attribute(CN, "a"), attribute(CN, "b"))
    assert "(a,b)" in sentence(two, "several-cns")
    assert "street and UID" in sentence(
        certificate(attribute(STREET, "x"), attribute(UID, "y")), "dn-changes-with-emqx-6"
    )
    assert "CN is IA5String" in sentence(certificate(attribute(CN, b"a", IA5)), "undecodable")
    assert "%d asks for CN=a,b." in sentence(certificate(attribute(CN, "a,b")), "backslash-in-4x")
    assert "own/%u becomes own/#" in sentence(certificate(attribute(CN, "#")), "wildcard-in-cn")


def test_a_refusal_names_the_generation_that_refuses() -> None:
    since = certificate(attribute(CN, "a"), attribute(f"2.25.{1 << 120}", "x"))
    assert sentence(since, "undecodable").startswith("EMQX 6 cannot")
    before = certificate(attribute(CN, "a"), attribute(DC, b"x", PRINTABLE))
    assert sentence(before, "undecodable").startswith("EMQX up to 5.8 cannot")
    both = certificate(attribute(CN, b"a", IA5))
    assert sentence(both, "undecodable").startswith("EMQX cannot")


def test_mapped_parts_have_traps_of_their_own() -> None:
    assert ids(PLAIN, Mapping("md5", "pem")) == ["pem-is-bare", "md5-is-of-the-der"]
    assert ids(PLAIN, Mapping("crt")) == ["crt-is-binary"]


@pytest.mark.parametrize("encoded", vector_certificates().values(), ids=vector_certificates())
def test_sentences_are_printable(encoded: bytes) -> None:
    for trap in traps(encoded):
        assert trap.sentence.isprintable()
        assert trap.sentence.endswith(".")


@given(st.binary(), st.sampled_from([UTF8, TELETEX, BMP, PRINTABLE, IA5]))
def test_any_name_gets_printable_sentences(value: bytes, tag: int) -> None:
    for trap in traps(certificate(attribute(CN, value, tag))):
        assert trap.sentence.isprintable()


@given(st.binary())
def test_any_bytes_get_an_answer(data: bytes) -> None:
    assert isinstance(traps(data), tuple)
