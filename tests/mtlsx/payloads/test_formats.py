"""Payload formats: what they make of bytes, of what a person writes, and of what nobody should send."""

from __future__ import annotations

import json
from typing import Any

import cbor2
import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.payloads.errors import PayloadError
from mtlsx.payloads.formats import LARGEST_STRUCTURE, PayloadFormat, decode, encode, fits

CBOR, MESSAGEPACK, JSON = PayloadFormat.CBOR, PayloadFormat.MESSAGEPACK, PayloadFormat.JSON
TEXT, HEX, BASE64 = PayloadFormat.TEXT, PayloadFormat.HEX, PayloadFormat.BASE64

texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-(2**63), 2**64 - 1)
scalars = (
    st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | texts
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20
)


def squeezed(text: str) -> str:
    return "".join(line.strip() for line in text.split("\n")).replace(": ", ":")


# What comes in


@given(st.binary(max_size=200), st.sampled_from(PayloadFormat))
def test_any_bytes_become_text_or_the_one_error(payload: bytes, wanted: PayloadFormat) -> None:
    refused: PayloadError | None = None
    try:
        assert isinstance(decode(payload, wanted), str)
    except PayloadError as error:
        refused = error
    assert refused is None or (refused.summary.endswith(".") and wanted not in {HEX, BASE64})


@given(documents)
def test_a_json_document_stays_the_same_in_cbor_and_messagepack(document: Any) -> None:
    written = json.dumps(document).encode()
    assert cbor2.loads(encode(written, CBOR)) == document
    assert msgpack.unpackb(encode(written, MESSAGEPACK)) == document
    for each in (CBOR, MESSAGEPACK):
        assert json.loads(decode(encode(written, each), each)) == document
    assert json.loads(decode(written, JSON)) == document


@pytest.mark.parametrize(
    ("payload", "text"),
    [  # RFC 8949, appendix A
        ("1bffffffffffffffff", "18446744073709551615"),
        ("c249010000000000000000", "18446744073709551616"),
        ("3bffffffffffffffff", "-18446744073709551616"),
        ("c349010000000000000000", "-18446744073709551617"),
        ("f90001", "5.960464477539063e-08"),
        ("f97c00", "Infinity"),
        ("f97e00", "NaN"),
        ("f9fc00", "-Infinity"),
        ("f7", "undefined"),
        ("f0", "simple(16)"),
        ("f8ff", "simple(255)"),
        ("c074323031332d30332d32315432303a30343a30305a", '0("2013-03-21T20:04:00Z")'),
        ("c11a514b67b0", "1(1363896240)"),
        ("d74401020304", "23(h'01020304')"),
        ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", '32("http://www.example.com")'),
        ("4401020304", "h'01020304'"),
        ("62225c", r'"\"\\"'),
        ("64f0908591", '"\U00010151"'),
        ("83018202039f0405ff", "[1,[2,3],[4,5]]"),
        ("a201020304", "{1:2,3:4}"),
        ("a26161016162820203", '{"a":1,"b":[2,3]}'),
        ("7f657374726561646d696e67ff", '"streaming"'),
        ("bf61610161629f0203ffff", '{"a":1,"b":[2,3]}'),
    ],
)  # fmt: skip
def test_cbor_comes_in_its_diagnostic_notation(payload: str, text: str) -> None:
    assert squeezed(decode(bytes.fromhex(payload), CBOR)) == text


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ("8201020103", "{1:2,1:3}"),
        ("81910102", "{[1]:2}"),
        ("c40200ff", "h'00ff'"),
        ("d405ff", "ext5(h'ff')"),
        ("d6ff514b67b0", "timestamp(1363896240)"),
        ("d7ff0000000400000001", "timestamp(1.000000001)"),
        ("ca7f800000", "Infinity"),
    ],
)
def test_what_only_messagepack_has_is_shown_too(payload: str, text: str) -> None:
    assert squeezed(decode(bytes.fromhex(payload), MESSAGEPACK)) == text


def test_json_keeps_its_numbers_escapes_and_repeated_names() -> None:
    payload = b'{"n":1.50e3,"n":"\\u00e4","empty":[],"list":[1,{}]}'
    expected = (
        '{\n  "n": 1.50e3,\n  "n": "\\u00e4",\n  "empty": [],\n  "list": [\n    1,\n    {}\n  ]\n}'
    )
    assert decode(payload, JSON) == expected


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (b"\x81" * 50_000 + b"\x00", CBOR),
        (b"\xc9" * 50_000 + b"\x00", CBOR),
        (b"\x9b" + b"\x7f" * 8, CBOR),  # an array of 9 quintillion, of which none come
        (b"\x5b" + b"\x7f" * 8, CBOR),
        (bytes.fromhex("a201020103"), CBOR),  # the same key twice
        (b"\x00\x00", CBOR),
        (b"\x91" * 50_000 + b"\x00", MESSAGEPACK),
        (b"\x91" * 101 + b"\x00", MESSAGEPACK),
        (b"\xdd\x7f\xff\xff\xff", MESSAGEPACK),
        (b"\x00\x00", MESSAGEPACK),
        (b"\xa1\xff", MESSAGEPACK),
        (b"[" * 50_000, JSON),
        (b"1" * 10_000, JSON),
        (b"NaN", JSON),
        (b"[" + b" " * LARGEST_STRUCTURE + b"]", JSON),
        (b"caf\xe9", TEXT),
    ],
)
def test_what_is_hostile_or_nothing_of_the_kind_is_refused(
    payload: bytes, wanted: PayloadFormat
) -> None:
    with pytest.raises(PayloadError) as caught:
        decode(payload, wanted)
    assert len(caught.value.summary) < 200
    assert not fits(payload, wanted)


