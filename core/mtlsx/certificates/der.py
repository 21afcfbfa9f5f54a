"""DER and BER elements, read tolerantly and without copying: bytes in, ``Tlv`` out.

Strict parsers refuse certificates that brokers accept every day, so this reader checks only what it needs in
order to find the next element: identifier octets, a length (any number of length octets, indefinite too) and
enough bytes for it. It never looks at what an element means; ``names`` and ``fields`` do. Whatever the input,
the only error is ``DerError``, and the work is linear in the input's length.

Encoding rules: ITU-T X.690, section 8.1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
UTF8_STRING: Final = 0x0C
NUMERIC_STRING: Final = 0x12
PRINTABLE_STRING: Final = 0x13
TELETEX_STRING: Final = 0x14
IA5_STRING: Final = 0x16
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
VISIBLE_STRING: Final = 0x1A
GENERAL_STRING: Final = 0x1B
UNIVERSAL_STRING: Final = 0x1C
BMP_STRING: Final = 0x1E
SEQUENCE: Final = 0x30
SET: Final = 0x31


class DerError(ValueError):
    """The bytes are not the DER that was looked for; the message says what, and at which byte."""


class Tlv(NamedTuple):
    """One element: where it lies in ``data``. A tuple, because a certificate has a hundred of them.

    ``tag`` is the identifier octets as one number (0x30 SEQUENCE, 0xA0 context 0, 0x1F81… for high tag
    numbers). ``start``, ``content`` and ``stop`` are offsets into ``data``: of the identifier, of the first and
    behind the last content octet. ``end`` is behind the whole element (behind the end-of-contents octets where
    the length is indefinite).
    """

    tag: int
    data: bytes
    start: int
    content: int
    stop: int
    end: int

    @property
    def value(self) -> bytes:
        """The content octets."""
        return self.data[self.content : self.stop]

    @property
    def raw(self) -> bytes:
        """The whole element as encoded, identifier and length included."""
        return self.data[self.start : self.end]

    def children(self) -> list[Tlv]:
        """The elements inside this one, in encoded order.

        Raises ``DerError`` where the content is not a whole number of elements.
        """
        found = []
        offset = self.content
        while offset < self.stop:
            element = read(self.data, offset, self.stop)
            found.append(element)
            offset = element.end
        return found


def read(data: bytes, offset: int = 0, limit: int | None = None) -> Tlv:
    """Read the element that begins at ``offset``; bytes behind it are ignored, and those from ``limit`` on.

    Raises ``DerError`` where there is none.
    """
    if limit is None:
        limit = len(data)
    # Most elements have one identifier octet and a length: they are read here, without a call.
    if offset + 1 < limit and (tag := data[offset]) & 0x1F != 0x1F and data[offset + 1] != 0x80:
        content = offset + 2
        size = data[offset + 1]
        if size > 0x80:
            content += size & 0x7F
            size = int.from_bytes(data[offset + 2 : content], "big")
        stop = content + size
        if stop <= limit:
            return _new(Tlv, (tag, data, offset, content, stop, stop))
    tag, length_at = _identifier(data, offset, limit)
    length, content = _length(data, length_at, limit)
    if length is None:
        stop = _end_of_contents(data, content, limit)
        return Tlv(tag, data, offset, content, stop, stop + 2)
    stop = content + length
    if stop > limit:
        raise DerError(
            f"the element at byte {offset} says {length} bytes, but {limit - content} are left"
        )
    return Tlv(tag, data, offset, content, stop, stop)


def pieces(data: bytes) -> tuple[int, list[bytes]]:
    """The tag of the element that begins ``data``, and each of its ``children`` as it is encoded.

    Faster than these, where not all of them are looked into. Raises ``DerError`` as they do.
    """
    tag, _, _, offset, stop, _ = read(data)
    found = []
    while offset < stop - 1:
        # Most have one identifier octet and a short length: their ends are found here, without a call.
        size = data[offset + 1]
        end = offset + 2 + size
        if size >= 0x80 or data[offset] & 0x1F == 0x1F or end > stop:
            end = read(data, offset, stop).end
        found.append(data[offset:end])
        offset = end
    if offset < stop:
        read(data, offset, stop)  # raises, since one octet is no element
    return tag, found


def read_whole(data: bytes) -> Tlv:
    """Read the one element that ``data`` is; raises ``DerError`` where there is more or less than that."""
    element = read(data)
    if element.end != len(data):
        raise DerError(
            f"{len(data) - element.end} bytes follow the element that ends at byte {element.end}"
        )
    return element


def expect(element: Tlv, tag: int, what: str) -> Tlv:
    """``element`` itself if it has ``tag``; else ``DerError`` naming ``what`` was looked for."""
    if element.tag != tag:
        raise DerError(f"{what}: tag {element.tag:#04x} at byte {element.start}, not {tag:#04x}")
    return element


def decode_integer(content: bytes) -> int:
    """The content octets of an INTEGER as a number; none at all counts as 0."""
    return int.from_bytes(content, "big", signed=True)


@lru_cache(maxsize=512)
def decode_oid(content: bytes) -> str:
    """The content octets of an OBJECT IDENTIFIER in dotted decimal: ``"2.5.4.3"``.

    Raises ``DerError`` where they are empty or end inside an arc, or hold an arc of more than 128 octets.
    """
    if not content or content[-1] & 0x80:
        raise DerError(f"object identifier {content[:16].hex() or 'of no bytes'} is cut short")
    arcs: list[int] = []
    arc = octets = 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        octets += 1
        if octets > _LONGEST_ARC:
            raise DerError(f"object identifier {content[:16].hex()}… holds an endless arc")
        if octet < 0x80:
            arcs.append(arc)
            arc = octets = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


# Far beyond any real arc (a UUID under 2.25 needs 19), and small enough to print.
_LONGEST_ARC = 128


# What calling Tlv does, without the detour.
_new = tuple.__new__


def _identifier(data: bytes, start: int, limit: int) -> tuple[int, int]:
    """The identifier octets as a number, and the offset behind them."""
    end = start + 1
    if start < limit and data[start] & 0x1F == 0x1F:
        while end < limit and data[end] & 0x80:
            end += 1
        end += 1
        if end - start > 6:
            raise DerError(f"the tag number at byte {start} is endless")
    if end >= limit:
        raise DerError(f"data ends inside the element at byte {start}")
    return int.from_bytes(data[start:end], "big"), end


def _length(data: bytes, offset: int, limit: int) -> tuple[int | None, int]:
    """The length (None: indefinite), and the offset behind it."""
    first = data[offset]
    if first < 0x80:
        return first, offset + 1
    if first == 0x80:
        return None, offset + 1
    end = offset + 1 + (first & 0x7F)
    if end > limit:
        raise DerError(f"data ends inside the length at byte {offset}")
    return int.from_bytes(data[offset + 1 : end], "big"), end


def _end_of_contents(data: bytes, offset: int, limit: int) -> int:
    """Where the end-of-contents octets of an element of indefinite length begin (X.690 8.1.5)."""
    start = offset
    depth = 1
    while offset + 2 <= limit:
        if data[offset] == data[offset + 1] == 0:
            depth -= 1
            if depth == 0:
                return offset
            offset += 2
            continue
        _, length_at = _identifier(data, offset, limit)
        length, offset = _length(data, length_at, limit)
        if length is None:
            depth += 1
        else:
            offset += length
    raise DerError(f"the element of indefinite length at byte {start} has no end")
