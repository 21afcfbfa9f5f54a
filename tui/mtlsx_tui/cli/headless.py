"""A connection for commands: what happens on its thread comes out on the command's, one after the other.

``HeadlessClient`` is a context manager: it connects, and on the way out it disconnects, also after Ctrl+C.
``EndedError`` is why a command ends before it is done. What waits between the two threads is bounded by a
``Budget``: a reader of our output that is slow slows the broker down, and not our memory up.
"""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self

import click

from mtlsx.certificates.strings import printable
from mtlsx.client.events import Connected, Failed
from mtlsx.client.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from mtlsx.client.settings import ConnectionSettings, Publication, Subscription
    from mtlsx.identity.mapping import Dialect
    from mtlsx.probe.ladder import Step
    from mtlsx.probe.verdicts import Verdict

SESSION_OVER = 16
"""Exit code: the connection was lost, or a wait ran out, after CONNACK."""

_MOST_WAITING = 1000
_MOST_BYTES_WAITING = 16 * 1024 * 1024


class EndedError(Exception):
    """The command is over: why in one or two sentences, its exit code, and the verdict and its ladder if there are."""

    def __init__(
        self,
        text: str,
        exit_code: int,
        verdict: Verdict | None = None,
        steps: tuple[Step, ...] = (),
    ) -> None:
        super().__init__(text)
        self.exit_code = exit_code
        self.verdict = verdict
        self.steps = steps

    @classmethod
    def by(cls, verdict: Verdict, steps: tuple[Step, ...] = ()) -> EndedError:
        return cls(str(verdict), verdict.exit_code, verdict, steps)


class Budget:
    """How much may wait: a number of things, and their bytes. A single thing always fits."""

    def __init__(self, most: int = _MOST_WAITING, most_bytes: int = _MOST_BYTES_WAITING) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._count = 0
        self._bytes = 0
        self._open = True
        self._changed = threading.Condition()

    def take(self, size: int) -> bool:
        """Take room for one thing of ``size`` bytes, when there is some; False after ``close``."""
        with self._changed:
            while self._open and (
                self._count >= self._most or (self._count and self._bytes + size > self._most_bytes)
            ):
                self._changed.wait()
            self._count += 1
            self._bytes += size
            return self._open

    def give_back(self, size: int) -> None:
        """Give back the room of one thing of ``size`` bytes."""
        with self._changed:
            self._count -= 1
            self._bytes -= size
            self._changed.notify_all()

    def close(self) -> None:
        """Let everybody through who waits, now and from now on."""
        with self._changed:
            self._open = False
            self._changed.notify_all()


class HeadlessClient:
    """One connection of a command. ``with HeadlessClient(settings, dialect) as client: client.connect() …``

    ``dialect``: which broker the profile says it is; None where there is none, or it says nothing.
    """

    def __init__(self, settings: ConnectionSettings, dialect: Dialect | None) -> None:
        from mtlsx.client.connection import Connection  # brings paho and OpenSSL

        self.settings = settings
        self._budget = Budget()
        self._happened: SimpleQueue[object] = SimpleQueue()
        self._connection = Connection(
            settings, on_event=self._happened.put, on_message=self._receive, dialect=dialect
        )

    def __enter__(self) -> Self:
        self._connection.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._budget.close()
        self._connection.stop()

    def connect(self) -> Connected:
        """Wait for CONNACK. Raises EndedError where this attempt fails: the first one is not repeated."""
        while True:
            match self._happened.get():
                case Connected() as connected:
                    return connected
                case Failed(verdict=verdict, steps=steps):
                    raise EndedError.by(verdict, steps)

    def next(self, until: float | None = None) -> object:
        """The next ``Event``, ``Message`` or thing handed over; None from ``until`` (monotonic) on.

        A loss that is followed by another attempt is said on stderr. Raises EndedError where there is none.
        """
        item = self._take(until)
        match item:
            case Message():
                self._budget.give_back(len(item.payload))
            case Failed(verdict=verdict, retry_in=None, steps=steps):
                raise EndedError.by(verdict, steps)
            case Failed(verdict=verdict, retry_in=delay):
                notice(f"{verdict.summary} Connecting again in {delay:g} s.")
            case Connected():
                notice("Connected again.")
        return item

    def nothing_waits(self) -> bool:
        """Whether ``next`` would have to wait."""
        return self._happened.empty()

    def hand_over(self, item: object) -> None:
        """Make ``next`` return ``item`` in its turn; for other threads of the command."""
        self._happened.put(item)

    def deadline(self) -> float:
        """When an answer to something that is asked now is overdue, on the clock of ``time.monotonic``."""
        return time.monotonic() + self.settings.connect_timeout

    def unanswered(self, what: str) -> EndedError:
        """Why the command ends when an answer is overdue; ``what`` did the broker not do?"""
        text = f"The broker {what} within {self.settings.connect_timeout:g} s."
        return EndedError(text, SESSION_OVER)

    def subscribe(self, subscriptions: Sequence[Subscription]) -> int:
        """Ask for subscriptions; the packet identifier that ``Subscribed`` will have."""
        return self._when_connected(lambda: self._connection.subscribe(subscriptions))

    def publish(self, publication: Publication) -> int:
        """Publish; the number that ``Published`` will have."""
        return self._when_connected(lambda: self._connection.publish(publication))

    def _when_connected(self, ask: Callable[[], int]) -> int:
        from mtlsx.client.connection import NotConnectedError

        while True:
            try:
                return ask()
            except NotConnectedError:
                self.next()  # the loss that we have not heard of yet: EndedError, or a new connection

    def _receive(self, message: Message) -> None:
        if self._budget.take(len(message.payload)):
            self._happened.put(message)

    def _take(self, until: float | None) -> object:
        if until is None:
            return self._happened.get()
        left = until - time.monotonic()
        if left <= 0:
            return None
        try:
            return self._happened.get(timeout=left)
        except Empty:
            return None


def notice(text: str) -> None:
    """Say something that is no result, on stderr; ``text`` may quote a server, so it is made safe to show."""
    click.echo(f"mtlsx: {printable(text)}", err=True)
