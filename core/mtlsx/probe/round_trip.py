"""One topic, both ways: may this client subscribe to it, and publish to it?

Subscribes, publishes to the same topic with QoS 1 and waits for the echo. Before MQTT 5 a publish that is denied
gets a normal PUBACK (MQTT 3.1.1, section 3.3.5), so there only the echo tells.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtlsx.certificates.strings import printable
from mtlsx.packets.control_packets import (
    MQTT_5,
    Disconnect,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Subscription,
)
from mtlsx.packets.reason_codes import FAILURE, reason_code_text, suback_text
from mtlsx.probe.conversation import EndedError
from mtlsx.probe.judge import (
    judge_hang_up,
    judge_no_echo,
    judge_publish,
    judge_subscribe,
    judge_unanswered,
)
from mtlsx.probe.login import StoppedError
from mtlsx.probe.verdicts import Stage, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from mtlsx.packets.control_packets import Connack, ControlPacket
    from mtlsx.probe.conversation import Conversation
    from mtlsx.probe.ladder import Climb
    from mtlsx.probe.login import Login

_SUBSCRIBE_ID, _PUBLISH_ID = 1, 2
_NOT_AUTHORIZED = 0x87


@dataclass(slots=True)
class _Answers:
    """What came back for a PUBLISH."""

    acknowledged: Puback | None = None
    echoed: bool = False


class RoundTrip:
    """The stages ``subscribe`` and ``publish``; ``wait`` seconds for each answer. ``target`` as it is shown."""

    def __init__(
        self,
        talk: Conversation,
        login: Login,
        climb: Climb,
        *,
        target: str,
        topic: str,
        version: int,
        wait: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._talk = talk
        self._login = login
        self._climb = climb
        self._target = target
        self._topic = topic
        self._shown = printable(topic)
        self._version5 = version == MQTT_5
        self._wait = wait
        self._clock = clock
        self._payload = f"mtlsx probe {secrets.token_hex(8)}".encode()

    def run(self, connack: Connack) -> Verdict | None:
        """Subscribe, publish, wait; the verdict, None where both are allowed. Raises ``StoppedError``."""
        unreadable = self._subscribe()
        try:
            unwritable = self._publish(connack, echo_expected=unreadable is None)
        except StoppedError as stopped:
            if unreadable is None:
                raise
            # Some brokers hang up on whom they have just denied something: what was denied is the reason.
            self._climb.failed(Stage.PUBLISH, stopped.verdict.summary)
            return unreadable
        return unreadable or unwritable

    # ------------------------------------------------------------------ SUBSCRIBE

    def _subscribe(self) -> Verdict | None:
        subscription = Subscription(self._topic.encode(), qos=1)
        self._send(Subscribe(_SUBSCRIBE_ID, (subscription,)), Stage.SUBSCRIBE)
        deadline = self._clock() + self._wait
        while True:
            answer = self._next(deadline, Stage.SUBSCRIBE)
            if answer is None:
                raise StoppedError(self._unanswered(Stage.SUBSCRIBE))
            if isinstance(answer, Suback) and answer.packet_id == _SUBSCRIBE_ID:
                break
        code = answer.codes[0] if answer.codes else FAILURE
        words = suback_text(code, version5=self._version5)
        if code < FAILURE:
            self._climb.passed(Stage.SUBSCRIBE, f"{self._shown}: {words}")
            return None
        self._climb.failed(Stage.SUBSCRIBE, f"{self._shown}: {words}")
        return judge_subscribe(
            self._target, [(self._topic, words)], answer.properties.reason_string
        )

    # ------------------------------------------------------------------ PUBLISH

    def _publish(self, connack: Connack, *, echo_expected: bool) -> Verdict | None:
        qos = 0 if connack.properties.maximum_qos == 0 else 1
        packet_id = _PUBLISH_ID if qos else 0
        self._send(
            Publish(self._topic.encode(), self._payload, qos, packet_id=packet_id), Stage.PUBLISH
        )
        came = self._answers(acknowledgement=bool(qos), echo=echo_expected)
        if came.acknowledged is not None and came.acknowledged.code >= FAILURE:
            return self._refused(came.acknowledged)
        if came.echoed:
            self._climb.passed(Stage.PUBLISH, f"{self._shown}: came back")
            return None
        if qos and came.acknowledged is None:
            raise StoppedError(self._unanswered(Stage.PUBLISH))
        if echo_expected:
            return self._no_echo()
        if self._version5 and qos:
            self._climb.passed(Stage.PUBLISH, f"{self._shown}: acknowledged")
        else:
            unseen = "cannot be seen without the subscription; a refusal would be acknowledged too"
            self._climb.left_out(Stage.PUBLISH, f"{self._shown}: {unseen}")
        return None

    def _answers(self, *, acknowledgement: bool, echo: bool) -> _Answers:
        came = _Answers()
        deadline = self._clock() + self._wait
        while (acknowledgement and came.acknowledged is None) or (echo and not came.echoed):
            packet = self._next(deadline, Stage.PUBLISH)
            match packet:
                case None:
                    break
                case Puback(packet_id=identifier) if identifier == _PUBLISH_ID:
                    came.acknowledged = packet
                    if packet.code >= FAILURE:
                        break
                case Publish(payload=self._payload):
                    came.echoed = True
                    if packet.qos == 1:
                        self._send(Puback(packet.packet_id), Stage.PUBLISH)
                case _:
                    pass  # what is queued for the client is not ours to acknowledge
        return came

    def _refused(self, puback: Puback) -> Verdict:
        words = reason_code_text(puback.code)
        self._climb.failed(Stage.PUBLISH, f"{self._shown}: {words}")
        return judge_publish(self._target, self._topic, words, puback.properties.reason_string)

    def _no_echo(self) -> Verdict:
        self._climb.failed(Stage.PUBLISH, f"{self._shown}: did not come back")
        return judge_no_echo(self._target, self._topic, self._wait, version5=self._version5)

    # ------------------------------------------------------------------ both

    def _send(self, packet: ControlPacket, stage: Stage) -> None:
        try:
            self._talk.send(packet, self._wait)
        except (EndedError, TimeoutError) as error:
            raise StoppedError(self._hung_up(stage)) from error

    def _next(self, deadline: float, stage: Stage) -> ControlPacket | None:
        """The next packet, None when it is too late for one."""
        try:
            packet = self._talk.receive(deadline)
        except TimeoutError:
            return None
        except EndedError as error:
            raise StoppedError(self._hung_up(stage)) from error
        if isinstance(packet, Disconnect):
            raise self._dismissed(packet, stage)
        return packet

    def _dismissed(self, disconnect: Disconnect, stage: Stage) -> StoppedError:
        """The server said DISCONNECT; some do that for what their access rules deny (EMQX: deny_action)."""
        if not self._version5 or disconnect.code != _NOT_AUTHORIZED:
            return self._login.lost(disconnect)
        words = reason_code_text(disconnect.code)
        said = disconnect.properties.reason_string
        if stage is Stage.SUBSCRIBE:
            return StoppedError(judge_subscribe(self._target, [(self._topic, words)], said))
        return StoppedError(judge_publish(self._target, self._topic, words, said))

    def _hung_up(self, stage: Stage) -> Verdict:
        return judge_hang_up(self._target, self._topic, subscribe=stage is Stage.SUBSCRIBE)

    def _unanswered(self, stage: Stage) -> Verdict:
        return judge_unanswered(
            self._target, self._topic, self._wait, subscribe=stage is Stage.SUBSCRIBE
        )
