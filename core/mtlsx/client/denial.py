"""A connection that the server ended for what we had asked of it: brokers hang up on what their access rules deny.

In: what was asked last, how the server answered, how the connection ended. Out: the verdict, or None where it may have
ended for anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.packets.control_packets import Suback, Subscribe
from mtlsx.packets.reason_codes import FAILURE, reason_code_text, suback_text
from mtlsx.probe.judge import judge_hang_up, judge_publish, judge_subscribe

if TYPE_CHECKING:
    from mtlsx.client.packet_log import PacketLog
    from mtlsx.packets.control_packets import Disconnect
    from mtlsx.probe.verdicts import Verdict

AT_ONCE = 2.0
"""Seconds; a server that hangs up so soon after it has denied something does it for that (AWS IoT)."""
_NOT_AUTHORIZED = 0x87


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A SUBSCRIBE or, where not ``subscribe``, a PUBLISH without an answer; ``topics``: its filters, or its topic."""

    topics: tuple[str, ...]
    subscribe: bool


@dataclass(frozen=True, slots=True)
class Denied:
    """Subscriptions that the last packet of all refused: each filter with the code's text, and the reason string.

    ``at``: when, in seconds on the clock that ``judge_denial`` is told the time by.
    """

    refused: tuple[tuple[str, str], ...]
    reason: str | None
    at: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What had been asked when the connection ended."""

    denied: Denied | None = None
    unanswered: Unanswered | None = None


def last_denial(log: PacketLog, *, version5: bool) -> Denied | None:
    """What the last packet of ``log`` denied; None where that is no SUBACK, or it denied nothing."""
    backwards = log.backwards()
    at, outgoing, answer = next(backwards, (0.0, True, None))
    if outgoing or not isinstance(answer, Suback):
        return None
    asked = (
        packet
        for _, ours, packet in backwards
        if ours and isinstance(packet, Subscribe) and packet.packet_id == answer.packet_id
    )
    subscriptions = next((packet.subscriptions for packet in asked), ())
    refused = tuple(
        (each.topic_filter.decode(errors="replace"), suback_text(code, version5=version5))
        for each, code in zip(subscriptions, answer.codes, strict=False)
        if code >= FAILURE
    )
    return Denied(refused, answer.properties.reason_string, at) if refused else None


def unanswered_subscribe(log: PacketLog) -> Unanswered | None:
    """The last SUBSCRIBE of ``log``, if there was no SUBACK for it."""
    answered = set()
    for _, ours, packet in log.backwards():
        if not ours and isinstance(packet, Suback):
            answered.add(packet.packet_id)
        if ours and isinstance(packet, Subscribe):
            filters = (each.topic_filter.decode(errors="replace") for each in packet.subscriptions)
            new = packet.packet_id not in answered
            return Unanswered(tuple(filters), subscribe=True) if new else None
    return None


def judge_denial(
    target: str, asked: Asked, disconnect: Disconnect | None, *, now: float, hung_up: bool
) -> Verdict | None:
    """Whether an accepted connection was ended for what was asked.

    ``disconnect``: the server's, if it sent one; ``hung_up``: it closed in good order, with an end of file. ``now``:
    on the clock of ``asked.denied``; the log's are seconds since the epoch.
    """
    denied, unanswered = asked.denied, asked.unanswered
    if disconnect is not None:
        if unanswered is None or disconnect.code != _NOT_AUTHORIZED:
            return None
        return _dismissed(target, unanswered, disconnect)
    if not hung_up:
        return None
    if denied is not None and now - denied.at <= AT_ONCE:
        return judge_subscribe(target, denied.refused, denied.reason)
    if unanswered is not None:
        return judge_hang_up(target, unanswered.topics[0], subscribe=unanswered.subscribe)
    return None


def _dismissed(target: str, unanswered: Unanswered, disconnect: Disconnect) -> Verdict:
    """DISCONNECT with 0x87 in place of an answer (EMQX: deny_action = disconnect)."""
    words, said = reason_code_text(disconnect.code), disconnect.properties.reason_string
    if unanswered.subscribe:
        return judge_subscribe(target, [(each, words) for each in unanswered.topics], said)
    return judge_publish(target, unanswered.topics[0], words, said)
