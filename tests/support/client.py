"""Drives ``mtlsx.client.connection.Connection`` from a test: events and messages wait in queues."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Self, TypeVar

from mtlsx.client.connection import Connection
from mtlsx.client.events import Connected, Event, Failed

if TYPE_CHECKING:
    from mtlsx.client.message import Message
    from mtlsx.client.settings import ConnectionSettings

WAIT = 20.0  # seconds; for what a healthy machine does in a few milliseconds
E = TypeVar("E", bound=Event)


class Client:
    """A started connection; leaving the block stops it."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._events: queue.Queue[Event] = queue.Queue()
        self._messages: queue.Queue[Message] = queue.Queue()
        self.connection = Connection(
            settings, on_event=self._events.put, on_message=self._messages.put
        )

    def __enter__(self) -> Self:
        self.connection.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.stop()

    def event(self, kind: type[E]) -> E:
        """The next event of this kind; a failure that nobody asked for fails the test."""
        while True:
            event = self._events.get(timeout=WAIT)
            if isinstance(event, kind):
                return event
            assert not isinstance(event, Failed), event.verdict

    def outcome(self) -> Connected | Failed:
        """How the attempt to connect ended."""
        while True:
            event = self._events.get(timeout=WAIT)
            if isinstance(event, Connected | Failed):
                return event

    def later_events(self) -> list[Event]:
        """What has happened that nobody has looked at yet."""
        events = []
        while not self._events.empty():
            events.append(self._events.get_nowait())
        return events

    def message(self) -> Message:
        """The next message."""
        return self._messages.get(timeout=WAIT)
