"""The probe: one connection to one server, stage by stage, as far as it gets.

    report = probe(Target(host="broker.example", port=8883, tls=TlsSettings(ca_file="ca.pem")))

It stands on ``tls`` and ``packets`` alone. It sends no MQTT unless the target has a CONNECT, and it reads before it
writes: on TLS 1.3 the server judges our certificate after the handshake, and what it says then is waited for. The checks
of the server are those of the settings; what they would have objected to is seen in any case.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from mtlsx.preflight.connection import material_warnings
from mtlsx.probe.approach import FAILURES, Approach
from mtlsx.probe.conversation import Conversation
from mtlsx.probe.issuers import http_loader
from mtlsx.probe.judge import judge_success
from mtlsx.probe.login import Login, StoppedError
from mtlsx.probe.report import Report
from mtlsx.probe.round_trip import RoundTrip
from mtlsx.probe.steps import connack_detail
from mtlsx.probe.verdicts import Stage, Verdict
from mtlsx.probe.websocket import ClientWebsocket
from mtlsx.tls.stream import hang_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.certificates.checks.finding import Finding
    from mtlsx.packets.control_packets import Connack, Connect
    from mtlsx.probe.brokers import Broker
    from mtlsx.probe.target import Target
    from mtlsx.tls.stream import TlsStream

_VERSIONS = {3: "3.1", 4: "3.1.1", 5: "5"}


def probe(target: Target, *, clock: Callable[[], float] = time.monotonic) -> Report:
    """Connect to ``target`` and say what happened; blocks for as long as its patience allows.

    Raises ``UsageError`` for a CONNECT or a topic that cannot be sent, and nothing for what a server does.
    """
    return _Probe(target, clock).run()


class _Probe:
    def __init__(self, target: Target, clock: Callable[[], float]) -> None:
        self._target = target
        self._clock = clock
        self._approach = Approach(
            target.host,
            target.port,
            target.tls,
            target.patience.answer,
            dialect=target.dialect,
            sends_password=None if target.connect is None else target.connect.password is not None,
            load=http_loader(target.patience.answer) if target.fetch_issuers else None,
            clock=clock,
        )
        self._websocket: ClientWebsocket | None = None
        self._warnings: tuple[Finding, ...] = ()
        self._connack: Connack | None = None

    def run(self) -> Report:
        verdict = self._climb()
        return Report(
            target=self._target,
            verdict=verdict or self._well(),
            steps=self._approach.climb.steps,
            local=self._approach.local_side(),
            warnings=self._warnings,
            addresses=self._approach.addresses,
            handshake=self._approach.record,
            connack=self._connack,
            broker=self._recognised(self._connack),
        )

    def _climb(self) -> Verdict | None:
        """Go as far as it goes; the verdict that stopped it."""
        try:
            self._approach.prepare()
            self._warn()
            connected = self._approach.dial()
            below = self._approach.secure(connected, self._target.patience.judgement)
            if not isinstance(below, socket.socket):
                below.do_handshake()
            self._approach.shook_hands()
        except FAILURES as error:
            return self._approach.failed(error)
        try:
            return (
                None
                if self._target.connect is None
                else self._converse(below, self._target.connect)
            )
        except StoppedError as stopped:
            return self._approach.ended(stopped.verdict, stopped.detail)
        finally:
            hang_up(below) if isinstance(below, socket.socket) else below.close()

    def _warn(self) -> None:
        if self._target.tls is not None:
            now = self._approach.local_side().now
            self._warnings = material_warnings(self._target.tls, self._approach.material, now)

    def _converse(self, below: socket.socket | TlsStream, connect: Connect) -> Verdict | None:
        target = self._target
        self._websocket = _websocket(target)
        talk = Conversation(below, connect.version, self._websocket, self._clock)
        login = Login(
            talk, connect, target, self._approach.local_side(),
            record=lambda: self._approach.record, recognised=self._recognised, clock=self._clock,
        )  # fmt: skip
        self._connack = login.log_in()
        assigned = self._connack.properties.assigned_client_identifier
        client_id = (assigned or connect.client_id).decode(errors="replace")
        detail = connack_detail(self._connack, _VERSIONS[connect.version], client_id)
        self._approach.climb.passed(Stage.MQTT, detail)
        verdict = None
        if target.topic is None:
            login.stay()
        else:
            verdict = RoundTrip(
                talk, login, self._approach.climb, target=str(target), topic=target.topic,
                version=connect.version, wait=target.patience.answer, clock=self._clock,
            ).run(self._connack)  # fmt: skip
        login.log_out(self._connack)
        return verdict

    def _recognised(self, connack: Connack | None) -> Broker | None:
        header = self._websocket.server_header if self._websocket else None
        return self._approach.recognised(connack, header)

    def _well(self) -> Verdict:
        last = [step for step in self._approach.climb.steps if step.ok][-1]
        return judge_success(
            str(self._target), last.stage, self._approach.record, self._target.patience.judgement
        )


def _websocket(target: Target) -> ClientWebsocket | None:
    if target.websocket is None:
        return None
    secure = target.tls is not None
    default = target.port == (443 if secure else 80)
    authority = target.host if default else str(target)
    origin = ("Origin", f"{'https' if secure else 'http'}://{authority}")
    headers = dict((origin, *target.websocket.headers))
    return ClientWebsocket(
        headers.pop("Host", authority), target.websocket.path, tuple(headers.items())
    )
