"""One MQTT connection with a thread of its own: connect, stay connected, say what happened.

``Connection`` makes attempts one after the other, each in ``Session.run``. A definite refusal (a certificate,
credentials) is the last; after other failures it tries again as the settings say.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from mtlsx.client.events import Connected, Connecting, Disconnected, Failed
from mtlsx.client.rules import check_publication, check_settings, check_subscription
from mtlsx.client.session import Session
from mtlsx.errors import MtlsxError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mtlsx.client.events import Event
    from mtlsx.client.message import Message
    from mtlsx.client.packet_log import PacketLog
    from mtlsx.client.settings import ConnectionSettings, Publication, Reconnect, Subscription
    from mtlsx.identity.mapping import Dialect
    from mtlsx.probe.verdicts import Verdict


class State(StrEnum):
    """Where a connection stands. ``WAITING``: between two attempts; ``FAILED``: there will be no other."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    FAILED = "failed"


class NotConnectedError(MtlsxError):
    """Something was asked of the broker while there was no connection."""

    def __init__(self) -> None:
        super().__init__("There is no connection to the broker.", fix="Connect first.")


class Connection:
    """A connection to one broker.

    ``on_event`` gets an ``Event`` for everything that happens, ``on_message`` a ``Message`` for every
    PUBLISH that arrives; both on the connection's own thread (an answer that comes before the call that
    asked for it has returned: on the caller's), and both must return at once. Methods may be called from any
    thread, ``stop`` from any but the connection's own. ``dialect``: which broker the person says it is, in whose words
    a refusal is explained; None where nobody said.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        on_event: Callable[[Event], None],
        on_message: Callable[[Message], object],
        dialect: Dialect | None = None,
    ) -> None:
        self._settings = settings
        self._dialect = dialect
        self._on_event = on_event
        self._on_message = on_message
        self._state = State.DISCONNECTED
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._session: Session | None = None
        self._subscriptions: dict[str, Subscription] = {}

    @property
    def packets(self) -> PacketLog | None:
        """The log of its packets; None before ``start``."""
        return None if self._session is None else self._session.packets

    @property
    def state(self) -> State:
        return self._state

    def start(self) -> None:
        """Begin to connect and return at once.

        Raises ``UsageError`` for settings that cannot be meant, and does nothing while it is running.
        """
        check_settings(self._settings)
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopping.clear()
        self._state = State.CONNECTING
        self._session = Session(
            self._settings,
            on_event=self._hear,
            on_message=self._on_message,
            dialect=self._dialect,
        )
        name = f"mqtt {self._settings.host}:{self._settings.port}"
        self._thread = threading.Thread(
            target=self._run, args=(self._session,), name=name, daemon=True
        )
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Send DISCONNECT, end the thread and wait for it for up to ``timeout`` seconds.

        An attempt that is under way is given up. Does nothing where nothing runs.
        """
        self._stopping.set()
        if self._session is not None:
            self._session.end()
        if self._thread is not None:
            self._thread.join(timeout)

    def subscribe(self, subscriptions: Sequence[Subscription]) -> int:
        """Subscribe; the answer comes as ``Subscribed`` with the packet identifier that is returned.

        Where they differ in subscription identifier or user properties, which a SUBSCRIBE has once, they go out in
        several packets: each has its ``Subscribed``, and the identifier is that of the last.
        What was subscribed is subscribed again after a reconnect that finds no session. Raises
        ``UsageError`` for a filter that MQTT forbids and ``NotConnectedError``.
        """
        for subscription in subscriptions:
            check_subscription(subscription)
        packet_id = self._connected().subscribe(tuple(subscriptions))
        self._subscriptions.update((each.topic_filter, each) for each in subscriptions)
        return packet_id

    def unsubscribe(self, topic_filters: Sequence[str]) -> int:
        """Unsubscribe; the answer comes as ``Unsubscribed``. Raises ``NotConnectedError``."""
        packet_id = self._connected().unsubscribe(tuple(topic_filters))
        for topic_filter in topic_filters:
            self._subscriptions.pop(topic_filter, None)
        return packet_id

    def publish(self, publication: Publication) -> int:
        """Publish; the answer comes as ``Published`` with the number that is returned.

        Raises ``UsageError`` for a topic that MQTT forbids, a packet larger than the server takes or too
        many publications without an answer, and ``NotConnectedError``.
        """
        check_publication(publication)
        return self._connected().publish(publication)

    def _connected(self) -> Session:
        if self._session is None or self._state is not State.CONNECTED:
            raise NotConnectedError
        return self._session

    def _run(self, session: Session) -> None:
        try:
            self._keep_trying(session)
        finally:
            session.close()

    def _keep_trying(self, session: Session) -> None:
        attempt = 0
        while not self._stopping.is_set():
            attempt += 1
            self._state = State.CONNECTING
            self._on_event(Connecting(attempt))
            verdict = session.run()
            if verdict is None:
                break
            if session.was_connected:
                attempt = 0
            delay = retry_delay(self._settings.reconnect, verdict, attempt)
            self._state = State.FAILED if delay is None else State.WAITING
            self._on_event(Failed(verdict, session.handshake, delay, session.steps))
            if delay is None:
                return
            self._stopping.wait(delay)
        self._state = State.DISCONNECTED
        self._on_event(Disconnected())

    def _hear(self, event: Event) -> None:
        if not isinstance(event, Connected):
            self._on_event(event)
            return
        self._state = State.CONNECTED
        again = () if event.facts.session_present else tuple(self._subscriptions.values())
        self._on_event(event)
        if again and self._session is not None:
            self._session.subscribe(again)


def retry_delay(reconnect: Reconnect, verdict: Verdict, attempts: int) -> float | None:
    """Seconds to wait after ``attempts`` failures in a row, or None where trying again is over.

    A loss after CONNACK counts as no failure yet: the first delay follows it.
    """
    if not reconnect.enabled or verdict.definite:
        return None
    if reconnect.limit is not None and attempts >= reconnect.limit:
        return None
    return float(
        min(reconnect.initial_delay * 2 ** min(max(attempts - 1, 0), 16), reconnect.maximum_delay)
    )
