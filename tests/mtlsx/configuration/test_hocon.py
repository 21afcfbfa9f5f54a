"""HOCON as EMQX writes it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.configuration.hocon import parse
from mtlsx.configuration.hocon_writer import Ours, dump
from mtlsx.errors import UsageError

keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
plain = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(0.001, 10**6)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
documents = st.dictionaries(
    keys,
    st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def read(text: str, **included: str) -> dict[str, Any]:
    return parse(
        text, source="emqx.conf", include=lambda name: (included[name.partition(".")[0]], name)
    )


@given(documents)
def test_what_is_written_is_read_back(document: dict[str, Any]) -> None:
    assert parse(dump(document), source="it") == document


@given(st.text(st.sampled_from("ab.={}[]:,+\"#$/\\\n ~1é'") | st.characters(), max_size=60))
def test_no_text_makes_it_raise_anything_but_its_error(text: str) -> None:
    with suppress(UsageError):
        read(text, a="a = 1")


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("", {}),
        ("{ a = 1 }", {"a": 1}),
        ("a = 1\na = 2", {"a": 2}),
        ("a : 1, b : x", {"a": 1, "b": "x"}),
        ("a.b = 1\na { c = 2 }", {"a": {"b": 1, "c": 2}}),
        ('"a.b" = 1', {"a.b": 1}),
        ("a = true b = c", {"a": "true b = c"}),
        ("a = [1, 2\n 3]", {"a": [1, 2, 3]}),
        ("a = [{b = 1}, {b = 2}]", {"a": [{"b": 1}, {"b": 2}]}),
        ("a = 0.0.0.0:1883", {"a": "0.0.0.0:1883"}),
        ("a = 15s # idle\nb = 1 // one", {"a": "15s", "b": 1}),
        ("a = http://127.0.0.1/x", {"a": "http://127.0.0.1/x"}),
        ('a = "x # y"', {"a": "x # y"}),
        ('a = "\\u00e9\\n"', {"a": "é\n"}),
        ('a = """x"y\nz"""', {"a": 'x"y\nz'}),
        ('a = """~\n    x\n      y\n  ~"""', {"a": "x\n  y\n"}),
        ("a = 1\nb = ${a}", {"a": 1, "b": 1}),
        ("b = ${a}\na = 1", {"a": 1, "b": 1}),
        ('a = "x"\nb = ${a}"/"y', {"a": "x", "b": "x/y"}),
        ("a = ${?nothing}", {}),
        ("a = x ${?nothing}", {"a": "x "}),
        ("a = [1]\na += 2", {"a": [1, 2]}),
        ("a += 2", {"a": [2]}),
        ("a = [1]\na = ${a} [2]", {"a": [1, 2]}),
        ("a { b = 1 }\nc = ${a} { d = 2 }", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a = ${b}\na { c = 1 }\nb { d = 2 }", {"a": {"d": 2, "c": 1}, "b": {"d": 2}}),
        ("a = ${EMQX_ETC_DIR}/acl.conf", {"a": "${EMQX_ETC_DIR}/acl.conf"}),
        ('a = "${b}"', {"a": "${b}"}),
        ("#mtlsx a = 1\n# b = 2", {"a": 1}),
        ("a = null", {"a": None}),
        ("a = -1.5e2", {"a": -150.0}),
    ],
)
def test_forms(text: str, document: dict[str, Any]) -> None:
    assert read(text) == document


def test_a_file_is_included_where_it_stands() -> None:
    assert read('a { include "more.conf" }\nb = 1', more="c = 2") == {"a": {"c": 2}, "b": 1}
    assert read('include file("more.conf")', more="c = 2") == {"c": 2}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = {", "emqx.conf: line 1: a { is not closed."),
        ("\na = [1", "emqx.conf: line 2: a [ is not closed."),
        ('a = 1\nb = "x\n', "emqx.conf: line 2: a quote is not closed on its line."),
        ("a", "emqx.conf: line 1: = or { is expected after a."),
        ("a = \n", "emqx.conf: line 2: a has no value."),
        ("}", "emqx.conf: line 1: a key is expected, not }."),
        ("{ } x", "emqx.conf: line 1: what follows the closing } is not expected."),
        ("a { } b = 1", "emqx.conf: line 1: an object must end its line"),
        ('a = "\\q"', "emqx.conf: line 1: a backslash in quotes must begin an escape of JSON."),
        ('a = "\\ud800"', "emqx.conf: line 1: an escape stands for half a character."),
        ("a = ${b}", "emqx.conf: line 1: ${b} is not defined in the file. Environment variables"),
        ("a = ${HOME}", "emqx.conf: line 1: ${HOME} is not defined in the file."),
        ("a = ${b}\nb = ${a}", "emqx.conf: line 1: ${b} refers to itself."),
        ("a = 1 [2]", "emqx.conf: line 1: values of different kinds stand side by side."),
        ('include url("http://127.0.0.1/")', "emqx.conf: line 1: include takes a file's name in"),
        ("a = " + "[" * 100, "emqx.conf: line 1: values are nested too deep."),
        ('include "round.conf"', "round.conf: line 1: more than 20 files are included"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        read(text, round='include "round.conf"')
    assert str(error.value).startswith(sentence)


def test_references_that_multiply_are_bounded() -> None:
    lines = ["a0 = [x]"]
    lines += [f"a{n} = [${{a{n - 1}}}, ${{a{n - 1}}}, ${{a{n - 1}}}]" for n in range(1, 20)]
    with pytest.raises(UsageError, match="more than 100000 values"):
        read("\n".join(lines))


def test_settings_that_emqx_does_not_have_are_comments_to_it() -> None:
    assert dump({"a": {Ours("b"): [1, "x"]}}) == 'a {\n  #mtlsx b = [1, "x"]\n}\n'
