"""What happens in the broker, as values: for the log, the screen and JSON lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mtlsx.tls.record import ServerHandshakeRecord

Limit: TypeAlias = Literal["max_connections", "connections_per_address"]


@dataclass(frozen=True, slots=True)
class ListenerStarted:
    """``listener`` (EMQX's ``type:name``) accepts connections at ``host`` and ``port``.

    ``exposure`` is a sentence where others than this machine can reach it, else None.
    """

    listener: str
    host: str
    port: int
    exposure: str | None = None


@dataclass(frozen=True, slots=True)
class ListenerStopped:
    """``listener`` accepts no connections any more."""

    listener: str


@dataclass(frozen=True, slots=True)
class ListenerReloaded:
    """New connections of ``listener`` get its certificates and revocation lists as they are now."""

    listener: str


@dataclass(frozen=True, slots=True)
class ReloadFailed:
    """``listener`` goes on with what it had; ``reason`` is a sentence."""

    listener: str
    reason: str


@dataclass(frozen=True, slots=True)
class RejectedCertificate:
    """A certificate that was refused, as a person names it.

    All texts are safe to show. ``subject`` and ``issuer`` are in encoded order (``O=Demo, CN=dev-1``), ``serial``
    is lower-case hex, the dates are in UTC; "(unreadable)" where it is that. ``words`` is the objection in
    OpenSSL's words; ``depth`` 0 is the client's own certificate, 1 its issuer's.
    """

    subject: str
    issuer: str
    serial: str
    not_before: str
    not_after: str
    words: str
    depth: int


@dataclass(frozen=True, slots=True)
class HandshakeRefused:
    """A TLS handshake with a client at ``host`` and ``port`` came to nothing.

    ``certificate``: what was objected to, None where it was not a certificate; ``alert``: what either side told
    the other, as in "unknown_ca (48)", None where nothing was said. ``record`` has the rest.
    """

    listener: str
    host: str
    port: int
    certificate: RejectedCertificate | None
    alert: str | None
    record: ServerHandshakeRecord = field(repr=False)


@dataclass(frozen=True, slots=True)
class UpgradeRefused:
    """What came to a websocket listener was no websocket for MQTT; ``status`` is that of the HTTP answer."""

    listener: str
    host: str
    port: int
    status: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionRefused:
    """A connection was closed unheard: there are ``count`` already, and ``limit`` says which limit that is."""

    listener: str
    host: str
    port: int
    limit: Limit
    count: int


@dataclass(frozen=True, slots=True)
class ListenerExhausted:
    """``listener`` takes nobody more for now, with ``count`` connections; who comes waits. ``reason`` says why, in words."""

    listener: str
    count: int
    reason: str


TransportEvent: TypeAlias = (
    ListenerStarted
    | ListenerStopped
    | ListenerReloaded
    | ReloadFailed
    | HandshakeRefused
    | UpgradeRefused
    | ConnectionRefused
    | ListenerExhausted
)
