"""The one error of this room."""

from __future__ import annotations


class MalformedPacketError(ValueError):
    """Bytes that are not the MQTT packet they claim to be."""
