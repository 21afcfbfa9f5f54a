"""Whether this machine's clock can be right: certificates and the time in, a doubt in words out.

A device without a battery wakes up in 1970, and every certificate is not yet valid then. One certificate out of
its dates says nothing of the clock; all that are at hand, from both sides, do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.certificates.der import DerError
from mtlsx.certificates.fields import parse_certificate
from mtlsx.certificates.times import read_moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_FEWEST = 2


def doubt(certificates: Iterable[bytes], now: datetime) -> str | None:
    """Why this machine's clock looks wrong, for a sentence after "because"; None where nothing speaks against it.

    ``certificates`` (DER) of both sides, issuers too; ``now`` aware. Those that cannot be read do not count.
    """
    begins, ends = [], []
    for certificate in set(certificates):
        began, ended = _period(certificate)
        if began is not None and ended is not None:
            begins.append(began)
            ends.append(ended)
    if len(begins) < _FEWEST:
        return None
    clock = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < min(begins):
        return f"at {clock} none of the {len(begins)} certificates at hand would be valid yet"
    if now > max(ends):
        return f"at {clock} all of the {len(ends)} certificates at hand would have expired"
    return None


def _period(certificate: bytes) -> tuple[datetime | None, datetime | None]:
    try:
        fields = parse_certificate(certificate)
    except DerError:
        return None, None
    return read_moment(fields.not_before).at, read_moment(fields.not_after).at
