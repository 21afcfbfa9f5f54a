"""What happens outside the screen's thread, as typed messages: short, and posted from any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtlsx.recipes.recipe import Recipe
    from mtlsx_tui.attempted import Evidence
    from mtlsx_tui.identity import Inspection, Remark
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


class RemarksMade(Message):
    """The files of a connection were checked: remarks by the name of the setting they are about."""

    def __init__(self, remarks: Mapping[str, tuple[Remark, ...]]) -> None:
        self.remarks = remarks
        super().__init__()


class EvidenceRead(Message):
    """The evidence of an attempt was read."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        super().__init__()


class RecipesMade(Message):
    """The recipes for a connection were made."""

    def __init__(self, recipes: tuple[Recipe, ...]) -> None:
        self.recipes = recipes
        super().__init__()
