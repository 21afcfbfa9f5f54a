"""What comes from the network reaches the terminal as printable characters within its cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mtlsx_tui.widgets.printable import decode_utf8, fit, pad, preview, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 温度", "plain ünïcode 温度"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_a_terminal_would_not_print_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_unprintable_is_left(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(), st.integers(0, 40))
def test_cut_text_stays_within_its_cells(text: str, cells: int) -> None:
    assert cell_len(fit(printable(text), cells)) <= cells


@given(st.text(), st.integers(1, 40))
def test_padded_text_fills_its_cells(text: str, cells: int) -> None:
    assert cell_len(pad(printable(text), cells)) == cells


def test_a_cut_shows() -> None:
    assert fit("0123456789", 5) == "0123…"
    assert fit("温度温度", 5) == "温度…"
    assert fit("温度温度", 4) == "温 …"
    assert fit("0123456789", 10) == "0123456789"


@given(st.binary(max_size=400), st.integers(1, 60))
def test_a_preview_is_one_printable_line_within_its_cells(payload: bytes, cells: int) -> None:
    line = preview(payload, cells)
    assert line.isprintable()
    assert cell_len(line) <= cells


def test_a_preview_of_bytes_that_are_no_text_is_hexadecimal() -> None:
    assert preview(b"\x00\xff\x10", 20) == "0x00ff10"


def test_a_preview_does_not_take_a_cut_character_for_binary() -> None:
    payload = "ü".encode() * 1000
    assert preview(payload, 9) == "üüüüüüüü…"


def test_decoding_forgives_a_cut_and_nothing_else() -> None:
    assert decode_utf8("aü".encode()[:2], cut=True) == "a"
    assert decode_utf8("aü".encode()[:2]) is None
    assert decode_utf8(b"a\xffb", cut=True) is None