def test_shared_references_are_not_followed() -> None:
    bomb = b"\x00"
    for _ in range(40):  # each level twice the one below: 2 to the 40th values, if it were followed
        bomb = bytes.fromhex("82d81c") + bomb + bytes.fromhex("d81d00")
    assert len(decode(bomb, CBOR)) < 100_000


def test_indentation_does_not_blow_up_what_is_nested() -> None:
    payload = b"[" * 500 + b",".join([b"1"] * 5_000) + b"]" * 500
    assert len(decode(payload, JSON)) < 100 * len(payload)


@pytest.mark.parametrize(
    ("payload", "wanted", "expected"),
    [
        (b'{"a": 1}', JSON, True),
        (b'{"a": 1}', CBOR, False),
        (b'{"a": 1}', MESSAGEPACK, False),
        (b"1", CBOR, False),  # -18 in CBOR, and nobody meant that
        (b"\xff\x00", TEXT, False),
        (b"\xff\x00", HEX, True),
        (bytes.fromhex("a1616101"), CBOR, True),
        (bytes.fromhex("a1616101"), MESSAGEPACK, False),
        (bytes.fromhex("81a16101"), MESSAGEPACK, True),
        (bytes.fromhex("81a16101"), CBOR, False),
    ],
)
def test_what_fits(payload: bytes, wanted: PayloadFormat, expected: bool) -> None:
    assert fits(payload, wanted) is expected


# What a person writes


@given(st.binary(max_size=200))
def test_hex_and_base64_come_back(payload: bytes) -> None:
    for each in (HEX, BASE64):
        assert encode(decode(payload, each).encode(), each) == payload


@given(st.binary(max_size=100), st.sampled_from(PayloadFormat))
def test_anything_written_becomes_bytes_or_the_one_error(
    written: bytes, given: PayloadFormat
) -> None:
    refused: PayloadError | None = None
    try:
        assert isinstance(encode(written, given), bytes)
    except PayloadError as error:
        refused = error
    assert refused is None or refused.summary.endswith(".")


@pytest.mark.parametrize(
    ("written", "given", "payload"),
    [
        ("0x00 FF\n7f", HEX, b"\x00\xff\x7f"),
        ("aGVs\nbG8=", BASE64, b"hello"),
        ('{ "a": 1.0 }', JSON, b'{ "a": 1.0 }'),
        ("{ not json", TEXT, b"{ not json"),
        ('{"a":18446744073709551616}', CBOR, bytes.fromhex("a16161c249010000000000000000")),
    ],
)
def test_what_is_written_is_taken_as_it_is_meant(
    written: str, given: PayloadFormat, payload: bytes
) -> None:
    assert encode(written.encode(), given) == payload


@pytest.mark.parametrize(
    ("written", "given", "sentence"),
    [
        ("0g", HEX, "'g' is no hexadecimal digit."),
        ("abc", HEX, "3 hexadecimal digits make no whole number of bytes."),
        ("a*b=", BASE64, "'a*b=' is not base64."),
        ("abcde", BASE64, "'abcde' is not base64."),
        ('{"a": }', JSON, "This is not JSON: Expecting value at line 1, column 7."),
        ('{"a": 1, "a": 2}', CBOR, "The name 'a' comes more than once in an object."),
        ("[18446744073709551616]", MESSAGEPACK, "MessagePack has no integer of more than 64 bits."),
    ],
)
def test_a_mistake_gets_a_sentence(written: str, given: PayloadFormat, sentence: str) -> None:
    with pytest.raises(PayloadError) as caught:
        encode(written.encode(), given)
    assert caught.value.summary == sentence


@pytest.mark.parametrize("given", [CBOR, MESSAGEPACK])
def test_half_of_a_surrogate_pair_cannot_be_written(given: PayloadFormat) -> None:
    with pytest.raises(PayloadError):
        encode(rb'["\ud800"]', given)


@pytest.mark.parametrize("given", [JSON, CBOR, MESSAGEPACK])
def test_what_is_written_too_deeply_is_refused(given: PayloadFormat) -> None:
    with pytest.raises(PayloadError, match="nested too deeply"):
        encode(b"[" * 50_000 + b"]" * 50_000, given)
