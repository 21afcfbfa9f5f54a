"""Listeners: from their configuration to links that are up. Bind, accept, limit, reload, stop.

An ``Acceptor`` serves one ``[listeners.TYPE.NAME]``; each client that gets through becomes a link of ``handler``.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mtlsx.auth.connect import Peer
from mtlsx.broker.accepting import Accepting
from mtlsx.broker.events import (
    ConnectionRefused,
    HandshakeRefused,
    Limit,
    ListenerExhausted,
    ListenerReloaded,
    ListenerStarted,
    ListenerStopped,
    ReloadFailed,
    TransportEvent,
    UpgradeRefused,
)
from mtlsx.broker.links import Handler, LinkLimits
from mtlsx.broker.rejected import alert_of, rejected
from mtlsx.broker.socket_link import SocketLink
from mtlsx.broker.turns import Turns
from mtlsx.broker.websocket import ServerWebsocket
from mtlsx.configuration.model import Listener, SslOptions
from mtlsx.errors import MtlsxError, UsageError
from mtlsx.tls.material import load_server_material
from mtlsx.tls.record import ServerHandshakeRecord
from mtlsx.tls.server_context import ServerContext
from mtlsx.tls.settings import ServerTlsSettings, TlsVersion

_BACKLOG = 1024  # EMQX's
_BUFFER = 64 * 1024
_VERSIONS = {"tlsv1.2": TlsVersion.V1_2, "tlsv1.3": TlsVersion.V1_3}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptorLimits:
    """How many connections a listener has at once, those whose handshake goes on among them.

    ``connections`` counts where the listener says no ``max_connections``.
    """

    connections: int = 10_000
    connections_per_address: int = 5_000


class Acceptor:
    """One listener. ``numbers`` gives links their ids; acceptors of one broker share it.

    ``on_event`` hears what happens, in the event loop's thread.
    """

    def __init__(
        self,
        settings: Listener,
        handler: Handler,
        *,
        on_event: Callable[[TransportEvent], None],
        numbers: Iterator[int],
        limits: AcceptorLimits | None = None,
        link_limits: LinkLimits | None = None,
    ) -> None:
        self.settings = settings
        self.handler = handler
        self.limits = link_limits or LinkLimits()
        self.buffer = memoryview(bytearray(_BUFFER))
        self.context: ServerContext | None = None
        self.turns: Turns
        self._on_event = on_event
        self._numbers = numbers
        self._limits = limits or AcceptorLimits()
        self._links: set[SocketLink] = set()
        self._of_address: Counter[str] = Counter()
        self._all_gone: asyncio.Event | None = None
        self._accepting: Accepting | None = None
        self._bound: tuple[str, int] | None = None

    # ------------------------------------------------------------------ for the broker

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where it listens, the real port where port 0 was asked for."""
        return self._bound or self.settings.bind

    @property
    def connections(self) -> int:
        """How many there are, those whose handshake goes on among them."""
        return len(self._links)

    async def start(self) -> None:
        """Load certificates and listen.

        Raises ``UsageError`` where it cannot listen there and ``MaterialError`` for certificates, keys and lists.
        """
        loop = asyncio.get_running_loop()
        self.turns = Turns(loop)
        if self.settings.ssl_options is not None:
            self.context = await asyncio.to_thread(_load, self.settings.ssl_options)
        listening = await _listen(self.settings)
        self._accepting = Accepting(listening, lambda: self._link(loop), self._exhausted)
        self._bound = listening.getsockname()[:2]
        self._on_event(ListenerStarted(self.settings.id, *self.address, self.exposure()))

    async def reload(self, settings: Listener | None = None) -> bool:
        """Take certificates, key, CAs and revocation lists as their files are now, or as new ``settings`` say.

        The new settings are of the same type and address. Connections that are up stay as they are. False, and an
        event that says why, where something cannot be used: then all stays as it was.
        """
        settings = settings or self.settings
        try:
            if settings.ssl_options is not None:
                self.context = await asyncio.to_thread(_load, settings.ssl_options)
        except MtlsxError as error:
            self._on_event(ReloadFailed(settings.id, str(error)))
            return False
        self.settings = settings
        self._on_event(ListenerReloaded(settings.id))
        return True

    async def stop(self) -> None:
        """Accept nothing more, close all links in good order, and wait for that (``close_timeout`` at the most)."""
        if self._accepting is None:
            return
        accepting, self._accepting = self._accepting, None
        await accepting.stop()
        for link in list(self._links):
            link.shut_down()
        if self._links:
            self._all_gone = asyncio.Event()
            await self._all_gone.wait()
        self._on_event(ListenerStopped(self.settings.id))

    def exposure(self) -> str | None:
        """A sentence where others than this machine can reach the listener; None where they cannot (yet)."""
        if self._bound is None:
            return None
        host, port = self._bound
        if ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            return None
        where = "every address of this machine" if host in ("::", "0.0.0.0") else host  # noqa: S104  (compared)
        return (
            f"Listener {self.settings.id} listens on {where}, port {port}: other machines can reach it."
            ' bind = "127.0.0.1:PORT" keeps it to this one.'
        )

    # ------------------------------------------------------------------ for its links

    def admits(self, link: SocketLink) -> bool:
        total = self.settings.max_connections or self._limits.connections
        of_address = self._of_address[link.host]
        if len(self._links) >= total:
            return self._refuse(link, "max_connections", len(self._links))
        if of_address >= self._limits.connections_per_address:
            return self._refuse(link, "connections_per_address", of_address)
        self._links.add(link)
        self._of_address[link.host] = of_address + 1
        return True

    def peer(self, link: SocketLink, certificate: bytes | None) -> Peer:
        return Peer(certificate, link.host, link.port, self.settings.id, self.settings.zone)

    def handshake_refused(self, link: SocketLink, record: ServerHandshakeRecord) -> None:
        self._on_event(
            HandshakeRefused(
                self.settings.id, link.host, link.port, rejected(record), alert_of(record), record
            )
        )

    def upgrade_refused(self, link: SocketLink, status: int | None, words: str) -> None:
        self._on_event(UpgradeRefused(self.settings.id, link.host, link.port, status, words))

    def lost(self, link: SocketLink) -> None:
        self._links.discard(link)
        self._of_address[link.host] -= 1
        if self._of_address[link.host] == 0:
            del self._of_address[link.host]
        if self._all_gone is not None and not self._links:
            self._all_gone.set()

    def _link(self, loop: asyncio.AbstractEventLoop) -> SocketLink:
        websocket = None
        if self.settings.type in ("ws", "wss"):
            websocket = ServerWebsocket(
                self.settings.websocket.mqtt_path, max_frame_size=self.limits.max_frame_size
            )
        return SocketLink(next(self._numbers), self, loop, websocket)

    def _exhausted(self, words: str) -> None:
        self._on_event(ListenerExhausted(self.settings.id, len(self._links), words))

    def _refuse(self, link: SocketLink, limit: Limit, count: int) -> bool:
        self._on_event(ConnectionRefused(self.settings.id, link.host, link.port, limit, count))
        return False


