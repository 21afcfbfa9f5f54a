"""The line of a plot goes where the numbers are, whatever they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mtlsx_tui.widgets.plot import braille, short

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    assert braille([(0.0, 0.0), (1.0, 1.0)], 4, 2) == ["⠀⠀⡠⠊", "⡠⠊⠀⠀"]


def test_a_jump_is_a_vertical_line() -> None:
    assert braille([(0.0, 0.0), (0.0, 1.0), (2.0, 1.0)], 2, 1) == ["⡏⠉"]


def test_one_number_or_the_same_again_is_in_the_middle() -> None:
    assert braille([(5.0, 7.0)], 3, 1) == ["⠀⠄⠀"]
    assert braille([(0.0, 7.0), (9.0, 7.0)], 3, 1) == ["⠤⠤⠤"]


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1), st.integers(1, 40), st.integers(1, 9))
def test_any_numbers_make_a_picture_of_that_size(
    points: list[tuple[float, float]], columns: int, rows: int
) -> None:
    lines = braille(points, columns, rows)
    assert [len(line) for line in lines] == [columns] * rows
    assert any(cell != "⠀" for line in lines for cell in line)


@given(FINITE)
def test_a_number_has_room_beside_the_plot(number: float) -> None:
    assert len(short(number)) < 10
