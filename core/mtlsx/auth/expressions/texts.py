"""Functions of expressions that cut, join and change texts and arrays.

Characters are grapheme clusters, as in Erlang's ``string``. Each takes and gives values as ``values`` describes them
and raises ``ExpressionError``.

Source: emqx_variform_bif.erl (6.3), string.erl of OTP 28.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from mtlsx.auth.authorization.topics import matches
from mtlsx.auth.expressions.graphemes import clusters
from mtlsx.auth.expressions.values import (
    ExpressionError,
    as_text,
    bounded_length,
    characters,
    is_empty,
    items,
    kind,
    text,
    whole_number,
)


def lower(value: object) -> bytes:
    # By itself each: Erlang knows no final sigma.
    return "".join(character.lower() for character in characters(value)).encode()


def upper(value: object) -> bytes:
    return characters(value).upper().encode()


def trim(value: object, unwanted: object = None) -> bytes:
    return _trim(value, unwanted, left=True, right=True)


def ltrim(value: object, unwanted: object = None) -> bytes:
    return _trim(value, unwanted, left=True, right=False)


def rtrim(value: object, unwanted: object = None) -> bytes:
    return _trim(value, unwanted, left=False, right=True)


def reverse(value: object) -> bytes:
    return _io_octets("".join(reversed(clusters(characters(value)))))


def rm_prefix(value: object, prefix: object) -> bytes:
    return text(value).removeprefix(_octets(prefix))


def strlen(value: object) -> int:
    return len(clusters(characters(value)))


def substr(value: object, start: object, length: object = None) -> bytes:
    found = clusters(characters(value))
    first = whole_number(start)
    count = len(found) if length is None else whole_number(length)
    if first < 0 or count < 0:
        raise ExpressionError("A start or a length is negative.")
    return "".join(found[first : first + count]).encode()


def split(value: object, separator: object, how: object = b"all") -> list[object]:
    octets, at = text(value), _octets(separator)
    way = _octets(how)
    if way not in (
        b"all",
        b"notrim",
        b"leading",
        b"leading_notrim",
        b"trailing",
        b"trailing_notrim",
    ):
        raise ExpressionError("There is no such way to split.")
    if not at:
        parts = [octets]
    elif way.startswith(b"leading"):
        parts = octets.split(at, 1)
    elif way.startswith(b"trailing"):
        parts = octets.rsplit(at, 1)
    else:
        parts = octets.split(at)
    return [part for part in parts if part or way.endswith(b"notrim")]


def tokens(value: object, separators: object, how: object = None) -> list[object]:
    # A carriage return with its line feed is one character, which two separators do not match.
    apart = {bytes((octet,)) for octet in _octets(separators)}
    if how is not None:
        if how != b"nocrlf":
            raise ExpressionError("There is no such way to cut.")
        apart |= {b"\r", b"\n", b"\r\n"}
    found = [b""]
    for character in _LATIN_CHARACTER.findall(text(value)):
        if character in apart:
            found.append(b"")
        else:
            found[-1] += character
    return [token for token in found if token]


def concat(value: object, second: object = None) -> bytes:
    parts = [as_text(part) for part in (items(value) if second is None else (value, second))]
    joined = b"".join(parts)
    characters(joined)
    return joined


def join_to_string(separator: object, array: object = None) -> bytes:
    if array is None:
        separator, array = b", ", separator
    return _octets(separator).join(map(as_text, items(array)))


def pad(value: object, length: object, side: object = b"trailing", filling: object = b" ") -> bytes:
    way = _octets(side)
    if way not in (b"leading", b"trailing", b"both"):
        raise ExpressionError("There is no such side to pad.")
    octets = text(value)
    lacking = max(0, whole_number(length) - strlen(octets))
    fill = _io_octets(characters(_octets(filling)))
    bounded_length(len(octets) + lacking * len(fill))
    before = {b"leading": lacking, b"trailing": 0, b"both": lacking // 2}[way]
    return fill * before + octets + fill * (lacking - before)


def replace(value: object, pattern: object, new: object, how: object = b"all") -> bytes:
    octets, old, instead = text(value), _octets(pattern), _octets(new)
    way = _octets(how)
    if way not in (b"all", b"leading", b"trailing"):
        raise ExpressionError("There is no such way to replace.")
    if not old:
        return octets
    if way == b"trailing":
        return instead.join(octets.rsplit(old, 1))
    count = 1 if way == b"leading" else octets.count(old)
    bounded_length(len(octets) + count * (len(instead) - len(old)))
    return octets.replace(old, instead, count)


def find(value: object, pattern: object, side: object = b"leading") -> bytes:
    octets, wanted = text(value), _octets(pattern)
    if side not in (b"leading", b"trailing"):
        raise ExpressionError("There is no such side to find at.")
    if not wanted:
        return octets
    at = octets.find(wanted) if side == b"leading" else octets.rfind(wanted)
    return octets[at:] if at >= 0 else b""


def ascii_code(value: object) -> int:
    octets = text(value)
    if not octets:
        raise ExpressionError("The text is empty.")
    return octets[0]


def nth(position: object, array: object) -> object:
    found = items(array)
    if isinstance(position, bytes):
        if not re.fullmatch(rb"[+-]?[0-9]{1,18}", position):
            raise ExpressionError("The position is no integer.")
        position = int(position)
    at = whole_number(position)
    if at > len(found):
        return b""
    if at < 1:
        raise ExpressionError("Positions count from 1.")
    return found[at - 1]


def unescape(value: object) -> bytes:
    def put(found: re.Match[str]) -> str:
        if found[1]:
            point = int(found[1], 16)
            if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
                raise ExpressionError("A \\x escape is no Unicode character.")
            return chr(point)
        if found[2] not in _ESCAPES:
            raise ExpressionError("There is no such escape sequence.")
        return _ESCAPES[found[2]]

    return _ESCAPE.sub(put, characters(value)).encode()


def topic_join(first: object, word: object = None) -> bytes:
    if word is None:
        words = items(first)
        if any(_is_null(item) for item in words):
            raise ExpressionError("A word is undefined.")
        return b"/".join(map(as_text, words))
    parent = as_text(first)
    if not parent or _is_null(first) or _is_null(word):
        raise ExpressionError("A topic or a word is missing.")
    return parent.removesuffix(b"/") + b"/" + as_text(word)


def topic_split(topic: object) -> list[object]:
    if _is_null(topic):
        raise ExpressionError("The topic is undefined.")
    return list(as_text(topic).split(b"/"))


def topic_match(topic: object, topic_filter: object) -> bool:
    if _is_null(topic) or _is_null(topic_filter):
        raise ExpressionError("A topic is undefined.")
    return matches(as_text(topic), as_text(topic_filter))


FUNCTIONS: Final[Mapping[str, tuple[tuple[int, ...], Callable[..., object]]]] = {
    "lower": ((1,), lower),
    "upper": ((1,), upper),
    "trim": ((1, 2), trim),
    "ltrim": ((1, 2), ltrim),
    "rtrim": ((1, 2), rtrim),
    "reverse": ((1,), reverse),
    "rm_prefix": ((2,), rm_prefix),
    "strlen": ((1,), strlen),
    "substr": ((2, 3), substr),
    "split": ((2, 3), split),
    "tokens": ((2, 3), tokens),
    "concat": ((1, 2), concat),
    "join_to_string": ((1, 2), join_to_string),
    "pad": ((2, 3, 4), pad),
    "replace": ((3, 4), replace),
    "find": ((2, 3), find),
    "ascii": ((1,), ascii_code),
    "nth": ((2,), nth),
    "unescape": ((1,), unescape),
    "any_to_str": ((1,), as_text),
    "topic_join": ((1, 2), topic_join),
    "topic_split": ((1,), topic_split),
    "topic_match": ((2,), topic_match),
}
"""The functions by EMQX's names, with the numbers of arguments that each takes."""

