"""Subjects and alternative names from text, and the names that devices had better not have."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.errors import UsageError
from mtlsx.identity import emqx
from mtlsx.pki.certify import Kind, Wanted, certify
from mtlsx.pki.keys import KeyKind, generate
from mtlsx.pki.names import (
    common_name_fault,
    emqx_dn,
    parse_alternative_name,
    parse_subject,
    with_common_name,
)


def pairs(text: str) -> list[list[tuple[str, str]]]:
    return [[(a.oid.dotted_string, str(a.value)) for a in rdn] for rdn in parse_subject(text).rdns]


def test_a_subject_keeps_its_order() -> None:
    assert pairs("/C=DE/O=Acme/CN=dev-1") == [
        [("2.5.4.6", "DE")], [("2.5.4.10", "Acme")], [("2.5.4.3", "dev-1")],
    ]  # fmt: skip


def test_slashes_pluses_and_backslashes_are_escaped() -> None:
    assert pairs(r"/O=a\/b\+c\\d") == [[("2.5.4.10", "a/b+c\\d")]]
    assert sorted(pairs("/CN=a+OU=b")[0]) == [("2.5.4.11", "b"), ("2.5.4.3", "a")]


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4))
def test_every_value_can_be_written(values: list[str]) -> None:
    escaped = [
        value.replace("\\", r"\\").replace("/", r"\/").replace("+", r"\+") for value in values
    ]
    try:
        read = pairs("".join(f"/O={value}" for value in escaped))
    except UsageError:
        # cryptography takes what UTF-8 can say and no more.
        assert any("\ud800" <= character <= "\udfff" for value in values for character in value)
    else:
        assert read == [[("2.5.4.10", value)] for value in values]


@given(st.text())
def test_no_text_is_too_odd_to_be_refused(text: str) -> None:
    for parse in (parse_subject, parse_alternative_name):
        said = ""
        try:
            parse(text)
        except UsageError as error:
            said = str(error)
        assert said.isprintable()


@pytest.mark.parametrize(
    "base", ["", "/C=DE/O=Acme, Inc.", "/O=a+OU=b/emailAddress=a@b.example/UID=7"]
)
def test_the_dn_is_known_before_there_is_a_certificate(base: str) -> None:
    key = generate(KeyKind.ED25519)
    subject = with_common_name(parse_subject(base), "Gerät ~")
    wanted = Wanted(kind=Kind.DEVICE, subject=subject, days=1)
    certificate = certify(
        wanted, key.public_key(), issuer=None, signing_key=key, now=datetime.now(UTC)
    )
    identity = emqx.identify(certificate.public_bytes(Encoding.DER))
    assert emqx_dn(subject).encode() == identity.dn


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("/Common Name=dev", "The common name is CN"),
        ("/Foo=x", "'Foo' is not known"),
        ("CN=x", "is not of the form"),
        ("/CN=", "cannot be"),
        ("/C=DEU", "cannot be 'DEU'"),
        ("/CN=" + "x" * 65, "cannot be"),
    ],
)
def test_a_wrong_subject_is_refused(text: str, part: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_subject(text)
    assert part in str(error.value)


def test_a_subject_has_one_common_name() -> None:
    with pytest.raises(UsageError, match="already has a CN"):
        with_common_name(parse_subject("/CN=a"), "b")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("broker.example", "DNSName", "broker.example"),
        ("*.broker.example", "DNSName", "*.broker.example"),
        ("192.0.2.7", "IPAddress", "192.0.2.7"),
        ("ip:2001:db8::1", "IPAddress", "2001:db8::1"),
        ("2001:db8::1", "IPAddress", "2001:db8::1"),
        ("a@b.example", "RFC822Name", "a@b.example"),
        ("urn://dev/1", "UniformResourceIdentifier", "urn://dev/1"),
        ("uri:urn:dev:1", "UniformResourceIdentifier", "urn:dev:1"),
        ("DNS:x", "DNSName", "x"),
    ],
)
def test_alternative_names(text: str, kind: str, value: str) -> None:
    name = parse_alternative_name(text)
    assert (type(name).__name__, str(name.value)) == (kind, value)


@pytest.mark.parametrize("text", ["ip:1.2.3", "dns:a b", "münchen.example", "a..b", "x*.y", ""])
def test_wrong_alternative_names_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_alternative_name(text)


@pytest.mark.parametrize(
    ("cn", "part"),
    [
        ("", "is empty"),
        ("a+b", "holds +, a wildcard"),
        ("a#", "holds #, a wildcard"),
        ("a/b", "splits a topic"),
        ("a b", "holds a space, which splits the Redis command"),
        ("a%c", "holds %"),
        ("a\\b", "holds \\"),
        ("a\tb", "U+0009, a control character"),
        ("a\x7f", "U+007F, a control character"),
        ("a\x85", "U+0085, a control character"),
        ("a\ufffe", "U+FFFE, which is no character"),
        ("$dev", "begins with $"),
        ("x" * 65, "has 65 characters"),
    ],
)
def test_names_that_make_trouble(cn: str, part: str) -> None:
    assert part in (common_name_fault(cn) or "")


@pytest.mark.parametrize(
    "cn", ["dev-1", "346a004d-1dab-4016-bb38-03cca7094415", "gerät", "a:b", "a,b", "😀", "a$"]
)
def test_names_that_make_none(cn: str) -> None:
    assert common_name_fault(cn) is None
