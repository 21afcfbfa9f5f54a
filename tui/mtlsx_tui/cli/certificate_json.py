"""A certificate as a JSON object: the facts that a connection is judged by. ``cert show --json`` has all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtlsx.certificates.der import DerError
from mtlsx.certificates.describe import describe
from mtlsx.certificates.names import format_name
from mtlsx.certificates.times import validity

if TYPE_CHECKING:
    from datetime import datetime

    from mtlsx.certificates.times import Moment


def certificate_json(encoded: bytes, now: datetime) -> dict[str, Any] | None:
    """The facts of a certificate (DER); None where it cannot be read. ``days`` counts as ``state`` says."""
    try:
        about = describe(encoded)
    except DerError:
        return None
    state = validity(about.not_before, about.not_after, now)
    return {
        "subject": about.subject and format_name(about.subject),
        "issuer": about.issuer and format_name(about.issuer),
        "self_issued": about.self_issued,
        "names": [str(name) for name in about.extensions.alternative_names],
        "not_before": _time(about.not_before),
        "not_after": _time(about.not_after),
        "state": str(state.state),
        "days": state.days,
        "public_key": about.public_key and str(about.public_key),
        "signature_algorithm": about.signature_algorithm and str(about.signature_algorithm),
        "sha256": about.sha256,
    }


def _time(moment: Moment) -> str | None:
    return None if moment.at is None else moment.at.isoformat()
