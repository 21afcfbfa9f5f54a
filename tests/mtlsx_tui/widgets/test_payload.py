"""Payloads are laid out as what they are, with nothing added and nothing lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx_tui.widgets.payload import (
    MOST_BYTES,
    PayloadFormat,
    hex_dump,
    indent_json,
    is_json,
    lay_out,
)

AUTO, JSON, TEXT, HEX = PayloadFormat


def laid_out(payload: bytes, wanted: PayloadFormat = AUTO) -> tuple[str, str]:
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
    payload: bytes, wanted: PayloadFormat, name: str
) -> None:
    assert laid_out(payload, wanted)[1] == name


INDENTED = """\
{
  "n": 1.10,
  "n": 1e5,
  "s": "\\u00fc",
  "e": {},
  "l": [],
  "d": [
    1,
    {
      "x": null
    }
  ]
}"""


def test_json_is_indented_and_its_spelling_kept() -> None:
    text = '{"n":1.10,"n":1e5,"s":"\\u00fc","e":{},"l":[],"d":[1,{"x":null}]}'
    assert indent_json(text).plain == INDENTED


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON_VALUES, st.booleans())
def test_indented_json_is_the_same_json(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    # Characters that a terminal cannot show are escaped, which means the same in JSON up to U+FFFF.
    shown = indent_json(text).plain
    if "\\U" not in shown and "\\x" not in shown:
        assert json.loads(shown) == value


def test_a_depth_that_no_parser_takes_is_text() -> None:
    deep = b"[" * 20_000
    assert not is_json(deep.decode())
    assert laid_out(deep)[1] == "text"


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


@given(st.binary(min_size=1, max_size=2000), st.sampled_from(PayloadFormat), st.integers(10, 200))
def test_any_bytes_can_be_laid_out(payload: bytes, wanted: PayloadFormat, cells: int) -> None:
    content, _ = lay_out(payload, wanted, cells=cells)
    assert all(line.isprintable() for line in content.plain.split("\n"))