_LATIN_CHARACTER: Final = re.compile(rb"\r\n|.", re.DOTALL)
# Pattern_White_Space, and the two that are one character.
_WHITESPACE: Final = frozenset((*" \t\n\v\f\r\x85\u200e\u200f\u2028\u2029", "\r\n"))
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]+)|(.))", re.DOTALL)
_ESCAPES: Final[Mapping[str, str]] = {
    "\\": "\\", "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v",
    "'": "'", '"': '"', "?": "?", "a": "\a",
}  # fmt: skip


def _octets(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ExpressionError(f"Text is wanted, not {kind(value)}.")


def _is_null(value: object) -> bool:
    return is_empty(value) and value != b"" and value != []


def _trim(value: object, unwanted: object, *, left: bool, right: bool) -> bytes:
    away = _WHITESPACE if unwanted is None else frozenset(characters(_octets(unwanted)))
    found = clusters(characters(value))
    start, end = 0, len(found)
    while left and start < end and found[start] in away:
        start += 1
    while right and start < end and found[end - 1] in away:
        end -= 1
    return "".join(found[start:end]).encode()


def _io_octets(characters_: str) -> bytes:
    """What iolist_to_binary makes of a list of code points: an octet each, or a failure."""
    try:
        return characters_.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ExpressionError("EMQX fails here with characters above U+00FF.") from error
