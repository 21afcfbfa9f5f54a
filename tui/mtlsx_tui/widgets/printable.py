"""Text from the network made fit for a terminal: nothing in it can move the cursor or break a column.

What goes in is any ``str`` or ``bytes`` (a topic, a payload, a name in a certificate); what comes out is
text of printable characters only, cut to a number of terminal cells where asked.
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"
_NAMED_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def printable(text: str) -> str:
    r"""``text`` with each character that a terminal would not print as itself written as an escape.

    That covers control characters, and also the invisible ones that reorder or hide text (bidirectional
    marks, zero-width characters): ``"a\n\u202e"`` becomes ``"a\\n\\u202e"``. Backslashes stay single.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escape(character) for character in text
    )


def preview(payload: bytes, cells: int) -> str:
    """The beginning of a payload as one line of at most ``cells`` cells; hexadecimal where not UTF-8."""
    # No character takes more than 4 bytes, so this much is enough whatever it holds.
    start = payload[: 4 * cells + 4]
    text = decode_utf8(start, cut=len(start) < len(payload))
    if text is None:
        return fit("0x" + start.hex(), cells)
    return fit(printable(text), cells)


def decode_utf8(data: bytes, *, cut: bool = False) -> str | None:
    """``data`` as text, or None where it is not UTF-8; ``cut``: its last character may be incomplete."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if cut and error.reason == "unexpected end of data":
            return data[: error.start].decode()
        return None


def fit(text: str, cells: int) -> str:
    """``text`` cut to at most ``cells`` terminal cells, with an ellipsis where something is missing."""
    if cells <= 0:
        return ""
    if len(text) <= cells and (text.isascii() or cell_len(text) <= cells):
        return text
    # More code points than cells are never shown: that keeps a long text, and a pile of accents, cheap.
    return set_cell_size(text[:cells], cells - 1) + ELLIPSIS


def pad(text: str, cells: int) -> str:
    """``text`` cut or filled up with spaces to exactly ``cells`` terminal cells."""
    text = fit(text, cells)
    return text + " " * (cells - cell_len(text))


def _escape(character: str) -> str:
    if character in _NAMED_ESCAPES:
        return _NAMED_ESCAPES[character]
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
