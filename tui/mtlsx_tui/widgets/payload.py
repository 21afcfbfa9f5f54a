"""Payloads for reading, in the format that fits: coloured JSON, CBOR and MessagePack, text, base64, a hex dump.

Bytes in, ``Content`` out. What the formats are is in ``mtlsx.payloads``; here they get colours and a width.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise

from textual.content import Content, Span

from mtlsx.payloads.errors import PayloadError
from mtlsx.payloads.formats import PayloadFormat, decode, fits
from mtlsx.payloads.json_text import LEXEME
from mtlsx_tui.widgets.printable import decode_utf8, printable

MOST_BYTES = 64 * 1024
"""How much of a payload is laid out; a note says where the rest is missing."""

_PUNCTUATION = frozenset("[]{}(),:")
_WORDS = frozenset({"true", "false", "null", "undefined"})
_HEX_LINE_CELLS = 77
"""The cells of a hex line with sixteen bytes."""


class View(StrEnum):
    """How to lay a payload out; ``AUTO`` takes what its content type says, or what it looks like."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"
    CBOR = "cbor"
    MESSAGEPACK = "msgpack"
    HEX = "hex"
    BASE64 = "base64"


_FORMATS: dict[View, PayloadFormat] = {
    view: PayloadFormat(view) for view in View if view is not View.AUTO
}
_NAMES = {View.JSON: "JSON", View.CBOR: "CBOR", View.MESSAGEPACK: "MessagePack"}
_STRUCTURES = frozenset(_NAMES)
_DECLARED = {
    "application/json": View.JSON,
    "application/cbor": View.CBOR,
    "application/msgpack": View.MESSAGEPACK,
    "application/x-msgpack": View.MESSAGEPACK,
    "application/vnd.msgpack": View.MESSAGEPACK,
}
"""Content types (MQTT 5.0, section 3.3.2.3.9) that say the format."""


def lay_out(
    payload: bytes, wanted: View, *, cells: int, content_type: str | None = None
) -> tuple[Content, str]:
    """A payload laid out as ``wanted``, and the name of what it became, such as ``"JSON"`` or ``"hex"``.

    ``cells``: the width there is; hex takes fewer bytes a line where it is little. Where the payload is not what is
    wanted, it is laid out as ``AUTO`` does it.
    """
    if not payload:
        return Content.styled("empty", "$foreground-muted"), "empty"
    shown = payload[:MOST_BYTES]
    cut = len(shown) < len(payload)
    view, text = _read(shown, wanted, content_type, cut=cut)
    content = _content(shown, view, text, cells)
    if cut:
        note = f"\n… the first {MOST_BYTES:,} of {len(payload):,} bytes"
        content = Content.assemble(content, (note, "$foreground-muted"))
    return content, _NAMES.get(view, str(view))


def views(payload: bytes) -> tuple[View, ...]:
    """The views that a person can choose for ``payload``: ``AUTO``, and the formats that it may be in."""
    if len(payload) > MOST_BYTES:
        text = decode_utf8(payload[:MOST_BYTES], cut=True) is not None
        return (View.AUTO, *((View.TEXT,) if text else ()), View.HEX, View.BASE64)
    return (View.AUTO, *(view for view, name in _FORMATS.items() if fits(payload, name)))


def _read(
    payload: bytes, wanted: View, content_type: str | None, *, cut: bool
) -> tuple[View, str | None]:
    """The view that fits best, and the payload as text in it; None for hex and base64."""
    declared = _DECLARED.get((content_type or "").partition(";")[0].strip().lower())
    said = [view for view in (wanted, declared) if view is not None and view is not View.AUTO]
    for view in (*said, View.JSON, View.TEXT, View.CBOR, View.MESSAGEPACK):
        if view in _STRUCTURES:
            text = None if cut else _decoded(payload, view)
            # Anything may be a number by chance; only what is built of parts shows that it was meant.
            if text is not None and (view in said or text[0] in "{["):
                return view, text
        elif view is View.TEXT:
            text = decode_utf8(payload, cut=cut)
            if text is not None:
                return view, text
        else:
            return view, None
    return View.HEX, None


def _decoded(payload: bytes, view: View) -> str | None:
    try:
        return decode(payload, _FORMATS[view])
    except PayloadError:
        return None


def _content(payload: bytes, view: View, text: str | None, cells: int) -> Content:
    if view in _STRUCTURES and text is not None:
        return colour_structure(text)
    if view is View.TEXT and text is not None:
        lines = text.replace("\r\n", "\n").split("\n")
        return Content("\n".join(map(printable, lines)))
    if view is View.BASE64:
        digits, width = decode(payload, PayloadFormat.BASE64), max(4, cells)
        return Content("\n".join(digits[at : at + width] for at in range(0, len(digits), width)))
    return hex_dump(payload, 16 if cells >= _HEX_LINE_CELLS else 8)


def colour_structure(text: str) -> Content:
    """Indented JSON or diagnostic notation, coloured by kind, with nothing in it that a terminal would obey."""
    pieces: list[str] = []
    spans: list[Span] = []
    length = end = 0
    for found, following in pairwise([*LEXEME.finditer(text), None]):
        assert found is not None  # noqa: S101  (only the last is None)
        lexeme = found.group()
        between, shown = text[end : found.start()], printable(lexeme)
        end = found.end()
        length += len(between)
        style = _style(lexeme, "" if following is None else following.group())
        if style:
            spans.append(Span(length, length + len(shown), style))
        length += len(shown)
        pieces += [between, shown]
    return Content("".join(pieces), spans)


def _style(lexeme: str, following: str) -> str:
    if lexeme in _PUNCTUATION:
        return ""
    if following == ":":
        return "$text-primary"
    if lexeme[0] == '"':
        return "$text-success"
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
