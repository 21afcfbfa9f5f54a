"""The CA certificates of a file that holds several: which there are, and which have expired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mtlsx.certificates.checks.chain import short_name
from mtlsx.certificates.checks.finding import Finding, Level
from mtlsx.certificates.describe import describe
from mtlsx.certificates.times import ValidityState, validity

_SHOWN = 3


def check_expired(authorities: Sequence[bytes], now: datetime, topic: str) -> Finding | None:
    """Which of ``authorities`` (DER) have expired at ``now`` (aware): a failure where all have, None where none has."""
    expired = [each for each in authorities if _is_expired(each, now)]
    if not expired:
        return None
    return Finding(
        "ca-expired",
        Level.FAILURE if len(expired) == len(authorities) else Level.WARNING,
        topic,
        f"{len(expired)} of {len(authorities)} CA certificates have expired: {listed(expired)}.",
        "A certificate that leads there is refused.",
        "Get the CA's new certificate.",
    )


def listed(certificates: Sequence[bytes]) -> str:
    """The names of some certificates (DER), safe to show: ``"Demo CA" and 3 more``."""
    names = ", ".join(f'"{short_name(describe(each).subject)}"' for each in certificates[:_SHOWN])
    more = len(certificates) - _SHOWN
    return f"{names} and {more} more" if more > 0 else names


def _is_expired(certificate: bytes, now: datetime) -> bool:
    about = describe(certificate)
    return validity(about.not_before, about.not_after, now).state is ValidityState.EXPIRED
