"""Terms as ``io:format("~p")`` of OTP 25 and 29 printed them."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.identity.erlang_terms import Atom, Term, print_term

ERROR, OPEN = Atom("error"), Atom("asn1_OPENTYPE")


@pytest.mark.parametrize(
    ("term", "printed"),
    [
        (b"", "<<>>"),
        (b"abc", '<<"abc">>'),
        (b"\x00abc", "<<0,97,98,99>>"),
        (b"\x7f", "<<127>>"),
        (b"\x80", "<<128>>"),
        (b"\xa0\xff", '<<"\xa0\xff">>'),
        (b'"\\\n\r\t\v\b\f\x1b', r'<<"\"\\\n\r\t\v\b\f\e">>'),
        (b"\x07", "<<7>>"),
        ([], "[]"),
        ([97, 98], '"ab"'),
        ([97, 300], "[97,300]"),
        ((OPEN, b"\x0c\x01a"), "{asn1_OPENTYPE,<<12,1,97>>}"),
        ((ERROR, [233], b"\xff"), '{error,"\xe9",<<"\xff">>}'),
        ((ERROR, [], b""), "{error,[],<<>>}"),
    ],
)
def test_short_terms(term: Term, printed: str) -> None:
    assert print_term(term) == printed


@pytest.mark.parametrize(
    ("term", "printed"),
    [
        (
            bytes.fromhex(
                "ba7d0a3e761db2b4997296443d12e29aa8203e4a146c374c5dae30af0df500011b5e0f05bb"
            ),
            ("<<186,125,10,62,118,29,178,180,153,114,150,68,61,18,226,154,168,32,62,74,20,\n"
            "  108,55,76,93,174,48,175,13,245,0,1,27,94,15,5,187>>"),
        ),
        (
            (
                OPEN,
                bytes.fromhex(
                    "c2d24294ddc62070259a22367cc6cea756571ba2caabc11664bf9cd7502cfaf3c65ae22b"
                ),
            ),
            ("{asn1_OPENTYPE,<<194,210,66,148,221,198,32,112,37,154,34,54,124,198,206,167,\n"
            "                 86,87,27,162,202,171,193,22,100,191,156,215,80,44,250,243,\n"
            "                 198,90,226,43>>}"),
        ),
        ((OPEN, b"a" * 90), '{asn1_OPENTYPE,<<"' + "a" * 90 + '">>}'),
        (
            (ERROR, [92], bytes.fromhex("050b0a040a0401020b070508010b020106070204070902090005010a080901070704")),
            ('{error,"\\\\",\n'
            "       <<5,11,10,4,10,4,1,2,11,7,5,8,1,11,2,1,6,7,2,4,7,9,2,9,0,5,1,10,8,9,1,\n"
            "         7,7,4>>}"),
        ),
    ],
)  # fmt: skip
def test_long_terms_are_broken_into_lines(term: Term, printed: str) -> None:
    assert print_term(term) == printed


def test_a_binary_is_broken_when_its_numbers_do_not_fit_in_77_columns() -> None:
    assert "\n" not in print_term(bytes(38) + b"\x05")
    assert "\n" in print_term(bytes(38) + b"\x32")


@given(st.binary())
def test_a_binary_can_be_read_back(term: bytes) -> None:
    inside = print_term(term).removeprefix("<<").removesuffix(">>")
    if inside.startswith('"'):
        assert ast.literal_eval(inside.replace(r"\e", r"\x1b")).encode("latin-1") == term
    else:
        assert bytes(map(int, inside.split(",") if inside else ())) == term


@given(st.lists(st.integers(0, 0x10FFFF)), st.binary())
def test_breaking_lines_adds_nothing_but_white_space(points: list[int], rest: bytes) -> None:
    parts = (print_term(part) for part in (ERROR, points, rest))
    assert unbroken(print_term((ERROR, points, rest))) == "{" + ",".join(map(unbroken, parts)) + "}"


def unbroken(printed: str) -> str:
    return re.sub(r"\n *", "", printed)
