"""The characters of a text as people see them, which is what Erlang's ``string`` counts: grapheme clusters.

A base and its marks, a carriage return with its line feed, a flag, an emoji sequence and a Hangul syllable are one.

Source: Unicode Standard Annex 29, rules GB3 to GB13 but for GB9b (prepended marks), with Python's Unicode data.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

_JOINER = "\u200d"


def clusters(text: str) -> list[str]:
    """``text`` cut into its grapheme clusters."""
    if text.isascii() and "\r\n" not in text:
        return list(text)
    found = list(text[:1])
    flags = int(_is_flag_letter(text[:1]))  # regional indicators in a row that end here
    for before, character in pairwise(text):
        if _belongs(before, character, found[-1]) or (flags % 2 and _is_flag_letter(character)):
            found[-1] += character
        else:
            found.append(character)
        flags = flags + 1 if _is_flag_letter(character) else 0
    return found


def _belongs(before: str, character: str, cluster: str) -> bool:
    if before in "\r\n" or character in "\r\n" or _is_control(before) or _is_control(character):
        return (before, character) == ("\r", "\n")
    if _extends(character):
        return True
    if before == _JOINER:
        return _is_pictograph(cluster[0]) and _is_pictograph(character)
    return _hangul(before, character)


def _is_control(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Zl", "Zp") or (category == "Cf" and character not in "\u200c\u200d")


def _extends(character: str) -> bool:
    point = ord(character)
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in "\u200c\u200d\uff9e\uff9f"
        or 0x1F3FB <= point <= 0x1F3FF  # the colours of skin
    )


def _is_pictograph(character: str) -> bool:
    point = ord(character)
    return 0x1F000 <= point <= 0x1FAFF or 0x2190 <= point <= 0x2BFF or point in (0xA9, 0xAE, 0x3030)


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _hangul(before: str, character: str) -> bool:
    first, second = _syllable_type(before), _syllable_type(character)
    return second in {"L": ("L", "V", "LV", "LVT"), "V": ("V", "T"), "T": ("T",)}.get(
        {"LV": "V", "LVT": "T"}.get(first, first), ()
    )


def _syllable_type(character: str) -> str:
    point = ord(character)
    if 0x1100 <= point <= 0x115F:
        return "L"
    if 0x1160 <= point <= 0x11A7:
        return "V"
    if 0x11A8 <= point <= 0x11FF:
        return "T"
    if 0xAC00 <= point <= 0xD7A3:
        return "LVT" if (point - 0xAC00) % 28 else "LV"
    return ""
