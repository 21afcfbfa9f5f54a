"""What the application is connected to where a benchmark makes its messages itself: no broker and no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from mtlsx.client import events
from mtlsx.client.message import Message
from mtlsx.client.settings import ConnectionSettings, Publication, Subscription
from mtlsx.identity.mapping import Dialect
from mtlsx_tui.sessions import ConnectionFactory

Take: TypeAlias = Callable[[Message], object]


def source(deliver: Callable[[Take], None]) -> ConnectionFactory:
    """Makes connections that are accepted at once; then ``deliver`` gets what takes a message, in the same thread."""

    def connect(
        settings: ConnectionSettings,  # noqa: ARG001
        *,
        on_event: Callable[[events.Event], None],
        on_message: Take,
        dialect: Dialect | None,  # noqa: ARG001
    ) -> Source:
        return Source(deliver, on_event, on_message)

    return connect


class Source:
    """Such a connection (``mtlsx_tui.sessions.Connection``). It grants each subscription what it asks for."""

    packets = None

    def __init__(
        self,
        deliver: Callable[[Take], None],
        on_event: Callable[[events.Event], None],
        on_message: Take,
    ) -> None:
        self._deliver = deliver
        self._on_event = on_event
        self._on_message = on_message

    def start(self) -> None:
        facts = events.ConnackFacts(code=0, session_present=False, client_id="device")
        self._on_event(events.Connected(facts, None))
        self._deliver(self._on_message)

    def stop(self, timeout: float = 5.0) -> None:
        """Whoever delivers knows its end itself."""

    def subscribe(self, subscriptions: Sequence[Subscription], /) -> int:
        texts = tuple(f"QoS {each.qos} granted" for each in subscriptions)
        codes = tuple(each.qos for each in subscriptions)
        self._on_event(events.Subscribed(1, tuple(subscriptions), codes, texts, None))
        return 1

    def unsubscribe(self, topic_filters: Sequence[str], /) -> int:
        self._on_event(events.Unsubscribed(1, tuple(topic_filters), (0,) * len(topic_filters)))
        return 1

    def publish(self, publication: Publication, /) -> int:
        self._on_event(events.Published(1, publication, 0, ""))
        return 1
