"""How long a certificate is still good for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.times import ValidityState

if TYPE_CHECKING:
    from mtlsx.certificates.times import Validity


def validity_text(validity: Validity) -> str:
    """``"212 days left"``, ``"expired 3 days ago"``, ``"not valid before 5 days from now"``."""
    count = validity.days or 0
    days = "1 day" if count == 1 else f"{count:,} days"
    match validity.state:
        case ValidityState.EXPIRED:
            return f"expired {days} ago" if count else "expired today"
        case ValidityState.NOT_YET_VALID:
            return f"valid in {days}" if count else "valid later today"
        case ValidityState.UNKNOWN:
            return "validity unreadable"
        case ValidityState.VALID | ValidityState.ENDING:
            return f"{days} left" if count else "ends today"
