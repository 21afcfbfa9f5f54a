"""What a bench has counted so far; everything in it is bounded, whatever the number of messages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mtlsx.bench.histogram import Histogram
from mtlsx.probe.verdicts import KINDS

if TYPE_CHECKING:
    from mtlsx.probe.verdicts import Verdict

UNANSWERED = 16
"""The exit code where messages were not acknowledged and nothing else failed."""


@dataclass(slots=True)
class Failure:
    """One kind of failure: how often, of how many devices, and the sentence of the first."""

    summary: str
    times: int = 0
    devices: int = 0


@dataclass(slots=True)
class Span:
    """From the first to the last of some events, in seconds on a clock that only runs forward."""

    first: float | None = None
    last: float = 0.0

    def begin(self, now: float) -> None:
        """It begins now, if it has not yet."""
        if self.first is None:
            self.first = self.last = now

    def mark(self, now: float) -> None:
        """One of the events has happened."""
        self.begin(now)
        self.last = now

    @property
    def seconds(self) -> float:
        """How long it took."""
        return 0.0 if self.first is None else self.last - self.first


@dataclass(slots=True)
class Tally:
    """Counters. ``prepared``: devices whose files are loaded; ``answered``: those that connected or failed to.

    ``connected`` counts every accepting CONNACK, ``connecting`` is the time from the first attempt to the last of
    these, ``online`` the connections that are there now. ``acknowledged`` are messages of QoS 1 and 2 that the broker
    has taken, ``refused`` those that it has not. ``latencies`` by name:
    ``handshake`` (TCP and TLS; we listen then, and that counts nowhere), ``connack`` (CONNECT to CONNACK),
    ``connection`` (both), ``acknowledgement`` (PUBLISH to PUBACK or PUBCOMP), ``delivery`` (the time in the payload to arrival).
    """

    devices: int
    prepared: int = 0
    answered: int = 0
    connected: int = 0
    online: int = 0
    subscribed: int = 0
    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    received: int = 0
    received_bytes: int = 0
    connecting: Span = field(default_factory=Span)
    messaging: Span = field(default_factory=Span)
    latencies: dict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    failures: dict[str, Failure] = field(default_factory=dict)

    def failed(self, verdict: Verdict, *, first_of_device: bool) -> None:
        """Count a failure."""
        failure = self.failures.setdefault(verdict.id, Failure(str(verdict)))
        failure.times += 1
        failure.devices += first_of_device

    @property
    def exit_code(self) -> int:
        """That of the failures that most devices had, the higher of two; 0 without any."""
        codes: dict[int, int] = defaultdict(int)
        for verdict, failure in self.failures.items():
            codes[KINDS[verdict].exit_code] += failure.devices
        if codes:
            return max(codes, key=lambda code: (codes[code], code))
        return UNANSWERED if self.unanswered else 0
