"""Payloads are laid out as what they are, with nothing added and nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx_tui.widgets.payload import (
    MOST_BYTES,
    View,
    hex_dump,
    lay_out,
    views,
)

AUTO, JSON, TEXT, HEX = View.AUTO, View.JSON, View.TEXT, View.HEX


def laid_out(payload: bytes, wanted: View = AUTO) -> tuple[str, str]:
    content, name = lay_out(payload, wanted, cells=100)
    return content.plain, name


@pytest.mark.parametrize(
    ("payload", "wanted", "name"),
    [
        (b'{"a": 1}', AUTO, "JSON"),
        (b"[1]", AUTO, "JSON"),
        (b"21.4", AUTO, "text"),
        (b"21.4", JSON, "JSON"),
        (b"{broken", AUTO, "text"),
        (b"{broken", JSON, "text"),
        (b'{"a": 1}', TEXT, "text"),
        (b"\xff\x00", AUTO, "hex"),
        (b"\xff\x00", JSON, "hex"),
        (b"text", HEX, "hex"),
        (b"", AUTO, "empty"),
    ],
)
def test_the_format_is_the_one_wanted_or_the_next_that_fits(
    payload: bytes, wanted: View, name: str
) -> None:
    assert laid_out(payload, wanted)[1] == name


@pytest.mark.parametrize(
    ("payload", "content_type", "wanted", "name"),
    [
        ("a1616101", None, AUTO, "CBOR"),
        ("81a16101", None, AUTO, "MessagePack"),
        ("a1616101", None, View.MESSAGEPACK, "CBOR"),
        ("18ff", None, AUTO, "hex"),  # the number 255 in CBOR, perhaps
        ("18ff", "application/cbor", AUTO, "CBOR"),
        ("18ff", None, View.CBOR, "CBOR"),
        ("a1616101", None, View.BASE64, "base64"),
        ("5b2231225d", None, AUTO, "JSON"),
        ("836131613231", None, AUTO, "CBOR"),
        ("92c402ffffa131", "application/vnd.msgpack; charset=binary", AUTO, "MessagePack"),
    ],
)
def test_binary_formats_are_seen_where_they_were_meant(
    payload: str, content_type: str | None, wanted: View, name: str
) -> None:
    content = lay_out(bytes.fromhex(payload), wanted, cells=100, content_type=content_type)
    assert content[1] == name


def test_cbor_and_messagepack_are_laid_out_as_json_is() -> None:
    assert laid_out(bytes.fromhex("a1616182f50a")) == (
        '{\n  "a": [\n    true,\n    10\n  ]\n}',
        "CBOR",
    )


def test_a_person_is_offered_what_fits() -> None:
    assert views(b'{"a": 1}') == (AUTO, JSON, TEXT, HEX, View.BASE64)
    assert views(bytes.fromhex("a1ff01")) == (AUTO, HEX, View.BASE64)
    assert views(bytes.fromhex("a1616101")) == (AUTO, View.CBOR, HEX, View.BASE64)
    assert views(b"x" * (MOST_BYTES + 1)) == (AUTO, TEXT, HEX, View.BASE64)


def test_what_a_terminal_would_obey_is_escaped_inside_strings() -> None:
    assert laid_out('["\u202e\u009b"]'.encode())[0] == '[\n  "\\u202e\\x9b"\n]'


def test_base64_fills_the_width() -> None:
    content, _ = lay_out(bytes(30), View.BASE64, cells=16)
    assert content.plain == "A" * 16 + "\n" + "A" * 16 + "\n" + "A" * 8


def test_a_depth_that_no_parser_takes_is_text() -> None:
    assert laid_out(b"[" * 20_000)[1] == "text"


def test_text_keeps_its_lines_and_loses_its_control_characters() -> None:
    assert laid_out(b"one\r\ntwo\x1b[2J\x07")[0] == "one\ntwo\\x1b[2J\\x07"


def test_a_long_payload_is_cut_with_a_note() -> None:
    shown, name = laid_out(b"x" * (MOST_BYTES + 1))
    assert name == "text"
    assert shown.endswith("… the first 65,536 of 65,537 bytes")


def test_hex_lines_have_offset_bytes_and_letters_in_columns() -> None:
    assert hex_dump(bytes(range(0x30, 0x42)), 16).plain.splitlines() == [
        "00000000  30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d 3e 3f  0123456789:;<=>?",
        "00000010  40 41                                             @A",
    ]
    assert hex_dump(b"\x00A", 8).plain == "00000000  00 41                    ·A"


@given(st.binary(min_size=1, max_size=2000), st.sampled_from(View), st.integers(10, 200))
def test_any_bytes_can_be_laid_out(payload: bytes, wanted: View, cells: int) -> None:
    content, _ = lay_out(payload, wanted, cells=cells)
    assert all(line.isprintable() for line in content.plain.split("\n"))
