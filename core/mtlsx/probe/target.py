"""What to probe, and how far. Values only; whoever asks (the command line, the matrix) makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtlsx.probe.dialing import host_and_port

if TYPE_CHECKING:
    from mtlsx.identity.mapping import Dialect
    from mtlsx.packets.control_packets import Connect
    from mtlsx.tls.settings import TlsSettings


@dataclass(frozen=True, slots=True)
class Websocket:
    """The upgrade that carries MQTT: its path, and HTTP headers beside those that it needs."""

    path: str = "/mqtt"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds.

    ``answer``: for each answer that must come (an address, a connection, the handshake, CONNACK, SUBACK, PUBACK).
    ``judgement``: for what may come unasked: a server's objection after a TLS 1.3 handshake, or after CONNACK.
    """

    answer: float = 10.0
    judgement: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One server, and what to ask of it.

    ``tls`` None: no TLS. ``websocket`` None: MQTT straight over the stream. ``connect``: the CONNECT to send, None to
    send no MQTT at all. ``topic``: a topic name to subscribe to and to publish to, None for neither; it goes with
    ``connect``. ``dialect``: which broker the person says it is, None where nobody said. ``fetch_issuers``: whether
    issuers that a refused chain lacks may be fetched from where its certificates say.
    """

    host: str
    port: int
    tls: TlsSettings | None
    websocket: Websocket | None = None
    connect: Connect | None = None
    topic: str | None = None
    dialect: Dialect | None = None
    fetch_issuers: bool = False
    patience: Patience = field(default_factory=Patience)

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)
