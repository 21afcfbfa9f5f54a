"""Two clients with one client id: recognised from the pattern of losses, where MQTT 3.1.1 has no word for it.

A server must end the older connection when a client connects with its id (MQTT-3.1.4-2); before MQTT 5 that is a
bare end of file. When both clients reconnect, each pushes the other out, again and again: every connection is
accepted, lives about as long as the other takes to come back, and is closed in good order while nothing of ours is
open. A broker that closes for what we asked (a denied topic) leaves a request unanswered; a network that breaks
leaves a reset or silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 3
"""So many losses in a row make the pattern."""
LONGEST_LIFE = 30.0
"""Seconds; proxies that end idle connections wait longer (HAProxy's example: 50 s), clients that reconnect do not."""


@dataclass(frozen=True, slots=True)
class Life:
    """One connection from its CONNACK to its loss.

    ``seconds``: how long it lasted; ``closed``: the server closed it in good order (an end of file, over TLS with or
    without close_notify), rather than by a reset or by silence; ``asked``: a request of ours was unanswered then.
    """

    seconds: float
    closed: bool
    asked: bool = False


def pushed_out(lives: Sequence[Life]) -> int:
    """How many of the last ``lives`` in a row look like being pushed out by another client; 0 below ``FEWEST``."""
    count = 0
    for life in reversed(lives):
        if not life.closed or life.seconds > LONGEST_LIFE:
            break
        # One that ended in the middle of a request may have been ended for it, and says nothing.
        count += not life.asked
    return count if count >= FEWEST else 0
