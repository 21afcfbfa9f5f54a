"""ASN.1 types as Erlang/OTP's generated decoders check them: a ``Type`` says which elements it accepts.

OTP first splits the whole certificate into tags and contents, then matches these against a schema. Its decoder
is neither DER nor quite BER: it takes strings in pieces and any number of length octets, looks at no string's
alphabet, and checks the sizes of most strings but of no list. This module holds the building blocks,
``otp_schema`` the schema of certificates made of them.

In: an ``Element`` from ``element_of``. Out: nothing; what OTP cannot decode raises ``UndecodableError``.
Rules: asn1rtt_ber and asn1rt_nif of OTP's asn1 application, as generated into public_key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from mtlsx.certificates import der
from mtlsx.certificates.der import DerError, Tlv

OBJECT_IDENTIFIER: Final = 6
UTF8: Final = 12
SEQUENCE: Final = 16
SET: Final = 17
PRINTABLE: Final = 19
TELETEX: Final = 20
IA5: Final = 22
VISIBLE: Final = 26
UNIVERSAL: Final = 28
BMP: Final = 30
CONTEXT: Final = 0x80


class UndecodableError(ValueError):
    """Erlang/OTP cannot decode these bytes; the message says why."""


class Element(NamedTuple):
    """One element: ``tag`` is its identifier without the constructed bit; ``content`` bytes or elements."""

    tag: int
    content: Content


Content: TypeAlias = "bytes | list[Element]"
Check: TypeAlias = Callable[[Content], object]
Type: TypeAlias = Mapping[int, Check]
"""The tags that a type may have, and for each the check of the content. A CHOICE has several tags."""


def element_of(encoded: bytes) -> Element:
    """The first element of ``encoded`` with everything in it; bytes behind it are ignored, as OTP does.

    Raises ``UndecodableError`` where lengths do not add up anywhere inside.
    """
    try:
        return _element(der.read(encoded), 0)
    except DerError as error:
        raise UndecodableError(str(error)) from error


def check(kind: Type, element: Element) -> None:
    """Raise ``UndecodableError`` unless ``element`` is of ``kind``."""
    try:
        test = kind[element.tag]
    except KeyError:
        raise UndecodableError(f"tag {element.tag:#x} is not allowed here") from None
    test(element.content)


def encode(element: Element) -> bytes:
    """``element`` in DER; this is how OTP hands on a value that it does not decode."""
    content = element.content
    identifier = element.tag
    if isinstance(content, list):
        identifier |= _CONSTRUCTED << 8 * (_octets(identifier) - 1)
        content = b"".join(map(encode, content))
    length = len(content)
    size = length.to_bytes(_octets(length), "big")
    if length >= 0x80:
        size = bytes((0x80 | len(size),)) + size
    return identifier.to_bytes(_octets(identifier), "big") + size + content


def members(content: Content) -> list[Element]:
    """The elements of a SEQUENCE or SET."""
    if isinstance(content, bytes):
        raise UndecodableError("a structure is encoded as a plain value")
    return content


def string_octets(content: Content) -> bytes:
    """The octets of a string, put together where it comes in pieces."""
    if isinstance(content, bytes):
        return content
    if not content:
        raise UndecodableError("a string has no pieces")
    return b"".join(string_octets(piece.content) for piece in content)


def oid_text(content: Content, longest_arc: int) -> str:
    """An OBJECT IDENTIFIER in dotted decimal, of arcs of at most ``longest_arc`` octets.

    An unfinished last arc is dropped, as OTP does. Raises ``UndecodableError``.
    """
    if isinstance(content, list):
        raise UndecodableError("an object identifier is in pieces")
    return _oid_text(content, longest_arc)


@lru_cache(maxsize=512)
def _oid_text(content: bytes, longest_arc: int) -> str:
    octets = 0
    for octet in content:
        octets += 1
        if octets > longest_arc:
            raise UndecodableError(
                f"an arc of an object identifier has more than {longest_arc} octets"
            )
        if octet < 0x80:
            octets = 0
    try:
        return der.decode_oid(content[: len(content) - octets])
    except DerError as error:
        raise UndecodableError(str(error)) from error


def _element(tlv: Tlv, depth: int) -> Element:
    if depth > _DEEPEST:
        raise UndecodableError(f"more than {_DEEPEST} elements are inside each other")
    tag, data, _, content, stop, end = tlv
    shift = 8 * (_octets(tag) - 1) if tag > 0xFF else 0
    if tag >> shift & _CONSTRUCTED:
        inside = [_element(child, depth + 1) for child in tlv.children()]
        return _new(Element, (tag & ~(_CONSTRUCTED << shift), inside))
    if end != stop:
        raise UndecodableError("a plain value has an indefinite length")
    return _new(Element, (tag, data[content:stop]))


# What calling Element does, without the detour.
_new = tuple.__new__


# Types -------------------------------------------------------------------------------------------------------


def object_identifier(longest_arc: int) -> Type:
    """OBJECT IDENTIFIER of arcs of at most ``longest_arc`` octets."""

    def test(content: Content) -> None:
        oid_text(content, longest_arc)

    return {OBJECT_IDENTIFIER: test}


def integer(minimum: int | None = None) -> Type:
    """INTEGER, of at least ``minimum``; one of no octets counts as 0."""

    def test(content: Content) -> None:
        if not isinstance(content, bytes):
            raise UndecodableError("an integer is in pieces")
        if minimum is not None and der.decode_integer(content) < minimum:
            raise UndecodableError(f"an integer is below {minimum}")

    return {2: test}


def enumerated(values: Collection[int]) -> Type:
    """ENUMERATED of these values."""

    def test(content: Content) -> None:
        if not isinstance(content, bytes) or der.decode_integer(content) not in values:
            raise UndecodableError("an enumerated value is none of those that there are")

    return {10: test}


def string(tag: int, minimum: int = 0, maximum: int | None = None, width: int = 1) -> Type:
    """A string of ``minimum`` to ``maximum`` characters of ``width`` octets; the alphabet is not checked."""

    def test(content: Content) -> None:
        count, rest = divmod(len(string_octets(content)), width)
        if rest or count < minimum or (maximum is not None and count > maximum):
            raise UndecodableError(f"a string has {count} characters and {rest} octets")

    return {tag: test}


def implicit(number: int, kind: Type) -> Type:
    """``[number] IMPLICIT kind``; not for a CHOICE."""
    (test,) = kind.values()
    return {CONTEXT | number: test}


def explicit(number: int, kind: Type) -> Type:
    """``[number] EXPLICIT kind``."""

    def test(content: Content) -> None:
        inner = members(content)
        if len(inner) != 1:
            raise UndecodableError(f"an explicit tag holds {len(inner)} elements")
        check(kind, inner[0])

    return {CONTEXT | number: test}


class Optional(NamedTuple):
    """A component of a SEQUENCE that may be left out."""

    kind: Type


def sequence(*components: Type | Optional) -> Type:
    """SEQUENCE of these components in this order, and nothing behind them."""

    def test(content: Content) -> None:
        elements = members(content)
        position = 0
        for component in components:
            present = position < len(elements)
            if not isinstance(component, Optional):
                if not present:
                    raise UndecodableError("a component is missing")
                check(component, elements[position])
                position += 1
            elif present and elements[position].tag in component.kind:
                check(component.kind, elements[position])
                position += 1
        if position != len(elements):
            raise UndecodableError(f"tag {elements[position].tag:#x} follows the last component")

    return {SEQUENCE: test}


def algorithm(
    parameters: Mapping[str, Type], *, longest_arc: int, others: Literal["any", "none"]
) -> Type:
    """AlgorithmIdentifier: ``parameters`` by algorithm, all of them optional; ``others`` for the rest."""
    identifier = sequence(object_identifier(longest_arc))

    def test(content: Content) -> None:
        head, tail = members(content)[:1], members(content)[1:]
        identifier[SEQUENCE](head)
        known = parameters.get(oid_text(head[0].content, longest_arc))
        if len(tail) > 1:
            raise UndecodableError("something follows the parameters of an algorithm")
        if tail and known is not None:
            check(known, tail[0])
        elif tail and others == "none":
            raise UndecodableError("an unknown algorithm has parameters")

    return {SEQUENCE: test}


def sequence_of(kind: Type) -> Type:
    """SEQUENCE OF; it may be empty, whatever the standard says."""
    return {SEQUENCE: _each(kind)}


def set_of(kind: Type) -> Type:
    """SET OF in any order; it may be empty, whatever the standard says."""
    return {SET: _each(kind)}


def choice(*kinds: Type) -> Type:
    """CHOICE between these types."""
    return {tag: test for kind in kinds for tag, test in kind.items()}


def _octets_only(content: Content) -> None:
    string_octets(content)


def _utf8_octets(content: Content) -> None:
    if content != []:  # one of no pieces passes for UTF8String alone
        string_octets(content)


def _boolean(content: Content) -> None:
    if not isinstance(content, bytes) or len(content) != 1:
        raise UndecodableError("a boolean is not one octet")


def _null(content: Content) -> None:
    if content != b"":
        raise UndecodableError("a NULL has a content")


def _bit_string(content: Content) -> None:
    octets = string_octets(content)
    if not octets or octets[0] > 8 * (len(octets) - 1):
        raise UndecodableError("a bit string leaves out more bits than it has")


def _named_bits(content: Content) -> None:
    # OTP cuts the unused bits off the last octet alone, and only if there is one.
    octets = string_octets(content)
    if octets != b"\0" and (len(octets) < 2 or octets[0] > 8):
        raise UndecodableError("a list of flags leaves out more bits than its last octet has")


def _unchecked(content: Content) -> None:
    """The content of an open type: what ``element_of`` made sure of is enough."""


class _EveryTag(dict[int, Check]):
    def __missing__(self, tag: int) -> Check:
        return _unchecked


ANY: Final[Type] = _EveryTag()
"""The open type; it accepts every tag, so it cannot be ``Optional``."""
BOOLEAN: Final[Type] = {1: _boolean}
BIT_STRING: Final[Type] = {3: _bit_string}
NAMED_BITS: Final[Type] = {3: _named_bits}
OCTET_STRING: Final[Type] = {4: _octets_only}
NULL: Final[Type] = {5: _null}
UTF8_STRING: Final[Type] = {UTF8: _utf8_octets}
UTC_TIME: Final[Type] = {23: _octets_only}
GENERALIZED_TIME: Final[Type] = {24: _octets_only}

_CONSTRUCTED = 0x20
_DEEPEST = 100


def _each(kind: Type) -> Check:
    def test(content: Content) -> None:
        for element in members(content):
            check(kind, element)

    return test


def _octets(number: int) -> int:
    return (number.bit_length() + 7) // 8 or 1
