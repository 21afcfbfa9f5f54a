"""``mtlsx probe`` against brokers that nobody here scripted: as far as MQTT and back, and without harm on the way."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from mtlsx.auth.settings import Authorization, AuthSettings, Identity
from mtlsx.certificates.load import load_file
from mtlsx.packets.control_packets import MQTT_5, MQTT_311, Connect, Disconnect
from mtlsx.packets.properties import ConnectProperties
from mtlsx.probe.probe import probe
from mtlsx.probe.target import Patience, Target
from mtlsx.tls.settings import TlsSettings
from support.cli import Cli
from support.mosquitto import Mosquitto
from support.openssl_pki import DEVICE, Pair, Pki
from support.ports import LOOPBACK
from support.raw_client import RawClient
from support.running_broker import client_context, mutual_tls, running

pytestmark = pytest.mark.e2e
StartMosquitto = Callable[..., Mosquitto]
OWN_TOPICS = {DEVICE: f"{DEVICE}/#"}


def tls(pki: Pki, device: Pair) -> TlsSettings:
    return TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(device.certificate),
        key_file=str(device.key),
    )


def options(pki: Pki, device: Pair) -> list[object]:
    return ["--ca", pki.ca.certificate, "--cert", device.certificate, "--key", device.key]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("mqtt", ["3.1", "3.1.1", "5"])
def test_a_device_gets_as_far_as_its_own_message(
    pki: Pki, mosquitto: StartMosquitto, cli: Cli, version: str, mqtt: str
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, tls=version)
    run = cli.run(
        "probe", f"localhost:{broker.port}", "-V", mqtt, "-t", f"{DEVICE}/up", "--json",
        *options(pki, pki.device),
    )  # fmt: skip
    report = json.loads(run.stdout)

    assert run.code == 0
    assert (report["verdict"], report["stage"]) == ("ok", "publish")
    assert [step["stage"] for step in report["stages"] if step["ok"]] == [
        "material", "dns", "tcp", "tls", "server-certificate", "client-certificate", "mqtt", "subscribe",
        "publish",
    ]  # fmt: skip
    assert report["server"]["tls_version"] == f"TLS {version}"
    assert report["server"]["chain"][0]["state"] == "valid"
    assert report["client"]["sent"] is True


@pytest.mark.parametrize("mqtt", [MQTT_311, MQTT_5])
def test_a_denied_message_is_seen_in_each_version(
    pki: Pki, mosquitto: StartMosquitto, mqtt: int
) -> None:
    broker = mosquitto(
        server=pki.server, client_ca=pki.ca.certificate, acl="pattern readwrite %u/#\n"
    )
    target = Target(
        host="localhost", port=broker.port, tls=tls(pki, pki.device),
        connect=Connect(mqtt, b"probe"), topic="others/set", patience=Patience(answer=2),
    )  # fmt: skip
    report = probe(target)

    assert (report.verdict.id, report.verdict.exit_code) == ("publish-denied", 15)


def test_a_denied_subscription_is_seen(pki: Pki, mosquitto: StartMosquitto) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate, allowed=OWN_TOPICS)
    target = Target(
        host="localhost", port=broker.port, tls=tls(pki, pki.device),
        connect=Connect(MQTT_5, b"probe"), topic="others/set", patience=Patience(answer=5),
    )  # fmt: skip
    report = probe(target)

    assert report.verdict.id == "subscribe-denied"
    assert [(step.label, step.ok) for step in report.steps][-2] == ("subscribe", False)


def test_the_chain_is_saved_as_it_was_sent(
    pki: Pki, mosquitto: StartMosquitto, cli: Cli, tmp_path: Path
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    file = tmp_path / "chain.pem"
    run = cli.run("probe", f"localhost:{broker.port}", "--insecure", "--save-chain", file)
    (own,) = load_file(str(pki.server.certificate)).certificates

    assert run.code == 13  # it wants a certificate; its own was sent before
    assert load_file(str(file)).certificates[0] == own
    assert "NOT CHECKED" in run.stdout


def to(port: int, pki: Pki) -> Target:
    """As ``mtlsx probe --mqtt`` asks."""
    connect = Connect(
        MQTT_5,
        b"probe",
        clean_start=False,
        properties=ConnectProperties(session_expiry_interval=60),
    )
    return Target(host="localhost", port=port, tls=tls(pki, pki.device), connect=connect)


async def test_a_session_that_is_mapped_from_the_certificate_survives(pki: Pki) -> None:
    """EMQX with ``peer_cert_as_clientid = cn``: to the broker, the probe is the device."""
    mapped = AuthSettings(
        identity=Identity(peer_cert_as_clientid="cn"), authorization=Authorization(no_match="allow")
    )
    stays = Connect(
        client_id=b"x",
        clean_start=False,
        properties=ConnectProperties(session_expiry_interval=600),
    )
    async with running(mutual_tls(pki), auth=mapped) as broker:

        async def session_of_the_device() -> bool:
            context = client_context(pki, pki.device)
            async with await RawClient.open(broker.address, tls=context) as device:
                connack = await device.connect(stays)
                device.send(Disconnect())
                await device.ended()
                return connack.session_present

        assert not await session_of_the_device()
        report = await asyncio.to_thread(probe, to(broker.port, pki))
        assert "session continued" in report.steps[-1].detail
        assert await session_of_the_device()


async def test_a_session_that_the_probe_begins_ends_with_it(pki: Pki) -> None:
    async with running(mutual_tls(pki)) as broker:
        for _ in range(2):
            report = await asyncio.to_thread(probe, to(broker.port, pki))
            assert "new session" in report.steps[-1].detail


def test_ctrl_c_ends_the_wait(cli: Cli) -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        port = silent.getsockname()[1]
        with cli.started("probe", f"{LOOPBACK}:{port}", "--connect-timeout", 60) as program:
            connected, _ = silent.accept()
            with connected:
                program.interrupt()
                assert program.result().code == 130
