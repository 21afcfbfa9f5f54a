"""A session: what the broker owes a client, and what it remembers of it, also while it is away (MQTT 5.0, section 4.1).

Messages to the client wait in the order in which they came, go out as the client's Receive Maximum allows, and stay
until they are acknowledged; whoever comes back gets them again. Messages of QoS 2 from the client are known by
their packet identifier until PUBREL. Methods that send return octets for the session's connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from mtlsx.auth.authorization import topics
from mtlsx.broker.limits import Limits
from mtlsx.broker.messages import Message
from mtlsx.broker.outlet import Outlet

if TYPE_CHECKING:
    from mtlsx.auth.client import ClientInfo


class Granted(NamedTuple):
    """What a session has subscribed. ``identifier`` is the subscription identifier, 0 for none."""

    topic_filter: topics.Subscription
    qos: int
    no_local: bool = False
    retain_as_published: bool = False
    identifier: int = 0


class Delivery(NamedTuple):
    """A message to one client. ``share``: the shared subscription in which it was the client's turn."""

    message: Message
    qos: int
    retain: bool
    identifiers: tuple[int, ...] = ()
    share: topics.Subscription | None = None


class Replayed(NamedTuple):
    """A retained message that a new subscription gets.

    It waits without being held: where the message has been replaced by then, the new one is underway anyway.
    """

    message: ref[Message]
    qos: int
    identifiers: tuple[int, ...] = ()


@dataclass(slots=True)
class Account:
    """The octets that wait in all sessions together."""

    held: int = 0


