"""One rung of a ladder as JSON, the same wherever a ladder is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtlsx.probe.ladder import Step


def step_json(step: Step) -> dict[str, Any]:
    """One rung of a ladder; ``ms`` is null where nothing was waited for."""
    return {
        "stage": str(step.stage),
        "ok": step.ok,
        "ms": None if step.seconds is None else round(step.seconds * 1000, 1),
        "detail": step.detail,
    }
