"""``-f`` of ``pub`` and ``sub``: the formats of MQTTX CLI, between what a person writes or reads and the payload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.payloads.errors import PayloadError
from mtlsx.payloads.formats import PayloadFormat, decode, encode
from mtlsx_tui.cli.headless import notice

if TYPE_CHECKING:
    from mtlsx.client.message import Message

BINARY = "binary"
CHOICES = ("base64", "json", "hex", BINARY, "cbor", "msgpack")


def written(content: bytes, choice: str | None) -> bytes:
    """The payload that was written as ``choice``; None and ``binary``: as it is. Raises PayloadError."""
    if choice is None or choice == BINARY:
        return content
    return encode(content, PayloadFormat(choice))


def shown(message: Message, choice: str | None) -> str | None:
    """The payload as text in the format ``choice``; None where it is to be printed as it came.

    That is also so where the payload is not in that format, which is said on stderr.
    """
    if choice is None or choice == BINARY:
        return None
    try:
        return decode(message.payload, PayloadFormat(choice))
    except PayloadError as error:
        notice(f"A message on {message.topic} is printed as it came: {error}")
        return None
