"""Connections that do what a test says, in place of real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mtlsx.client.events import (
    ConnackFacts,
    Connected,
    Connecting,
    Disconnected,
    Event,
    Failed,
    Published,
    Subscribed,
    Unsubscribed,
)
from mtlsx.client.message import Message
from mtlsx.client.packet_log import PacketLog
from mtlsx.client.settings import ConnectionSettings, Publication, Subscription
from mtlsx.identity.mapping import Dialect
from mtlsx.probe.ladder import Step
from mtlsx.probe.verdicts import Stage, Verdict
from mtlsx.tls.record import Ended, HandshakeRecord

AGREED = HandshakeRecord(
    ended=Ended.AGREED, version="TLS 1.3", cipher="TLS_AES_256_GCM_SHA384", judged=True
)

LADDER = (
    Step(Stage.MATERIAL, True, 0.0, "key matches, 212 days left, clientAuth"),
    Step(Stage.DNS, True, 0.002, "broker.example → 192.0.2.7"),
    Step(Stage.TCP, True, 0.011, "192.0.2.7:8883"),
    Step(Stage.TLS, True, 0.009, "TLS 1.3, TLS_AES_256_GCM_SHA384"),
    Step(
        Stage.SERVER_CERTIFICATE,
        True,
        0.001,
        "CN=broker.example ← Demo CA, 80 days left, name matches",
    ),
    Step(Stage.CLIENT_CERTIFICATE, True, 0.008, "dev-346a accepted"),
    Step(Stage.MQTT, True, 0.003, "MQTT 5 accepted, client id dev-346a, new session"),
)


def ladder_to(stage: Stage, detail: str) -> tuple[Step, ...]:
    """The ladder of an attempt that ended at ``stage``."""
    passed = [step for step in LADDER if list(Stage).index(step.stage) < list(Stage).index(stage)]
    return (*passed, Step(stage, False, 0.008, detail))


class ScriptedConnection:
    """One connection; it says nothing by itself but what ``Script`` lays down for its start."""

    def __init__(
        self,
        script: Script,
        settings: ConnectionSettings,
        on_event: Callable[[Event], None],
        on_message: Callable[[Message], object],
    ) -> None:
        self.settings = settings
        self.say = on_event
        self.deliver = on_message
        self.published: list[Publication] = []
        self.subscribed: list[Subscription] = []
        self.unsubscribed: list[str] = []
        self.stopped = False
        self.packets: PacketLog | None = None
        self._script = script
        self._packets = 0

    def start(self) -> None:
        self.say(Connecting(1))
        self._script.on_start(self)

    def stop(self, timeout: float = 5.0) -> None:
        self.stopped = True
        self.say(Disconnected())

    def subscribe(self, subscriptions: Sequence[Subscription]) -> int:
        self._packets += 1
        self.subscribed += subscriptions
        answers = [self._script.answer(each) for each in subscriptions]
        codes, texts = zip(*answers, strict=True)
        self.say(Subscribed(self._packets, tuple(subscriptions), codes, texts, None))
        return self._packets

    def unsubscribe(self, topic_filters: Sequence[str]) -> int:
        self._packets += 1
        self.unsubscribed += topic_filters
        self.say(Unsubscribed(self._packets, tuple(topic_filters), (0,) * len(topic_filters)))
        return self._packets

    def publish(self, publication: Publication) -> int:
        self._packets += 1
        self.published.append(publication)
        code, text = self._script.publish_answer
        self.say(Published(self._packets, publication, code, text))
        return self._packets

    def accept(self) -> None:
        """The server says yes."""
        facts = ConnackFacts(code=0, session_present=False, client_id=self.settings.client_id)
        self.say(Connected(facts, AGREED if self.settings.transport.uses_tls else None, LADDER))

    def fail(
        self,
        verdict: Verdict,
        handshake: HandshakeRecord | None,
        retry_in: float | None,
        steps: tuple[Step, ...] = (),
    ) -> None:
        """The attempt fails, or the connection is lost."""
        self.say(Failed(verdict, handshake, retry_in, steps))


class Script:
    """What the connections of one test do; it keeps them in ``connections``, the last one last."""

    def __init__(self) -> None:
        self.connections: list[ScriptedConnection] = []
        self.on_start: Callable[[ScriptedConnection], None] = ScriptedConnection.accept
        self.refused_filters: dict[str, tuple[int, str]] = {}
        self.publish_answer = (0, "Success")

    def connect(
        self,
        settings: ConnectionSettings,
        *,
        on_event: Callable[[Event], None],
        on_message: Callable[[Message], object],
        dialect: Dialect | None,
    ) -> ScriptedConnection:
        """The factory that the application gets."""
        connection = ScriptedConnection(self, settings, on_event, on_message)
        self.connections.append(connection)
        return connection

    @property
    def connection(self) -> ScriptedConnection:
        """The last connection."""
        return self.connections[-1]

    def answer(self, subscription: Subscription) -> tuple[int, str]:
        """What the server says to a subscription."""
        granted = (subscription.qos, f"QoS {subscription.qos} granted")
        return self.refused_filters.get(subscription.topic_filter, granted)
