"""What a connection is to the layers above: bytes of MQTT both ways, whatever carries them. The interface alone.

A listener gives each client that got through (TLS handshake, websocket upgrade) to its ``Handler`` as a ``Link``.
All calls come from the event loop's thread, and none from within a call to the link.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mtlsx.auth.connect import Peer
from mtlsx.tls.record import ServerHandshakeRecord


class Cause(StrEnum):
    """Who or what ended a connection."""

    BY_US = "closed by the broker"
    BY_CLIENT = "closed by the client"
    LOST = "connection lost"
    NOT_READING = "the client does not read"
    TLS = "TLS failed"
    WEBSOCKET = "websocket rules broken"


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended; ``detail`` is a few words, "" where ``cause`` says all."""

    cause: Cause
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """What one connection may take. Times are in seconds, sizes in octets.

    ``handshake_timeout``: for TLS and the websocket upgrade together (EMQX: ``handshake_timeout``); the time in which
    the client waits for us does not count.
    ``send_timeout``: how long a client may read nothing while something waits for it (EMQX: ``send_timeout``).
    ``close_timeout``: for what is sent last to arrive, and the client to hang up. ``high_water`` and ``low_water``:
    of unsent octets, where ``writable`` says False and True again; ``max_unsent``: with more than that waiting,
    the next ``write`` is the end. ``max_frame_size``: of a websocket message.
    """

    handshake_timeout: float = 15.0
    send_timeout: float = 15.0
    close_timeout: float = 5.0
    high_water: int = 64 * 1024
    low_water: int = 16 * 1024
    max_unsent: int = 4 * 1024 * 1024
    max_frame_size: int = 16 * 1024 * 1024


class Link(Protocol):
    """One connection that is up. After its end every method does nothing."""

    @property
    def id(self) -> int:
        """A number that no other connection of this process has."""

    @property
    def peer(self) -> Peer:
        """Where the client comes from, and the certificate it showed."""

    @property
    def handshake(self) -> ServerHandshakeRecord | None:
        """What the TLS handshake showed; None without TLS."""

    @property
    def unsent(self) -> int:
        """How many octets wait for the client to read."""

    def write(self, data: bytes) -> None:
        """Send ``data``; what is written before the event loop's next round goes out together."""

    def close(self) -> None:
        """End it in good order: what was written is sent, and the client has time to read it."""

    def abort(self) -> None:
        """End it at once, and lose what was not sent yet."""

    def pause_reading(self) -> None:
        """Let the client wait: ``received`` is not called until ``resume_reading``."""

    def resume_reading(self) -> None:
        """Go on reading."""


class Handler(Protocol):
    """Whom a listener tells about its links."""

    def connected(self, link: Link) -> None:
        """``link`` is up. Only then do the other calls come."""

    def received(self, link: Link, data: bytes) -> None:
        """The client sent ``data``: any part of its stream of MQTT packets, at least one octet."""

    def writable(self, link: Link, ready: bool) -> None:
        """Whether the client takes what is written to it; a link begins ready."""

    def closed(self, link: Link, how: Closed) -> None:
        """``link`` is gone, whoever ended it. The last call, exactly one."""
