"""Who we come as: the certificates that a server is tried with, and what it must do with each. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Whom a server is shown; the values are the ids in JSON and JUnit XML."""

    NONE = "no-certificate"
    SELF_SIGNED = "self-signed"
    OTHER_CA = "other-ca"
    NAMESAKE_CA = "namesake-ca"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_USAGE = "wrong-usage"
    RIGHT = "right"


class Signer(StrEnum):
    """Who signed the certificate of a candidate."""

    NOBODY = "nobody"
    ITSELF = "itself"
    THROW_AWAY = "throw-away"  # a CA that was made for this and that nobody trusts
    AUTHORITY = "ca"  # the CA that issues for this server
    UNKNOWN = "unknown"  # the certificate was given


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to come.

    ``certificates`` (PEM, its own first) and ``key`` (PEM) are what it shows; both None for none, and for the
    certificate that the settings name. ``must_accept``: else the server must refuse it.
    """

    kind: Kind
    signer: Signer
    certificates: bytes | None = None
    key: bytes | None = field(default=None, repr=False)

    @property
    def must_accept(self) -> bool:
        return self.kind is Kind.RIGHT

    @property
    def is_of_another_ca_too(self) -> bool:
        """Whether the server must refuse it for its issuer, whatever else is wrong: then that is all that it proves."""
        wrong_in_itself = self.kind in (Kind.EXPIRED, Kind.NOT_YET_VALID, Kind.WRONG_USAGE)
        return wrong_in_itself and self.signer is Signer.THROW_AWAY
