"""What happens outside the screen's thread, as typed messages: short, and posted from any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx_tui.identity import Inspection
    from mtlsx_tui.sessions import SessionEvent


class ConnectionEvent(Message):
    """A connection said something. ``run`` tells the events of an earlier connection from the current ones."""

    def __init__(self, profile: str, run: int, event: SessionEvent) -> None:
        self.profile = profile
        self.run = run
        self.event = event
        super().__init__()


class IdentityRead(Message):
    """The certificate of a profile was read, or could not be."""

    def __init__(self, profile: str, inspection: Inspection) -> None:
        self.profile = profile
        self.inspection = inspection
        super().__init__()


class EvidenceRead(Message):
    """What a failed handshake showed, as lines of a name and a text."""

    def __init__(self, profile: str, run: int, evidence: Sequence[tuple[str, str]]) -> None:
        self.profile = profile
        self.run = run
        self.evidence = evidence
        super().__init__()
