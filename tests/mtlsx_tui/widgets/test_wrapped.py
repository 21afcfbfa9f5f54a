"""Text over several lines: nothing is lost, nothing sticks out, and no byte of a digest is torn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mtlsx_tui.widgets.wrapped import broken, wrapped

SHA_256 = bytes(range(32))
texts = st.text(st.characters(categories=("L", "N", "P", "Zs"), exclude_characters="\xa0"))


@given(texts, st.integers(2, 40))
def test_lines_fit_and_nothing_but_spaces_is_lost(text: str, cells: int) -> None:
    lines = wrapped(text, cells)
    assert lines
    assert all(cell_len(line) <= cells for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.binary(min_size=2, max_size=64), st.integers(3, 100), st.sampled_from([":", ""]))
def test_a_digest_is_broken_between_bytes(digest: bytes, cells: int, separator: str) -> None:
    written = digest.hex(":") if separator else digest.hex()
    pieces = broken(written, cells)
    assert "".join(pieces) == written
    read = [bytes.fromhex(piece.replace(":", "")) for piece in pieces]
    assert b"".join(read) == digest
    assert all(len(piece) <= cells for piece in pieces)


@pytest.mark.parametrize(
    ("text", "cells", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one  two", 20, ["one  two"]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("by another way: 00:01:02:03", 16, ["by another way:", "00:01:02:03"]),
        ("is 00:01:02:03", 8, ["is", "00:01:", "02:03"]),
        ("0001020304", 5, ["0001", "0203", "04"]),
        ("", 5, [""]),
    ],
)
def test_where_lines_end(text: str, cells: int, lines: list[str]) -> None:
    assert wrapped(text, cells) == lines


def test_a_fingerprint_in_a_terminal_of_80_columns() -> None:
    first, second = wrapped(SHA_256.hex(":").upper(), 67)
    assert first.endswith("15:")
    assert second.startswith("16:")
