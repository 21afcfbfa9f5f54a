"""Connections as the screen knows them: one ``Session`` per profile that was connected.

What a session says is changed on the screen's thread only: the connection's own thread fills the ring and
posts each event to the screen, which hands it to ``Sessions.apply``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Protocol

from mtlsx.client import events
from mtlsx.client.echoes import Echoes
from mtlsx.client.filter_counts import FilterCounts
from mtlsx.client.message import Message
from mtlsx.client.ring import MessageBudget, MessageRing
from mtlsx.client.topic_tree import TopicTree
from mtlsx.client.topics import TopicTable
from mtlsx.errors import MtlsxError
from mtlsx.packets.reason_codes import FAILURE
from mtlsx_tui.attempted import Attempted

if TYPE_CHECKING:
    from mtlsx.client.history import MessageHistory
    from mtlsx.client.packet_log import PacketLog
    from mtlsx.client.settings import ConnectionSettings, Publication, Subscription
    from mtlsx.identity.mapping import Dialect
    from mtlsx.probe.ladder import Step
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.profiles.library import ProfileLibrary
    from mtlsx.profiles.model import Profile
    from mtlsx.tls.record import HandshakeRecord
    from mtlsx_tui.settings import Settings


class Connection(Protocol):
    """The part of ``mtlsx.client.connection.Connection`` that the terminal uses."""

    @property
    def packets(self) -> PacketLog | None: ...
    def start(self) -> None: ...
    def stop(self, timeout: float = 5.0) -> None: ...
    def subscribe(self, subscriptions: Sequence[Subscription], /) -> int: ...
    def unsubscribe(self, topic_filters: Sequence[str], /) -> int: ...
    def publish(self, publication: Publication, /) -> int: ...


class ConnectionFactory(Protocol):
    """Makes a connection that is not started yet. Called where nobody waits for the screen."""

    def __call__(
        self,
        settings: ConnectionSettings,
        *,
        on_event: Callable[[events.Event], None],
        on_message: Callable[[Message], object],
        dialect: Dialect | None,
    ) -> Connection: ...


class State(StrEnum):
    """Where a session stands."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """A subscription and the server's answer to it: None while it is awaited, else its code and words."""

    subscription: Subscription
    code: int | None = None
    text: str = ""

    @property
    def refused(self) -> bool:
        return self.code is not None and self.code >= FAILURE


@dataclass(slots=True)
class Session:
    """One profile's connection: what it is doing, what it was told, and its messages.

    ``run`` counts connections, so that what an earlier one still says is not taken for this one's.
    ``connection`` is None until it is made. ``verdict`` and ``handshake``: of the last failure, kept while
    it is tried again; ``error``: why there was not even an attempt. ``retry_at``: when the next attempt
    begins, by ``time.monotonic``. ``seen``: the sequence number up to which the messages were on screen.
    ``settings``: what is connected with, None until they are read; ``steps``: the ladder of the last attempt.
    ``topics``: what came, by topic; ``counts``: how much, by subscription. ``refusal``: the last publication, if the
    server refused it, in words. ``closing``: a person wants no connection any more. ``keep`` takes each message for
    the history on disk.
    """

    profile: str
    run: int
    ring: MessageRing
    topics: TopicTree
    state: State = State.CONNECTING
    connection: Connection | None = None
    attempt: int = 1
    facts: events.ConnackFacts | None = None
    handshake: HandshakeRecord | None = None
    verdict: Verdict | None = None
    settings: ConnectionSettings | None = None
    steps: tuple[Step, ...] = ()
    error: MtlsxError | None = None
    retry_at: float | None = None
    refusal: str | None = None
    closing: bool = False
    seen: int = 0
    keep: Callable[[Message], object] | None = None
    subscriptions: dict[str, SubscriptionState] = field(default_factory=dict)
    counts: FilterCounts = field(default_factory=FilterCounts)
    _order: threading.Lock = field(default_factory=threading.Lock)
    _echoes: Echoes = field(default_factory=Echoes)

    def receive(self, message: Message) -> None:
        """Keep a message that arrived. Called on the connection's thread."""
        message.latency = self._echoes.received(message.topic, message.payload)
        self.counts.received(message.topic)
        self.topics.table.add(message)
        with self._order:
            self.ring.append(message)
        if self.keep is not None:
            self.keep(message)

    def subscribe(self, subscription: Subscription) -> None:
        """Ask the server for a subscription. Raises MtlsxError."""
        assert self.connection is not None  # noqa: S101  (a connected session has one)
        # Before it is asked for: retained messages may come with the answer.
        self.counts.watch([*self.subscriptions, subscription.topic_filter])
        self.connection.subscribe([subscription])
        self.subscriptions[subscription.topic_filter] = SubscriptionState(subscription)

    def unsubscribe(self, topic_filter: str) -> None:
        """Give a subscription up, if it is in force. Raises MtlsxError."""
        assert self.connection is not None  # noqa: S101  (a connected session has one)
        state = self.subscriptions.pop(topic_filter, None)
        self.counts.watch(self.subscriptions)
        if state is not None and not state.refused:
            self.connection.unsubscribe([topic_filter])

    def publish(self, publication: Publication, *, now: float) -> None:
        """Publish, and keep the message among the others. Raises MtlsxError.

        ``now``: seconds since the epoch.
        """
        assert self.connection is not None  # noqa: S101  (a connected session has one)
        self.refusal = None
        sent = Message(
            publication.topic,
            publication.payload,
            publication.qos,
            publication.retain,
            dup=False,
            outgoing=True,
            received_at=now,
            properties=publication.properties,
        )
        self._echoes.published(sent.topic, sent.payload)
        with self._order:  # or a broker nearby would answer before the question is in the list
            self.connection.publish(publication)
            self.ring.append(sent)
        if self.keep is not None:
            self.keep(sent)

    @property
    def unread(self) -> int:
        """How many messages came since the session was last on screen."""
        return self.ring.next - self.seen

    @property
    def attempted(self) -> Attempted | None:
        """The last attempt that is over or has become a connection; None before there is one."""
        if self.settings is None or not (self.steps or self.verdict):
            return None
        return Attempted(self.profile, self.settings, self.steps, self.verdict, self.handshake)

    @property
    def active(self) -> bool:
        """Whether there is a connection, or there will be one without a person's doing."""
        return self.state in {State.CONNECTING, State.CONNECTED, State.WAITING}


