"""Colours that a person chose: readable, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.color import Color

from mtlsx_tui.widgets.colours import readable


@pytest.mark.parametrize(
    ("colour", "shown"),
    [("red", "#FF0000"), ("#abcdef", "#ABCDEF"), ("no colour", None), ("", None), (None, None)],
)
def test_a_colour_from_a_file_is_one_or_none(colour: str | None, shown: str | None) -> None:
    assert readable(colour, dark=True) == shown


@given(st.integers(0, 0xFFFFFF))
def test_a_colour_stands_out_from_the_theme(number: int) -> None:
    colour = f"#{number:06x}"
    on_dark, on_light = readable(colour, dark=True), readable(colour, dark=False)
    assert on_dark is not None
    assert on_light is not None
    assert Color.parse(on_dark).brightness >= 0.28
    assert Color.parse(on_light).brightness <= 0.41


def test_what_stands_out_already_stays() -> None:
    assert readable("orange", dark=True) == "#FFA500"
    assert readable("navy", dark=False) == "#000080"
