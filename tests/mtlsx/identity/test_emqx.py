"""EMQX's view of a certificate, rule by rule; the vectors in tests/conformance have what EMQX's code gave."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity import rabbitmq
from mtlsx.identity.emqx import Refusal, identify
from mtlsx.identity.otp_generations import OTP_25, OTP_29, Generation
from support.odd_certificates import (
    BIT_STRING,
    BMP,
    CN,
    COUNTRY,
    DC,
    EMAIL,
    IA5,
    NULL,
    NUMERIC,
    ORGANIZATION,
    PRINTABLE,
    PRIVATE,
    SEQUENCE,
    SERIAL,
    SET,
    STREET,
    TELETEX,
    UID,
    UNIT,
    UNIVERSAL,
    UTF8,
    VISIBLE,
    attribute,
    certificate,
    extension,
    name,
    oid,
    san,
    tlv,
)

BOTH = (OTP_25, OTP_29)


def dn(*attributes: bytes, otp: Generation = OTP_25) -> str | None:
    text = identify(certificate(*attributes), otp).dn
    return None if text is None else text.decode("ascii")


def refused(encoded: bytes, otp: Generation = OTP_25) -> Refusal | None:
    return identify(encoded, otp).refused


@pytest.mark.parametrize("otp", BOTH)
def test_all_common_names_are_joined_unescaped(otp: Generation) -> None:
    found = identify(
        certificate(attribute(CN, "b,c"), attribute(UNIT, "x"), attribute(CN, "ä")), otp
    )
    assert found.cn == "b,c,ä".encode()
    assert found.dn == b"CN=\\C3\\A4,OU=x,CN=b\\,c"


@pytest.mark.parametrize("otp", BOTH)
def test_no_common_name_is_not_an_empty_one(otp: Generation) -> None:
    assert identify(certificate(attribute(ORGANIZATION, "EMQ")), otp).cn is None
    assert identify(certificate(attribute(CN, "")), otp).cn == b""
    empty = identify(certificate(subject=name()), otp)
    assert (empty.cn, empty.dn, empty.refused) == (None, b"", None)


def test_rdns_are_reversed_and_the_attributes_in_one_are_not() -> None:
    subject = tlv(
        SEQUENCE,
        tlv(SET, attribute(COUNTRY, b"DE", PRINTABLE)),
        tlv(SET),
        tlv(SET, attribute(CN, "a"), attribute(UNIT, "b")),
    )
    assert identify(certificate(subject=subject)).dn == b"CN=a+OU=b,,C=DE"


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        (" a", r"\ a"),
        ("a ", r"a\ "),
        (" ", r"\ "),
        ("   ", r"\  \ "),
        ("a  b", "a  b"),
        ("#a#", r"\#a#"),
        ('"+,;<>\\', r"\"\+\,\;\<\>\\"),
        ("=/'*", "=/'*"),
        ("~\x7f\t", r"\7E\7F\09"),
        ("é東😀", r"\C3\A9\E6\9D\B1\F0\9F\98\80"),
    ],
)
def test_escapes(value: str, escaped: str) -> None:
    assert dn(attribute(CN, value)) == f"CN={escaped}"


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        (UTF8, b"caf\xc3\xa9", "café"),
        (PRINTABLE, b"caf\xc3\xa9", "café"),
        (PRINTABLE, b"a_b@c", "a_b@c"),
        (TELETEX, b"caf\xe9", "café"),
        (TELETEX, b"caf\xc3\xa9", "cafÃ©"),
        (BMP, b"\x67\x71", "東"),
        (UNIVERSAL, b"\x00\x01\xf6\x00", "😀"),
        (UTF8 | 0x20, tlv(UTF8, b"a") + tlv(UTF8, b"b"), "ab"),
    ],
)
@pytest.mark.parametrize("otp", BOTH)
def test_the_cn_is_read_by_its_string_type(
    tag: int, value: bytes, text: str, otp: Generation
) -> None:
    assert identify(certificate(attribute(CN, value, tag)), otp).cn == text.encode()


@pytest.mark.parametrize(
    ("kind", "value", "tag"),
    [
        (CN, b"a", IA5),
        (CN, b"1", NUMERIC),
        (CN, b"a", VISIBLE),
        (CN, b"", PRINTABLE),
        (CN, b"\0a\0", BMP),
        (CN, b"\0\0\0", UNIVERSAL),
        (CN, b"\x05", BIT_STRING),
        (SERIAL, b"a", UTF8),
        (SERIAL, b"a" * 65, PRINTABLE),
        (COUNTRY, b"D", PRINTABLE),
        (COUNTRY, b"DE", IA5),
        (DC, b"a", UTF8),
        (EMAIL, b"a@b", PRINTABLE),
        (EMAIL, b"", IA5),
        (EMAIL, b"a" * 256, IA5),
    ],
)
@pytest.mark.parametrize("otp", BOTH)
def test_a_value_of_the_wrong_type_makes_all_of_it_undecodable(
    kind: str, value: bytes, tag: int, otp: Generation
) -> None:
    found = identify(certificate(attribute(CN, "dev"), attribute(kind, value, tag)), otp)
    assert (found.refused, found.cn, found.dn) == (Refusal.UNDECODABLE, None, None)
    assert found.because is not None
    assert found.because.startswith("subject: ")
    assert refused(certificate(issuer=name(attribute(kind, value, tag))), otp) == "undecodable"


@pytest.mark.parametrize("size", [65, 129, 256, 2000])
@pytest.mark.parametrize("otp", BOTH)
def test_utf8_has_no_limit(size: int, otp: Generation) -> None:
    for kind in (CN, ORGANIZATION, UNIT, UID):
        assert refused(certificate(attribute(kind, "x" * size)), otp) is None


@pytest.mark.parametrize(
    ("kind", "tag", "width", "limit_25", "limit_29"),
    [
        (CN, PRINTABLE, 1, 128, 255),
        (CN, BMP, 2, 256, 255),
        (ORGANIZATION, PRINTABLE, 1, 128, 64),
        (UNIT, TELETEX, 1, 128, 64),
        ("2.5.4.12", UNIVERSAL, 4, 256, 64),
        ("2.5.4.8", PRINTABLE, 1, 128, 128),
        ("2.5.4.65", BMP, 2, 256, 128),
        ("2.5.4.42", PRINTABLE, 1, 65536, 32768),
    ],
)
def test_the_limits_of_other_strings(
    kind: str, tag: int, width: int, limit_25: int, limit_29: int
) -> None:
    for otp, limit in ((OTP_25, limit_25), (OTP_29, limit_29)):
        character = b"a".rjust(width, b"\0")
        fits, too_long = (
            certificate(attribute(kind, character * size, tag)) for size in (limit, limit + 1)
        )
        assert refused(fits, otp) is None
        assert refused(too_long, otp) == "undecodable"


@pytest.mark.parametrize("otp", BOTH)
def test_what_is_no_character_crashes_emqx(otp: Generation) -> None:
    for tag, value in ((BMP, b"\xd8\x3d\xde\x00"), (UNIVERSAL, b"\0\x11\0\0")):
        found = identify(certificate(attribute(ORGANIZATION, value, tag), attribute(CN, "a")), otp)
        assert (found.refused, found.cn, found.dn) == (Refusal.UNFORMATTABLE, b"a", None)
        found = identify(certificate(attribute(CN, value, tag)), otp)
        assert (found.refused, found.cn, found.dn) == (Refusal.UNFORMATTABLE, None, None)


@pytest.mark.parametrize("otp", BOTH)
def test_a_cn_with_controls_is_refused_and_other_names_with_them_are_not(otp: Generation) -> None:
    for cn in (b"a\n", b"\0", b"a\x7f", "a\x85".encode(), b"a\xff"):
        found = identify(certificate(attribute(CN, cn)), otp)
        assert (found.refused, found.cn) == (Refusal.INVALID_CN, cn)
        assert found.dn is not None
        assert refused(certificate(attribute(ORGANIZATION, cn), attribute(CN, "a")), otp) is None
    for cn in ("\u200b", "\u202e", "\ufeff", "\xa0", "\uffff"):
        assert refused(certificate(attribute(CN, cn)), otp) is None


@pytest.mark.parametrize(
    ("kind", "value", "tag", "before", "since"),
    [
        (UID, b"u1", UTF8, "UID=u1", r"UID={asn1_OPENTYPE\,\<\<12\,2\,117\,49\>\>}"),
        (
            STREET,
            b"1 Rue",
            PRINTABLE,
            "2.5.4.9=1 Rue",
            r"2.5.4.9={asn1_OPENTYPE\,\<\<19\,5\,49\,32\,82\,117\,101\>\>}",
        ),
        (
            PRIVATE,
            b"abc",
            IA5,
            rf"{PRIVATE}=\<\<22\,3\,97\,98\,99\>\>",
            rf"{PRIVATE}={{asn1_OPENTYPE\,\<\<22\,3\,97\,98\,99\>\>}}",
        ),
        (
            PRIVATE,
            b"",
            NULL,
            rf"{PRIVATE}=\<\<5\,0\>\>",
            rf"{PRIVATE}={{asn1_OPENTYPE\,\<\<5\,0\>\>}}",
        ),
        (
            PRIVATE,
            b"\xd8\0",
            BMP,
            rf"{PRIVATE}=\<\<30\,2\,216\,0\>\>",
            rf"{PRIVATE}={{asn1_OPENTYPE\,\<\<30\,2\,216\,0\>\>}}",
        ),
        (COUNTRY, b"DE", UTF8, "C=DE", r"C=\<\<\"DE\"\>\>"),
        (EMAIL, b"a@b", UTF8, "EMAILADDRESS=a@b", r"EMAILADDRESS=\<\<\"a@b\"\>\>"),
        (
            EMAIL,
            "é東".encode(),
            UTF8,
            r"EMAILADDRESS=\E9\**",
            r"EMAILADDRESS=\<\<195\,169\,230\,157\,177\>\>",
        ),
        (
            EMAIL,
            b"a\xff",
            UTF8,
            r"EMAILADDRESS={error\,\"a\"\,\<\<\"\FF\"\>\>}",
            r"EMAILADDRESS=\<\<\"a\FF\"\>\>",
        ),
        (
            EMAIL,
            b"a\xe6\x9d",
            UTF8,
            r"EMAILADDRESS={incomplete\,\"a\"\,\<\<230\,157\>\>}",
            r"EMAILADDRESS=\<\<97\,230\,157\>\>",
        ),
        (EMAIL, b"\xe9", IA5, r"EMAILADDRESS=\E9", r"EMAILADDRESS=\E9"),
        (DC, b"\xc3\xa9", IA5, r"DC=\C3\A9", r"DC=\C3\A9"),
        ("2.5.4.41", b"n", UTF8, "2.5.4.41=n", "2.5.4.41=n"),
        ("2.5.4.46", b"q", PRINTABLE, "2.5.4.46=q", "2.5.4.46=q"),
    ],
)
def test_values_by_generation(kind: str, value: bytes, tag: int, before: str, since: str) -> None:
    assert dn(attribute(kind, value, tag), otp=OTP_25) == before
    assert dn(attribute(kind, value, tag), otp=OTP_29) == since


def test_a_long_printed_value_is_broken_into_lines() -> None:
    text = dn(attribute(PRIVATE, bytes(40), IA5))
    assert text is not None
    assert text.count("\\0A  ") == 1


def test_what_only_one_generation_refuses() -> None:
    for encoded, before, since in (
        (certificate(attribute(DC, b"a", PRINTABLE)), "undecodable", None),
        (certificate(attribute(f"2.25.{1 << 120}", "x")), None, "undecodable"),
        (certificate(rest=tlv(0xA4, b"")), "undecodable", None),
        (certificate(extensions=(extension("2.5.29.31", b"\5\0"),)), "undecodable", None),
    ):
        assert (refused(encoded, OTP_25), refused(encoded, OTP_29)) == (before, since)


@pytest.mark.parametrize("otp", BOTH)
def test_an_extension_that_does_not_parse_counts_only_if_otp_knows_it(otp: Generation) -> None:
    for kind in ("2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37", "2.5.29.35", "2.5.29.14"):
        found = identify(certificate(extensions=(extension(kind, b"\5\0"),)), otp)
        assert found.refused == "undecodable"
        assert found.because is not None
        assert found.because.startswith("extensions: ")
    assert refused(certificate(extensions=(extension("1.2.3.4", b"\xff"),)), otp) is None


def test_nested_names_are_read_as_strictly_as_the_generation_does() -> None:
    entry = tlv(0xA4, name(attribute(CN, b"a", IA5)))
    long = tlv(0xA4, name(attribute(COUNTRY, b"DEU", PRINTABLE)))
    for names, before, since in (
        ((entry,), "undecodable", "undecodable"),
        ((entry, tlv(0x82, b"a")), None, "undecodable"),
        ((long,), None, "undecodable"),
    ):
        encoded = certificate(extensions=(san(*names),))
        assert (refused(encoded, OTP_25), refused(encoded, OTP_29)) == (before, since)


def key(algorithm: str, parameters: bytes, bits: bytes) -> bytes:
    return tlv(SEQUENCE, tlv(SEQUENCE, oid(algorithm), parameters), tlv(BIT_STRING, b"\0", bits))


@pytest.mark.parametrize(
    ("public_key", "before", "since"),
    [
        (key("1.3.101.112", b"", bytes(32)), None, None),
        (key("2.16.840.1.101.3.4.3.17", b"", bytes(32)), "undecodable", None),
        (key("1.2.3", b"", b"x"), "undecodable", "undecodable"),
        (key("1.2.840.113549.1.1.1", tlv(NULL), tlv(SEQUENCE, b"\2\1\5\2\1\3")), None, None),
        (
            key("1.2.840.113549.1.1.1", tlv(NULL), tlv(SEQUENCE, b"\2\1\5")),
            "undecodable",
            "undecodable",
        ),
        (key("1.2.840.10045.2.1", tlv(NULL), b"\4"), None, "undecodable"),
    ],
)
def test_public_keys(public_key: bytes, before: str | None, since: str | None) -> None:
    encoded = certificate(attribute(CN, "a"), key=public_key)
    assert (refused(encoded, OTP_25), refused(encoded, OTP_29)) == (before, since)


def test_signature_algorithms() -> None:
    unknown = tlv(SEQUENCE, oid("1.2.3"), tlv(NULL))
    sha256 = tlv(SEQUENCE, oid("1.2.840.113549.1.1.11"), tlv(0x0A, b"\1"))
    for algorithm in (unknown, sha256):
        encoded = certificate(algorithm=algorithm)
        assert (refused(encoded, OTP_25), refused(encoded, OTP_29)) == ("undecodable", None)


def test_digest_and_base64_are_of_the_der() -> None:
    encoded = certificate(attribute(CN, "a"))
    found = identify(encoded)
    assert found.crt == encoded
    assert found.md5 == hashlib.md5(encoded, usedforsecurity=False).hexdigest()
    assert base64.b64decode(found.pem, validate=True) == encoded


def test_rabbitmq_writes_the_same_names_and_refuses_no_controls() -> None:
    for encoded in (
        certificate(attribute(CN, "a\n"), attribute(CN, "b")),
        certificate(attribute(ORGANIZATION, b"\xd8\0", BMP), attribute(CN, "a")),
        certificate(attribute(CN, b"a", IA5)),
        certificate(attribute(UID, "u")),
    ):
        for otp in BOTH:
            found = rabbitmq.identify(encoded, otp)
            seen = identify(encoded, otp)
            assert (found.common_name, found.distinguished_name) == (seen.cn, seen.dn)


@given(st.binary())
def test_any_bytes_get_an_answer(data: bytes) -> None:
    for otp in BOTH:
        found = identify(data, otp)
        assert found.crt == data


@given(
    st.lists(
        st.tuples(
            st.sampled_from([CN, EMAIL, UID, PRIVATE]), st.integers(0, 0xFF), st.binary(max_size=40)
        ),
        max_size=4,
    )
)
def test_a_dn_is_printable_ascii(parts: list[tuple[str, int, bytes]]) -> None:
    encoded = certificate(*(attribute(kind, value, tag) for kind, tag, value in parts))
    for otp in BOTH:
        found = identify(encoded, otp)
        if found.dn is not None:
            assert found.dn.decode("ascii").isprintable()


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_escapes_can_be_undone(value: str) -> None:
    text = identify(certificate(attribute(CN, value))).dn
    assert text is not None
    body = text.removeprefix(b"CN=")
    plain, position = b"", 0
    while position < len(body):
        if body[position : position + 1] != b"\\":
            plain += body[position : position + 1]
            position += 1
        elif body[position + 1 : position + 2] in b' #"+,;<>\\':
            plain += body[position + 1 : position + 2]
            position += 2
        else:
            plain += bytes.fromhex(body[position + 1 : position + 3].decode())
            position += 3
    assert plain == value.encode()
