"""How long a certificate is still good for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.times import ValidityState

if TYPE_CHECKING:
    from mtlsx.certificates.times import Validity


def validity_text(validity: Validity) -> str:
    """``212 days left``, ``expired 3 days ago``, ``not yet valid, begins in 5 days``."""
    match validity.days:
        case None | 0:
            days = "less than a day"
        case 1:
            days = "1 day"
        case count:
            days = f"{count:,} days"
    match validity.state:
        case ValidityState.EXPIRED:
            return f"expired {days} ago"
        case ValidityState.NOT_YET_VALID:
            return f"not yet valid, begins in {days}"
        case ValidityState.UNKNOWN:
            return "unknown: its times cannot be read"
        case ValidityState.VALID | ValidityState.ENDING:
            return f"{days} left"
