"""Every kind of step reads as one line, and as JSON that says the same."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.trace import (
    NAMES,
    Answered,
    Asked,
    CertificateRead,
    Decided,
    Mapped,
    Outcome,
    RuleTried,
    Step,
    as_json,
    as_text,
    from_json,
    mark_of,
)

OCTETS = st.binary(max_size=20)
STEPS = st.one_of(
    [
        st.builds(CertificateRead, st.none() | OCTETS, st.none() | OCTETS, st.just("00"), st.none()),
        st.builds(Answered, st.just("redis"), st.sampled_from(Outcome), st.none(), st.just("so")),
        st.builds(Decided, st.booleans(), st.none() | st.just("CONNACK"), st.none(), st.just("so.")),
        st.builds(Mapped, st.just("username"), st.none() | OCTETS, st.just("cn")),
        st.builds(Asked, st.just("redis"), st.just("store"), st.lists(OCTETS).map(tuple)),
        st.builds(
            RuleTried, st.just("redis"), OCTETS, st.none() | OCTETS, st.booleans(),
            st.just("allow"), st.just("it matches."),
        ),
    ]
)  # fmt: skip


@given(st.lists(STEPS, max_size=5))
def test_the_mark_of_a_step_is_found_in_its_json(steps: list[Step]) -> None:
    content = json.loads(json.dumps(as_json(steps)))
    assert [mark_of(step) for step in content] == [step.mark for step in steps]


@given(st.lists(STEPS, max_size=5))
def test_a_trace_is_a_line_a_step_and_plain_json(steps: list[Step]) -> None:
    lines = as_text(steps).split("\n") if steps else []
    assert len(lines) == len(steps)
    assert all(line.isprintable() for line in lines)
    content = json.loads(json.dumps(as_json(steps)))
    assert [step["text"] for step in content] == [str(step) for step in steps]
    assert [step["step"] for step in content] == [NAMES[type(step)] for step in steps]


@given(st.lists(STEPS, max_size=5))
def test_a_trace_comes_back_from_json(steps: list[Step]) -> None:
    again = from_json(json.loads(json.dumps(as_json(steps))))
    assert again == tuple(steps)
    assert [type(step) for step in again] == [type(step) for step in steps]
    assert as_text(again) == as_text(steps)


def test_the_kinds_of_steps_have_names_of_their_own() -> None:
    assert NAMES.keys() == {*get_args(Step)}
    assert len({*NAMES.values()}) == len(NAMES)


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [("ok", "✔"), ("allow", "✔"), ("error", "✘"), ("deny", "✘"), ("crash", "✘"), ("ignore", "·"), ("nomatch", "·")],
)  # fmt: skip
def test_an_answer_is_marked_by_its_outcome(outcome: str, mark: str) -> None:
    assert Answered("redis", Outcome(outcome), None, "so").mark == mark


def test_octets_that_are_no_text_stay_whole_in_json() -> None:
    (step,) = as_json([Mapped("username", b"\xff\x00", "crt")])
    assert step["value"] == {"hex": "ff00"}


def test_a_decision_says_what_is_sent() -> None:
    (step,) = as_json([Decided(False, "CONNACK", 0x87, "The client is refused.")])
    assert (step["packet"], step["code"], step["allowed"]) == ("CONNACK", 135, False)
