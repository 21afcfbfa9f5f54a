"""The ladder of one attempt to connect: a rung for each stage, with its time and what it showed.

The probe and the client take the same rungs. ``Climb`` writes down when each one is reached, ``steps`` and its
neighbours find the words.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.probe.verdicts import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ORDER = {stage: at for at, stage in enumerate(Stage)}
_LABELS = {Stage.SERVER_CERTIFICATE: "server", Stage.CLIENT_CERTIFICATE: "client"}


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

    @property
    def label(self) -> str:
        """The stage's short name, for people: "server" for its certificate, "client" for ours."""
        return _LABELS.get(self.stage, str(self.stage))


class Climb:
    """The rungs of one attempt as they are taken, each with the time since the one before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._steps: list[Step] = []

    @property
    def steps(self) -> tuple[Step, ...]:
        """The ladder up to now."""
        return tuple(self._steps)

    def passed(self, stage: Stage, detail: str) -> None:
        """A stage is behind us."""
        self._steps.append(Step(stage, True, self._lap(), detail))

    def left_out(self, stage: Stage, detail: str) -> None:
        """A stage does not come into it."""
        self._steps.append(Step(stage, None, None, detail))

    def took(self, steps: Iterable[Step]) -> None:
        """Stages that know their own times are behind us, or the last of them has failed."""
        self._steps.extend(steps)
        self._since = self._clock()

    def failed(self, stage: Stage, detail: str) -> None:
        """The connection ended at ``stage``.

        Where that seemed passed (TLS 1.3 tells its refusal late), it is not any more, and nothing behind it counts.
        """
        again = [step.seconds or 0.0 for step in self._steps if step.stage is stage]
        self._steps = [step for step in self._steps if _ORDER[step.stage] < _ORDER[stage]]
        self._steps.append(Step(stage, False, self._lap() + sum(again), detail))

    def _lap(self) -> float:
        since, self._since = self._since, self._clock()
        return self._since - since
