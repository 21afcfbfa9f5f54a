"""The MQTT stages of a probe: the websocket, CONNECT and CONNACK, then whether the connection stays.

A stage that stops the probe raises ``StoppedError`` with the verdict.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mtlsx.packets.control_packets import MQTT_5, Connack, Disconnect, Pingreq, Pingresp
from mtlsx.packets.properties import DisconnectProperties
from mtlsx.probe.conversation import EndedError
from mtlsx.probe.judge import (
    judge_close_before_connack,
    judge_connack,
    judge_loss,
    judge_silence,
    judge_upgrade,
)
from mtlsx.probe.steps import refusal_detail
from mtlsx.probe.websocket import WebsocketRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.packets.control_packets import Connect
    from mtlsx.probe.brokers import Broker
    from mtlsx.probe.conversation import Conversation
    from mtlsx.probe.evidence import LocalSide
    from mtlsx.probe.target import Target
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord


class StoppedError(Exception):
    """The connection is over, or as good as that; ``verdict`` says why, ``detail`` in a few words."""

    def __init__(self, verdict: Verdict, detail: str | None = None) -> None:
        super().__init__(verdict.summary)
        self.verdict = verdict
        self.detail = detail


class Login:
    """CONNECT and what follows from it, over ``talk``.

    ``record`` tells what the handshake showed up to now, ``recognised`` which broker it is, with a CONNACK or without.
    """

    def __init__(
        self,
        talk: Conversation,
        connect: Connect,
        target: Target,
        local: LocalSide,
        record: Callable[[], HandshakeRecord | None],
        recognised: Callable[[Connack | None], Broker | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._talk = talk
        self._connect = connect
        self._target = target
        self._local = local
        self._record = record
        self._recognised = recognised
        self._clock = clock

    def log_in(self) -> Connack:
        """Send CONNECT; the CONNACK that accepts it. Raises ``StoppedError``."""
        wait = self._target.patience.answer
        try:
            self._talk.upgrade(wait)
            self._talk.send(self._connect, wait)
            answer = self._talk.receive(self._clock() + wait)
        except WebsocketRefusedError as error:
            path = self._target.websocket.path if self._target.websocket else ""
            if error.status_line:
                raise StoppedError(judge_upgrade(error.status_line, path)) from error
            raise self._closed(None) from error
        except EndedError as error:
            raise self._closed(None) from error
        except TimeoutError as error:
            silence = judge_silence(self._target.host, self._target.port, wait)
            raise StoppedError(silence) from error
        match answer:
            case Connack(code=0):
                return answer
            case Connack():
                version5 = self._connect.version == MQTT_5
                verdict = judge_connack(
                    answer, self._local, version5=version5, broker=self._recognised(answer)
                )
                raise StoppedError(verdict, refusal_detail(answer, version5=version5))
            case Disconnect():
                raise self._closed(answer)
            case _:
                raise self._closed(None)

    def stay(self) -> None:
        """Whether the server still holds the connection a moment later: it answers PINGREQ, or at least stays silent.

        Raises ``StoppedError`` where it has ended it.
        """
        wait = self._target.patience.judgement
        try:
            self._talk.send(Pingreq(), wait)
            deadline = self._clock() + wait
            while not isinstance(packet := self._talk.receive(deadline), Pingresp):
                if isinstance(packet, Disconnect):
                    raise self.lost(packet)
        except EndedError as error:
            raise self.lost() from error
        except TimeoutError:
            return

    def lost(self, disconnect: Disconnect | None = None) -> StoppedError:
        """The accepted connection is over; a DISCONNECT from the server says something in MQTT 5 only."""
        said = disconnect if self._connect.version == MQTT_5 else None
        host, port = self._target.host, self._target.port
        return StoppedError(judge_loss(said, host, port, unanswered_ping=False))

    def log_out(self, connack: Connack) -> None:
        """DISCONNECT. A session that was there before us is left, a new one ends with the connection."""
        properties = DisconnectProperties()
        if not connack.session_present and self._connect.properties.session_expiry_interval:
            properties = DisconnectProperties(session_expiry_interval=0)
        try:
            self._talk.send(Disconnect(0, properties), self._target.patience.judgement)
        except (EndedError, TimeoutError):
            return

    def _closed(self, disconnect: Disconnect | None) -> StoppedError:
        verdict = judge_close_before_connack(
            self._record(),
            self._local,
            self._talk.first_bytes,
            disconnect,
            broker=self._recognised(None),
        )
        return StoppedError(verdict)
