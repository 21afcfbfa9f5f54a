"""The ladder of one attempt to connect: a rung for each stage, with its time and what it showed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.probe.verdicts import Stage


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder.

    ``ok``: True where the stage was passed, False where the connection ended, None where the stage did not
    come into it (no TLS, no certificate asked for). ``seconds``: how long it took, None where nothing was
    waited for. ``detail``: one line without secrets, safe to show.
    """

    stage: Stage
    ok: bool | None
    seconds: float | None
    detail: str
