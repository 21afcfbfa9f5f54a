"""Findings: what a check has to say, as values for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is, from nothing to worry about to a connection that fails."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a pre-flight check.

    ``id`` is stable, for programs; where contract 4.4 has one for the same fault, it is that. ``topic`` is one
    or two words (``"dates"``). ``what`` is the fact, ``why`` what follows from it, ``fix`` what to do: one
    sentence each, safe to show; the last two None where there is nothing to say.
    """

    id: str
    level: Level
    topic: str
    what: str
    why: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """Which certificate is looked at: ``prefix`` begins the ids, ``name`` the sentences.

    ``topic`` heads its lines where they are not about the certificate that was asked about; else None.
    """

    prefix: str
    name: str
    topic: str | None = None


OWN = Role("own-cert", "It")
"""The certificate that was asked about."""


def issuer(name: str) -> Role:
    """A certificate of its chain; ``name`` is safe to show."""
    return Role("issuer", f'Issuer "{name}"', "issuers")
