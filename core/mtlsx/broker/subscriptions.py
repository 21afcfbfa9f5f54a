"""Who gets a message: the subscriptions of all sessions, in a tree of topic levels.

A client whose subscriptions overlap is one receiver, with the highest QoS and all subscription identifiers; a
shared subscription is a group, of which one member at a time gets the message (MQTT 5.0, sections 3.3.4 and 4.8.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mtlsx.auth.authorization import topics
from mtlsx.broker.session import Granted, Session


class Receiver(NamedTuple):
    """A session that gets a message, by all of its subscriptions that match, shared ones apart.

    ``no_local`` in one of them makes a difference where the session is the publisher: then ``echo`` counts.
    """

    session: Session
    qos: int
    identifiers: tuple[int, ...]
    retain_as_published: bool
    no_local: bool = False
    echo: Receiver | None = None


class Group:
    """A shared subscription: its members take turns."""

    __slots__ = ("_members", "_order", "_turn", "share")

    def __init__(self, share: topics.Subscription) -> None:
        self.share = share
        self._members: dict[Session, Granted] = {}
        self._order: list[tuple[Session, Granted]] = []
        self._turn = 0

    def add(self, session: Session, granted: Granted) -> None:
        """Add a member, or what it is granted now."""
        self._members[session] = granted
        self._order = list(self._members.items())

    def remove(self, session: Session) -> bool:
        """Remove a member; whether there is another one left."""
        del self._members[session]
        self._order = list(self._members.items())
        return bool(self._order)

    def choose(self) -> tuple[Session, Granted]:
        """Whose turn it is: a member that takes messages now, where there is one. There is always a member."""
        order, first = self._order, self._turn
        for step in range(len(order)):
            at = (first + step) % len(order)
            outlet = order[at][0].outlet
            if outlet is not None and outlet.writable:
                break
        else:
            at = first % len(order)
        self._turn = at + 1
        return order[at]


class Matches(NamedTuple):
    """The receivers of messages to one topic."""

    receivers: tuple[Receiver, ...]
    groups: tuple[Group, ...]


@dataclass(slots=True)
class _Node:
    """A level of a filter: what goes on from it, and who has subscribed what ends here."""

    children: dict[bytes, _Node]
    ordinary: dict[tuple[Session, bool], Granted]
    groups: dict[bytes, Group]

    @property
    def is_empty(self) -> bool:
        return not (self.children or self.ordinary or self.groups)


class Subscriptions:
    """All subscriptions. What matches is remembered for a few topics, until a subscription comes or goes."""

    __slots__ = ("_cache", "_exclusive", "_groups", "_root")

    def __init__(self) -> None:
        self._root = _Node({}, {}, {})
        self._cache: dict[bytes, Matches] = {}
        self._exclusive: dict[bytes, Session] = {}
        self._groups: dict[topics.Subscription, Group] = {}

    def exclusive_holder(self, topic_filter: bytes) -> Session | None:
        """Who has subscribed ``$exclusive/`` and this filter."""
        return self._exclusive.get(topic_filter)

    def group(self, share: topics.Subscription) -> Group | None:
        """The shared subscription that has members under this name and filter."""
        return self._groups.get(share)

    def add(self, session: Session, granted: Granted) -> bool:
        """Add a subscription, or replace the one with the same filter; whether it is new (MQTT-3.8.4-3)."""
        self._cache.clear()
        given = granted.topic_filter
        node = self._root
        for level in topics.levels(given.topic_filter):
            child = node.children.get(level)
            if child is None:
                child = node.children[level] = _Node({}, {}, {})
            node = child
        if given.group is not None:
            group = self._groups.get(given)
            if group is None:
                group = self._groups[given] = node.groups[given.group] = Group(given)
            group.add(session, granted)
        else:
            node.ordinary[session, given.exclusive] = granted
        if given.exclusive:
            self._exclusive[given.topic_filter] = session
        new = given not in session.subscriptions
        session.subscriptions[given] = granted
        return new

    def remove(self, session: Session, given: topics.Subscription) -> bool:
        """Remove a subscription; whether there was one."""
        if session.subscriptions.pop(given, None) is None:
            return False
        self._cache.clear()
        way = [(self._root, b"")]
        for level in topics.levels(given.topic_filter):
            way.append((way[-1][0].children[level], level))
        node = way[-1][0]
        if given.group is not None:
            if not node.groups[given.group].remove(session):
                del node.groups[given.group], self._groups[given]
        else:
            del node.ordinary[session, given.exclusive]
        if given.exclusive:
            del self._exclusive[given.topic_filter]
        while len(way) > 1 and way[-1][0].is_empty:
            _, level = way.pop()
            del way[-1][0].children[level]
        return True

    def match(self, topic: bytes) -> Matches:
        """Who gets messages to ``topic``."""
        found = self._cache.get(topic)
        if found is None:
            if len(self._cache) >= _MOST_REMEMBERED:
                self._cache.clear()
            found = self._cache[topic] = self._match(topic)
        return found

    def _match(self, topic: bytes) -> Matches:
        nodes = self._nodes(topic)
        granted: dict[Session, list[Granted]] = {}
        for node in nodes:
            for (session, _), each in node.ordinary.items():
                granted.setdefault(session, []).append(each)
        return Matches(
            tuple(_receiver(session, grants) for session, grants in granted.items()),
            tuple(group for node in nodes for group in node.groups.values()),
        )

    def _nodes(self, topic: bytes) -> list[_Node]:
        """The ends of all filters that match. Wildcards in front do not match ``$`` (MQTT-4.7.2-1)."""
        levels = topics.levels(topic)
        found: list[_Node] = []
        ways = [(self._root, 0)]
        while ways:
            node, depth = ways.pop()
            children = node.children
            guarded = depth == 0 and levels[0].startswith(b"$")
            rest = children.get(b"#")
            if rest is not None and not guarded:
                found.append(rest)
            if depth == len(levels):
                found.append(node)
                continue
            for level in (levels[depth],) if guarded else (levels[depth], b"+"):
                child = children.get(level)
                if child is not None:
                    ways.append((child, depth + 1))
        return found


_MOST_REMEMBERED = 4096


def _receiver(session: Session, grants: list[Granted]) -> Receiver:
    merged = _merged(session, grants)
    if not any(each.no_local for each in grants):
        return merged
    rest = [each for each in grants if not each.no_local]
    return merged._replace(no_local=True, echo=_merged(session, rest) if rest else None)


def _merged(session: Session, grants: Iterable[Granted]) -> Receiver:
    grants = list(grants)
    return Receiver(
        session,
        max(each.qos for each in grants),
        tuple(each.identifier for each in grants if each.identifier),
        any(each.retain_as_published for each in grants),
    )
