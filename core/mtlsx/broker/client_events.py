"""What happens with clients of the broker, as values: for the log, the screen and JSON lines.

Names are octets as the client or its certificate gave them; traces hold no secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mtlsx.auth.trace import Step

Trace: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class ClientConnected:
    """A client was let in, and got CONNACK 0. ``trace`` says why."""

    listener: str
    host: str
    port: int
    client_id: bytes
    username: bytes | None
    version: int
    common_name: bytes | None
    subject: bytes | None
    clean_start: bool
    session_present: bool
    is_superuser: bool
    trace: Trace


@dataclass(frozen=True, slots=True)
class ClientRefused:
    """A client was not let in. ``code`` is what CONNACK said; None where the connection was closed without one."""

    listener: str
    host: str
    port: int
    client_id: bytes | None
    username: bytes | None
    code: int | None
    reason: str
    trace: Trace


@dataclass(frozen=True, slots=True)
class ClientSubscribed:
    """A client has subscribed; ``codes`` are those in SUBACK, one for each filter."""

    client_id: bytes
    topic_filters: tuple[bytes, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClientUnsubscribed:
    """A client has ended subscriptions."""

    client_id: bytes
    topic_filters: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """The engine decided over a publish, a subscription or a will of a client. ``code`` is a refusal's, if told."""

    client_id: bytes
    action: Literal["publish", "subscribe", "will"]
    topic: bytes
    allowed: bool
    code: int | None
    trace: Trace


@dataclass(frozen=True, slots=True)
class ClientDisconnected:
    """A client is gone. ``code`` is the reason code in the DISCONNECT that ended it, whoever sent it; None without.

    ``published`` is how many PUBLISH packets it sent.
    """

    listener: str
    host: str
    port: int
    client_id: bytes
    username: bytes | None
    by: Literal["client", "broker", "network"]
    code: int | None
    reason: str
    published: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session of a client is no more: nothing waits for it."""

    client_id: bytes


ClientEvent: TypeAlias = (
    ClientConnected
    | ClientRefused
    | ClientSubscribed
    | ClientUnsubscribed
    | Decided
    | ClientDisconnected
    | SessionEnded
)
