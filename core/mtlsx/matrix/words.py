"""What the rows of the matrix are called."""

from __future__ import annotations

from mtlsx.matrix.candidate import Candidate, Kind

_NAMES = {
    Kind.NONE: "no certificate",
    Kind.SELF_SIGNED: "self-signed",
    Kind.OTHER_CA: "of another CA",
    Kind.NAMESAKE_CA: "of another CA of the same name",
    Kind.EXPIRED: "expired",
    Kind.NOT_YET_VALID: "not yet valid",
    Kind.WRONG_USAGE: "for servers only",
    Kind.RIGHT: "the right one",
}


def candidate_name(candidate: Candidate) -> str:
    """``"expired"``; ``"expired, and of another CA"`` where the CA's key was not there to sign it."""
    name = _NAMES[candidate.kind]
    return f"{name}, and of another CA" if candidate.is_of_another_ca_too else name
