"""All faults, stage by stage, and the verdicts that no fault here can bring about."""

from __future__ import annotations

# Each module registers its faults when it is imported; this is the order of the stages.
from support.faults import (  # isort: skip
    material,
    network,
    agreement,
    server_certificate,
    client_certificate,
    mqtt,
    session,
)
from support.faults.case import CASES

__all__ = ["CASES", "NOT_A_FAULT"]

STAGES = (material, network, agreement, server_certificate, client_certificate, mqtt, session)

NOT_A_FAULT = {"ok": "what every other test of the probe connects to"}
"""The ids of contract 4.4 that no case has, each with the reason."""
