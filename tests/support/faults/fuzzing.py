"""Probes random answers and looks at what comes out: a verdict that holds together, as text and as JSON, each time."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click

from mtlsx.packets.control_packets import MQTT_5, MQTT_311, Connect
from mtlsx.probe.probe import probe
from mtlsx.probe.target import Patience, Target
from mtlsx.probe.verdicts import KINDS
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.cli.probe_json import report_json
from mtlsx_tui.cli.probe_text import report_text
from support.faults.random_answers import Answer, Answers
from support.openssl_pki import Pki
from support.ports import serving

PATIENCE = Patience(answer=0.5, judgement=0.05)
MQTT_STAGES = {"mqtt", "subscribe", "publish", "session"}


class Outcome(NamedTuple):
    """What a probe of one answer said, and how long it took in seconds."""

    kind: str
    verdict: str
    seconds: float


class Fuzzer:
    """Probes one port, where each connection gets the answer that is at hand."""

    def __init__(self, pki: Pki) -> None:
        self.port = 0
        self._answers = Answers(pki)
        self._answer: Answer | None = None
        self._tls = TlsSettings(
            ca_file=str(pki.ca.certificate),
            certificate_file=str(pki.device_ec.certificate),
            key_file=str(pki.device_ec.key),
        )

    def serve(self, connected: socket.socket) -> None:
        assert self._answer is not None
        self._answer.serve(connected)

    def attempt(self, number: int) -> Outcome:
        """Probe answer ``number``; anything that a probe must not raise, or say, is raised."""
        self._answer = answer = self._answers.answer(number)
        version = MQTT_5 if number % 3 else MQTT_311
        target = Target(
            host="localhost",
            port=self.port,
            tls=self._tls if answer.tls else None,
            connect=Connect(version, b"laboratory") if answer.mqtt else None,
            topic="laboratory/topic" if answer.mqtt and number % 2 else None,
            patience=PATIENCE,
        )
        started = time.monotonic()
        report = probe(target)
        seconds = time.monotonic() - started
        verdict = report.verdict
        assert verdict.id in KINDS
        assert verdict.summary
        assert not set(verdict.candidates) - set(KINDS)
        assert answer.mqtt or verdict.stage not in MQTT_STAGES, verdict
        failed = {step.stage for step in report.steps if step.ok is False}
        assert verdict.stage in failed if verdict.exit_code else not failed, report
        json.dumps(report_json(report))
        text = click.unstyle(report_text(report, width=80))
        assert all(line.isprintable() for line in text.splitlines()), text
        return Outcome(answer.kind, verdict.id, seconds)


@contextmanager
def fuzzer(pki: Pki) -> Iterator[Fuzzer]:
    """A fuzzer with its port, until the block ends."""
    one = Fuzzer(pki)
    with serving(one.serve) as one.port:
        yield one
