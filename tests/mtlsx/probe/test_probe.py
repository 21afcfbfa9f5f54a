"""The probe against servers that follow a script: how far it goes, what it sends, what it says."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from OpenSSL import SSL

from mtlsx.packets.control_packets import (
    MQTT_5,
    MQTT_311,
    Connack,
    Connect,
    Disconnect,
    Puback,
    Publish,
    Suback,
    Subscribe,
)
from mtlsx.packets.decode import decode
from mtlsx.packets.encode import encode
from mtlsx.packets.framing import PacketType
from mtlsx.packets.properties import (
    AnswerProperties,
    ConnackProperties,
    ConnectProperties,
    DisconnectProperties,
)
from mtlsx.probe.probe import probe
from mtlsx.probe.report import Report
from mtlsx.probe.target import Patience, Target, Websocket
from mtlsx.probe.verdicts import Stage
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.key_server import KeyServer
from support.made_pki import SERVER, make
from support.ports import closed_port, silent_port, talking_port
from support.scripted_broker import CONNACK_OK_3, CONNACK_OK_5, Peer, ScriptedBroker
from support.tls_server import Pki, Serve

SHORT = Patience(answer=0.3, judgement=0.1)
LONG = Patience(answer=20, judgement=0.1)
V5 = Connect(
    MQTT_5, b"probe-1", clean_start=False,
    properties=ConnectProperties(session_expiry_interval=60),
)  # fmt: skip
V311 = Connect(MQTT_311, b"probe-1")
PINGRESP = b"\xd0\x00"


def plain(port: int, **changes: object) -> Target:
    target = Target(host="localhost", port=port, tls=None, patience=LONG)
    return replace(target, **changes)  # type: ignore[arg-type]  # by name, in tests only


def secured(port: int, settings: TlsSettings, **changes: object) -> Target:
    return plain(port, tls=settings, **changes)


def labels(report: Report) -> list[tuple[str, bool | None]]:
    return [(step.label, step.ok) for step in report.steps]


def outcome(report: Report) -> tuple[str, str, str]:
    return report.verdict.id, str(report.verdict.stage), str(report.verdict.refused_by)


def hold(tls: SSL.Connection) -> None:
    """Keep the connection until the client hangs up."""
    with contextlib.suppress(SSL.Error):
        while tls.recv(1024):
            pass


@contextlib.contextmanager
def broker(*scripts: Callable[[Peer], None]) -> Iterator[int]:
    with ScriptedBroker(*scripts) as scripted:
        yield scripted.port


def accepting(version: int, then: Callable[[Peer], None]) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5 if version == MQTT_5 else CONNACK_OK_3)
        then(peer)

    return script


def until_goodbye(peer: Peer) -> None:
    peer.expect(PacketType.DISCONNECT)


# ---------------------------------------------------------------------- network


def test_a_plain_port_is_reached_and_nothing_is_sent() -> None:
    with silent_port() as port:
        report = probe(plain(port))

    assert outcome(report) == ("ok", "tcp", "nobody")
    assert report.verdict.exit_code == 0
    assert labels(report) == [
        ("material", None), ("dns", True), ("tcp", True), ("tls", None), ("server", None), ("client", None),
    ]  # fmt: skip


def test_a_closed_port_ends_the_ladder_at_tcp() -> None:
    with closed_port() as port:
        report = probe(plain(port, host="127.0.0.1"))

    assert outcome(report) == ("tcp-refused", "tcp", "network")
    assert labels(report) == [("material", None), ("dns", None), ("tcp", False)]
    assert report.steps[-1].detail == f"127.0.0.1:{port}: connection refused"


def test_a_name_without_an_address_ends_it_at_dns() -> None:
    report = probe(plain(8883, host="no-such-host.invalid"))

    assert outcome(report) == ("dns-not-found", "dns", "network")
    assert labels(report) == [("material", None), ("dns", False)]


def test_a_file_that_is_missing_ends_it_before_the_network() -> None:
    report = probe(secured(1, TlsSettings(ca_file="/no/such/ca.pem")))

    assert outcome(report) == ("file-missing", "material", "us")
    assert labels(report) == [("material", False)]


# ---------------------------------------------------------------------- TLS


@pytest.mark.parametrize("version", TlsVersion)
def test_tls_is_probed_without_a_word_of_mqtt(made: Pki, serve: Serve, version: TlsVersion) -> None:
    heard: list[bytes] = []

    def listen(tls: SSL.Connection) -> None:
        with contextlib.suppress(SSL.Error):
            heard.append(tls.recv(1024))

    server = serve(made.server, listen, trusts=made.ca, version=version)
    report = probe(secured(server.port, made.settings(version)))

    assert outcome(report) == ("ok", "client-certificate", "nobody")
    assert labels(report) == [
        ("material", True), ("dns", True), ("tcp", True), ("tls", True), ("server", True), ("client", True),
    ]  # fmt: skip
    assert all(step.seconds is not None for step in report.steps)
    assert heard == []
    assert report.handshake is not None
    assert report.handshake.judged


@pytest.mark.parametrize("version", TlsVersion)
def test_the_judgement_on_our_certificate_is_waited_for(
    made: Pki, serve: Serve, version: TlsVersion
) -> None:
    server = serve(made.server, hold, trusts=make("Another CA", ca=True), version=version)
    report = probe(secured(server.port, made.settings(version)))

    assert outcome(report) == ("client-cert-unknown-ca", "client-certificate", "server")
    assert report.verdict.exit_code == 13
    assert report.steps[-1].detail == "refused by the server: unknown_ca (48)"


@pytest.mark.parametrize("version", TlsVersion)
def test_a_server_may_hang_up_when_the_handshake_is_over(
    made: Pki, serve: Serve, version: TlsVersion
) -> None:
    server = serve(made.server, lambda _: None, trusts=made.ca, version=version)
    report = probe(secured(server.port, made.settings(version)))

    assert outcome(report) == ("client-cert-rejected", "client-certificate", "server")


def test_our_refusal_of_the_server_is_ours(made: Pki, serve: Serve, tmp_path: object) -> None:
    server = serve(make("broker", names=("localhost",)), hold)
    report = probe(secured(server.port, made.settings()))

    assert outcome(report) == ("server-self-signed", "server-certificate", "us")
    assert labels(report)[-2:] == [("tls", True), ("server", False)]


def test_a_wrong_name_is_seen_behind_a_refused_chain(made: Pki, serve: Serve) -> None:
    server = serve(make("broker", names=("elsewhere.example",)), hold)
    report = probe(secured(server.port, made.settings()))

    assert report.verdict.id == "server-self-signed"
    assert report.handshake is not None
    assert "elsewhere.example" in str(report.handshake.name_error)
    assert "elsewhere.example" in report.steps[-1].detail


def test_what_is_not_checked_is_seen_and_said(made: Pki, serve: Serve) -> None:
    server = serve(make("broker"), hold)
    report = probe(secured(server.port, made.settings(verify_chain=False, verify_name=False)))

    assert outcome(report) == ("ok", "tls", "nobody")
    assert report.handshake is not None
    assert report.handshake.verify_errors
    assert report.handshake.name_error
    assert ("server", None) in labels(report)


def test_warnings_let_the_ladder_go_on(made: Pki, serve: Serve) -> None:
    old = make("dev-1", made.ca, days=(-9, -2)).save(made.directory, "old")
    server = serve(made.server, hold)
    settings = made.settings(certificate_file=old[0], key_file=old[1])
    report = probe(secured(server.port, settings))

    assert "own-cert-expired" in [warning.id for warning in report.warnings]
    assert outcome(report)[0] == "ok"


def test_a_greeting_is_no_tls() -> None:
    with talking_port(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        report = probe(secured(port, TlsSettings()))

    assert outcome(report) == ("not-tls", "tls", "nobody")


def test_silence_ends_with_the_timeout() -> None:
    with silent_port() as port:
        report = probe(secured(port, TlsSettings(), patience=SHORT))

    assert outcome(report) == ("tls-timeout", "tls", "network")


@pytest.mark.parametrize("secure", [True, False])
def test_who_sends_byte_by_byte_gets_no_more_time(secure: bool) -> None:
    over = threading.Event()

    def drip(peer: Peer) -> None:
        with contextlib.suppress(OSError):
            peer.send(b"\x16\x03\x03\x40\x00" if secure else b"\x20\x7f")
            while not over.wait(0.02):
                peer.send(b"\x02" if secure else b"\x00")

    with broker(drip) as port:
        target = secured(port, TlsSettings()) if secure else plain(port, connect=V5)
        report = probe(replace(target, patience=SHORT))
        over.set()

    assert report.verdict.id == ("tls-timeout" if secure else "connack-timeout")


def test_a_cipher_that_does_not_exist_is_no_fault_of_the_server() -> None:
    report = probe(secured(1, TlsSettings(ciphers="NO-SUCH-CIPHER")))

    assert outcome(report) == ("cipher-mismatch", "tls", "us")
    assert labels(report) == [("tls", False)]


def test_an_address_of_ipv6_has_its_brackets() -> None:
    report = probe(plain(1, host="::1"))

    assert str(report.target) == "[::1]:1"
    assert "[::1]:1" in report.verdict.summary


@pytest.mark.parametrize(
    ("fetch", "verdict"), [(True, "server-missing-intermediate"), (False, "server-unknown-ca")]
)
def test_an_issuer_that_can_be_fetched_proves_a_gap(
    made: Pki, serve: Serve, fetch: bool, verdict: str
) -> None:
    plant = make("Plant CA", made.ca, ca=True)
    with KeyServer(plant.der) as web:
        leaf = make("broker", plant, usage=SERVER, names=("localhost",), issuer_at=web.url)
        server = serve(leaf, hold)
        report = probe(secured(server.port, made.settings(), fetch_issuers=fetch))

    assert outcome(report) == (verdict, "server-certificate", "us")
    assert (web.asked > 0) is fetch


# ---------------------------------------------------------------------- CONNECT


@pytest.mark.parametrize("connect", [V5, V311])
def test_an_accepted_connect_is_the_last_stage(connect: Connect) -> None:
    with broker(accepting(connect.version, until_goodbye)) as port:
        report = probe(plain(port, connect=connect))

    assert outcome(report) == ("ok", "mqtt", "nobody")
    assert labels(report)[-1] == ("mqtt", True)
    assert report.connack == Connack(False, 0)


@pytest.mark.parametrize(("present", "expiry"), [(False, 0), (True, None)])
def test_a_new_session_ends_with_us_and_another_is_left(present: bool, expiry: int | None) -> None:
    goodbye = []

    def script(peer: Peer) -> None:
        connect = decode(peer.expect(PacketType.CONNECT), MQTT_5)
        assert connect == V5
        peer.send(encode(Connack(present, 0), MQTT_5))
        goodbye.append(decode(peer.expect(PacketType.DISCONNECT), MQTT_5))

    with broker(script) as port:
        report = probe(plain(port, connect=V5))

    assert goodbye == [Disconnect(0, DisconnectProperties(session_expiry_interval=expiry))]
    assert ("session continued" in report.steps[-1].detail) is present


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Connack(False, 5), "not-authorized"),
        (Connack(False, 4), "bad-credentials"),
        (Connack(False, 1), "mqtt-version-unsupported"),
    ],
)
def test_a_refusal_of_3_1_1_has_its_verdict(answer: Connack, verdict: str) -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(encode(answer, MQTT_311))

    with broker(script) as port:
        report = probe(plain(port, connect=V311))

    assert outcome(report) == (verdict, "mqtt", "server")
    assert labels(report)[-1] == ("mqtt", False)


def test_a_reason_string_is_quoted() -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        said = ConnackProperties(reason_string="ask the plant")
        peer.send(encode(Connack(False, 0x87, said), MQTT_5))

    with broker(script) as port:
        report = probe(plain(port, connect=V5))

    assert outcome(report) == ("not-authorized", "mqtt", "server")
    assert "ask the plant" in report.verdict.summary


@pytest.mark.parametrize(
    ("answer", "verdict", "by"),
    [
        (b"", "closed-without-connack", "server"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not-mqtt", "nobody"),
        (encode(Disconnect(0x8B), MQTT_5), "connack-refused", "server"),
        (b"\x20\x03\x00", "not-mqtt", "nobody"),
        (b"\x00\x00", "not-mqtt", "nobody"),
    ],
)
def test_what_is_no_connack_is_told_apart(answer: bytes, verdict: str, by: str) -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(answer)

    with broker(script) as port:
        report = probe(plain(port, connect=V5))

    assert outcome(report) == (verdict, "mqtt", by)


def test_no_connack_in_time_is_silence() -> None:
    with silent_port() as port:
        report = probe(plain(port, connect=V5, patience=SHORT))

    assert outcome(report) == ("connack-timeout", "mqtt", "network")


@pytest.mark.parametrize(
    ("farewell", "verdict", "by"),
    [
        (encode(Disconnect(0x8E), MQTT_5), "session-taken-over", "server"),
        (encode(Disconnect(0x8B), MQTT_5), "disconnected-by-server", "server"),
        (b"", "connection-lost", "network"),
    ],
)
def test_an_end_right_after_connack_is_one_of_the_session(
    farewell: bytes, verdict: str, by: str
) -> None:
    with broker(accepting(MQTT_5, lambda peer: peer.send(farewell))) as port:
        report = probe(plain(port, connect=V5))

    assert outcome(report) == (verdict, "session", by)
    assert labels(report)[-2:] == [("mqtt", True), ("session", False)]


def test_a_server_that_answers_no_ping_has_accepted_us_all_the_same() -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        while peer._socket.recv(1024):
            pass

    with broker(script) as port:
        report = probe(plain(port, connect=V5))

    assert outcome(report)[0] == "ok"


# ---------------------------------------------------------------------- a topic


def round_trip(
    version: int, *, granted: int = 1, puback: Puback | None = None, echo: bool = True
) -> Callable[[Peer], None]:
    """A broker that answers SUBSCRIBE and PUBLISH so."""

    def script(peer: Peer) -> None:
        subscribe = decode(peer.expect(PacketType.SUBSCRIBE), version)
        assert isinstance(subscribe, Subscribe)
        assert [each.topic_filter for each in subscribe.subscriptions] == [b"a/b"]
        peer.send(encode(Suback(subscribe.packet_id, (granted,)), version))
        publish = decode(peer.expect(PacketType.PUBLISH), version)
        assert isinstance(publish, Publish)
        assert (publish.topic, publish.qos, publish.retain) == (b"a/b", 1, False)
        if echo:
            peer.send(encode(Publish(b"a/b", b"of somebody else", 1, packet_id=7), version))
            peer.send(encode(Publish(b"a/b", publish.payload, 1, packet_id=8), version))
            acknowledged = decode(peer.expect(PacketType.PUBACK), version)
            assert acknowledged == Puback(8)
        peer.send(encode(replace(puback or Puback(0), packet_id=publish.packet_id), version))
        peer.expect(PacketType.DISCONNECT)

    return accepting(version, script)


@pytest.mark.parametrize("connect", [V5, V311])
def test_a_message_that_comes_back_was_allowed_both_ways(connect: Connect) -> None:
    with broker(round_trip(connect.version)) as port:
        report = probe(plain(port, connect=connect, topic="a/b"))

    assert outcome(report) == ("ok", "publish", "nobody")
    assert labels(report)[-3:] == [("mqtt", True), ("subscribe", True), ("publish", True)]


def test_mqtt_5_says_what_is_denied() -> None:
    denied = Puback(0, 0x87, AnswerProperties(reason_string="not yours"))
    with broker(round_trip(MQTT_5, puback=denied, echo=False)) as port:
        report = probe(plain(port, connect=V5, topic="a/b"))

    assert outcome(report) == ("publish-denied", "publish", "server")
    assert report.verdict.exit_code == 15
    assert "not yours" in report.verdict.summary


def test_a_denied_subscription_does_not_keep_the_publish_from_being_seen() -> None:
    with broker(round_trip(MQTT_5, granted=0x87, echo=False)) as port:
        report = probe(plain(port, connect=V5, topic="a/b"))

    assert outcome(report) == ("subscribe-denied", "subscribe", "server")
    assert labels(report)[-2:] == [("subscribe", False), ("publish", True)]


def test_before_mqtt_5_the_missing_echo_is_the_evidence() -> None:
    short = replace(LONG, answer=0.5)
    with broker(round_trip(MQTT_311, echo=False)) as port:
        report = probe(plain(port, connect=V311, topic="a/b", patience=short))

    assert outcome(report) == ("publish-denied", "publish", "server")
    assert report.verdict.candidates == ("subscribe-denied",)


def test_before_mqtt_5_nothing_is_seen_without_the_subscription() -> None:
    with broker(round_trip(MQTT_311, granted=0x80, echo=False)) as port:
        report = probe(plain(port, connect=V311, topic="a/b"))

    assert outcome(report) == ("subscribe-denied", "subscribe", "server")
    assert report.steps[-1].stage is Stage.PUBLISH
    assert report.steps[-1].ok is None
    assert "cannot be seen" in report.steps[-1].detail


def test_a_broker_may_hang_up_on_what_it_denies() -> None:
    def dismiss(peer: Peer) -> None:
        peer.expect(PacketType.SUBSCRIBE)
        peer.send(encode(Disconnect(0x87), MQTT_5))

    def hang_up(peer: Peer) -> None:
        peer.expect(PacketType.SUBSCRIBE)

    with broker(accepting(MQTT_5, dismiss), accepting(MQTT_5, hang_up)) as port:
        dismissed = probe(plain(port, connect=V5, topic="a/b"))
        hung_up = probe(plain(port, connect=V5, topic="a/b"))

    assert outcome(dismissed) == ("subscribe-denied", "subscribe", "server")
    assert outcome(hung_up) == ("connection-lost", "session", "network")
    assert hung_up.verdict.candidates[0] == "subscribe-denied"


# ---------------------------------------------------------------------- websockets


def test_an_upgrade_that_is_refused_is_quoted() -> None:
    def script(peer: Peer) -> None:
        request = peer._socket.recv(65536)
        assert request.startswith(b"GET /mqtt HTTP/1.1\r\n")
        assert b"sec-websocket-protocol: mqtt\r\n" in request.lower()
        peer.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with broker(script) as port:
        report = probe(plain(port, connect=V5, websocket=Websocket()))

    assert outcome(report) == ("not-mqtt", "mqtt", "nobody")
    assert "404 Not Found" in report.verdict.summary


@pytest.mark.parametrize("greeting", [b"\x20\x02\x00\x00", b"SSH-2.0-OpenSSH\r\n\r\n", b""])
def test_what_is_no_http_is_no_websocket(greeting: bytes) -> None:
    def script(peer: Peer) -> None:
        peer._socket.recv(65536)
        peer.send(greeting)

    with broker(script) as port:
        report = probe(plain(port, connect=V5, websocket=Websocket()))

    assert outcome(report)[0] == ("not-mqtt" if greeting else "closed-without-connack")
