from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError


def test_a_short_element_and_what_follows_it() -> None:
    element = der.read(b"\x0c\x02hi\x05\x00")
    assert (element.tag, element.value, element.raw) == (der.UTF8_STRING, b"hi", b"\x0c\x02hi")
    assert (element.start, element.content, element.stop, element.end) == (0, 2, 4, 4)


def test_children_keep_encoded_order_and_their_place() -> None:
    outer = der.read(b"\x30\x08\x02\x01\x07\x30\x00\x0c\x01a")
    assert [(each.tag, each.start, each.raw) for each in outer.children()] == [
        (der.INTEGER, 2, b"\x02\x01\x07"),
        (der.SEQUENCE, 5, b"\x30\x00"),
        (der.UTF8_STRING, 7, b"\x0c\x01a"),
    ]


@pytest.mark.parametrize(
    ("encoded", "tag", "value"),
    [
        pytest.param(b"\x04\x81\x01x", 0x04, b"x", id="long form for a short length"),
        pytest.param(b"\x04\x84\0\0\0\x01x", 0x04, b"x", id="length with leading zeros"),
        pytest.param(b"\x1f\x81\x02\x01x", 0x1F8102, b"x", id="high tag number"),
        pytest.param(b"\x30\x80\x0c\x01a\0\0", 0x30, b"\x0c\x01a", id="indefinite length"),
        pytest.param(
            b"\x30\x80\x30\x80\x0c\x01a\0\0\x0c\x00\0\0",
            0x30,
            b"\x30\x80\x0c\x01a\0\0\x0c\x00",
            id="indefinite inside indefinite",
        ),
        pytest.param(b"\x04\x82\x01\x00" + b"y" * 256, 0x04, b"y" * 256, id="two length octets"),
    ],
)
def test_forms_that_der_forbids_are_read(encoded: bytes, tag: int, value: bytes) -> None:
    for element in (der.read_whole(encoded), der.read(b"\x30" + encoded, 1)):
        assert (element.tag, element.value, element.raw) == (tag, value, encoded)
    assert [each.raw for each in der.read_whole(b"\x31\x82" + len(encoded).to_bytes(2) + encoded).children()] == [encoded]  # fmt: skip


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"", "data ends inside the element at byte 0"),
        (b"\x30", "data ends inside the element at byte 0"),
        (b"\x1f\x81", "data ends inside the element at byte 0"),
        (b"\x1f" + b"\x81" * 8, "the tag number at byte 0 is endless"),
        (b"\x30\x82\x01", "data ends inside the length at byte 1"),
        (b"\x30\x03\x01\x01", "the element at byte 0 says 3 bytes, but 2 are left"),
        (b"\x30\x80\x02\x01\x01\x00", "the element of indefinite length at byte 2 has no end"),
    ],
)
def test_what_is_no_element_is_said_with_its_place(encoded: bytes, message: str) -> None:
    with pytest.raises(DerError, match=message):
        der.read(encoded)


def test_an_element_that_is_cut_inside_another_is_not_read_beyond_it() -> None:
    outer = der.read(b"\x30\x03\x04\x05x" + b"beyond")
    with pytest.raises(DerError, match="says 5 bytes, but 1 are left"):
        outer.children()


def test_the_whole_of_the_bytes_is_one_element_or_an_error() -> None:
    with pytest.raises(DerError, match="2 bytes follow the element that ends at byte 2"):
        der.read_whole(b"\x05\x00\x05\x00")


def test_an_unexpected_tag_is_named() -> None:
    with pytest.raises(DerError, match="subject: tag 0x05 at byte 0, not 0x30"):
        der.expect(der.read(b"\x05\x00"), der.SEQUENCE, "subject")


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"", 0),
        (b"\x00", 0),
        (b"\x7f", 127),
        (b"\xff", -1),
        (b"\x00\xff", 255),
        (b"\x80\x00", -32768),
    ],
)
def test_integers(content: bytes, number: int) -> None:
    assert der.decode_integer(content) == number


@pytest.mark.parametrize(
    ("content", "dotted"),
    [
        ("550403", "2.5.4.3"),
        ("2a864886f70d010901", "1.2.840.113549.1.9.1"),
        ("00", "0.0"),
        ("8837", "2.999"),
        ("2b8004", "1.3.4"),
        (
            "6983f09da7ebcfdee0c7a1a7b2c0948cc8f9d77609",
            "2.25.329800735698586629295641978511506172918.9",
        ),
    ],
)
def test_object_identifiers(content: str, dotted: str) -> None:
    assert der.decode_oid(bytes.fromhex(content)) == dotted


@pytest.mark.parametrize("content", [b"", b"\x81", b"\x55\x84", b"\x81" * 200 + b"\x01"])
def test_object_identifiers_that_are_none(content: bytes) -> None:
    with pytest.raises(DerError, match="object identifier"):
        der.decode_oid(content)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_elements_that_tile_them_or_the_readers_own_error(data: bytes) -> None:
    outer = b"\x30\x82" + len(data).to_bytes(2) + data
    try:
        children = der.read_whole(outer).children()
    except DerError as error:
        with pytest.raises(DerError, match=re.escape(str(error))):
            der.pieces(outer)
        return
    assert b"".join(each.raw for each in children) == data
    assert der.pieces(outer) == (der.SEQUENCE, [each.raw for each in children])
    assert all(each.value in each.raw for each in children)
