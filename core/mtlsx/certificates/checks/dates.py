"""Whether a certificate is in its period of validity (RFC 5280, section 4.1.2.5)."""

from __future__ import annotations

from datetime import datetime

from mtlsx.certificates.checks.finding import Finding, Level, Role
from mtlsx.certificates.describe import CertificateDescription
from mtlsx.certificates.times import Moment, ValidityState, validity


def check_dates(about: CertificateDescription, now: datetime, role: Role) -> Finding:
    """Where ``now`` (aware) lies in the validity of one certificate."""
    begins, ends = about.not_before, about.not_after
    state = validity(begins, ends, now)
    days = _days(state.days)
    prefix, name, topic = role.prefix, role.name, role.topic or "dates"
    match state.state:
        case ValidityState.EXPIRED:
            return Finding(
                f"{prefix}-expired", Level.FAILURE, topic,
                f"{name} expired on {_date(ends)}, {days} ago.",
                "Whoever verifies it refuses it.",
                "Renew it, or set this machine's clock if that is wrong.",
            )  # fmt: skip
        case ValidityState.NOT_YET_VALID:
            return Finding(
                f"{prefix}-not-yet-valid", Level.FAILURE, topic,
                f"{name} becomes valid on {begins}, in {days}.",
                "Whoever verifies it refuses it until then.",
                "Compare the clocks of this machine and of the one that issued it, or wait.",
            )  # fmt: skip
        case ValidityState.ENDING:
            return Finding(
                f"{prefix}-ending", Level.WARNING, topic,
                f"{name} ends on {_date(ends)}: {days} left.",
                fix="Renew it in time.",
            )  # fmt: skip
        case ValidityState.UNKNOWN:
            return Finding(
                f"{prefix}-dates-unreadable", Level.FAILURE, topic,
                f"The dates of its validity cannot be read: {begins.text} to {ends.text}."
                if role.topic is None
                else f"{name} has dates that cannot be read: {begins.text} to {ends.text}.",
                "Programs that check them refuse it.",
                "Issue it anew.",
            )  # fmt: skip
        case ValidityState.VALID:
            return Finding(
                f"{prefix}-in-date", Level.OK, topic,
                f"{name} is valid until {_date(ends)}: {days} left.",
            )  # fmt: skip


def _date(moment: Moment) -> str:
    return moment.text if moment.at is None else f"{moment.at:%Y-%m-%d}"


def _days(count: int | None) -> str:
    if not count:
        return "less than a day"
    return "1 day" if count == 1 else f"{count:,} days"
