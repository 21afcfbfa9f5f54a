"""The broker: listens, asks the engine about every client, publish and subscription, and passes messages on.

    broker = Broker(load(["broker.toml"]), on_event=print)
    await broker.start()
    ...
    await broker.stop()

It lives in one event loop, in which ``on_event`` is called. Times are those of the loop's clock, in seconds.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from mtlsx.auth.dialects import DIALECTS
from mtlsx.auth.engine import Engine
from mtlsx.auth.settings import JwtAuthentication
from mtlsx.auth.stores.opening import Stores
from mtlsx.broker.bans import Ban, Bans
from mtlsx.broker.client import Client
from mtlsx.broker.client_events import ClientDisconnected, ClientEvent
from mtlsx.broker.conversation import Conversation
from mtlsx.broker.dispatch import Dispatcher
from mtlsx.broker.events import TransportEvent
from mtlsx.broker.hub import Hub
from mtlsx.broker.limits import Limits
from mtlsx.broker.links import Cause, Closed, Link, LinkLimits
from mtlsx.broker.listeners import Acceptor, AcceptorLimits
from mtlsx.errors import UsageError

if TYPE_CHECKING:
    from mtlsx.auth.client import ClientInfo
    from mtlsx.auth.stores.store import OpenStore
    from mtlsx.configuration.model import Configuration, Listener

BrokerEvent: TypeAlias = TransportEvent | ClientEvent

_SWEEP: Final = 0.25
_ADMINISTRATIVE_ACTION, _SHUTTING_DOWN, _NOT_AUTHORIZED = 0x98, 0x8B, 0x87


class Broker:
    """One broker. ``open_store`` opens what settings name, by default Redis or the embedded store.

    ``bans`` may be changed at any time, and ``ban`` ends connections too. Raises ``UsageError`` for settings that EMQX would refuse.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        on_event: Callable[[BrokerEvent], None],
        open_store: OpenStore | None = None,
        limits: Limits | None = None,
        acceptor_limits: AcceptorLimits | None = None,
        link_limits: LinkLimits | None = None,
    ) -> None:
        self.bans = Bans()
        self._configuration = configuration
        self._on_event = on_event
        self._stores = Stores() if open_store is None else None
        self._open_store = open_store or self._stores
        self._engines: dict[str, Engine] = {}
        self._clients: dict[int, Client] = {}
        self._acceptors: list[Acceptor] = []
        self._acceptor_limits = acceptor_limits
        self._link_limits = link_limits
        self._limits = limits or Limits(configuration.mqtt)
        self._hub = Hub(self._limits)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._resuming = False
        self._make_engines(configuration)

    # ------------------------------------------------------------------ for whoever embeds it

    async def start(self) -> None:
        """Open all listeners; none stays open where one cannot be.

        Raises ``UsageError`` and ``MaterialError``.
        """
        if not any(listener.enable for listener in self._configuration.listeners):
            raise UsageError(
                "The configuration has no listener.", fix="Add one, as [listeners.ssl.default]."
            )
        self._loop = asyncio.get_running_loop()
        self._dispatcher = Dispatcher(
            self._hub,
            DIALECTS[self._configuration.auth.dialect],
            self._clients,
            self._engines.__getitem__,
            self._on_event,
            self._loop.time,
        )
        numbers = itertools.count(1)
        try:
            for listener in self._configuration.listeners:
                if listener.enable:
                    acceptor = Acceptor(
                        listener, self, on_event=self._on_event, numbers=numbers,
                        limits=self._acceptor_limits, link_limits=self._link_limits,
                    )  # fmt: skip
                    await acceptor.start()
                    self._acceptors.append(acceptor)
        except BaseException:
            await self.stop()
            raise
        self._sweep()

    async def stop(self) -> None:
        """Say goodbye to all clients, close all listeners and the stores that the broker itself opened."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for client in list(self._clients.values()):
            client.end(_SHUTTING_DOWN, "The broker stops.")
        await asyncio.gather(*(acceptor.stop() for acceptor in self._acceptors))
        self._acceptors.clear()
        while self._tasks:
            await asyncio.wait(self._tasks)
        for engine in self._engines.values():
            await engine.aclose()
        if self._stores is not None:
            await self._stores.aclose()

    async def reload(self, configuration: Configuration) -> None:
        """Take another configuration: certificates, revocation lists, mapping, authentication and rules.

        Clients that are connected keep the identity they came with; the rules count for them from now on. Listeners
        and what is under ``[mqtt]`` for all stay as they were. Raises ``UsageError`` for settings that EMQX would
        refuse; then nothing has changed.
        """
        before = {listener.id: listener for listener in self._configuration.listeners}
        after = {listener.id: listener for listener in configuration.listeners}
        moved = [
            name
            for name in before.keys() | after.keys()
            if _place(before, name) != _place(after, name)
        ]
        if moved or configuration.mqtt != self._configuration.mqtt:
            what = ", ".join(sorted(moved)) or "[mqtt]"
            raise UsageError(f"{what} cannot change while the broker runs.", fix="Start it anew.")
        if configuration.auth.dialect != self._configuration.auth.dialect:
            raise UsageError("dialect cannot change while the broker runs.", fix="Start it anew.")
        old = tuple(self._engines.values())
        self._make_engines(configuration)
        self._configuration = configuration
        for client in self._clients.values():
            client.decide_by(self._engines[client.link.peer.listener])
        for acceptor in self._acceptors:
            await acceptor.reload(after[acceptor.settings.id])
        self._run(self._retire(old, tuple(self._tasks)))

    @property
    def addresses(self) -> Mapping[str, tuple[str, int]]:
        """Where the listeners listen, by ``type:name``: host and port."""
        return {acceptor.settings.id: acceptor.address for acceptor in self._acceptors}

    @property
    def clients(self) -> Mapping[int, Client]:
        """The connections, by number; those without ``info`` have not been let in. To be read only."""
        return MappingProxyType(self._clients)

    @property
    def hub(self) -> Hub:
        """Sessions, subscriptions and retained messages; to be read only."""
        return self._hub

    @property
    def counts(self) -> Mapping[str, int]:
        """How many there are, and have been: connections, sessions, retained messages, PUBLISH in and out."""
        return {
            "connections": len(self._clients),
            "sessions": len(self._hub.sessions),
            "retained_messages": len(self._hub.retained),
            "messages_received": self._dispatcher.received,
            "messages_sent": self._dispatcher.sent,
        }

    def kick(self, client_id: bytes) -> bool:
        """Disconnect a client (0x98 in MQTT 5); False where it is not connected."""
        for client in self._clients.values():
            if client.info is not None and client.info.client_id == client_id and not client.over:
                self._end(
                    client, _ADMINISTRATIVE_ACTION, "An administrator disconnected the client."
                )
                return True
        return False

    def ban(self, ban: Ban) -> None:
        """Let somebody in no more; whoever is connected with a client id that is banned, is kicked.

        Source: ``on_banned`` of emqx_banned.erl (6.3), which leaves those with a username or an address connected.
        """
        self.bans.add(ban)
        if ban.by == "clientid":
            self.kick(ban.who)

    # ------------------------------------------------------------------ for its listeners

    def connected(self, link: Link) -> None:
        """See ``Handler``."""
        conversation = Conversation(self._limits, self._loop.time())
        engine = self._engines[link.peer.listener]
        self._clients[link.id] = Client(link, conversation, engine)

    def received(self, link: Link, data: bytes) -> None:
        """See ``Handler``."""
        client = self._clients[link.id]
        client.received(data, self._loop.time())
        if client.pending and client.task is None:
            client.task = self._run(self._work(client))

    def writable(self, link: Link, ready: bool) -> None:
        """See ``Handler``."""
        self._dispatcher.send(self._hub.writable(link.id, ready, self._loop.time()))
        self._resume_later()

    def closed(self, link: Link, how: Closed) -> None:
        """See ``Handler``."""
        client = self._clients[link.id]
        client.gone = how
        if client.task is None or client.over:
            self._forget(client, how)

    # ------------------------------------------------------------------ what goes on inside

    def _make_engines(self, configuration: Configuration) -> None:
        made = {
            listener.id: Engine(
                configuration.auth_for(listener),
                open_store=self._open_store,
                is_banned=lambda client: self.bans.hits(client, self._loop.time()),
            )
            for listener in configuration.listeners
        }
        self._engines.update(made)

    async def _retire(self, engines: Iterable[Engine], users: Iterable[asyncio.Task[None]]) -> None:
        """Close engines once whoever may be asking them is done."""
        for user in users:
            await asyncio.wait((user,))
        for engine in engines:
            await engine.aclose()

    async def _work(self, client: Client) -> None:
        """Handle what ``client`` sent, until nothing waits."""
        try:
            while (event := client.next()) is not None:
                if not self._dispatcher.pass_on(client, event):
                    await self._dispatcher.handle(client, event)
        finally:
            client.task = None
            if client.gone is not None:
                self._forget(client, client.gone)
        self._resume_later()

    def _forget(self, client: Client, how: Closed) -> None:
        """The connection is gone, and what came over it is handled."""
        if self._clients.pop(client.link.id, None) is None:
            return
        client.over = True
        client.pending.clear()
        self._run(self._dispatcher.drop(client))
        if client.info is not None:
            self._on_event(_disconnected(client, client.info, how))

    def _run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _resume_later(self) -> None:
        if self._hub.backlog and not self._resuming:
            self._resuming = True
            self._loop.call_soon(self._resume)

    def _resume(self) -> None:
        """Send each client that waits for more its next part; then others have their turn."""
        self._resuming = False
        now = self._loop.time()
        for link in tuple(self._hub.backlog):
            self._dispatcher.send(self._hub.resume(link, now))
        self._resume_later()

    def _sweep(self) -> None:
        """Look for what is due: keep alives, tokens, wills, the ends of sessions."""
        now = self._loop.time()
        for client in list(self._clients.values()):
            violated = client.conversation.overdue(now)
            if violated is not None:
                self._end(client, violated.code, violated.sentence)
            elif client.info is not None and self._has_expired(client.info):
                self._end(client, _NOT_AUTHORIZED, "The client's token has expired.")
        due = self._hub.next_deadline()
        if due is not None and due <= now:
            self._run(self._dispatcher.dropped(self._hub.tick(now)))
        self._sweeper = self._loop.call_later(_SWEEP, self._sweep)

    def _end(self, client: Client, code: int, sentence: str) -> None:
        """Disconnect a client. Its will does not wait until it has hung up, which may take it a while."""
        client.end(code, sentence)
        self._run(self._dispatcher.drop(client))

    def _has_expired(self, client: ClientInfo) -> bool:
        return (
            client.expires_at is not None
            and client.expires_at <= time.time()
            and any(
                isinstance(one, JwtAuthentication) and one.disconnect_after_expire
                for one in self._configuration.auth.authentication
            )
        )


def _place(listeners: Mapping[str, Listener], name: str) -> object:
    """What of a listener cannot change while it listens."""
    listener = listeners.get(name)
    return listener and (
        listener.bind,
        listener.enable,
        listener.websocket,
        listener.max_connections,
    )


def _disconnected(client: Client, info: ClientInfo, how: Closed) -> ClientDisconnected:
    peer = client.link.peer
    code, reason = client.farewell or (None, how.detail or str(how.cause))
    by: Literal["client", "broker", "network"] = "network"
    if client.farewell is not None and not client.said_goodbye:
        by = "broker"
    elif client.said_goodbye or how.cause is Cause.BY_CLIENT:
        by = "client"
    return ClientDisconnected(
        peer.listener, peer.host, peer.port, info.client_id, info.username, by, code, reason,
        client.published,
    )  # fmt: skip
