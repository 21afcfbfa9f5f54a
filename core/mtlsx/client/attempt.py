"""One attempt to connect: its files, its TCP connection, its link, what the server said, and how it ended.

``Session`` drives it through paho. It writes the ladder on the way, and from what it saw draws the verdict.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mtlsx.client.link import Link
from mtlsx.client.settings import MqttVersion
from mtlsx.errors import MaterialError, UsageError
from mtlsx.probe.dialing import Address, dial, is_address, resolve
from mtlsx.probe.evidence import LocalSide
from mtlsx.probe.judge import (
    judge_close_before_connack,
    judge_connack,
    judge_loss,
    judge_network,
    judge_silence,
    judge_upgrade,
)
from mtlsx.probe.judge_tls import judge_handshake
from mtlsx.probe.ladder import Climb
from mtlsx.probe.steps import (
    NO_TLS,
    connack_detail,
    dns_detail,
    failure_detail,
    handshake_steps,
    material_detail,
    network_failure,
    plain_steps,
)
from mtlsx.probe.takeover import Life
from mtlsx.probe.verdicts import RefusedBy, Stage, Verdict
from mtlsx.tls.context import client_context
from mtlsx.tls.material import TlsMaterial, load_material
from mtlsx.tls.stream import HandshakeError, TlsStream

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from OpenSSL.SSL import Context

    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.packets.control_packets import Connack, Disconnect
    from mtlsx.packets.framing import Packet
    from mtlsx.probe.ladder import Step
    from mtlsx.tls.record import HandshakeRecord

FAILURES = (MaterialError, UsageError, OSError)
"""What a beginning raises that ``failed`` makes a verdict of."""


class Attempt:
    """What one attempt has shown up to now."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self.connack: Connack | None = None
        self.disconnect: Disconnect | None = None
        self.link: Link | None = None
        self._settings = settings
        self._accepted_at: float | None = None
        self._climb = Climb()
        self._material = TlsMaterial()
        self._tls_context: Context | None = None
        self._addresses: tuple[Address, ...] = ()

    @property
    def handshake(self) -> HandshakeRecord | None:
        """What the TLS handshake showed."""
        return self.link.handshake if self.link else None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The ladder up to now."""
        return self._climb.steps

    # ------------------------------------------------------------------ on the way

    def prepare(self) -> None:
        """Load the files that TLS needs. Raises ``MaterialError``, ``UsageError``."""
        if self._settings.transport.uses_tls:
            self._material = load_material(self._settings.tls)
            self._tls_context = client_context(self._settings.tls, self._material)
            self._climb.passed(Stage.MATERIAL, material_detail(self._local_side()))
        else:
            self._climb.left_out(Stage.MATERIAL, NO_TLS)

    def dial(self) -> socket.socket:
        """Find the host and connect to it. Raises ``OSError``."""
        host, timeout = self._settings.host, self._settings.connect_timeout
        addresses = resolve(host, self._settings.port, timeout)
        if is_address(host):
            self._climb.left_out(Stage.DNS, f"{host} is an address")
        else:
            self._climb.passed(Stage.DNS, dns_detail(host, addresses))
        self._addresses = addresses
        connected, address = dial(addresses, timeout)
        self._climb.passed(Stage.TCP, str(address))
        return connected

    def make_link(self, connected: socket.socket, on_packet: Callable[[Packet], None]) -> Link:
        """What paho reads and writes instead of the socket."""
        below: socket.socket | TlsStream = connected
        if self._tls_context is not None:
            below = TlsStream(
                connected, self._tls_context, self._settings.tls, self._settings.host,
                has_certificate=bool(self._material.chain),
            )  # fmt: skip
        self.link = Link(
            below,
            websocket=self._settings.transport.uses_websocket,
            on_handshake=self._shook_hands,
            on_packet=on_packet,
        )
        return self.link

    def accepted(self, connack: Connack, client_id: str) -> None:
        """The server accepted CONNECT; ``client_id`` is the one in force."""
        self._accepted_at = time.monotonic()
        version = str(self._settings.version)
        self._climb.passed(Stage.MQTT, connack_detail(connack, version, client_id))

    def _shook_hands(self) -> None:
        record = self.handshake
        self._climb.took(
            plain_steps() if record is None else handshake_steps(record, self._local_side())
        )

    # ------------------------------------------------------------------ how it ended

    def failed(self, error: Exception) -> Verdict:
        """Why there is no connection: one of ``FAILURES``, raised on the way."""
        match error:
            case MaterialError():
                verdict = Verdict.from_error(error)
            case UsageError():
                verdict = Verdict("cipher-mismatch", error.summary, error.fix, by=RefusedBy.US)
            case HandshakeError():
                verdict = judge_handshake(error.record, self._local_side())
                self._climb.took(handshake_steps(error.record, self._local_side(), verdict))
                return verdict
            case OSError() if self.link is None:
                verdict = judge_network(error, self._settings.host, self._settings.port)
                why = network_failure(error, self._settings.host, self._addresses)
                self._climb.failed(verdict.stage, why)
                return verdict
            case _:  # no websocket over the connection
                return self.silent() if isinstance(error, TimeoutError) else self.closed()
        self._climb.failed(Stage.MATERIAL, verdict.summary)
        return verdict

    def silent(self) -> Verdict:
        """There was no CONNACK in time."""
        settings = self._settings
        return self._ended(judge_silence(settings.host, settings.port, settings.connect_timeout))

    def life(self, *, asked: bool) -> Life | None:
        """What this connection was, now that it is over; None where it was not accepted.

        None too where nobody else can have its client id: one that the server made up, without a certificate
        from which it could be mapped. ``asked``: whether a request of ours was unanswered at its end.
        """
        if self._accepted_at is None or self.link is None:
            return None
        if not (self._settings.client_id or self._material.chain):
            return None
        return Life(time.monotonic() - self._accepted_at, self.link.at_end, asked)

    def lost(self, *, unanswered_ping: bool, lives: Sequence[Life] = ()) -> Verdict:
        """The connection is over; whether it had been accepted or not, the server decided that.

        ``lives``: of this connection and of those before it.
        """
        if self._accepted_at is None:
            return self.closed()
        host, port = self._settings.host, self._settings.port
        verdict = judge_loss(
            self.disconnect, host, port, unanswered_ping=unanswered_ping, lives=lives
        )
        return self._ended(verdict)

    def closed(self) -> Verdict:
        """The connection is over, and CONNECT was not accepted."""
        assert self.link is not None  # noqa: S101  (there was a connection)
        local, status = self._local_side(), self.link.upgrade_status
        if self.connack is not None:
            version5 = self._settings.version is MqttVersion.V5
            verdict = judge_connack(self.connack, local, version5=version5, record=self.handshake)
        elif status is not None and " 101" not in status:
            verdict = judge_upgrade(status, self._settings.path)
        else:
            verdict = judge_close_before_connack(
                self.handshake, local, self.link.first_bytes, self.disconnect
            )
        return self._ended(verdict)

    def _ended(self, verdict: Verdict) -> Verdict:
        self._climb.failed(verdict.stage, failure_detail(verdict, self.handshake))
        return verdict

    def _local_side(self) -> LocalSide:
        settings = self._settings
        return LocalSide(
            settings.host, settings.port, settings.tls,
            self._material.chain, self._material.anchors, datetime.now(UTC),
            sends_password=settings.password is not None,
        )  # fmt: skip
