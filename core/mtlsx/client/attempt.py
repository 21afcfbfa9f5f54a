"""One attempt to connect: the way to the server, paho's link over it, what the server said, and how it ended.

``Session`` drives it through paho. It writes the ladder on the way, and from what it saw draws the verdict.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mtlsx.client.denial import judge_denial
from mtlsx.client.link import Link
from mtlsx.client.settings import MqttVersion
from mtlsx.probe.approach import Approach
from mtlsx.probe.dialing import host_and_port
from mtlsx.probe.judge import (
    judge_close_before_connack,
    judge_connack,
    judge_loss,
    judge_silence,
    judge_upgrade,
)
from mtlsx.probe.steps import connack_detail, refusal_detail
from mtlsx.probe.takeover import Life
from mtlsx.probe.verdicts import Stage

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from mtlsx.client.denial import Asked
    from mtlsx.client.packet_log import PacketLog
    from mtlsx.client.settings import ConnectionSettings
    from mtlsx.identity.mapping import Dialect
    from mtlsx.packets.control_packets import Connack, Disconnect
    from mtlsx.packets.framing import Packet
    from mtlsx.probe.ladder import Step
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord


class Attempt:
    """What one attempt has shown up to now; ``dialect``: which broker the person says it is, if anybody said."""

    def __init__(self, settings: ConnectionSettings, dialect: Dialect | None) -> None:
        self.connack: Connack | None = None
        self.disconnect: Disconnect | None = None
        self.link: Link | None = None
        self._settings = settings
        self._accepted_at: float | None = None
        self._approach = Approach(
            settings.host,
            settings.port,
            settings.tls if settings.transport.uses_tls else None,
            settings.connect_timeout,
            dialect=dialect,
            sends_password=settings.password is not None,
        )

    @property
    def handshake(self) -> HandshakeRecord | None:
        """What the TLS handshake showed."""
        return self._approach.record

    @property
    def steps(self) -> tuple[Step, ...]:
        """The ladder up to now."""
        return self._approach.climb.steps

    # ------------------------------------------------------------------ on the way

    def prepare(self) -> None:
        """Load the files that TLS needs. Raises ``MaterialError``, ``UsageError``."""
        self._approach.prepare()

    def dial(self) -> socket.socket:
        """Find the host and connect to it. Raises ``OSError``."""
        return self._approach.dial()

    def make_link(
        self, connected: socket.socket, on_packet: Callable[[Packet], None], log: PacketLog
    ) -> Link:
        """What paho reads and writes instead of the socket."""
        self.link = Link(
            self._approach.secure(connected),
            websocket=self._settings.transport.uses_websocket,
            on_handshake=self._approach.shook_hands,
            on_packet=on_packet,
            log=log,
        )
        return self.link

    def accepted(self, connack: Connack, client_id: str) -> None:
        """The server accepted CONNECT; ``client_id`` is the one in force."""
        self._accepted_at = time.monotonic()
        detail = connack_detail(connack, str(self._settings.version), client_id)
        self._approach.climb.passed(Stage.MQTT, detail)

    # ------------------------------------------------------------------ how it ended

    def failed(self, error: Exception) -> Verdict:
        """Why there is no connection: one of ``FAILURES``, raised on the way."""
        verdict = self._approach.failed(error)
        if verdict is not None:
            return verdict
        # There was no websocket over the connection.
        return self.silent() if isinstance(error, TimeoutError) else self.closed()

    def silent(self) -> Verdict:
        """There was no CONNACK in time."""
        settings = self._settings
        verdict = judge_silence(settings.host, settings.port, settings.connect_timeout)
        return self._approach.ended(verdict)

    def life(self, *, asked: bool) -> Life | None:
        """What this connection was, now that it is over; None where it was not accepted.

        None too where nobody else can have its client id: one that the server made up, without a certificate
        from which it could be mapped. ``asked``: whether a request of ours was unanswered at its end.
        """
        if self._accepted_at is None or self.link is None:
            return None
        if not (self._settings.client_id or self._approach.material.chain):
            return None
        return Life(time.monotonic() - self._accepted_at, self.link.at_end, asked)

    def lost(
        self, *, unanswered_ping: bool, lives: Sequence[Life] = (), asked: Asked | None = None
    ) -> Verdict:
        """The connection is over; whether it had been accepted or not, the server decided that.

        ``lives``: of this connection and of those before it; ``asked``: what had been asked of the server.
        """
        if self._accepted_at is None or self.link is None:
            return self.closed()
        host, port = self._settings.host, self._settings.port
        verdict = judge_loss(
            self.disconnect, host, port, unanswered_ping=unanswered_ping, lives=lives
        )
        if asked is not None and verdict.id != "session-taken-over":
            denial = judge_denial(
                host_and_port(host, port), asked, self.disconnect,
                now=time.time(), hung_up=self.link.at_end,
            )  # fmt: skip
            verdict = denial or verdict
        return self._approach.ended(verdict)

    def closed(self) -> Verdict:
        """The connection is over, and CONNECT was not accepted."""
        assert self.link is not None  # noqa: S101  (there was a connection)
        local, status = self._approach.local_side(), self.link.upgrade_status
        broker = self._approach.recognised(self.connack, self.link.server_header)
        if self.connack is not None:
            version5 = self._settings.version is MqttVersion.V5
            verdict = judge_connack(self.connack, local, version5=version5, broker=broker)
            return self._approach.ended(verdict, refusal_detail(self.connack, version5=version5))
        if status is not None and " 101" not in status:
            verdict = judge_upgrade(status, self._settings.path)
        else:
            verdict = judge_close_before_connack(
                self.handshake, local, self.link.first_bytes, self.disconnect, broker=broker
            )
        return self._approach.ended(verdict)
