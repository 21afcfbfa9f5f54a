"""Faults after the login: a topic that may not be used, and connections that end."""

from __future__ import annotations

from dataclasses import replace

from mtlsx.auth.settings import Authorization, AuthSettings
from mtlsx.client.settings import ConnectionSettings, MqttVersion
from mtlsx.packets.control_packets import MQTT_5, Disconnect
from mtlsx.packets.encode import encode
from mtlsx.packets.framing import PacketType
from mtlsx.packets.properties import DisconnectProperties
from support.faults.case import SHORT, TOPIC, Ask, Scene, case
from support.faults.mqtt_script import Script, scripted_port
from support.faults.our_broker import our_broker
from support.openssl_pki import DEVICE
from support.running_broker import mutual_tls
from support.scripted_broker import CONNACK_OK_5, Peer
from support.websocket_bridge import server_context


@case("subscribe-denied", "(?i)not authorized", TOPIC, ask=Ask.TOPIC)
def subscription_denied(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(allowed={DEVICE: f"{DEVICE}/#"})
    return scene.settings(broker.port, scene.pki.device)


@case("subscribe-denied", TOPIC, ask=Ask.TOPIC)
def subscription_denied_on_3_1_1(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(allowed={DEVICE: f"{DEVICE}/#"})
    settings = scene.settings(broker.port, scene.pki.device)
    return replace(settings, version=MqttVersion.V3_1_1)


@case("subscribe-denied", "(?i)not authorized", ask=Ask.TOPIC)
def subscription_denied_by_ours(scene: Scene) -> ConnectionSettings:
    auth = AuthSettings(authorization=Authorization(no_match="deny"))
    broker = scene.laboratory.keep(
        "denying broker", lambda: our_broker(mutual_tls(scene.pki), auth=auth)
    )
    return scene.settings(broker.port, scene.pki.device)


@case("subscribe-denied", "(?i)not authorized", TOPIC, ask=Ask.TOPIC)
def subscription_denied_by_a_server_that_hangs_up(scene: Scene) -> ConnectionSettings:
    """As AWS IoT does it."""

    def deny(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        asked = peer.expect(PacketType.SUBSCRIBE)
        peer.send(b"\x90\x04" + asked.body[:2] + b"\x00\x87")

    return _scripted(scene, deny)


@case("publish-denied", "(?i)not authorized", TOPIC, ask=Ask.TOPIC)
def publication_denied(scene: Scene) -> ConnectionSettings:
    broker = scene.broker(acl=f"user {DEVICE}\ntopic read {TOPIC}\n")
    return scene.settings(broker.port, scene.pki.device)


@case("publish-denied", TOPIC, ask=Ask.TOPIC, repeated=False)
def publication_denied_on_3_1_1(scene: Scene) -> ConnectionSettings:
    """The PUBACK is an ordinary one; the message does not come back."""
    broker = scene.broker(acl=f"user {DEVICE}\ntopic read {TOPIC}\n")
    settings = scene.settings(broker.port, scene.pki.device)
    return replace(settings, version=MqttVersion.V3_1_1, connect_timeout=5 * SHORT)


@case("session-taken-over", "(?i)same client id", ask=Ask.TOPIC)
def session_taken_over(scene: Scene) -> ConnectionSettings:
    return _scripted(scene, _ending(Disconnect(0x8E, DisconnectProperties())))


@case("disconnected-by-server", "(?i)shutting down", ask=Ask.TOPIC)
def server_that_shuts_down(scene: Scene) -> ConnectionSettings:
    return _scripted(scene, _ending(Disconnect(0x8B, DisconnectProperties())))


@case("connection-lost", ask=Ask.TOPIC)
def server_that_hangs_up_after_connack(scene: Scene) -> ConnectionSettings:
    return _scripted(scene, _ending(None))


def _ending(said: Disconnect | None) -> Script:
    """Let the client in and end the connection when it subscribes."""

    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        peer.expect(PacketType.SUBSCRIBE)
        if said is not None:
            peer.send(encode(said, MQTT_5))

    return script


def _scripted(scene: Scene, script: Script) -> ConnectionSettings:
    context = server_context(scene.pki.server, client_ca=scene.pki.ca.certificate)
    port = scene.enter(scripted_port(script, context))
    return replace(scene.settings(port, scene.pki.device), client_id="laboratory")
