"""Where messages go: to those who have subscribed now, and to those who will, as retained messages."""

from __future__ import annotations

from typing import Final
from weakref import ref

from mtlsx.auth.authorization import topics
from mtlsx.broker.admission import QUOTA_EXCEEDED
from mtlsx.broker.limits import Limits
from mtlsx.broker.messages import Message
from mtlsx.broker.outcomes import Sends
from mtlsx.broker.retained import Retained
from mtlsx.broker.session import Delivery, Granted, Replayed, Session
from mtlsx.broker.subscriptions import Group, Subscriptions
from mtlsx.packets.control_packets import Subscription

_FILTER_INVALID: Final = 0x8F
_NO_SHARED: Final = 0x9E
_NO_WILDCARD: Final = 0xA2

_new = tuple.__new__  # what Delivery(...) does, in half of its time


class Router:
    """Subscriptions and retained messages. What is sent goes to the end of the caller's ``sends``."""

    __slots__ = ("_limits", "_subscriptions", "retained")

    def __init__(self, limits: Limits) -> None:
        self.retained = Retained(limits)
        self._limits = limits
        self._subscriptions = Subscriptions()

    def keep(self, message: Message) -> bool:
        """Keep a message that is to be retained; False where there is no room."""
        return not message.retain or self.retained.keep(message)

    def route(self, message: Message, now: float, sends: Sends) -> int:
        """Deliver a message to all that have subscribed; how many they are."""
        receivers, groups = self._subscriptions.match(message.topic)
        publisher, count = message.publisher, 0
        for receiver in receivers:
            session, qos, identifiers, as_published, no_local, echo = receiver
            if (no_local or session.ignores_own) and session.client_id == publisher:
                if echo is None or session.ignores_own:
                    continue
                session, qos, identifiers, as_published, _, _ = echo
            delivery = _new(
                Delivery,
                (
                    message,
                    min(qos, message.qos),
                    message.retain and as_published,
                    identifiers,
                    None,
                ),
            )
            data = session.deliver(delivery, now)
            if data and session.outlet is not None:
                sends.append((session.outlet.link, data))
            count += 1
        for group in groups:
            self._deliver(group, message, now, sends)
        return count + len(groups)

    def redistribute(self, delivery: Delivery, now: float, sends: Sends) -> None:
        """Give a message that one member of a shared subscription has not got to another."""
        group = None if delivery.share is None else self._subscriptions.group(delivery.share)
        if group is not None:
            self._deliver(group, delivery.message, now, sends)

    def subscribe(self, session: Session, wanted: Subscription, identifier: int, now: float) -> int:
        """Subscribe one filter; the code for SUBACK."""
        mqtt = self._limits.mqtt
        try:
            given = topics.parse(wanted.topic_filter, no_local=wanted.no_local)
        except topics.TopicError:
            return _FILTER_INVALID
        refusal = self._unsupported(session, given)
        if refusal is not None:
            return refusal
        qos = min(wanted.qos, mqtt.max_qos_allowed)
        granted = Granted(given, qos, wanted.no_local, wanted.retain_as_published, identifier)
        new = self._subscriptions.add(session, granted)
        handling = wanted.retain_handling
        if given.group is None and (handling == 0 or (handling == 1 and new)):
            identifiers = (identifier,) if identifier else ()
            session.replay(
                Replayed(ref(message), min(qos, message.qos), identifiers)
                for message in self.retained.matching(given.topic_filter, now)
            )
        return qos

    def unsubscribe(self, session: Session, topic_filter: bytes) -> bool:
        """End a subscription; whether there was one."""
        try:
            given = topics.parse(topic_filter)
        except topics.TopicError:
            return False
        return self._subscriptions.remove(session, given)

    def forget(self, session: Session) -> None:
        """End all subscriptions of a session."""
        for given in list(session.subscriptions):
            self._subscriptions.remove(session, given)

    def _deliver(self, group: Group, message: Message, now: float, sends: Sends) -> None:
        """Deliver to the member whose turn it is."""
        session, granted = group.choose()
        delivery = Delivery(
            message,
            min(granted.qos, message.qos),
            message.retain and granted.retain_as_published,
            (granted.identifier,) if granted.identifier else (),
            group.share,
        )
        data = session.deliver(delivery, now)
        if data and session.outlet is not None:
            sends.append((session.outlet.link, data))

    def _unsupported(self, session: Session, given: topics.Subscription) -> int | None:
        mqtt, topic_filter = self._limits.mqtt, given.topic_filter
        if topic_filter.count(b"/") >= mqtt.max_topic_levels or not topic_filter:
            return _FILTER_INVALID
        if given.group is not None and not mqtt.shared_subscription:
            return _NO_SHARED
        wildcard = b"+" in topic_filter or b"#" in topic_filter
        if wildcard and not mqtt.wildcard_subscription:
            return _NO_WILDCARD
        if given.exclusive:
            if not mqtt.exclusive_subscription:
                return _FILTER_INVALID
            if self._subscriptions.exclusive_holder(topic_filter) not in (None, session):
                return QUOTA_EXCEEDED
        new = given not in session.subscriptions
        if new and len(session.subscriptions) >= self._limits.max_subscriptions:
            return QUOTA_EXCEEDED
        return None
