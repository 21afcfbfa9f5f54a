"""What an authenticator is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mtlsx.auth.client import ClientInfo
from mtlsx.auth.reasons import Reason
from mtlsx.auth.rules import ClientAcl
from mtlsx.auth.trace import Outcome, Trace
from mtlsx.packets.control_packets import Connect


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client gets with an ``ok``. ``expires_at`` is in seconds since the epoch."""

    is_superuser: bool = False
    clientid_override: bytes | None = None
    client_attrs: Mapping[str, bytes] = field(default_factory=dict)
    acl: ClientAcl | None = None
    expires_at: float | None = None


NOTHING = Grant()


class Answer(NamedTuple):
    """``ok`` with a grant, ``error`` with a reason, ``ignore`` or ``crash``; ``detail`` says why, in words
    that go on after a colon, without a full stop.
    """

    outcome: Outcome
    detail: str
    reason: Reason | None = None
    grant: Grant = NOTHING


class Authenticator(Protocol):
    """One authenticator of the chain. ``name`` is what traces call it."""

    @property
    def name(self) -> str: ...

    async def authenticate(self, client: ClientInfo, connect: Connect, trace: Trace) -> Answer:
        """The opinion over ``client``, which sent ``connect``; appends what it did to ``trace``. Never raises."""
