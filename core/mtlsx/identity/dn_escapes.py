"""Escapes in distinguished names, as RFC 2253 and 4514 have them, for writers that differ in details.

In: the octets of a value (UTF-8). Out: printable ASCII. Special characters get a backslash, what is not printable
two hexadecimal digits behind one; spaces at the ends and a hash in front are escaped too.
"""

from __future__ import annotations

from collections.abc import Sequence

_SPACE, _HASH = 0x20, 0x23
_SPECIAL = frozenset(b'"+,;<>\\')


def escapes(last_printable: int) -> tuple[bytes, ...]:
    """The escape of each octet in the middle of a value; above ``last_printable`` all are hexadecimal."""
    return tuple(_escape(octet, last_printable) for octet in range(0x100))


def with_ends(text: Sequence[int], escaped: list[bytes], *, lone_hash: bool) -> bytes:
    """The value: ``escaped`` character by character, and at its ends what only counts there.

    ``lone_hash``: whether a value that is nothing but a hash is escaped.
    """
    if escaped and text[-1] == _SPACE:
        escaped[-1] = b"\\ "
    if escaped and (text[0] == _SPACE or (text[0] == _HASH and (lone_hash or len(text) > 1))):
        escaped[0] = b"\\%c" % text[0]
    return b"".join(escaped)


def _escape(octet: int, last_printable: int) -> bytes:
    if octet in _SPECIAL:
        return b"\\%c" % octet
    return b"%c" % octet if _SPACE <= octet <= last_printable else b"\\%02X" % octet
