"""What one device has asked the broker for, and what it was denied last: what a broker may hang up on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.client.denial import Asked, Denied, Unanswered
from mtlsx.packets.reason_codes import FAILURE, suback_text

if TYPE_CHECKING:
    from mtlsx.packets.control_packets import Suback


class Asking:
    """SUBSCRIBE and its answer; of messages, their number on the way is told to ``asked``."""

    def __init__(self) -> None:
        self._filters: tuple[str, ...] = ()
        self._denied: Denied | None = None

    def subscribe(self, topic_filters: tuple[str, ...]) -> None:
        """SUBSCRIBE for ``topic_filters`` goes out."""
        self._filters = topic_filters

    def answered(self, suback: Suback, *, version5: bool, now: float) -> Denied | None:
        """What ``suback`` denies, if anything; ``now`` is on the clock that ``judge_denial`` is told the time by."""
        filters, self._filters = self._filters, ()
        refused = tuple(
            (topic_filter, suback_text(code, version5=version5))
            for topic_filter, code in zip(filters, suback.codes, strict=False)
            if code >= FAILURE
        )
        said = suback.properties.reason_string
        self._denied = Denied(refused, said, now) if refused else None
        return self._denied

    def went_on(self) -> None:
        """Another packet came or went: what was denied before it did not end the connection."""
        self._denied = None

    def asked(self, topic: str, on_their_way: int) -> Asked:
        """As of now; the broker hangs up on a message for ``topic`` only where it is the only one on its way."""
        if self._filters:
            return Asked(self._denied, Unanswered(self._filters, subscribe=True))
        unanswered = Unanswered((topic,), subscribe=False) if on_their_way == 1 else None
        return Asked(self._denied, unanswered)
