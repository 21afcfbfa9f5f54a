"""A broker that is none: what a ``Connection`` would tell, told from a script, for tests of the commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from mtlsx.client.connection import NotConnectedError
from mtlsx.client.events import (
    ConnackFacts,
    Connected,
    Connecting,
    Event,
    Failed,
    Published,
    Subscribed,
)
from mtlsx.client.message import Message
from mtlsx.client.settings import ConnectionSettings, Publication, Subscription
from mtlsx.identity.mapping import Dialect
from mtlsx.probe.verdicts import Verdict

ACCEPTED = ConnackFacts(code=0, session_present=False, client_id="dev")
_FEW = 100
LOST = Verdict("connection-lost", "The connection was lost.")


def message(payload: bytes, topic: str = "factory/1", **fields: object) -> Message:
    """A message that arrives."""
    values = {"qos": 0, "retain": False, "dup": False, "outgoing": False, "received_at": 0.0}
    return Message(topic, payload, **{**values, **fields})  # type: ignore[arg-type]


def lost(retry_in: float | None = None) -> Failed:
    """The loss of an established connection."""
    return Failed(LOST, None, retry_in)


@dataclass
class FakeBroker:
    """What it will say, and what it was asked.

    ``answer`` comes after the start, ``then`` after SUBSCRIBE and PUBLISH (or after ``answer`` where
    ``at_once``), from another thread where it is much.
    ``granted`` and ``acknowledged`` are codes; None is silence.
    """

    answer: Event = field(default_factory=lambda: Connected(ACCEPTED, None))
    then: Iterable[Event | Message] = ()
    at_once: bool = False
    granted: Sequence[int] | None = (0, 0, 0)
    acknowledged: int | None = 0
    not_connected: int = 0
    settings: ConnectionSettings | None = None
    dialect: Dialect | None = None
    subscribed: list[Subscription] = field(default_factory=list)
    published: list[Publication] = field(default_factory=list)
    stopped: bool = False


class FakeConnection:
    """Stands in for ``mtlsx.client.connection.Connection``."""

    def __init__(
        self,
        broker: FakeBroker,
        settings: ConnectionSettings,
        *,
        on_event: Callable[[Event], None],
        on_message: Callable[[Message], object],
        dialect: Dialect | None,
    ) -> None:
        self._broker = broker
        self._on_event = on_event
        self._on_message = on_message
        broker.settings = settings
        broker.dialect = dialect
        broker.stopped = False

    def start(self) -> None:
        self._on_event(Connecting(1))
        self._on_event(self._broker.answer)
        if self._broker.at_once:
            self._tell()

    def stop(self, timeout: float = 5.0) -> None:
        self._broker.stopped = True

    def subscribe(self, subscriptions: Sequence[Subscription]) -> int:
        self._broker.subscribed += subscriptions
        codes = self._broker.granted
        if codes is not None:
            codes = tuple(codes[: len(subscriptions)])
            texts = tuple(f"code {code}" for code in codes)
            self._on_event(Subscribed(1, tuple(subscriptions), codes, texts, None))
        self._tell()
        return 1

    def publish(self, publication: Publication) -> int:
        if self._broker.not_connected:
            self._broker.not_connected -= 1
            raise NotConnectedError
        self._broker.published.append(publication)
        number = len(self._broker.published)
        code = self._broker.acknowledged
        if code is not None:
            self._on_event(Published(number, publication, code, f"code {code}"))
        self._tell()
        return number

    def _tell(self) -> None:
        if isinstance(self._broker.then, Sequence) and len(self._broker.then) < _FEW:
            self._tell_now()
            return
        threading.Thread(target=self._tell_now, daemon=True).start()

    def _tell_now(self) -> None:
        for item in self._broker.then:
            if self._broker.stopped:
                return
            if isinstance(item, Message):
                self._on_message(item)
            else:
                self._on_event(item)
