"""What the methods of the hub give back: answers, octets for connections, and what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from mtlsx.broker.wills import DueWill
from mtlsx.packets.control_packets import Connack, Puback, Pubcomp, Pubrec, Pubrel, Suback

Sends: TypeAlias = list[tuple[int, bytes]]
"""Octets for connections: link and data, to be written in this order."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A client is connected. ``taken_over`` is the link that had the session: it is to be closed, with 0x8E."""

    answer: Connack
    session_present: bool
    taken_over: int | None
    wills: tuple[DueWill, ...]
    sends: Sends


@dataclass(frozen=True, slots=True)
class Refused:
    """A client is not connected: ``answer`` tells it, and ``sentence`` says why."""

    answer: Connack
    sentence: str


class Outcome(NamedTuple):
    """What became of a PUBLISH.

    ``code`` is the reason code of MQTT 5, also where the client is not told: with QoS 0 and before MQTT 5.
    ``receivers`` counts sessions. ``not_retained``: it should have been, and there was no room.
    """

    answer: Puback | Pubrec | None
    code: int
    receivers: int
    sends: Sends
    not_retained: bool = False


class Answered(NamedTuple):
    """What an acknowledgement leads to."""

    answer: Pubrel | Pubcomp | None
    sends: Sends


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What a SUBSCRIBE leads to."""

    answer: Suback
    sends: Sends


@dataclass(frozen=True, slots=True)
class Dropped:
    """What came of a lost connection, or of time: wills to publish, and the client ids whose sessions ended."""

    wills: tuple[DueWill, ...] = ()
    ended: tuple[bytes, ...] = ()
    sends: Sends = field(default_factory=list)
