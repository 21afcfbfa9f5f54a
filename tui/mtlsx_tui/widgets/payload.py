"""Payloads for reading: JSON indented and coloured, text, or a hex dump. Bytes in, ``Content`` out.

JSON is re-indented piece by piece, never parsed and written anew: numbers, escapes and repeated names
stay exactly as they were sent.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from itertools import pairwise

from textual.content import Content, Span

from mtlsx_tui.widgets.printable import decode_utf8, printable

MOST_BYTES = 64 * 1024
"""How much of a payload is laid out; a note says where the rest is missing."""

_LEXEME = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+|[\[\]{},:]', re.DOTALL)
_OPENING, _CLOSING, _PUNCTUATION = frozenset("[{"), frozenset("]}"), frozenset("[]{},:")
_WORDS = frozenset({"true", "false", "null"})
_INDENT = "  "
_HEX_LINE_CELLS = 77
"""The cells of a hex line with sixteen bytes."""


class PayloadFormat(StrEnum):
    """How to lay a payload out; ``AUTO`` takes the first of JSON, text and hex that fits."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"
    HEX = "hex"


def lay_out(payload: bytes, wanted: PayloadFormat, *, cells: int) -> tuple[Content, str]:
    """A payload laid out as ``wanted``, and the name of what it became: ``"JSON"``, ``"text"``, ``"hex"``.

    ``cells``: the width there is; hex takes fewer bytes a line where it is little. Where the payload is not what is wanted, the next format in order takes it.
    """
    if not payload:
        return Content.styled("empty", "$foreground-muted"), "empty"
    shown = payload[:MOST_BYTES]
    content, name = _lay_out_whole(shown, wanted, cells, cut=len(shown) < len(payload))
    if len(shown) < len(payload):
        note = f"\n… the first {MOST_BYTES:,} of {len(payload):,} bytes"
        content = Content.assemble(content, (note, "$foreground-muted"))
    return content, name


def _lay_out_whole(
    payload: bytes, wanted: PayloadFormat, cells: int, *, cut: bool
) -> tuple[Content, str]:
    text = None if wanted is PayloadFormat.HEX else decode_utf8(payload, cut=cut)
    if text is None:
        return hex_dump(payload, 16 if cells >= _HEX_LINE_CELLS else 8), "hex"
    if (
        wanted is not PayloadFormat.TEXT
        and not cut
        and is_json(text, any_value=wanted is PayloadFormat.JSON)
    ):
        return indent_json(text), "JSON"
    lines = text.replace("\r\n", "\n").split("\n")
    return Content("\n".join(map(printable, lines))), "text"


def is_json(text: str, *, any_value: bool = True) -> bool:
    """Whether ``text`` is a JSON document; a bare number or word counts only with ``any_value``."""
    if not any_value and not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def indent_json(text: str) -> Content:
    """A valid JSON document, one member a line, coloured by kind."""
    pieces: list[str] = []
    spans: list[Span] = []
    length = depth = 0
    lexemes = _LEXEME.findall(text)
    for lexeme, following in pairwise([*lexemes, ""]):
        before = after = ""
        if lexeme in _OPENING:
            depth += 1
            after = "" if following in _CLOSING else "\n" + _INDENT * depth
        elif lexeme in _CLOSING:
            depth -= 1
            empty = bool(pieces) and pieces[-1] in _OPENING
            before = "" if empty else "\n" + _INDENT * depth
        elif lexeme == ",":
            after = "\n" + _INDENT * depth
        elif lexeme == ":":
            after = " "
        shown = printable(lexeme)
        style = _style(lexeme, following)
        if style:
            start = length + len(before)
            spans.append(Span(start, start + len(shown), style))
        length += len(before) + len(shown) + len(after)
        pieces += [piece for piece in (before, shown, after) if piece]
    return Content("".join(pieces), spans)


def _style(lexeme: str, following: str) -> str:
    if lexeme[0] == '"':
        return "$text-primary" if following == ":" else "$text-success"
    if lexeme in _PUNCTUATION:
        return ""
    return "$text-accent" if lexeme in _WORDS else "$text-warning"


def hex_dump(data: bytes, bytes_per_line: int) -> Content:
    """Offset, eight or sixteen bytes, and the same as ASCII, a line each."""
    lines: list[Content] = []
    width = 3 * bytes_per_line + bytes_per_line // 8 - 2
    for start in range(0, len(data), bytes_per_line):
        row = data[start : start + bytes_per_line]
        digits = "  ".join(row[at : at + 8].hex(" ") for at in range(0, len(row), 8))
        letters = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
        lines.append(
            Content.assemble(
                (f"{start:08x}  ", "$foreground-muted"),
                f"{digits:<{width}}  ",
                (letters, "$text-success"),
            )
        )
    return Content("\n").join(lines)
