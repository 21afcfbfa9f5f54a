"""Functions of expressions that work with regular expressions: those of Erlang's ``re``, on octets.

Python's expressions stand in for PCRE's. What is written differently is translated (POSIX classes, named groups);
what Python does not know makes the expression fail with a sentence.

Source: emqx_variform_bif.erl (6.3), re.erl of OTP 28.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from mtlsx.auth.expressions.values import ExpressionError, bounded_length, kind, text


def regex_match(value: object, pattern: object) -> bool:
    return _compiled(pattern).search(text(value)) is not None


def regex_replace(value: object, pattern: object, new: object) -> bytes:
    if not isinstance(new, bytes):
        raise ExpressionError(f"Text is wanted, not {kind(new)}.")
    made = 0

    def put(found: re.Match[bytes]) -> bytes:
        nonlocal made
        instead = _REFERENCE.sub(lambda reference: _referred(reference, found), new)
        made += len(instead)
        bounded_length(made)
        return instead

    return _compiled(pattern).sub(put, text(value))


def regex_extract(value: object, pattern: object) -> list[object]:
    found = _compiled(pattern).search(text(value))
    if found is None:
        return []
    groups = list(found.groups())
    while groups and groups[-1] is None:  # groups at the end that took no part are left out
        groups.pop()
    return [group or b"" for group in groups]


FUNCTIONS: Final[Mapping[str, tuple[tuple[int, ...], Callable[..., object]]]] = {
    "regex_match": ((2,), regex_match),
    "regex_replace": ((3,), regex_replace),
    "regex_extract": ((2,), regex_extract),
}
"""The functions by EMQX's names, with the numbers of arguments that each takes."""

_POSIX: Final[Mapping[bytes, bytes]] = {
    b"alnum": b"a-zA-Z0-9", b"alpha": b"a-zA-Z", b"ascii": rb"\x00-\x7f", b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f", b"digit": b"0-9", b"graph": rb"\x21-\x7e", b"lower": b"a-z",
    b"print": rb"\x20-\x7e", b"punct": rb"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    b"space": rb"\x09-\x0d\x20", b"upper": b"A-Z", b"word": b"a-zA-Z0-9_", b"xdigit": b"0-9a-fA-F",
}  # fmt: skip
_POSIX_CLASS: Final = re.compile(rb"\[:([a-z]+):\]")
_NAMED_GROUP: Final = re.compile(rb"\(\?<(?=[A-Za-z_])")
_REFERENCE: Final = re.compile(
    rb"(?P<whole>&)|\\(?:(?P<plain>[1-9][0-9]*)|g\{(?P<braced>[0-9]+)\}|g(?P<bare>[0-9]+)"
    rb"|(?P<crash>g(?=.))|(?P<literal>.))",
    re.DOTALL,
)


def _compiled(pattern: object) -> re.Pattern[bytes]:
    if not isinstance(pattern, bytes):
        raise ExpressionError(f"Text is wanted, not {kind(pattern)}.")
    return _compile(pattern)


@lru_cache(maxsize=64)
def _compile(pattern: bytes) -> re.Pattern[bytes]:
    translated = _POSIX_CLASS.sub(lambda found: _POSIX.get(found[1], found[0]), pattern)
    translated = _NAMED_GROUP.sub(b"(?P<", translated)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sets that Python may read otherwise one day
            return re.compile(translated)
    except (re.error, RecursionError, OverflowError) as error:
        raise ExpressionError("The regular expression cannot be read.") from error


def _referred(reference: re.Match[bytes], found: re.Match[bytes]) -> bytes:
    if reference["crash"]:
        raise ExpressionError("A \\g names no group.")
    if reference["literal"] is not None:
        return reference["literal"]
    number = reference["plain"] or reference["braced"] or reference["bare"] or b"0"
    group = int(number[-9:])
    return (found[group] or b"") if group <= found.re.groups else b""
