"""One attempt to connect, as the screens hand it on: what was asked for, what was seen, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.probe.ladder import Step
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord


SERVER: Final = "THE SERVER'S CERTIFICATE"
"""The title of the section in which the server's chain is."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """The last attempt of a profile that is over or has become a connection.

    ``settings``: with absolute paths. ``verdict``: None where it succeeded; ``handshake``: None where it did not come
    so far, or where there is no TLS.
    """

    profile: str
    settings: ConnectionSettings
    steps: tuple[Step, ...]
    verdict: Verdict | None
    handshake: HandshakeRecord | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of evidence: its name, its text, and whether that is for (True) or against (False) the connection."""

    name: str
    text: str
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of evidence that belong together."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A certificate that a person may come to trust. ``der``: its bytes; ``name``: its common name; ``sha256``: as
    OpenSSL writes a fingerprint; ``dates``: from when to when it is valid."""

    der: bytes
    name: str
    sha256: str
    dates: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an attempt showed. ``anchor``: what would make the server trusted, where that is what lacks and it sent it."""

    sections: tuple[Section, ...]
    anchor: Anchor | None = None
