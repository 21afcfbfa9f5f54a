"""The string types of certificates as text, and text that is safe to show.

A certificate's author chose its strings, so nothing of them goes to a terminal as it is: ``printable`` escapes
control characters, bidirectional overrides and whatever else has no shape of its own.

String types: ITU-T X.680, section 41; PrintableString's alphabet is its table 10.
"""

from __future__ import annotations

import re

from mtlsx.certificates import der

TYPE_NAMES = {
    der.UTF8_STRING: "UTF8String",
    der.NUMERIC_STRING: "NumericString",
    der.PRINTABLE_STRING: "PrintableString",
    der.TELETEX_STRING: "TeletexString",
    0x15: "VideotexString",
    der.IA5_STRING: "IA5String",
    0x19: "GraphicString",
    der.VISIBLE_STRING: "VisibleString",
    der.GENERAL_STRING: "GeneralString",
    der.UNIVERSAL_STRING: "UniversalString",
    der.BMP_STRING: "BMPString",
}
"""The string types by their tag."""

_FORGOTTEN = {0x15, 0x19, der.GENERAL_STRING}
_WIDE = {
    der.UTF8_STRING: "utf-8",
    der.UNIVERSAL_STRING: "utf-32-be",
    der.BMP_STRING: "utf-16-be",
}
_ALPHABETS = {
    der.NUMERIC_STRING: re.compile(rb"[0-9 ]*"),
    der.PRINTABLE_STRING: re.compile(rb"[A-Za-z0-9 '()+,\-./:=?]*"),
    der.IA5_STRING: re.compile(rb"[\x00-\x7f]*"),
    der.VISIBLE_STRING: re.compile(rb"[\x20-\x7e]*"),
}


def decode_string(tag: int, value: bytes) -> str | None:
    """The text of a string with ``tag`` and content octets ``value``; None where they hold none.

    One-byte types are read as UTF-8 where they can be and as Latin-1 else, because that is what people put
    into them, whatever the type allows.
    """
    if tag not in TYPE_NAMES:
        return None
    try:
        return value.decode(_WIDE.get(tag, "utf-8"))
    except UnicodeDecodeError:
        return None if tag in _WIDE else value.decode("latin-1")


def type_violation(tag: int, value: bytes) -> str | None:
    """What a strict parser objects to in this string, as the end of a sentence; None where it is in order."""
    name = TYPE_NAMES.get(tag)
    if name is None:
        return f"is no string (tag {tag:#04x})"
    if tag in _WIDE and decode_string(tag, value) is None:
        return f"holds bytes that are not valid in {name}"
    if tag in _FORGOTTEN:
        return f"is written as {name}, a type that strict programs do not read"
    alphabet = _ALPHABETS.get(tag)
    if alphabet and not alphabet.fullmatch(value):
        return f"holds characters that {name} does not allow"
    if tag == der.TELETEX_STRING and not value.isascii():
        return f"holds bytes above 0x7F in {name}, which each program reads differently"
    return None


def printable(text: str) -> str:
    r"""``text`` with everything that has no visible shape escaped: ``\n``, ``\x1b``, ``\u202e``, and ``\\``."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        char if char.isprintable() and char != "\\" else char.encode("unicode_escape").decode()
        for char in text
    )
