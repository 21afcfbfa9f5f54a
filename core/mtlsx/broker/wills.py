"""Last wills that wait for their delay (MQTT 5.0, section 3.1.3.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mtlsx.broker.deadlines import Deadlines
from mtlsx.packets.control_packets import Will

if TYPE_CHECKING:
    from mtlsx.auth.client import ClientInfo


class DueWill(NamedTuple):
    """A will that is to be published now, if its ``owner`` may. ``owner`` is what ``Hub.connect`` was given."""

    client_id: bytes
    will: Will
    owner: ClientInfo | None


class Wills:
    """The wills of sessions whose connection is gone, one for each."""

    __slots__ = ("_deadlines", "_wills")

    def __init__(self) -> None:
        self._wills: dict[bytes, DueWill] = {}
        self._deadlines = Deadlines()

    def __len__(self) -> int:
        return len(self._wills)

    def hold(self, will: DueWill, until: float) -> None:
        """Keep a will for its delay."""
        self._wills[will.client_id] = will
        self._deadlines.set(will.client_id, until)

    def take(self, client_id: bytes) -> DueWill | None:
        """Take a client's will away: its session ends, or goes on."""
        self._deadlines.cancel(client_id)
        return self._wills.pop(client_id, None)

    def next_deadline(self) -> float | None:
        """When the next will is due."""
        return self._deadlines.next()

    def due(self, now: float) -> list[DueWill]:
        """The wills whose delay is over; they are not held any longer."""
        return [self._wills.pop(client_id) for client_id in self._deadlines.due(now)]
