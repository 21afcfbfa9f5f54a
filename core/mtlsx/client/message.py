"""A message as we keep it: small, because a hundred thousand of them stay in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.client.settings import PublishProperties


# Not frozen: a frozen dataclass takes four times as long to make, once for every message received.
@dataclass(slots=True, eq=False)
class Message:
    """One PUBLISH, received or sent.

    ``received_at``: seconds since the epoch (for our own messages: when it was handed over).
    ``properties``: MQTT 5 properties, None where there were none. ``latency``: seconds since we published it,
    where we did and it came back.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    outgoing: bool
    received_at: float
    properties: PublishProperties | None = None
    latency: float | None = None
