"""The heart of the broker: who is connected, who has subscribed what, and who gets which message.

A hub knows connections by a number that the caller gives them, ``link``. The caller reads events from a
``Conversation``, lets the engine decide, and calls the method for the packet. It sends the ``answer`` through
``Conversation.encode`` and then what is in ``sends``: octets for any connections, in this order. There is no
socket and no clock here: ``now`` is any number of seconds that grows.

A link that is not connected (any more) is no error: between an event and the call, another connection may have
taken the session over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from mtlsx.broker import demands
from mtlsx.broker.admission import (
    QUOTA_EXCEEDED,
    offer,
    refusal_code,
    session_expiry,
    unsupported,
)
from mtlsx.broker.deadlines import Deadlines
from mtlsx.broker.limits import NEVER, Limits
from mtlsx.broker.messages import Message, is_utf8, last_will, published
from mtlsx.broker.outcomes import (
    Answered,
    Connected,
    Dropped,
    Outcome,
    Refused,
    Sends,
    Subscribed,
)
from mtlsx.broker.outlet import Outlet
from mtlsx.broker.retained import Retained
from mtlsx.broker.router import Router
from mtlsx.broker.session import Account, Session
from mtlsx.broker.wills import DueWill, Wills
from mtlsx.packets.control_packets import (
    MQTT_5,
    Connack,
    Connect,
    Disconnect,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.properties import ConnackProperties
from mtlsx.packets.reason_codes import FAILURE

if TYPE_CHECKING:
    from mtlsx.auth.client import ClientInfo

_NO_SUBSCRIBERS, _NO_SUBSCRIPTION, _ID_IN_USE, _ID_NOT_FOUND = 0x10, 0x11, 0x91, 0x92
_FORMAT_INVALID = 0x99


@dataclass(slots=True)
class _End:
    """What ``Dropped`` is made of."""

    wills: list[DueWill] = field(default_factory=list)
    ended: list[bytes] = field(default_factory=list)
    sends: Sends = field(default_factory=list)


class Hub:
    """All sessions, subscriptions, retained messages and wills of a broker.

    ``backlog`` are the links that have more to get than was sent: call ``resume`` when their buffer has room.
    """

    def __init__(self, limits: Limits) -> None:
        self.backlog: set[int] = set()
        self._limits = limits
        self._account = Account()
        self._sessions: dict[bytes, Session] = {}
        self._links: dict[int, Session] = {}
        self._willing: dict[int, Will] = {}
        self._router = Router(limits)
        self._wills = Wills()
        self._expiries = Deadlines()

    @property
    def retained(self) -> Retained:
        """The retained messages."""
        return self._router.retained

    @property
    def sessions(self) -> Mapping[bytes, Session]:
        """The sessions by client id, those of clients that are away among them. To be read only."""
        return MappingProxyType(self._sessions)

    def session_of(self, link: int) -> Session | None:
        """The session that is connected by ``link``."""
        return self._links.get(link)

    # A connection begins and ends.

    def connect(
        self, link: int, connect: Connect, client_id: bytes, now: float, *,
        assigned: bytes | None = None, owner: ClientInfo | None = None,
    ) -> Connected | Refused:  # fmt: skip
        """Give ``link`` the session of ``client_id``, which the engine has let in, or a new one.

        ``assigned`` is the client id that CONNACK tells (MQTT-3.2.2-16); ``owner`` comes back with the will.
        Raises ``ProtocolError`` where the client takes no packet as large as CONNACK.
        """
        refused = unsupported(connect, self._limits)
        if refused is None and self._is_full(client_id):
            refused = QUOTA_EXCEEDED, "There are as many sessions as there may be."
        if refused is not None:
            code = refusal_code(refused[0], connect.version)
            return Refused(
                Connack(False, code, ConnackProperties(reason_string=refused[1])), refused[1]
            )
        offered = offer(connect, self._limits, assigned)
        done = _End()
        taken_over = self._take_over(client_id, now, done)
        session = self._sessions.get(client_id)
        if session is not None and connect.clean_start:
            self._end(session, now, done)
            session = None
        present = session is not None
        if session is None:
            session = self._sessions[client_id] = Session(client_id, self._limits, self._account)
        self._wills.take(client_id)  # MQTT-3.1.3-9
        self._expiries.cancel(client_id)
        session.expiry = session_expiry(connect, self._limits)
        session.owner = owner
        session.ignores_own = self._limits.mqtt.ignore_loop_deliver and connect.version < MQTT_5
        self._links[link] = session
        if connect.will is not None:
            self._willing[link] = connect.will
        outlet = Outlet(link, connect, self._limits)
        self._send(session, session.attach(outlet, now), done.sends)
        return Connected(
            Connack(present, 0, offered), present, taken_over, tuple(done.wills), done.sends
        )

    def drop(self, link: int, now: float, disconnect: Disconnect | None = None) -> Dropped:
        """The connection is gone; ``disconnect`` is the client's, where it sent one."""
        done = _End()
        self._drop(link, now, disconnect, done)
        return _dropped(done)

    def writable(self, link: int, writable: bool, now: float) -> Sends:
        """The buffer of ``link`` has room, or has none any more; messages wait here as long."""
        session = self._links.get(link)
        sends: Sends = []
        if session is not None and session.outlet is not None:
            session.outlet.writable = writable
            self._pump(session, now, sends)
        return sends

    def resume(self, link: int, now: float) -> Sends:
        """Send the next part of a backlog."""
        session = self._links.get(link)
        sends: Sends = []
        self.backlog.discard(link)
        if session is not None:
            self._pump(session, now, sends)
        return sends

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do."""
        deadlines = (
            self._wills.next_deadline(), self._expiries.next(), self.retained.next_deadline()
        )  # fmt: skip
        return min((each for each in deadlines if each is not None), default=None)

    def tick(self, now: float) -> Dropped:
        """Do what is due: wills, the ends of sessions, the expiry of retained messages."""
        done = _End()
        done.wills += self._wills.due(now)
        for client_id in self._expiries.due(now):
            self._end(self._sessions[client_id], now, done)
        self.retained.tick(now)
        return _dropped(done)

    def end_session(self, client_id: bytes, now: float) -> Dropped:
        """End the session of a client that is away, or is dropped hereby."""
        done = _End()
        session = self._sessions.get(client_id)
        if session is not None:
            if session.outlet is not None:
                self._drop(session.outlet.link, now, None, done)
            if client_id in self._sessions:
                self._end(session, now, done)
        return _dropped(done)

    # Messages.

    def publish(self, link: int, publish: Publish, now: float) -> Outcome:
        """Pass on a message that the engine allows. Raises ``ProtocolError`` where the client must be disconnected."""
        session = self._links.get(link)
        sends: Sends = []
        if session is None or session.outlet is None:
            return Outcome(None, 0, 0, sends)
        qos, packet_id, properties = publish.qos, publish.packet_id, publish.properties
        if properties.payload_format_indicator and not is_utf8(publish.payload):
            return Outcome(
                self._refusal(session, publish, _FORMAT_INVALID), _FORMAT_INVALID, 0, sends
            )
        if qos == 2:
            new = session.receive(packet_id, now)
            if new is None:
                raise ProtocolError(
                    demands.RECEIVE_MAXIMUM, "Too many messages of QoS 2 wait for their PUBREL."
                )
            if not new:
                return Outcome(Pubrec(packet_id), 0, 0, sends)
        elif qos and session.awaits_rel(packet_id):
            return Outcome(Puback(packet_id, _ID_IN_USE), _ID_IN_USE, 0, sends)
        valid = self._limits.mqtt.message_expiry_interval
        message = published(publish, session.client_id, now, valid)
        kept = self._router.keep(message)
        receivers = self._router.route(message, now, sends)
        code = 0 if receivers else _NO_SUBSCRIBERS
        if qos == 0:
            return Outcome(None, code, receivers, sends, not kept)
        answer = Puback(packet_id, code) if qos == 1 else Pubrec(packet_id, code)
        return Outcome(answer, code, receivers, sends, not kept)

    def refuse(self, link: int, publish: Publish, code: int) -> Puback | Pubrec | None:
        """The answer to a message that is not passed on. Before MQTT 5, and with QoS 0, it does not tell."""
        session = self._links.get(link)
        return None if session is None else self._refusal(session, publish, code)

    def publish_will(self, due: DueWill, now: float) -> Outcome:
        """Publish a will that its owner may publish."""
        valid = self._limits.mqtt.message_expiry_interval
        return self.publish_message(last_will(due.will, due.client_id, now, valid), now)

    def publish_message(self, message: Message, now: float) -> Outcome:
        """Publish a message that is no client's PUBLISH."""
        sends: Sends = []
        kept = self._router.keep(message)
        receivers = self._router.route(message, now, sends)
        return Outcome(None, 0 if receivers else _NO_SUBSCRIBERS, receivers, sends, not kept)

    def acknowledge(
        self, link: int, packet: Puback | Pubrec | Pubrel | Pubcomp, now: float
    ) -> Answered:
        """Go on in the exchange of a message of QoS 1 or 2."""
        session = self._links.get(link)
        sends: Sends = []
        if session is None:
            return Answered(None, sends)
        packet_id, answer = packet.packet_id, None
        match packet:
            case Puback():
                session.puback(packet_id)
            case Pubcomp():
                session.pubcomp(packet_id)
            case Pubrec():
                refused = packet.code >= FAILURE
                known = session.pubrec(packet_id, refused=refused)
                if not refused:
                    answer = Pubrel(packet_id, 0 if known else _ID_NOT_FOUND)
            case Pubrel():
                known = session.release(packet_id)
                return Answered(Pubcomp(packet_id, 0 if known else _ID_NOT_FOUND), sends)
        self._pump(session, now, sends)
        return Answered(answer, sends)

    # Subscriptions.

    def subscribe(
        self, link: int, subscribe: Subscribe, refusals: Sequence[int | None], now: float
    ) -> Subscribed:
        """Subscribe what the engine allows; ``refusals`` has a code for each filter that it refuses."""
        session = self._links.get(link)
        sends: Sends = []
        if session is None or session.outlet is None:
            return Subscribed(Suback(subscribe.packet_id, ()), sends)
        identifier = subscribe.properties.subscription_identifier or 0
        codes: list[int] = []
        for wanted, refusal in zip(subscribe.subscriptions, refusals, strict=True):
            code = refusal
            if code is None:
                code = self._router.subscribe(session, wanted, identifier, now)
            codes.append(code)
        self._pump(session, now, sends)
        return Subscribed(Suback(subscribe.packet_id, tuple(codes)), sends)

    def unsubscribe(self, link: int, unsubscribe: Unsubscribe) -> Unsuback:
        """End subscriptions. What is on its way stays on its way (MQTT-3.10.4-3)."""
        session = self._links.get(link)
        codes: list[int] = []
        for topic_filter in unsubscribe.topic_filters:
            found = session is not None and self._router.unsubscribe(session, topic_filter)
            codes.append(0 if found else _NO_SUBSCRIPTION)
        return Unsuback(unsubscribe.packet_id, tuple(codes))

    # Helpers.

    def _is_full(self, client_id: bytes) -> bool:
        return client_id not in self._sessions and len(self._sessions) >= self._limits.max_sessions

    def _take_over(self, client_id: bytes, now: float, done: _End) -> int | None:
        session = self._sessions.get(client_id)
        if session is None or session.outlet is None:
            return None
        link = session.outlet.link
        self._drop(link, now, None, done)
        return link

    def _drop(self, link: int, now: float, disconnect: Disconnect | None, done: _End) -> None:
        session = self._links.pop(link, None)
        will = self._willing.pop(link, None)
        self.backlog.discard(link)
        if session is None:
            return
        session.detach()
        if disconnect is not None:
            interval = disconnect.properties.session_expiry_interval
            if interval is not None:
                session.expiry = None if interval == NEVER else float(interval)
            if disconnect.code == 0:
                will = None  # MQTT-3.14.4-3
        if session.expiry is not None:
            self._expiries.set(session.client_id, now + session.expiry)
        if will is not None:
            delay = will.properties.will_delay_interval
            due = DueWill(session.client_id, will, session.owner)
            if delay:
                self._wills.hold(due, now + delay)
            else:
                done.wills.append(due)
        if session.expiry == 0:
            self._end(session, now, done)

    def _end(self, session: Session, now: float, done: _End) -> None:
        """End a session: its will is due, and others of its groups get what it has not."""
        client_id = session.client_id
        del self._sessions[client_id]
        self._expiries.cancel(client_id)
        will = self._wills.take(client_id)
        if will is not None:
            done.wills.append(will)
        self._router.forget(session)
        done.ended.append(client_id)
        for delivery in session.end():
            self._router.redistribute(delivery, now, done.sends)

    def _refusal(self, session: Session, publish: Publish, code: int) -> Puback | Pubrec | None:
        version5 = session.outlet is not None and session.outlet.version == MQTT_5
        code = code if version5 else 0
        if publish.qos == 0:
            return None
        if publish.qos == 1:
            return Puback(publish.packet_id, code)
        if version5:
            session.release(publish.packet_id)
        return Pubrec(publish.packet_id, code)

    def _pump(self, session: Session, now: float, sends: Sends) -> None:
        self._send(session, session.pump(now), sends)

    def _send(self, session: Session, sent: list[bytes], sends: Sends) -> None:
        outlet = session.outlet
        if outlet is not None:
            sends += [(outlet.link, data) for data in sent]
            if session.more:
                self.backlog.add(outlet.link)


def _dropped(done: _End) -> Dropped:
    return Dropped(tuple(done.wills), tuple(done.ended), done.sends)