class Session:
    """One client's session. ``outlet`` is None while the client is away; ``expiry`` in seconds, None: never.

    ``ignores_own``: the client gets nothing that it published itself (EMQX's ``ignore_loop_deliver``).
    ``dropped`` counts the messages that the client did not get: no room, too large, expired.
    """

    __slots__ = (
        "_account", "_awaiting_rel", "_bytes", "_inflight", "_last_id", "_limits", "_queue", "_queued",
        "_redeliver", "_releasing", "client_id", "dropped", "expiry", "ignores_own", "outlet", "owner",
        "subscriptions",
    )  # fmt: skip

    def __init__(self, client_id: bytes, limits: Limits, account: Account) -> None:
        self.client_id = client_id
        self.expiry: float | None = 0.0
        self.outlet: Outlet | None = None
        self.owner: ClientInfo | None = None
        self.ignores_own = False
        self.subscriptions: dict[topics.Subscription, Granted] = {}
        self.dropped = 0
        self._limits = limits
        self._account = account
        self._queue: deque[Delivery | Replayed] = deque()
        self._queued = 0
        self._bytes = 0
        self._inflight: dict[int, Delivery] = {}
        self._redeliver: dict[int, Delivery] = {}
        self._releasing: dict[int, None] = {}
        self._awaiting_rel: dict[int, float] = {}
        self._last_id = 0

    @property
    def waiting(self) -> int:
        """How many messages wait to be sent."""
        return len(self._queue) + len(self._redeliver)

    @property
    def waiting_bytes(self) -> int:
        """The octets of the messages that wait to be sent."""
        return self._bytes

    @property
    def in_flight(self) -> int:
        """How many messages of QoS 1 and 2 are sent and not acknowledged."""
        return len(self._inflight) + len(self._releasing)

    @property
    def awaiting_rel(self) -> int:
        """How many messages of QoS 2 from the client wait for their PUBREL."""
        return len(self._awaiting_rel)

    # The connection.

    def attach(self, outlet: Outlet, now: float) -> list[bytes]:
        """Continue on a new connection: what was not acknowledged once more, then what waited (MQTT-4.4.0-1)."""
        self.outlet = outlet
        again = [outlet.pubrel(packet_id) for packet_id in self._releasing]
        self._redeliver = {**self._inflight, **self._redeliver}
        self._inflight = {}
        return again + self.pump(now)

    def detach(self) -> None:
        """The connection is gone."""
        self.outlet = None

    @property
    def more(self) -> bool:
        """Whether ``pump`` would send more at once."""
        outlet = self.outlet
        if outlet is None or not outlet.writable:
            return False
        full = self.in_flight >= outlet.window
        if self._redeliver:
            return not full
        return bool(self._queue) and not (full and self._queue[0].qos)

    # Messages to the client.

    def deliver(self, delivery: Delivery, now: float) -> bytes:
        """Send a message, or keep it until it can be sent; empty where there is nothing to send now."""
        outlet = self.outlet
        if outlet is not None and outlet.writable:
            if delivery.qos == 0:
                if not self._queue or not self._limits.mqtt.mqueue_store_qos0:
                    return self._send_once(outlet, delivery, now)
            elif not self._queue and not self._redeliver and self.in_flight < outlet.window:
                return self._send(outlet, delivery, now)
        if delivery.qos or self._limits.mqtt.mqueue_store_qos0:
            self._keep(delivery)
        else:
            self.dropped += 1
        return b""

    def replay(self, retained: Iterable[Replayed]) -> None:
        """Let retained messages wait behind what is there; ``pump`` sends them. Only their octets are limited."""
        for replayed in retained:
            if not self._has_room(_REPLAYED):
                self.dropped += 1
                continue
            self._queue.append(replayed)
            self._hold(_REPLAYED)

    def pump(self, now: float) -> list[bytes]:
        """Send what waits, as far as the client takes it, and not more than a burst."""
        outlet = self.outlet
        if outlet is None or not outlet.writable:
            return []
        sent: list[bytes] = []
        room = self._limits.burst
        while self._redeliver and self.in_flight < outlet.window and room > 0:
            packet_id = next(iter(self._redeliver))
            data = self._send_again(outlet, packet_id, self._redeliver.pop(packet_id), now)
            room -= len(data)
            sent.append(data)
        while self._queue and not self._redeliver and room > 0:
            if self._queue[0].qos and self.in_flight >= outlet.window:
                break
            delivery = self._next()
            if delivery is None or delivery.message.expired(now):
                self.dropped += 1
                continue
            send = self._send if delivery.qos else self._send_once
            data = send(outlet, delivery, now)
            room -= len(data)
            sent.append(data)
        return [data for data in sent if data]

    def puback(self, packet_id: int) -> bool:
        """A message of QoS 1 is acknowledged; whether it was on its way."""
        return self._acknowledged(packet_id, 1)

    def pubrec(self, packet_id: int, *, refused: bool) -> bool:
        """A message of QoS 2 is received, or ``refused``; whether it was on its way."""
        if not refused and packet_id in self._releasing:
            return True
        if not self._acknowledged(packet_id, 2):
            return False
        if not refused:
            self._releasing[packet_id] = None
        return True

    def pubcomp(self, packet_id: int) -> bool:
        """A message of QoS 2 is complete; whether it was awaited."""
        if packet_id not in self._releasing:
            return False
        del self._releasing[packet_id]
        return True

    # Messages from the client.

    def receive(self, packet_id: int, now: float) -> bool | None:
        """A PUBLISH of QoS 2 is there: True for a new one, False for one that is known, None: there is no room."""
        known = self._awaiting_rel
        if packet_id in known:
            return False
        if len(known) >= self._limits.max_awaiting_rel:
            self._forget_unreleased(now)
            if len(known) >= self._limits.max_awaiting_rel:
                return None
        known[packet_id] = now
        return True

    def awaits_rel(self, packet_id: int) -> bool:
        """Whether a message of QoS 2 from the client has this packet identifier."""
        return packet_id in self._awaiting_rel

    def release(self, packet_id: int) -> bool:
        """A PUBREL is there; whether its message was known."""
        return self._awaiting_rel.pop(packet_id, None) is not None

    # The end.

    def end(self) -> list[Delivery]:
        """Give up everything. Returns what others of a shared subscription can have instead.

        A message of QoS 2 that is on its way is nobody else's (MQTT-4.8.2-5).
        """
        sent = [
            each for each in (*self._inflight.values(), *self._redeliver.values()) if each.qos == 1
        ]
        queued = [each for each in self._queue if isinstance(each, Delivery) and each.qos]
        left = [each for each in (*sent, *queued) if each.share is not None]
        self._hold(-self._bytes)
        self._queue.clear()
        self._queued = 0
        self._inflight = {}
        self._redeliver = {}
        self._releasing = {}
        self._awaiting_rel = {}
        return left

    # Helpers.

    def _send_once(self, outlet: Outlet, delivery: Delivery, now: float) -> bytes:
        message, _, retain, identifiers, _ = delivery
        data = outlet.publish(message, 0, retain, identifiers, 0, False, now)
        if not data:
            self.dropped += 1
        return data

    def _send(self, outlet: Outlet, delivery: Delivery, now: float) -> bytes:
        packet_id = self._free_id()
        message, qos, retain, identifiers, _ = delivery
        data = outlet.publish(message, qos, retain, identifiers, packet_id, False, now)
        if data:
            self._inflight[packet_id] = delivery
        else:
            self.dropped += 1
        return data

    def _send_again(self, outlet: Outlet, packet_id: int, delivery: Delivery, now: float) -> bytes:
        message, qos, retain, identifiers, _ = delivery
        data = outlet.publish(message, qos, retain, identifiers, packet_id, True, now)
        if data:
            self._inflight[packet_id] = delivery
        else:
            self.dropped += 1
        return data

    def _acknowledged(self, packet_id: int, qos: int) -> bool:
        for sent in (self._inflight, self._redeliver):
            delivery = sent.get(packet_id)
            if delivery is not None and delivery.qos == qos:
                del sent[packet_id]
                return True
        return False

    def _free_id(self) -> int:
        """A packet identifier that is not in use (MQTT-2.2.1-4). Nothing new is sent while old ones wait."""
        packet_id = self._last_id % 0xFFFF + 1
        while packet_id in self._inflight or packet_id in self._releasing:
            packet_id = packet_id % 0xFFFF + 1
        self._last_id = packet_id
        return packet_id

    def _keep(self, delivery: Delivery) -> None:
        """Let a message wait; where there is no room for it, the oldest go, as in EMQX."""
        size, most = delivery.message.size, self._limits.max_queued
        while self._queue and not (self._queued < most and self._has_room(size)):
            self._next()
            self.dropped += 1
        if most == 0 or not self._has_room(size):
            self.dropped += 1
            return
        self._queue.append(delivery)
        self._queued += 1
        self._hold(size)

    def _next(self) -> Delivery | None:
        """Take the first in the queue; None where a retained message is none any longer."""
        first = self._queue.popleft()
        if isinstance(first, Delivery):
            self._queued -= 1
            self._hold(-first.message.size)
            return first
        self._hold(-_REPLAYED)
        message = first.message()
        return None if message is None else Delivery(message, first.qos, True, first.identifiers)

    def _has_room(self, size: int) -> bool:
        limits = self._limits
        return (
            self._bytes + size <= limits.max_queue_bytes
            and self._account.held + size <= limits.max_total_queue_bytes
        )

    def _hold(self, size: int) -> None:
        self._bytes += size
        self._account.held += size

    def _forget_unreleased(self, now: float) -> None:
        """Forget messages whose PUBREL has not come in ``await_rel_timeout``."""
        timeout = self._limits.mqtt.await_rel_timeout
        since = self._awaiting_rel
        for packet_id in [each for each in since if since[each] + timeout <= now]:
            del since[packet_id]


_REPLAYED = 200
"""What a retained message takes that waits, in octets; the message itself is not held."""
