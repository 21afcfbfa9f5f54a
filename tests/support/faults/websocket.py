"""What the faults of websockets share."""

from __future__ import annotations

from dataclasses import replace

from mtlsx.client.settings import ConnectionSettings, Transport
from support.faults.case import Scene
from support.openssl_pki import Pair
from support.websocket_bridge import WebsocketBridge, server_context


def over_websocket(scene: Scene, device: Pair | None) -> ConnectionSettings:
    """The same broker behind wss where the case has a TLS version, behind ws where not."""
    context = scene.tls and server_context(
        scene.pki.server, client_ca=scene.pki.ca.certificate, tls=scene.tls
    )
    broker = scene.laboratory.mosquitto().open_port
    bridge = scene.laboratory.keep(
        ("websocket", scene.tls), lambda: WebsocketBridge(broker, context=context or None)
    )
    transport = Transport.WSS if context else Transport.WS
    return replace(scene.settings(bridge.port, device), transport=transport)
