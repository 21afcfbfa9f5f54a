"""The formats of a payload: ``decode`` makes text of bytes, ``encode`` bytes of what a person wrote.

Payloads come from anybody. Whatever they hold, ``decode`` returns or raises ``PayloadError``: what is nested deeply or
very long is refused before it costs much.
"""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum

from mtlsx.payloads.cbor import cbor_to_text, json_to_cbor
from mtlsx.payloads.errors import PayloadError
from mtlsx.payloads.json_text import check_json, indent, read_json
from mtlsx.payloads.messagepack import json_to_messagepack, messagepack_to_text

LARGEST_STRUCTURE = 1024 * 1024
"""Bytes of JSON, CBOR and MessagePack that are laid out; text, hex and base64 know no such limit."""

_SHOWN = 12  # characters of a mistake that its sentence repeats


class PayloadFormat(StrEnum):
    """How a payload is written. ``HEX`` and ``BASE64`` are ways to write any bytes as text."""

    TEXT = "text"
    JSON = "json"
    HEX = "hex"
    BASE64 = "base64"
    CBOR = "cbor"
    MESSAGEPACK = "msgpack"


def decode(payload: bytes, wanted: PayloadFormat) -> str:
    """``payload`` as text.

    JSON comes indented, with its numbers, escapes and repeated names as they were sent. CBOR and MessagePack come in
    the diagnostic notation of RFC 8949, section 8, indented too: JSON where they hold nothing that JSON lacks. Raises
    ``PayloadError`` where the payload is not in that format.
    """
    match wanted:
        case PayloadFormat.HEX:
            return payload.hex(" ")
        case PayloadFormat.BASE64:
            return base64.b64encode(payload).decode("ascii")
        case PayloadFormat.TEXT:
            return _text(payload)
    if len(payload) > LARGEST_STRUCTURE:
        raise PayloadError(
            f"A payload of {len(payload):,} bytes is too long to be laid out as {wanted}.",
            fix="Look at it in hex or base64.",
        )
    match wanted:
        case PayloadFormat.CBOR:
            return indent(cbor_to_text(payload))
        case PayloadFormat.MESSAGEPACK:
            return indent(messagepack_to_text(payload))
    text = _text(payload)
    check_json(text)
    return indent(text)


def fits(payload: bytes, wanted: PayloadFormat) -> bool:
    """Whether ``payload`` can be shown as ``wanted``, and somebody may have meant it.

    Nearly every single byte is a number in CBOR and MessagePack, so a payload of one byte counts as neither.
    """
    if wanted in {PayloadFormat.CBOR, PayloadFormat.MESSAGEPACK} and len(payload) < 2:
        return False
    try:
        decode(payload, wanted)
    except PayloadError:
        return False
    return True


def encode(written: bytes, format: PayloadFormat) -> bytes:  # noqa: A002  (the option's name)
    """The payload that ``written`` describes.

    JSON is checked and sent as it is written; CBOR and MessagePack are written as JSON; hex may have spaces, base64
    line ends. Raises ``PayloadError`` for what is not written so.
    """
    match format:
        case PayloadFormat.HEX:
            return _from_hex(_text(written))
        case PayloadFormat.BASE64:
            return _from_base64(_text(written))
        case PayloadFormat.JSON:
            check_json(_text(written))
        case PayloadFormat.CBOR:
            return json_to_cbor(read_json(_text(written)))
        case PayloadFormat.MESSAGEPACK:
            return json_to_messagepack(read_json(_text(written)))
    return written


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(
            f"Byte {error.start + 1} of the payload, 0x{data[error.start]:02x}, is not UTF-8 text."
        ) from error


def _from_hex(text: str) -> bytes:
    digits = "".join(text.split()).removeprefix("0x").removeprefix("0X")
    wrong = next((at for at in digits if at not in "0123456789abcdefABCDEF"), None)
    if wrong is not None:
        raise PayloadError(f"{wrong!r} is no hexadecimal digit.", fix="Write bytes as 00 to ff.")
    if len(digits) % 2:
        raise PayloadError(
            f"{len(digits)} hexadecimal digits make no whole number of bytes.",
            fix="Write two digits for each byte.",
        )
    return bytes.fromhex(digits)


def _from_base64(text: str) -> bytes:
    compact = "".join(text.split())
    try:
        return base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError) as error:
        shown = compact if len(compact) <= _SHOWN else f"{compact[:_SHOWN]}…"
        raise PayloadError(
            f"{shown!r} is not base64.", fix="Write A-Z, a-z, 0-9, + and /, padded with =."
        ) from error
