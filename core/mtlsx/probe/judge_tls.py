"""From a handshake to its verdict: the facts are gathered, then the table of rules is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.probe.handshake_evidence import handshake_evidence
from mtlsx.probe.rule import decide
from mtlsx.probe.rules import RULES

if TYPE_CHECKING:
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord


def judge_handshake(record: HandshakeRecord, local: LocalSide) -> Verdict:
    """The verdict on a handshake that did not end well, or whose alert came after it."""
    return decide(RULES, handshake_evidence(record, local))
