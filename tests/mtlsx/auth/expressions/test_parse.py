"""Expressions as text: what EMQX's parser takes, and the sentences for what it does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.auth.expressions.parse import DEPTH, Array, Call, Constant, Variable, parse
from mtlsx.errors import UsageError


def test_the_parts_of_an_expression() -> None:
    expression = parse('concat([username, "-\'x", -3, 1.5e2,\n true])')
    assert expression.root == Call(
        "concat",
        (
            Array(
                (
                    Variable(("username",)),
                    Constant(b"-'x"),
                    Constant(-3),
                    Constant(150.0),
                    Constant(b"true"),
                )
            ),
        ),
    )
    assert expression.problems == ()


def test_a_name_with_dots_leads_into_a_map() -> None:
    assert parse("client_attrs.tns").root == Variable(("client_attrs", "tns"))


def test_a_name_may_begin_like_a_word_of_the_language() -> None:
    assert parse("true-ish").root == Variable(("true-ish",))


def test_emqx_own_module_may_be_named() -> None:
    assert parse("emqx_variform_bif.lower('A')").root == Call("lower", (Constant(b"A"),))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("concat([username", "wrong at character 17: it ends, where EMQX takes a comma or ]"),
        ("concat(a b)", "wrong at character 10: there is 'b', where EMQX takes a comma or )"),
        ("concat(a,)", "wrong at character 10: there is ')', where EMQX takes a function"),
        ("concat([])", "wrong at character 9: there is ']'"),
        ("[username]", "wrong at character 1: there is '['"),
        (
            "username clientid",
            "wrong at character 10: there is 'clientid', where EMQX takes the end",
        ),
        ("", "wrong at character 1: it ends"),
        ("'abc", "a quote at character 1 that is not closed"),
        ("a + b", "cannot be read at character 3"),
        ("a\r", "cannot be read at character 2"),
        ("1.0e999", "cannot be read at character 1"),
        ("9" * 5000, "cannot be read at character 1"),
        ("getenv('HOME')", "is not supported here: it reads the environment"),
        (
            "lists.nth(1, cert_san.dns)",
            "The function lists.nth in the expression 'lists.nth(1, cert_san.dns)' is not supported here",
        ),
        (
            "coalesce(rand_str(8))",
            "'coalesce(rand_str(8))' is not supported here: its value is random",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        parse(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("concta([username])", "EMQX has no function concta."),
        ("concat(a, b, c)", "EMQX has no function concat of 3 arguments."),
        ("iif(a, b)", "EMQX has no function iif of 2 arguments."),
        (
            "os.cmd('x')",
            "EMQX calls no function os.cmd in an expression; name it without a module.",
        ),
    ],
)
def test_calls_that_fail_for_each_client_are_problems(text: str, problem: str) -> None:
    assert parse(text).problems == (problem,)


@pytest.mark.parametrize("opening", ["lower(", "concat(["])
def test_depth_is_limited(opening: str) -> None:
    closing = "".join({"(": ")", "[": "]"}[mark] for mark in reversed(opening) if mark in "([")
    times = DEPTH // len(closing)
    assert parse(opening * times + "a" + closing * times).problems == ()
    with pytest.raises(UsageError, match=f"more than {DEPTH} calls and arrays"):
        parse(opening * 5000 + "a" + closing * 5000)


@given(
    st.text(alphabet=st.sampled_from("abtrue ,()[]'\"-+.0159é\n\ud800"), max_size=60) | st.text()
)
def test_any_text_is_an_expression_or_a_sentence(text: str) -> None:
    try:
        expression = parse(text)
    except UsageError as error:
        told = error.summary
    else:
        told = "It is an expression."
        assert expression.text == text
    assert told.endswith(".")
