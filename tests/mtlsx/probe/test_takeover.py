"""The pattern of losses that two clients with one id leave."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.probe.judge import judge_loss
from mtlsx.probe.takeover import FEWEST, LONGEST_LIFE, Life, pushed_out

SHORT = Life(1.0, closed=True)
RESET = Life(1.0, closed=False)
LONG = Life(LONGEST_LIFE + 1, closed=True)
ASKED = Life(1.0, closed=True, asked=True)


@pytest.mark.parametrize(
    ("lives", "times"),
    [
        ([], 0),
        ([SHORT] * (FEWEST - 1), 0),
        ([SHORT] * FEWEST, FEWEST),
        ([SHORT] * 5, 5),
        ([LONG, *[SHORT] * FEWEST], FEWEST),
        ([SHORT, SHORT, RESET], 0),
        ([SHORT, RESET, SHORT, SHORT], 0),
        ([SHORT, SHORT, LONG], 0),
        ([ASKED] * 9, 0),
        ([SHORT, ASKED, SHORT, SHORT], FEWEST),
        ([SHORT, ASKED, SHORT], 0),
    ],
)
def test_the_pattern(lives: list[Life], times: int) -> None:
    assert pushed_out(lives) == times


@given(st.lists(st.sampled_from([SHORT, RESET, LONG, ASKED]), max_size=9))
def test_it_needs_enough_that_fit(lives: list[Life]) -> None:
    times = pushed_out(lives)
    assert times == 0 or FEWEST <= times <= lives.count(SHORT)


def test_the_pattern_makes_the_verdict() -> None:
    judged = judge_loss(None, "h", 8883, unanswered_ping=False, lives=[SHORT] * FEWEST)
    assert (judged.id, judged.exit_code, judged.definite) == ("session-taken-over", 16, True)
    assert "3 times in a row" in judged.summary
    alone = judge_loss(None, "h", 8883, unanswered_ping=False, lives=[SHORT])
    assert (alone.id, alone.definite) == ("connection-lost", False)


def test_a_ping_without_an_answer_is_the_network() -> None:
    judged = judge_loss(None, "h", 8883, unanswered_ping=True, lives=[SHORT] * FEWEST)
    assert judged.id == "connection-lost"
