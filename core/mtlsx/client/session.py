"""One attempt after another over the same paho client, which keeps what is in flight between them.

``run`` makes one attempt: files, DNS, TCP, TLS, CONNECT, and the loop until the connection is over. What
the server said on the way is taken from the link below paho, because paho does not pass all of it on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from paho.mqtt.enums import MQTTErrorCode

from mtlsx.client.attempt import Attempt
from mtlsx.client.client_id import client_id_of
from mtlsx.client.denial import Asked, Unanswered, last_denial, unanswered_subscribe
from mtlsx.client.events import (
    ConnackFacts,
    Connected,
    Subscribed,
    Unsubscribed,
)
from mtlsx.client.link import LinkContext
from mtlsx.client.outbox import Outbox
from mtlsx.client.packet_log import PacketLog, connect_text
from mtlsx.client.paho_client import (
    connect,
    make_client,
    publish_properties,
    publish_size,
    received,
    subscribe_packets,
)
from mtlsx.client.pending import Pending
from mtlsx.client.settings import MqttVersion
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_31,
    MQTT_311,
    Connack,
    Disconnect,
    Pubrec,
)
from mtlsx.packets.decode import decode
from mtlsx.packets.errors import ProtocolError
from mtlsx.packets.reason_codes import FAILURE, suback_text
from mtlsx.probe.approach import FAILURES

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from mtlsx.client.events import Event
    from mtlsx.client.link import Link
    from mtlsx.client.message import Message
    from mtlsx.client.settings import ConnectionSettings, Publication, Subscription
    from mtlsx.identity.mapping import Dialect
    from mtlsx.packets.framing import Packet
    from mtlsx.probe.ladder import Step
    from mtlsx.probe.takeover import Life
    from mtlsx.probe.verdicts import Verdict
    from mtlsx.tls.record import HandshakeRecord

_LEVELS = {MqttVersion.V3_1: MQTT_31, MqttVersion.V3_1_1: MQTT_311, MqttVersion.V5: MQTT_5}
_TICK = 0.5
_MOST_AT_ONCE = 500
_PATIENCE_AT_END = 2.0
_LIVES = 16


class Session:
    """The MQTT side of a connection; ``run`` may be called again after it has returned."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        on_event: Callable[[Event], None],
        on_message: Callable[[Message], object],
        dialect: Dialect | None = None,
    ) -> None:
        self.was_connected = False
        """Whether the last attempt got as far as an accepting CONNACK."""
        self._settings = settings
        self._dialect = dialect
        self._version5 = settings.version is MqttVersion.V5
        self._client_id = client_id_of(settings)
        self.packets = PacketLog(_LEVELS[settings.version], connect_text(settings, self._client_id))
        """The packets of all attempts."""
        self._on_event = on_event
        self._on_message = on_message
        self._links = LinkContext(self._make_link)
        self._attempt = Attempt(settings, dialect)
        self._end_by: float | None = None
        self._lives: deque[Life] = deque(maxlen=_LIVES)
        # Held from sending a request until its identifier is known: the answer, and then the end of the connection, can
        # come in between, and each must be told in its order.
        self._requesting = threading.RLock()
        self._subscribing: Pending[tuple[Subscription, ...], tuple[list[int], str | None]] = (
            Pending()
        )
        self._unsubscribing: Pending[tuple[str, ...], list[int]] = Pending()
        self._outbox = Outbox(self._send, on_event)
        self._client = self._make_client()

    @property
    def handshake(self) -> HandshakeRecord | None:
        """What the TLS handshake of the last attempt showed."""
        return self._attempt.handshake

    @property
    def steps(self) -> tuple[Step, ...]:
        """The ladder of the last attempt."""
        return self._attempt.steps

    # ------------------------------------------------------------------ one attempt

    def run(self) -> Verdict | None:
        """Connect and stay until the connection is over; why it is, or None where ``end`` was called."""
        self.was_connected = False
        self._attempt = Attempt(self._settings, self._dialect)
        try:
            self._attempt.prepare()
            connect(self._client, self._settings)
            verdict = self._loop()
        except FAILURES as error:
            verdict = self._attempt.failed(error)
        if self._attempt.link is not None:
            self._attempt.link.close()  # paho may have left it open, and would close it when nobody looks
        if not self.was_connected:
            self._lives.clear()  # who is pushed out gets in again at once
        with self._requesting:
            self._subscribing.clear()
            self._unsubscribing.clear()
        return verdict if self._end_by is None else None

    def end(self) -> None:
        """Make ``run`` return soon: with DISCONNECT where there is a connection, without where not."""
        self._end_by = time.monotonic() + _PATIENCE_AT_END
        if self.was_connected:
            self._client.disconnect()
        else:
            self._links.abort()

    def close(self) -> None:
        """Give back the sockets by which paho's loop is woken; ``run`` is not called any more.

        paho closes them when nobody has its client any more, which would be when the garbage is collected.
        """
        self._client = self._make_client()

    def _dial(self) -> socket.socket:
        return self._attempt.dial()

    def _make_link(self, connected: socket.socket) -> Link:
        return self._attempt.make_link(connected, self._on_packet, self.packets)

    def _loop(self) -> Verdict:
        connack_by = time.monotonic() + self._settings.connect_timeout
        while True:
            code = self._client.loop(_TICK)
            code = code or self._read_what_is_here()
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return self._lost(unanswered_ping=code == MQTTErrorCode.MQTT_ERR_KEEPALIVE)
            now = time.monotonic()
            if self._attempt.connack is None and now > connack_by:
                self._hang_up()
                return self._attempt.silent()
            if self._end_by is not None and (now > self._end_by or not self.was_connected):
                self._hang_up()
                return self._lost(unanswered_ping=False)

    def _lost(self, *, unanswered_ping: bool) -> Verdict:
        waiting = self._subscribing.waiting or self._unsubscribing.waiting or self._outbox.waiting
        denied = last_denial(self.packets, version5=self._version5)
        life = self._attempt.life(asked=bool(waiting))
        if life is not None:
            self._lives.append(life)
        return self._attempt.lost(
            unanswered_ping=unanswered_ping,
            lives=self._lives,
            asked=Asked(denied, self._unanswered()),
        )

    def _unanswered(self) -> Unanswered | None:
        """What the server may have ended the connection for: a SUBSCRIBE, or the only message that is on its way."""
        if (subscribe := unanswered_subscribe(self.packets)) is not None:
            return subscribe
        sent = self._outbox.waiting
        return Unanswered((sent[0].topic,), subscribe=False) if len(sent) == 1 else None

    def _read_what_is_here(self) -> MQTTErrorCode:
        """Read on without asking the network between two packets, as ``loop`` does; it is a tenth faster."""
        for _ in range(_MOST_AT_ONCE):
            link = self._attempt.link
            if link is None or not link.pending():
                break
            code = self._client.loop_read()
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return code
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _hang_up(self) -> None:
        self._links.abort()
        self._client.loop(_TICK)  # lets paho notice and close its socket

    # ------------------------------------------------------------------ requests

    def subscribe(self, subscriptions: tuple[Subscription, ...]) -> int:
        """Send SUBSCRIBE, as many as it takes, and return the packet identifier of the last."""
        packet_id = 0
        for packet in subscribe_packets(subscriptions, self._settings.version):
            with self._requesting:
                _, given = self._client.subscribe(packet.argument, properties=packet.properties)
                packet_id = given or 0
                answer = self._subscribing.asked(packet_id, packet.subscriptions)
                if answer is not None:
                    self._tell_subscribed(packet_id, packet.subscriptions, *answer)
        return packet_id

    def unsubscribe(self, topic_filters: tuple[str, ...]) -> int:
        """Send UNSUBSCRIBE and return its packet identifier."""
        with self._requesting:
            _, given = self._client.unsubscribe(list(topic_filters))
            packet_id = given or 0
            codes = self._unsubscribing.asked(packet_id, topic_filters)
            if codes is not None:
                self._on_event(Unsubscribed(packet_id, topic_filters, tuple(codes)))
        return packet_id

    def publish(self, publication: Publication) -> int:
        """Send PUBLISH and return its number; raises ``UsageError`` for what the server would not take."""
        self._check_size(publication)
        return self._outbox.publish(publication)

    def _send(self, publication: Publication) -> int:
        info = self._client.publish(
            publication.topic, publication.payload, publication.qos, publication.retain,
            publish_properties(publication, self._settings.version),
        )  # fmt: skip
        return info.mid

    def _check_size(self, publication: Publication) -> None:
        connack = self._attempt.connack
        limit = connack.properties.maximum_packet_size if connack else None
        size = publish_size(publication, self._settings.version)
        if limit is not None and size > limit:
            raise UsageError(
                f"The packet would have {size} bytes; the broker takes {limit} at the most.",
                fix="Send a shorter payload.",
            )

    # ------------------------------------------------------------------ what the server says

    def _on_packet(self, packet: Packet) -> None:
        try:
            said = decode(packet, _LEVELS[self._settings.version])
        except ProtocolError as error:
            if self._attempt.connack is None:  # paho may take it, but nobody would tell us so
                raise ConnectionAbortedError(error.sentence) from error
            raise
        match said:
            case Connack():
                self._attempt.connack = said
            case Disconnect():
                self._attempt.disconnect = said
            case Pubrec() if said.code >= FAILURE:
                self._outbox.refused(said.packet_id, said.code)

    def _make_client(self) -> Client:
        client = make_client(self._settings, self._client_id, self._dial, self._links)
        client.on_connect = self._on_connect
        client.on_message = self._on_paho_message
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        client.on_publish = self._on_publish
        return client

    def _on_connect(
        self, _: Client, __: object, ___: ConnectFlags, code: ReasonCode, ____: Properties | None
    ) -> None:
        connack = self._attempt.connack
        if code.is_failure or connack is None:
            return
        self.was_connected = True
        facts = connack_facts(connack, self._client_id)
        self._attempt.accepted(connack, facts.client_id)
        if self._end_by is not None:
            self._client.disconnect()
        self._outbox.connected(connack.properties.receive_maximum)
        self._on_event(Connected(facts, self.handshake, self.steps))

    def _on_paho_message(self, _: Client, __: object, message: MQTTMessage) -> None:
        self._on_message(received(message))

    def _on_subscribe(
        self, _: Client, __: object, packet_id: int, codes: list[ReasonCode],
        properties: Properties | None,
    ) -> None:  # fmt: skip
        answer = [code.value for code in codes], getattr(properties, "ReasonString", None)
        subscriptions = self._subscribing.answered(packet_id, answer)
        if subscriptions is not None:
            self._tell_subscribed(packet_id, subscriptions, *answer)

    def _tell_subscribed(
        self, packet_id: int, subscriptions: tuple[Subscription, ...], codes: list[int],
        reason: str | None,
    ) -> None:  # fmt: skip
        texts = tuple(suback_text(code, version5=self._version5) for code in codes)
        self._on_event(Subscribed(packet_id, subscriptions, tuple(codes), texts, reason))

    def _on_unsubscribe(
        self, _: Client, __: object, packet_id: int, codes: list[ReasonCode], ___: Properties | None
    ) -> None:
        values = [code.value for code in codes]
        topic_filters = self._unsubscribing.answered(packet_id, values)
        if topic_filters is not None:
            self._on_event(Unsubscribed(packet_id, topic_filters, tuple(values)))

    def _on_publish(
        self, _: Client, __: object, packet_id: int, code: ReasonCode, ___: Properties | None
    ) -> None:
        self._outbox.answered(packet_id, code.value)


def connack_facts(connack: Connack, client_id: str) -> ConnackFacts:
    """What an accepting CONNACK says, for a client that asked as ``client_id``."""
    said = connack.properties
    assigned, method = said.assigned_client_identifier, said.authentication_method
    return ConnackFacts(
        code=connack.code,
        session_present=connack.session_present,
        client_id=client_id if assigned is None else assigned.decode(),
        client_id_assigned=assigned is not None,
        server_keepalive=said.server_keep_alive,
        session_expiry=said.session_expiry_interval,
        receive_maximum=said.receive_maximum,
        maximum_qos=said.maximum_qos,
        retain_available=said.retain_available,
        maximum_packet_size=said.maximum_packet_size,
        topic_alias_maximum=said.topic_alias_maximum,
        wildcard_available=said.wildcard_subscription_available,
        subscription_identifiers_available=said.subscription_identifier_available,
        shared_available=said.shared_subscription_available,
        reason_string=said.reason_string,
        server_reference=said.server_reference,
        response_information=said.response_information,
        authentication_method=None if method is None else method.decode(),
        user_properties=tuple(
            (name.decode(), value.decode()) for name, value in said.user_properties
        ),
    )
