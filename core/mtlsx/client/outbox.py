"""Publications on their way: not more at once than the server takes, and each with its answer.

paho ignores the server's Receive Maximum (MQTT 5.0, section 3.2.2.3.3) and the reason code of PUBREC. Both
are kept here, above it.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from mtlsx.client.events import Published
from mtlsx.errors import UsageError
from mtlsx.packets.reason_codes import reason_code_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.client.settings import Publication

MOST_IN_FLIGHT = 20
"""Publications of QoS 1 and 2 without an answer at one time, where the server does not say less."""

MOST_WAITING = 10_000
"""Above this many that wait for their turn, a sender has to wait instead of filling the memory."""


class _Entry(NamedTuple):
    number: int
    publication: Publication


class Outbox:
    """Sends publications through ``send``, which takes one and returns paho's packet identifier.

    ``tell`` gets ``Published`` for each, on whichever thread completed it. An answer may come before ``send``
    has returned, on another thread; nothing here is locked while paho is called.
    """

    def __init__(
        self, send: Callable[[Publication], int], tell: Callable[[Published], None]
    ) -> None:
        self._send = send
        self._tell = tell
        self._lock = threading.Lock()
        self._limit = MOST_IN_FLIGHT
        self._numbers = 0
        self._in_flight: dict[int, Publication] = {}
        self._waiting: deque[_Entry] = deque()
        self._unanswered: dict[int, _Entry] = {}
        self._early: dict[int, int] = {}
        self._refused: set[int] = set()

    @property
    def waiting(self) -> list[Publication]:
        """The publications of QoS 1 and 2 that have been sent and not answered, the oldest first."""
        with self._lock:
            return list(self._in_flight.values())

    def connected(self, receive_maximum: int | None) -> None:
        """Note what a new connection allows and send what had to wait."""
        self._limit = min(receive_maximum or MOST_IN_FLIGHT, MOST_IN_FLIGHT)
        self._send_next()

    def publish(self, publication: Publication) -> int:
        """Send now or when there is room; the number by which ``Published`` will name it.

        Raises ``UsageError`` where too many are waiting.
        """
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise UsageError(
                    f"{MOST_WAITING} messages are waiting to be acknowledged.",
                    fix="Wait until the broker has taken some of them.",
                )
            self._numbers += 1
            entry = _Entry(self._numbers, publication)
            at_once = publication.qos == 0
            if not at_once:
                self._waiting.append(entry)
        if at_once:
            self._hand_over(entry)
        else:
            self._send_next()
        return entry.number

    def answered(self, packet_id: int, code: int) -> None:
        """paho is done with a publication: written (QoS 0), PUBACK or PUBCOMP."""
        with self._lock:
            refused_before = packet_id in self._refused
            self._refused.discard(packet_id)
        if not refused_before:
            self._answer(packet_id, code)

    def refused(self, packet_id: int, code: int) -> None:
        """The server refused with PUBREC; paho goes on with PUBREL, whose answer says nothing any more."""
        with self._lock:
            self._refused.add(packet_id)
        self._answer(packet_id, code)

    def _answer(self, packet_id: int, code: int) -> None:
        with self._lock:
            entry = self._unanswered.pop(packet_id, None)
            if entry is None:
                self._early[packet_id] = code
        if entry is not None:
            self._complete(entry, code)

    def _send_next(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or len(self._in_flight) >= self._limit:
                    return
                entry = self._waiting.popleft()
                self._in_flight[entry.number] = entry.publication
            self._hand_over(entry)

    def _hand_over(self, entry: _Entry) -> None:
        packet_id = self._send(entry.publication)
        with self._lock:
            code = self._early.pop(packet_id, None)
            if code is None:
                self._unanswered[packet_id] = entry
        if code is not None:
            self._complete(entry, code)

    def _complete(self, entry: _Entry, code: int) -> None:
        with self._lock:
            self._in_flight.pop(entry.number, None)
        self._tell(Published(entry.number, entry.publication, code, reason_code_text(code)))
        self._send_next()
