"""Clients that are not let in, whatever they show: by client id, username or address, for a time or for good.

Source: emqx_banned.erl (6.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from mtlsx.auth.client import ClientInfo

BannedBy: TypeAlias = Literal["clientid", "username", "peerhost"]


@dataclass(frozen=True, slots=True)
class Ban:
    """Who is banned. ``until`` is a time of the broker's clock in seconds; None: for good."""

    by: BannedBy
    who: bytes
    until: float | None = None


class Bans:
    """At most ``most`` bans; the oldest gives way."""

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._bans: dict[tuple[BannedBy, bytes], Ban] = {}

    def add(self, ban: Ban) -> None:
        """Ban somebody, in place of an earlier ban."""
        self._bans.pop((ban.by, ban.who), None)
        if len(self._bans) >= self._most:
            del self._bans[next(iter(self._bans))]
        self._bans[ban.by, ban.who] = ban

    def lift(self, by: BannedBy, who: bytes) -> bool:
        """Whether there was such a ban; there is none now."""
        return self._bans.pop((by, who), None) is not None

    def all(self, now: float) -> tuple[Ban, ...]:
        """The bans in force."""
        over = [
            key for key, ban in self._bans.items() if ban.until is not None and ban.until <= now
        ]
        for key in over:
            del self._bans[key]
        return tuple(self._bans.values())

    def hits(self, client: ClientInfo, now: float) -> bool:
        """Whether ``client`` is banned."""
        keys: tuple[tuple[BannedBy, bytes | None], ...] = (
            ("clientid", client.client_id),
            ("username", client.username),
            ("peerhost", client.peer_host.encode()),
        )
        bans = (self._bans.get((by, who)) for by, who in keys if who is not None)
        return any(ban is not None and (ban.until is None or ban.until > now) for ban in bans)