def tls_settings(options: SslOptions) -> ServerTlsSettings:
    """EMQX's names in those of ``mtlsx.tls``."""
    return ServerTlsSettings(
        certificate_file=options.certfile,
        key_file=options.keyfile,
        passphrase=options.password,
        ca_file=options.cacertfile,
        verify=options.verify == "verify_peer",
        required=options.fail_if_no_peer_cert,
        depth=options.depth,
        versions=frozenset(_VERSIONS[name] for name in options.versions),
        crl_file=options.crlfile,
    )


def _load(options: SslOptions) -> ServerContext:
    settings = tls_settings(options)
    return ServerContext(settings, load_server_material(settings))


async def _listen(settings: Listener) -> socket.socket:
    host, port = settings.bind
    try:
        return await _bind(host, port)
    except OSError as error:
        where = f"{host or 'all addresses'}, port {port}"
        said, fix = _cannot_bind(error)
        raise UsageError(
            f"Listener {settings.id} cannot listen on {where}: {said}.", fix=fix
        ) from error


async def _bind(host: str, port: int) -> socket.socket:
    if not host:
        return _bind_everywhere(port)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # localhost is both; where there is a choice, IPv4 is what more clients try.
    family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


def _bind_everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
            )
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
    return socket.create_server(("", port), backlog=_BACKLOG)


def _cannot_bind(error: OSError) -> tuple[str, str]:
    if isinstance(error, socket.gaierror):
        return "nobody knows this host", "Give an address of this machine, as 127.0.0.1."
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is in use", "Stop the program that has it, or bind another port."
        case errno.EACCES:
            return "that is not permitted", "Ports below 1024 need privileges; bind another port."
        case errno.EADDRNOTAVAIL:
            return (
                "this machine has no such address",
                "Bind an address of this machine, as 127.0.0.1.",
            )
    return (error.strerror or str(error)).lower(), "Bind another address or port."
