"""The times of certificates and CRLs, and what they mean now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mtlsx.certificates import der
from mtlsx.certificates.der import Tlv
from mtlsx.certificates.strings import printable

NEAR = timedelta(days=30)
"""A certificate whose end is nearer than this is worth a warning."""

NEAR_NEXT_UPDATE = timedelta(days=2)
"""The same for CRLs, which are made for days or weeks and replaced shortly before their end."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as encoded: ``text`` (safe to show), ``at`` in UTC (None: unreadable), ``strict`` where DER allows it."""

    text: str
    at: datetime | None
    strict: bool

    def __str__(self) -> str:
        return self.text if self.at is None else f"{self.at:%Y-%m-%d %H:%M:%S} UTC"


class ValidityState(StrEnum):
    """Where a moment lies in a period of validity."""

    VALID = "valid"
    ENDING = "ending"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Validity:
    """``days``: whole days until the end, since the end, or until the beginning, as ``state`` says."""

    state: ValidityState
    days: int | None


def read_moment(element: Tlv) -> Moment:
    """Read a UTCTime or GeneralizedTime; seconds may be missing, zones and fractions are understood."""
    text = element.value.decode("latin-1")
    form = _FORMS.get(element.tag)
    match = form.fullmatch(text) if form else None
    return Moment(
        text=printable(text),
        at=_instant(match, element.tag) if match else None,
        # RFC 5280, section 4.1.2.5: seconds, Z, no fraction.
        strict=bool(match and match["second"] and match["zone"] == "Z" and not match["fraction"]),
    )


def validity(
    not_before: Moment, not_after: Moment, now: datetime, *, near: timedelta = NEAR
) -> Validity:
    """What a period means at ``now`` (aware); it is ENDING when less than ``near`` is left."""
    if not_before.at is None or not_after.at is None:
        return Validity(ValidityState.UNKNOWN, None)
    if now > not_after.at:
        return Validity(ValidityState.EXPIRED, (now - not_after.at).days)
    if now < not_before.at:
        return Validity(ValidityState.NOT_YET_VALID, (not_before.at - now).days)
    left = not_after.at - now
    state = ValidityState.ENDING if left < near else ValidityState.VALID
    return Validity(state, left.days)


def validity_text(period: Validity) -> str:
    """``212 days left``, ``expired 3 days ago``, ``not yet valid, begins in 5 days``."""
    match period.days:
        case None | 0:
            days = "less than a day"
        case 1:
            days = "1 day"
        case count:
            days = f"{count:,} days"
    match period.state:
        case ValidityState.EXPIRED:
            return f"expired {days} ago"
        case ValidityState.NOT_YET_VALID:
            return f"not yet valid, begins in {days}"
        case ValidityState.UNKNOWN:
            return "unknown: its times cannot be read"
        case ValidityState.VALID | ValidityState.ENDING:
            return f"{days} left"


_CLOCK = (
    r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<fraction>[.,]\d+)?(?P<zone>Z|[+-]\d{4})?"
)
_FORMS = {
    der.UTC_TIME: re.compile(rf"(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d){_CLOCK}", re.ASCII),
    der.GENERALIZED_TIME: re.compile(
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d){_CLOCK}", re.ASCII
    ),
}


def _instant(match: re.Match[str], tag: int) -> datetime | None:
    year = int(match["year"])
    if tag == der.UTC_TIME:
        year += 1900 if year >= 50 else 2000  # RFC 5280, section 4.1.2.5.1
    zone = match["zone"]
    try:
        moment = datetime(
            year, int(match["month"]), int(match["day"]),
            int(match["hour"]), int(match["minute"]), int(match["second"] or 0), tzinfo=UTC,
        )  # fmt: skip
        if zone and zone != "Z":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
            return moment - offset if zone[0] == "+" else moment + offset
    except (ValueError, OverflowError):
        return None
    return moment
