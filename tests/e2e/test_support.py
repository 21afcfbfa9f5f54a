"""The servers that the other tests lean on do refuse what they must, and let in what is right."""

from __future__ import annotations

import queue
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.openssl_pki import DEVICE, Pair, openssl
from support.programs import find
from support.websocket_bridge import WebsocketBridge, server_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.mosquitto import Mosquitto
    from support.openssl_pki import Pki

    StartMosquitto = Callable[..., Mosquitto]

pytestmark = pytest.mark.e2e


def mosquitto_pub(broker: Mosquitto, pki: Pki, device: Pair | None) -> int:
    credentials = [] if device is None else ["--cert", device.certificate, "--key", device.key]
    done = subprocess.run(
        [find("mosquitto_pub"), "-h", "localhost", "-p", str(broker.port), "-V", "5", "-q", "1",
         "--cafile", pki.ca.certificate, *credentials, "-t", f"{DEVICE}/t", "-m", "hello"],
        capture_output=True,
    )  # fmt: skip
    return done.returncode


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize(
    "device", ["device_rsa", "device_ec", "device_ed25519", "device_with_its_chain"]
)
def test_mosquitto_lets_a_device_in_and_names_it_by_its_cn(
    pki: Pki, mosquitto: StartMosquitto, tls: str, device: str
) -> None:
    broker = mosquitto(
        server=pki.server, client_ca=pki.ca.certificate, tls=tls, acl="pattern readwrite %u/#\n"
    )
    with broker.observer(f"{DEVICE}/#") as observer:
        assert mosquitto_pub(broker, pki, getattr(pki, device)) == 0
        assert observer.messages() == [(f"{DEVICE}/t", 1, False, b"hello")]
    broker.wait_for_log(f"u'{DEVICE}'")


@pytest.mark.parametrize(
    "device",
    [None, "device_expired", "device_not_yet_valid", "device_for_servers", "device_of_another_ca",
     "device_of_the_namesake", "device_self_signed", "device_behind_the_intermediate"],
)  # fmt: skip
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_mosquitto_refuses_a_wrong_device(
    pki: Pki, mosquitto: StartMosquitto, tls: str, device: str | None
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, tls=tls)
    assert mosquitto_pub(broker, pki, getattr(pki, device) if device else None) != 0
    broker.wait_for_log("peer did not return a certificate", "certificate verify failed")


def test_mosquitto_refuses_a_revoked_device(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, crl=pki.crl)
    assert mosquitto_pub(broker, pki, pki.device) == 0
    assert mosquitto_pub(broker, pki, pki.device_revoked) != 0


def test_mosquitto_speaks_only_the_pinned_tls_version(pki: Pki, mosquitto: StartMosquitto) -> None:
    for spoken, refused in (("1_2", "1_3"), ("1_3", "1_2")):
        broker = mosquitto(server=pki.server, tls=spoken.replace("_", "."))
        for version, agreed in ((spoken, True), (refused, False)):
            done = subprocess.run(
                [find("openssl"), "s_client", "-connect", f"127.0.0.1:{broker.port}", f"-tls{version}"],
                stdin=subprocess.DEVNULL, capture_output=True,
            )  # fmt: skip
            assert (done.returncode == 0) is agreed


def test_the_recipe_with_common_name_spelt_out_makes_an_empty_subject(pki: Pki) -> None:
    certificate = pki.device_without_cn.certificate
    assert openssl("x509", "-in", certificate, "-noout", "-subject").strip() == "subject="


@pytest.mark.parametrize("tls", [None, "1.2", "1.3"])
def test_the_websocket_bridge_carries_mqtt(
    pki: Pki, mosquitto: StartMosquitto, tls: str | None
) -> None:
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion

    context = tls and server_context(pki.server, client_ca=pki.ca.certificate, tls=tls)
    broker = mosquitto()
    received: queue.Queue[bytes] = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2, transport="websockets")
    if tls:
        client.tls_set(pki.ca.certificate, pki.device.certificate, pki.device.key)
    client.on_connect = lambda client, *_: client.subscribe("t")
    client.on_subscribe = lambda client, *_: client.publish("t", b"hello" * 10_000)

    def on_message(client: Client, userdata: object, message: MQTTMessage) -> None:
        received.put(message.payload)

    client.on_message = on_message
    with WebsocketBridge(broker.open_port, context=context or None) as bridge:
        client.connect("localhost", bridge.port)
        client.loop_start()
        assert received.get(timeout=20) == b"hello" * 10_000
        client.disconnect()
        client.loop_stop()
    assert bridge.peer_names == ([DEVICE] if tls else [])


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_the_websocket_bridge_says_why_it_refuses(pki: Pki, tls: str) -> None:
    context = server_context(pki.server, client_ca=pki.ca.certificate, tls=tls)
    device = ssl.create_default_context(cafile=pki.ca.certificate)
    device.load_cert_chain(pki.device_of_another_ca.certificate, pki.device.key)
    with WebsocketBridge(0, context=context) as bridge:
        for _ in range(10):
            with (
                socket.create_connection(("127.0.0.1", bridge.port)) as connection,
                pytest.raises(ssl.SSLError, match=r"(?i)unknown.ca"),
                device.wrap_socket(connection, server_hostname="localhost") as secure,
            ):
                secure.recv(1)
