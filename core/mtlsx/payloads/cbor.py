"""CBOR (RFC 8949), read for showing and written from JSON, with cbor2.

Tags are shown and not acted upon: a date stays the text that it is, a regular expression is not compiled, and shared
references (which could make gigabytes of a few bytes) are not followed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

from mtlsx.payloads.errors import PayloadError
from mtlsx.payloads.notation import DEEPEST, write

_TAGS_OF_CBOR2 = (
    0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004,
    43000, 43001, 43002, 43003, 55799,
)  # fmt: skip
"""The tags that cbor2 would act upon."""
_UNSIGNED_BIGNUM, _NEGATIVE_BIGNUM = 2, 3
_LONGEST_NUMBER = 128
"""Bytes of a bignum that is written in digits."""


def cbor_to_text(payload: bytes) -> str:
    """One CBOR data item in diagnostic notation. Raises ``PayloadError`` for what is not just one."""
    import cbor2

    source = BytesIO(payload)
    try:
        value = cbor2.CBORDecoder(
            source,
            semantic_decoders=_kept_tags(),
            max_depth=DEEPEST,
            allow_duplicate_keys=False,
        ).decode()
    except cbor2.CBORError as error:
        raise PayloadError(f"This is not CBOR: {error}.") from error
    if source.tell() < len(payload):
        raise PayloadError(
            f"This is not one CBOR data item: it ends after {source.tell():,} of {len(payload):,} bytes."
        )
    return write(value, _write_other)


def json_to_cbor(value: Any) -> bytes:
    """The CBOR encoding of what ``read_json`` returned. Raises ``PayloadError``."""
    import cbor2

    try:
        return cbor2.dumps(value)
    except (cbor2.CBORError, UnicodeEncodeError, RecursionError) as error:
        raise PayloadError(f"This JSON cannot be written as CBOR: {error}.") from error


@cache
def _kept_tags() -> dict[int, Callable[[Any, bool], Any]]:
    import cbor2

    def keep(tag: int) -> Callable[[Any, bool], Any]:
        return lambda value, _immutable: cbor2.CBORTag(tag, value)

    return {tag: keep(tag) for tag in _TAGS_OF_CBOR2}


def _write_other(value: object, inner: Callable[[object], str]) -> str:
    import cbor2

    match value:
        case cbor2.CBORTag(tag=tag, value=tagged):
            number = _bignum(tag, tagged)
            return f"{tag}({inner(tagged)})" if number is None else str(number)
        case cbor2.CBORSimpleValue(value=number):
            return f"simple({number})"
    return "undefined"


def _bignum(tag: int, tagged: object) -> int | None:
    if tag not in {_UNSIGNED_BIGNUM, _NEGATIVE_BIGNUM} or not isinstance(tagged, bytes):
        return None
    if len(tagged) > _LONGEST_NUMBER:
        return None
    number = int.from_bytes(tagged)
    return number if tag == _UNSIGNED_BIGNUM else -1 - number
