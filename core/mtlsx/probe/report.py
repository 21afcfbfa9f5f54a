"""What a probe found: the ladder, both sides' evidence, the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtlsx.certificates.checks.finding import Finding
    from mtlsx.packets.control_packets import Connack
    from mtlsx.probe.brokers import Broker
    from mtlsx.probe.dialing import Address
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.probe.ladder import Step
    from mtlsx.probe.target import Target
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One probe of one server.

    ``verdict`` has the id ``ok`` where nothing refused. ``steps``: the ladder, as far as it went. ``local``: what we
    brought. ``warnings``: faults of our own material that did not stop us. ``addresses``: the host's. ``handshake``
    None: it did not come to TLS. ``connack``: the one that accepted us. ``broker``: which it is, where it shows.
    """

    target: Target
    verdict: Verdict
    steps: tuple[Step, ...]
    local: LocalSide
    warnings: tuple[Finding, ...] = ()
    addresses: tuple[Address, ...] = ()
    handshake: HandshakeRecord | None = None
    connack: Connack | None = None
    broker: Broker | None = None
