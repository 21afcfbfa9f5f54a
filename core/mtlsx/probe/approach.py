"""The way to a server that client and probe have in common: files, name, TCP connection, TLS.

Each step of it writes its rung of the ladder; what stops it is judged here. What is done with the connection then
(paho's MQTT or the probe's own) is its owner's.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mtlsx.errors import MaterialError, UsageError
from mtlsx.probe.brokers import recognise
from mtlsx.probe.dialing import Address, dial, is_address, resolve
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.issuers import fetch_issuers
from mtlsx.probe.judge import judge_material, judge_network
from mtlsx.probe.judge_tls import judge_handshake
from mtlsx.probe.ladder import Climb
from mtlsx.probe.steps import (
    NO_TLS,
    dns_detail,
    failure_detail,
    handshake_steps,
    material_detail,
    network_failure,
    plain_steps,
)
from mtlsx.probe.verdicts import RefusedBy, Stage, Verdict
from mtlsx.tls.context import client_context
from mtlsx.tls.material import TlsMaterial, load_material
from mtlsx.tls.settings import TlsSettings
from mtlsx.tls.stream import HandshakeError, TlsStream

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from OpenSSL.SSL import Context

    from mtlsx.identity.mapping import Dialect
    from mtlsx.packets.control_packets import Connack
    from mtlsx.probe.brokers import Broker
    from mtlsx.tls.record import HandshakeRecord

FAILURES = (MaterialError, UsageError, OSError)
"""What a step raises; ``failed`` makes a verdict of it."""


class Approach:
    """One way to ``host`` and ``port``; ``tls`` None: no TLS. Each step waits ``timeout`` seconds at the most.

    ``dialect`` and ``sends_password`` as ``LocalSide`` has them. ``load`` fetches what is behind an address and raises
    ``OSError`` (``issuers.http_loader`` makes one); None: issuers that are missing are not fetched.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: TlsSettings | None,
        timeout: float,
        *,
        dialect: Dialect | None = None,
        sends_password: bool | None = None,
        load: Callable[[str], bytes] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.climb = Climb(clock)
        self.addresses: tuple[Address, ...] = ()
        """The host's addresses, once they are known."""
        self.material = TlsMaterial()
        self._host = host
        self._port = port
        self._tls = tls
        self._timeout = timeout
        self._dialect = dialect
        self._sends_password = sends_password
        self._load = load
        self._context: Context | None = None
        self._connected = False
        self._stream: TlsStream | None = None

    @property
    def record(self) -> HandshakeRecord | None:
        """What the TLS handshake showed, up to now; None without one."""
        return self._stream.record if self._stream else None

    def prepare(self) -> None:
        """Load the files that TLS needs. Raises ``MaterialError``, ``UsageError``."""
        if self._tls is None:
            self.climb.left_out(Stage.MATERIAL, NO_TLS)
            return
        self.material = load_material(self._tls)
        self._context = client_context(self._tls, self.material)
        self.climb.passed(Stage.MATERIAL, material_detail(self.local_side()))

    def dial(self) -> socket.socket:
        """Find the host and connect to it. Raises ``OSError``."""
        self.addresses = resolve(self._host, self._port, self._timeout)
        if is_address(self._host):
            self.climb.left_out(Stage.DNS, f"{self._host} is an address")
        else:
            self.climb.passed(Stage.DNS, dns_detail(self._host, self.addresses))
        connected, address = dial(self.addresses, self._timeout)
        self._connected = True
        self.climb.passed(Stage.TCP, str(address))
        return connected

    def secure(
        self, connected: socket.socket, listen: float | None = None
    ) -> TlsStream | socket.socket:
        """TLS over the connection, not yet shaken hands, or the connection itself; ``listen`` as ``TlsStream`` has it."""
        if self._context is None or self._tls is None:
            return connected
        self._stream = TlsStream(
            connected, self._context, self._tls, self._host,
            has_certificate=bool(self.material.chain), listen=listen,
        )  # fmt: skip
        return self._stream

    def shook_hands(self) -> None:
        """TLS is up, or there would have been time for it."""
        local, record = self.local_side(), self.record
        self.climb.took(plain_steps() if record is None else handshake_steps(record, local))

    def failed(self, error: Exception) -> Verdict | None:
        """Why a step raised ``error``, one of ``FAILURES``; None where all of them had been taken."""
        match error:
            case MaterialError():
                verdict = judge_material(error)
                self.climb.failed(Stage.MATERIAL, verdict.summary)
            case UsageError():
                verdict = Verdict("cipher-mismatch", error.summary, error.fix, by=RefusedBy.US)
                self.climb.failed(verdict.stage, verdict.summary)
            case HandshakeError():
                local = self._with_issuers(error.record)
                verdict = judge_handshake(error.record, local)
                self.climb.took(handshake_steps(error.record, local, verdict))
            case OSError() if not self._connected:
                verdict = judge_network(error, self._host, self._port)
                why = network_failure(error, self._host, self.addresses)
                self.climb.failed(verdict.stage, why)
            case _:
                return None
        return verdict

    def ended(self, verdict: Verdict, detail: str | None = None) -> Verdict:
        """The connection had been made and ended with ``verdict``, which is returned; ``detail`` is for its rung."""
        self.climb.failed(verdict.stage, detail or failure_detail(verdict, self.record))
        return verdict

    def recognised(self, connack: Connack | None, server_header: str | None) -> Broker | None:
        """Which broker it is, by all that is known now; ``server_header`` as ``recognise`` has it."""
        record = self.record
        return recognise(
            self._host,
            alpn=record.alpn if record else None,
            server_chain=record.server_chain if record else (),
            connack=connack,
            server_header=server_header,
            dialect=self._dialect,
        )

    def local_side(self) -> LocalSide:
        """What we brought, as of now."""
        return LocalSide(
            self._host, self._port, self._tls or TlsSettings(),
            self.material.chain, self.material.anchors, datetime.now(UTC),
            dialect=self._dialect, sends_password=self._sends_password,
        )  # fmt: skip

    def _with_issuers(self, record: HandshakeRecord) -> LocalSide:
        """What we brought, and what either chain lacks and could be fetched."""
        local = self.local_side()
        if self._load is None:
            return local
        at_hand = (*(local.anchors or ()), *record.server_chain, *local.chain)
        fetched = fetch_issuers(record.server_chain, at_hand, self._load)
        if local.chain:
            fetched += fetch_issuers(local.chain, (*at_hand, *fetched), self._load)
        return replace(local, fetched=fetched)