@dataclass(frozen=True, slots=True)
class NotStarted:
    """There was not even an attempt: settings that cannot be meant, or secrets that cannot be read."""

    error: MtlsxError


SessionEvent = events.Event | NotStarted


class Sessions:
    """All sessions, by profile name. Together they keep their messages within the budget of ``settings``.

    ``post`` takes a profile's name, the number of the run and the event to the screen's thread, from any
    thread and at once. ``in_background`` runs a function where it keeps nobody waiting. ``history`` keeps messages
    on disk; None: nobody asked for that.
    """

    def __init__(
        self,
        library: ProfileLibrary,
        connect: ConnectionFactory,
        *,
        settings: Settings,
        post: Callable[[str, int, SessionEvent], object],
        in_background: Callable[[Callable[[], None]], object],
        history: MessageHistory | None = None,
    ) -> None:
        self._library = library
        self._connect = connect
        self._settings = settings
        self._post = post
        self._in_background = in_background
        self._budget = MessageBudget(settings.max_message_bytes)
        self._history = history
        self._recalled: dict[str, threading.Event] = {}
        self._sessions: dict[str, Session] = {}
        self._runs = 0

    def get(self, profile: str | None) -> Session | None:
        """The session of a profile, None where it was never connected."""
        return None if profile is None else self._sessions.get(profile)

    def _ring(self) -> MessageRing:
        return MessageRing(self._settings.max_messages, self._budget)

    def _new(self, profile: str, earlier: Session | None) -> Session:
        self._runs += 1
        if earlier is not None:
            session = Session(profile, self._runs, earlier.ring, earlier.topics, seen=earlier.seen)
        else:
            session = Session(profile, self._runs, self._ring(), TopicTree(TopicTable()))
        if self._history is not None:
            session.keep = partial(self._history.record, profile)
        return session

    def recall(self, profile: str) -> None:
        """Find the messages of a profile that has no session again, where they are kept on disk."""
        if self._history is None or profile in self._sessions:
            return
        session = self._sessions[profile] = self._new(profile, None)
        session.state = State.DISCONNECTED
        done = self._recalled[profile] = threading.Event()
        self._in_background(lambda: self._load(session, done))

    def _load(self, session: Session, done: threading.Event) -> None:
        assert self._history is not None  # noqa: S101  (recall is for those who have one)
        try:
            for message in self._history.load(session.profile, self._settings.max_messages):
                session.ring.append(message)
            session.seen = session.ring.next
        except MtlsxError as error:
            self._history.problem = error
        finally:
            done.set()

    def open(self, profile: Profile) -> Session:
        """Begin to connect; messages of an earlier session of the profile stay."""
        self.recall(profile.name)
        earlier = self._sessions.get(profile.name)
        session = self._new(profile.name, earlier)
        session.subscriptions = {
            wanted.topic_filter: SubscriptionState(wanted)
            for wanted in profile.subscriptions
            if wanted.enabled
        }
        session.counts = earlier.counts if earlier else FilterCounts()
        session.counts.watch(session.subscriptions)
        self._sessions[profile.name] = session
        # The keyring may take a second, and the first connection loads what it needs.
        self._in_background(lambda: self._start(profile, session))
        return session

    def close(self, profile: str) -> None:
        """Disconnect, or stop trying. ``Disconnected`` follows."""
        session = self._sessions.get(profile)
        if session is not None:
            session.closing = True
            self._in_background(lambda: self._stop(session))

    def forget(self, profile: str) -> None:
        """Disconnect, and forget the messages too."""
        self.close(profile)
        self._drop(profile)
        if self._history is not None:
            self._history.forget(profile)

    def rename(self, former: str, profile: str) -> None:
        """Disconnect, and forget what is in memory; what is on disk goes on under the new name."""
        self.close(former)
        self._drop(former)
        if self._history is not None:
            self._history.rename(former, profile)

    def _drop(self, profile: str) -> None:
        session = self._sessions.pop(profile, None)
        if session is not None:
            session.keep = None
            session.ring.close()

    def stop_all(self, timeout: float) -> None:
        """Disconnect everything and wait, at most ``timeout`` seconds for each."""
        for session in self._sessions.values():
            session.closing = True
            if session.connection is not None:
                session.connection.stop(timeout)
        if self._history is not None:
            self._history.close()

    def _start(self, profile: Profile, session: Session) -> None:
        def post(event: SessionEvent) -> None:
            self._post(session.profile, session.run, event)

        if (recalled := self._recalled.get(profile.name)) is not None:
            recalled.wait()  # what is new comes after what is old
        try:
            settings = session.settings = self._library.connection(profile)
            session.connection = self._connect(
                settings, on_event=post, on_message=session.receive, dialect=profile.dialect
            )
            if not session.closing:
                session.connection.start()
            if session.closing:  # meanwhile
                session.connection.stop()
        except MtlsxError as error:
            post(NotStarted(error))

    def _stop(self, session: Session) -> None:
        if session.connection is not None:
            session.connection.stop()
        self._post(session.profile, session.run, events.Disconnected())

    def apply(self, profile: str, run: int, event: SessionEvent) -> Session | None:
        """Bring a session up to date with one event; None where the event is an earlier connection's."""
        session = self._sessions.get(profile)
        if session is None or session.run != run:
            return None
        match event:
            case events.Connecting(attempt=attempt):
                session.state, session.attempt, session.retry_at = State.CONNECTING, attempt, None
            case events.Connected(facts=facts, handshake=handshake, steps=steps):
                session.steps = steps
                session.state, session.facts, session.handshake = State.CONNECTED, facts, handshake
                session.verdict = None
                _subscribe(session)
            case events.Failed(verdict, handshake, retry_in, steps):
                session.steps = steps
                session.verdict, session.handshake = verdict, handshake
                session.state = State.FAILED if retry_in is None else State.WAITING
                session.retry_at = None if retry_in is None else time.monotonic() + retry_in
            case events.Disconnected():
                session.state, session.verdict = State.DISCONNECTED, None
            case NotStarted(error=error):
                session.state, session.error = State.FAILED, error
            case events.Subscribed():
                _take_answers(session, event)
            case events.Unsubscribed(topic_filters=topic_filters):
                for topic_filter in topic_filters:
                    session.subscriptions.pop(topic_filter, None)
            case events.Published(publication=publication, code=code, text=text):
                refused = code >= FAILURE
                session.refusal = f"{publication.topic}: {text}" if refused else None
                if publication.retain and not publication.payload and not refused:
                    session.topics.table.cleared(publication.topic)
        return session


def _subscribe(session: Session) -> None:
    wanted = [state.subscription for state in session.subscriptions.values() if state.code is None]
    if wanted and session.connection is not None:
        session.connection.subscribe(wanted)


def _take_answers(session: Session, event: events.Subscribed) -> None:
    answers = zip(event.subscriptions, event.codes, event.texts, strict=True)
    for subscription, code, text in answers:
        words = text if event.reason_string is None else f"{text}: {event.reason_string}"
        state = SubscriptionState(subscription, code, words)
        session.subscriptions[subscription.topic_filter] = state
