"""How a certificate stands at a moment: valid, ending, ended, renewed or revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.pki.index import Entry, Index

_SOON = timedelta(days=30)


class Standing(StrEnum):
    """The states, the one that counts first."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    RENEWED = "renewed"
    ENDING = "ending"
    VALID = "valid"


def standing(
    index: Index, entry: Entry, now: datetime, *, renewed: frozenset[str] | None = None
) -> Standing:
    """How ``entry`` stands. ``renewed``: what ``index.renewed()`` gives, where many are asked for."""
    if entry.serial in index.revoked:
        return Standing.REVOKED
    if entry.until <= now:
        return Standing.EXPIRED
    if entry.serial in (index.renewed() if renewed is None else renewed):
        return Standing.RENEWED
    return Standing.ENDING if entry.until - now < _SOON else Standing.VALID


def days_left(until: datetime, now: datetime) -> int:
    """Whole days until then; negative once it is over."""
    return (until - now).days
