"""From what a client sent to what it gets: the engine decides, the hub does it, the answers go out.

One ``Dispatcher`` serves all clients of a broker. It handles one event of one client at a time; while the engine is
asked, others go on, and the client may be gone when the answer comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.dialects import Dialect
from mtlsx.auth.engine import Admission, Engine, Permission
from mtlsx.broker.client import Client
from mtlsx.broker.client_events import (
    ClientConnected,
    ClientEvent,
    ClientRefused,
    ClientSubscribed,
    ClientUnsubscribed,
    Decided,
    SessionEnded,
)
from mtlsx.broker.conversation import Event, Violated
from mtlsx.broker.hub import Hub
from mtlsx.broker.outcomes import Dropped, Refused, Sends
from mtlsx.broker.wills import DueWill
from mtlsx.packets.control_packets import (
    Connack,
    Connect,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    Unsubscribe,
)
from mtlsx.packets.errors import ProtocolError

_SESSION_TAKEN_OVER, _NOT_AUTHORIZED, _FAILURE = 0x8E, 0x87, 0x80


class Dispatcher:
    """``clients`` are those that are connected, by link; the broker keeps it. ``emit`` hears what happens.

    ``engine_of`` gives the engine of a listener. ``received`` and ``sent`` count PUBLISH packets of clients, and what
    was written to clients for them.
    """

    def __init__(
        self,
        hub: Hub,
        dialect: Dialect,
        clients: Mapping[int, Client],
        engine_of: Callable[[str], Engine],
        emit: Callable[[ClientEvent], None],
        clock: Callable[[], float],
    ) -> None:
        self._hub = hub
        self._dialect = dialect
        self._clients = clients
        self._engine_of = engine_of
        self._emit = emit
        self._clock = clock
        self.received = 0
        self.sent = 0

    def pass_on(self, client: Client, event: Event) -> bool:
        """Pass on a message that is known to be allowed, which cannot end the connection; False: ``handle`` it."""
        if type(event) is not Publish or event.qos == 2:
            return False
        permission = client.remembers(event)
        if permission is None or not permission.allowed:
            return False
        self._count(client)
        self._distribute(client, event)
        return True

    async def handle(self, client: Client, event: Event) -> None:
        """Do what one event of ``client`` asks for."""
        try:
            match event:
                case Publish():
                    await self._publish(client, event)
                case Puback() | Pubrec() | Pubrel() | Pubcomp():
                    answered = self._hub.acknowledge(client.link.id, event, self._clock())
                    client.answer(answered.answer)
                    self.send(answered.sends)
                case Subscribe():
                    await self._subscribe(client, event)
                case Unsubscribe():
                    self._unsubscribe(client, event)
                case Pingreq():
                    client.answer(Pingresp())
                case Connect():
                    await self._connect(client, event)
                case Disconnect():
                    client.said_goodbye = True
                    await self.drop(client, event)
                    client.end(None, "The client said goodbye.")
                case Violated():
                    client.end(event.code, event.sentence)
        except ProtocolError as error:
            violated = client.conversation.violated(error)
            client.end(violated.code, violated.sentence)
        if client.over:
            await self.drop(client)

    def send(self, sends: Sends) -> None:
        """Write what the hub has for clients."""
        for link, data in sends:
            client = self._clients.get(link)
            if client is not None and not client.over:
                client.link.write(data)
        self.sent += len(sends)

    async def drop(self, client: Client, disconnect: Disconnect | None = None) -> None:
        """The client is gone for the hub; what was said to it last may still be on its way."""
        await self.dropped(self._hub.drop(client.link.id, self._clock(), disconnect))

    async def dropped(self, dropped: Dropped) -> None:
        """Do what follows where connections, sessions or delays have ended."""
        self.send(dropped.sends)
        for client_id in dropped.ended:
            self._emit(SessionEnded(client_id))
        await self._publish_wills(dropped.wills)

    # ------------------------------------------------------------------ CONNECT

    async def _connect(self, client: Client, connect: Connect) -> None:
        peer = client.link.peer
        admission = await client.engine.connect(connect, peer)
        if client.over or client.link.id not in self._clients:
            return
        if not admission.accepted or admission.client is None:
            self._refuse(client, connect, admission, admission.code)
            return
        info = admission.client
        result = self._hub.connect(
            client.link.id, connect, info.client_id, self._clock(),
            assigned=admission.assigned_client_id, owner=info,
        )  # fmt: skip
        if isinstance(result, Refused):
            client.answer(result.answer)
            self._refuse(client, connect, admission, result.answer.code, told=True)
            return
        client.info, client.accepted_at = info, self._clock()
        client.answer(result.answer)
        self._emit(_connected(client, connect, admission, session_present=result.session_present))
        if result.taken_over is not None:
            older = self._clients.get(result.taken_over)
            if older is not None:
                older.end(_SESSION_TAKEN_OVER, "Another client has the same client id.")
        self.send(result.sends)
        await self._publish_wills(result.wills)

    def _refuse(
        self, client: Client, connect: Connect, admission: Admission, code: int | None, *,
        told: bool = False,
    ) -> None:  # fmt: skip
        if code is not None and not told:
            client.answer(Connack(False, code))
        peer, known = client.link.peer, admission.client
        self._emit(
            ClientRefused(
                peer.listener, peer.host, peer.port,
                connect.client_id if known is None else known.client_id,
                connect.username if known is None else known.username,
                code, str(admission.reason or ""), admission.trace,
            )
        )  # fmt: skip
        client.end(None, "The client was refused.")

    # ------------------------------------------------------------------ PUBLISH and wills

    async def _publish(self, client: Client, publish: Publish) -> None:
        info = client.info
        if info is None:
            return
        self._count(client)
        permission = client.remembers(publish) or await client.may_publish(info, publish)
        if client.over:
            return
        if permission.allowed:
            self._distribute(client, publish)
            return
        self._told(info, "publish", publish.topic, permission)
        if permission.disconnect:
            client.end(permission.code or _NOT_AUTHORIZED, "Not authorized.")
            return
        client.answer(self._denial(client, publish, permission))

    def _count(self, client: Client) -> None:
        self.received += 1
        client.published += 1

    def _distribute(self, client: Client, publish: Publish) -> None:
        outcome = self._hub.publish(client.link.id, publish, self._clock())
        if outcome.answer is not None:
            client.answer(outcome.answer)
        self.send(outcome.sends)

    def _denial(
        self, client: Client, publish: Publish, permission: Permission
    ) -> Puback | Pubrec | None:
        code = permission.code or _NOT_AUTHORIZED
        answer = self._hub.refuse(client.link.id, publish, code)
        if isinstance(answer, Pubrec) and self._dialect.denied_qos2 == "PUBACK":
            return Puback(answer.packet_id, answer.code)
        return answer

    async def _publish_wills(self, wills: Iterable[DueWill]) -> None:
        for due in wills:
            owner, will = due.owner, due.will
            if owner is not None:
                permission = await self._engine_of(owner.listener).publish(
                    owner, will.topic, qos=will.qos, retain=will.retain
                )
                self._told(owner, "will", will.topic, permission)
                if not permission.allowed:
                    continue
            self.send(self._hub.publish_will(due, self._clock()).sends)

    # ------------------------------------------------------------------ SUBSCRIBE and UNSUBSCRIBE

    def _unsubscribe(self, client: Client, unsubscribe: Unsubscribe) -> None:
        client.answer(self._hub.unsubscribe(client.link.id, unsubscribe))
        if client.info is not None:
            self._emit(ClientUnsubscribed(client.info.client_id, unsubscribe.topic_filters))

    async def _subscribe(self, client: Client, subscribe: Subscribe) -> None:
        info = client.info
        if info is None:
            return
        refusals: list[int | None] = []
        for wanted in subscribe.subscriptions:
            permission = await client.engine.subscribe(info, wanted.topic_filter, qos=wanted.qos)
            self._told(info, "subscribe", wanted.topic_filter, permission)
            if client.over:
                return
            if permission.disconnect:
                client.end(_NOT_AUTHORIZED, "Not authorized.")
                return
            refusals.append(None if permission.allowed else permission.code or _FAILURE)
        result = self._hub.subscribe(client.link.id, subscribe, refusals, self._clock())
        client.answer(result.answer)
        filters = tuple(wanted.topic_filter for wanted in subscribe.subscriptions)
        self._emit(ClientSubscribed(info.client_id, filters, result.answer.codes))
        self.send(result.sends)

    def _told(
        self,
        client: ClientInfo,
        action: Literal["publish", "subscribe", "will"],
        topic: bytes,
        permission: Permission,
    ) -> None:
        self._emit(
            Decided(
                client.client_id,
                action,
                topic,
                permission.allowed,
                permission.code,
                permission.trace,
            )
        )


def _connected(
    client: Client, connect: Connect, admission: Admission, *, session_present: bool
) -> ClientConnected:
    peer, info = client.link.peer, admission.client
    assert info is not None  # noqa: S101  (an accepted client is known)
    return ClientConnected(
        listener=peer.listener,
        host=peer.host,
        port=peer.port,
        client_id=info.client_id,
        username=info.username,
        version=connect.version,
        common_name=info.cert_common_name,
        subject=info.cert_subject,
        clean_start=connect.clean_start,
        session_present=session_present,
        is_superuser=info.is_superuser,
        trace=admission.trace,
    )
