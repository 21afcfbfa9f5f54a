"""``mtlsx conn``, ``pub`` and ``sub`` against Mosquitto, as a person or a script would use them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

import pytest

from mtlsx.client.settings import ConnectionSettings, MqttVersion, Transport
from mtlsx.tls.settings import TlsSettings, TlsVersion
from support.cli import as_options
from support.openssl_pki import DEVICE, PASSPHRASE
from support.websocket_bridge import WebsocketBridge, server_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.cli import Cli, Running
    from support.mosquitto import Mosquitto
    from support.openssl_pki import Pki

    StartMosquitto = Callable[..., Mosquitto]

pytestmark = pytest.mark.e2e

TOPIC = f"{DEVICE}/state"
EVERY_VERSION = list(MqttVersion)


def as_device(
    pki: Pki,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    **settings: object,
) -> ConnectionSettings:
    if certificate is None:
        certificate, key = pki.device.certificate, pki.device.key
    tls = TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(certificate),
        key_file=key and str(key),
    )
    return replace(
        ConnectionSettings(host="localhost", port=port, client_id="dev", tls=tls), **settings
    )


@pytest.fixture
def broker(pki: Pki, mosquitto: StartMosquitto) -> Mosquitto:
    return mosquitto(
        server=pki.server, client_ca=pki.ca.certificate, acl="pattern readwrite %u/#\n"
    )


@pytest.mark.parametrize("version", EVERY_VERSION)
@pytest.mark.parametrize("tls", list(TlsVersion))
def test_conn_reports_what_was_agreed(
    pki: Pki, broker: Mosquitto, cli: Cli, tls: TlsVersion, version: MqttVersion
) -> None:
    settings = as_device(pki, broker.port, version=version)
    pinned = replace(settings.tls, minimum_version=tls, maximum_version=tls)
    run = cli.run("conn", *as_options(replace(settings, tls=pinned)))
    assert (run.code, run.stderr) == (0, "")
    assert f"TLS {tls}" in run.stdout
    broker.wait_for_log("Received DISCONNECT from dev")


def test_conn_json_is_one_object(pki: Pki, broker: Mosquitto, cli: Cli) -> None:
    run = cli.run("conn", "--json", *as_options(as_device(pki, broker.port)))
    assert (run.code, run.stderr) == (0, "")
    assert isinstance(json.loads(run.stdout), dict)


@pytest.mark.parametrize("version", EVERY_VERSION)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_pub_is_seen_by_mosquitto_sub(
    pki: Pki, broker: Mosquitto, cli: Cli, qos: int, version: MqttVersion
) -> None:
    settings = as_device(pki, broker.port, version=version)
    with broker.observer(TOPIC) as observer:
        run = cli.run("pub", *as_options(settings), "-t", TOPIC, "-m", "21.5", "-q", qos)
        assert (run.code, run.stderr) == (0, "")
        assert observer.messages() == [(TOPIC, qos, False, b"21.5")]


def test_payloads_come_from_standard_input_and_files(
    pki: Pki, broker: Mosquitto, cli: Cli, tmp_path: Path
) -> None:
    options = as_options(as_device(pki, broker.port))
    payload = tmp_path / "payload.bin"
    payload.write_bytes(bytes(range(256)))
    with broker.observer(TOPIC, count=4) as observer:
        runs = [
            cli.run("pub", *options, "-t", TOPIC, "-q", 1, "-s", stdin="a\nb\n"),
            cli.run("pub", *options, "-t", TOPIC, "-q", 1, "-M", stdin="c\nd\n"),
            cli.run("pub", *options, "-t", TOPIC, "-q", 1, "--file-read", payload),
        ]
        assert [run.code for run in runs] == [0, 0, 0]
        payloads = [payload for *_, payload in observer.messages()]
    assert payloads == [b"a\nb\n", b"c", b"d", bytes(range(256))]


@pytest.mark.parametrize("version", EVERY_VERSION)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_sub_prints_what_mosquitto_pub_sent(
    pki: Pki, broker: Mosquitto, cli: Cli, qos: int, version: MqttVersion
) -> None:
    settings = as_device(pki, broker.port, version=version)
    subscribe = ["sub", *as_options(settings), "-t", f"{DEVICE}/#", "-q", qos, "-C", 2, "--json"]
    with cli.started(*subscribe) as running:
        broker.wait_for_log("Sending SUBACK to dev")
        broker.publish(TOPIC, "grüße 1", qos=qos)
        broker.publish(TOPIC, "2", qos=qos)
        run = running.result()
    assert (run.code, run.stderr) == (0, "")
    messages = [json.loads(line) for line in run.stdout.splitlines()]
    assert [(m["topic"], m["payload"], m["qos"], m["retain"]) for m in messages] == [
        (TOPIC, "grüße 1", qos, False),
        (TOPIC, "2", qos, False),
    ]


def test_sub_prints_payloads_as_they_are(pki: Pki, broker: Mosquitto, cli: Cli) -> None:
    with cli.started(
        "sub", *as_options(as_device(pki, broker.port)), "-t", TOPIC, "-C", 1
    ) as running:
        broker.wait_for_log("Sending SUBACK to dev")
        broker.publish(TOPIC, "21.5")
        assert "21.5" in running.result().stdout


@pytest.mark.parametrize("payload_format", ["cbor", "msgpack", "hex", "base64", "json"])
def test_a_format_is_written_by_pub_and_read_by_sub(
    pki: Pki, broker: Mosquitto, cli: Cli, payload_format: str
) -> None:
    options = as_options(as_device(pki, broker.port))
    subscriber = as_options(as_device(pki, broker.port, client_id="reader"))
    written = {"hex": "00 ff", "base64": "AP8="}.get(payload_format, '{\n  "celsius": 21.5\n}')
    with cli.started("sub", *subscriber, "-t", TOPIC, "-C", 1, "-f", payload_format) as running:
        broker.wait_for_log("Sending SUBACK to reader")
        sent = cli.run("pub", *options, "-t", TOPIC, "-f", payload_format, "-m", written)
        run = running.result()
    assert (sent.code, sent.stderr) == (0, "")
    assert (run.stdout, run.stderr) == (f"{written}\n", "")


def test_a_retained_message_round_trip(pki: Pki, broker: Mosquitto, cli: Cli) -> None:
    options = as_options(as_device(pki, broker.port))
    assert cli.run("pub", *options, "-t", TOPIC, "-m", "kept", "-q", 1, "-r").code == 0
    run = cli.run("sub", *options, "-t", TOPIC, "-C", 1, "-W", 20, "--json")
    assert run.code == 0
    message = json.loads(run.stdout)
    assert (message["payload"], message["retain"]) == ("kept", True)


def test_sub_that_waits_in_vain_says_so(pki: Pki, broker: Mosquitto, cli: Cli) -> None:
    options = as_options(as_device(pki, broker.port))
    short = cli.run("sub", *options, "-t", TOPIC, "-C", 1, "-W", 0.3)
    assert (short.code, short.stdout) == (16, "")
    assert short.stderr
    enough = cli.run("sub", *options, "-t", TOPIC, "-W", 0.3)
    assert (enough.code, enough.stdout) == (0, "")


@pytest.mark.parametrize(
    ("certificate", "key", "passphrase"),
    [
        ("device", "encrypted_pkcs8_key", PASSPHRASE),
        ("device_rsa", "encrypted_traditional_key", PASSPHRASE),
        ("pkcs12", None, PASSPHRASE),
        ("certificate_and_key_in_one_file", None, None),
        ("device_ec", "device_ec", None),
        ("device_with_its_chain", "device", None),
    ],
)
def test_any_key_material_will_do(
    pki: Pki,
    broker: Mosquitto,
    cli: Cli,
    certificate: str,
    key: str | None,
    passphrase: str | None,
) -> None:
    certificate_file = getattr(pki, certificate)
    key_file = key and getattr(pki, key)
    settings = as_device(
        pki,
        broker.port,
        getattr(certificate_file, "certificate", certificate_file),
        key_file and getattr(key_file, "key", key_file),
    )
    environment = {} if passphrase is None else {"MTLSX_PASSPHRASE": passphrase}
    with broker.observer(TOPIC) as observer:
        run = cli.run(
            "pub", *as_options(settings), "-t", TOPIC, "-m", "x", "-q", 1, environment=environment
        )
        assert (run.code, run.stderr) == (0, "")
        assert observer.messages() == [(TOPIC, 1, False, b"x")]


def test_secrets_may_come_from_files(
    pki: Pki, mosquitto: StartMosquitto, cli: Cli, tmp_path: Path
) -> None:
    broker = mosquitto(server=pki.server, users={DEVICE: PASSPHRASE})
    password = tmp_path / "password"
    password.write_text(f"{PASSPHRASE}\n")
    run = cli.run(
        "conn", "-h", "localhost", "-p", broker.port, "--ca", pki.ca.certificate,
        "-u", DEVICE, "--password-file", password,
    )  # fmt: skip
    assert (run.code, run.stderr) == (0, "")

    mutual = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    run = cli.run(
        "conn", "-h", "localhost", "-p", mutual.port, "--ca", pki.ca.certificate,
        "--cert", pki.pkcs12, "--passphrase-file", password,
    )  # fmt: skip
    assert (run.code, run.stderr) == (0, "")


def test_a_password_on_the_command_line_works_and_warns(
    pki: Pki, mosquitto: StartMosquitto, cli: Cli
) -> None:
    broker = mosquitto(server=pki.server, users={DEVICE: PASSPHRASE})
    run = cli.run(
        "conn", "-h", "localhost", "-p", broker.port, "--ca", pki.ca.certificate,
        "-u", DEVICE, "-P", PASSPHRASE,
    )  # fmt: skip
    assert run.code == 0
    assert "MTLSX_PASSWORD" in run.stderr
    assert PASSPHRASE not in run.stderr


@pytest.mark.parametrize("tls", [None, "1.2", "1.3"])
def test_websockets(pki: Pki, mosquitto: StartMosquitto, cli: Cli, tls: str | None) -> None:
    broker = mosquitto()
    context = tls and server_context(pki.server, client_ca=pki.ca.certificate, tls=tls)
    with WebsocketBridge(broker.open_port, context=context or None) as bridge:
        settings = as_device(pki, bridge.port, transport=Transport.WSS if tls else Transport.WS)
        with broker.observer(TOPIC) as observer:
            run = cli.run("pub", *as_options(settings), "-t", TOPIC, "-m", "ws", "-q", 1)
            assert (run.code, run.stderr) == (0, "")
            assert observer.messages() == [(TOPIC, 1, False, b"ws")]
    assert bridge.peer_names == ([DEVICE] if tls else [])


def test_another_name_for_the_server_can_be_checked(
    pki: Pki, mosquitto: StartMosquitto, cli: Cli
) -> None:
    broker = mosquitto(server=pki.server_of_another_name, client_ca=pki.ca.certificate)
    options = as_options(as_device(pki, broker.port))
    assert cli.run("conn", *options).code == 12
    assert cli.run("conn", *options, "--sni", "broker.example").code == 0
    assert cli.run("conn", *options, "--insecure-name").code == 0


def test_the_two_checks_of_the_server_are_switched_off_apart(
    pki: Pki, mosquitto: StartMosquitto, cli: Cli
) -> None:
    broker = mosquitto(server=pki.server_of_another_name, client_ca=pki.ca.certificate)
    settings = as_device(pki, broker.port)
    other_ca = replace(settings.tls, ca_file=str(pki.other_ca.certificate))
    options = as_options(replace(settings, tls=other_ca))
    assert cli.run("conn", *options, "--insecure-name").code == 12
    assert cli.run("conn", *options, "--insecure-chain").code == 12
    assert cli.run("conn", *options, "--insecure").code == 0


# MQTT 3.1 has no SUBACK that refuses (section 3.9).
@pytest.mark.parametrize("version", [MqttVersion.V3_1_1, MqttVersion.V5])
def test_a_refused_subscription_exits_15(
    pki: Pki, mosquitto: StartMosquitto, cli: Cli, version: MqttVersion
) -> None:
    broker = mosquitto(
        server=pki.server, client_ca=pki.ca.certificate, allowed={DEVICE: f"{DEVICE}/#"}
    )
    options = as_options(as_device(pki, broker.port, version=version))
    assert cli.run("sub", *options, "-t", f"{DEVICE}/#", "-W", 0.3).code == 0
    run = cli.run("sub", *options, "-t", "others/#", "-W", 20)
    assert run.code == 15
    assert "others/#" in run.stderr
    one_of_two = cli.run("sub", *options, "-t", f"{DEVICE}/#", "-t", "others/#", "-W", 20)
    assert one_of_two.code == 15


def test_a_refused_publication_exits_15(pki: Pki, broker: Mosquitto, cli: Cli) -> None:
    options = as_options(as_device(pki, broker.port))
    assert cli.run("pub", *options, "-t", TOPIC, "-m", "x", "-q", 1).code == 0
    for qos in (1, 2):
        run = cli.run("pub", *options, "-t", "others/set", "-m", "x", "-q", qos)
        assert run.code == 15
        assert "others/set" in run.stderr
        assert "Not authorized (0x87)" in run.stderr


def started_and_connected(
    stack: ExitStack, cli: Cli, broker: Mosquitto, options: list[str], command: str
) -> Running:
    if command == "conn":
        running = stack.enter_context(cli.started("conn", *options, "--stay"))
        assert running.line()
    else:
        running = stack.enter_context(cli.started("sub", *options, "-t", TOPIC, "-C", 1))
        broker.wait_for_log("Sending SUBACK to dev")
    return running


@pytest.mark.parametrize("command", ["conn", "sub"])
def test_a_broker_killed_after_connack_exits_16(
    pki: Pki, broker: Mosquitto, cli: Cli, command: str
) -> None:
    options = as_options(as_device(pki, broker.port))
    with ExitStack() as stack:
        running = started_and_connected(stack, cli, broker, options, command)
        broker.kill()
        run = running.result()
    assert run.code == 16
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["conn", "sub"])
def test_an_interrupted_program_says_goodbye_and_exits_130(
    pki: Pki, broker: Mosquitto, cli: Cli, command: str
) -> None:
    options = as_options(as_device(pki, broker.port))
    with ExitStack() as stack:
        running = started_and_connected(stack, cli, broker, options, command)
        running.interrupt()
        run = running.result()
    assert run.code == 130
    assert "Traceback" not in run.stderr
    broker.wait_for_log("Received DISCONNECT from dev")


@pytest.mark.parametrize("command", [("pub", "-m", "x"), ("sub", "-C", "1")], ids=lambda c: c[0])
@pytest.mark.parametrize("tls", list(TlsVersion))
def test_every_command_tells_a_refusal_in_tls_from_one_in_mqtt(
    pki: Pki, mosquitto: StartMosquitto, cli: Cli, command: tuple[str, ...], tls: TlsVersion
) -> None:
    mutual = mosquitto(server=pki.server, client_ca=pki.ca.certificate, tls=tls)
    by_password = mosquitto(server=pki.server, tls=tls, users={DEVICE: PASSPHRASE})
    for broker, code in ((mutual, 13), (by_password, 14)):
        options = ["-h", "localhost", "-p", broker.port, "--ca", pki.ca.certificate, "-t", TOPIC]
        run = cli.run(*command, *options)
        assert (run.code, run.stdout) == (code, "")
        assert len(run.stderr.splitlines()) == 1


def test_a_refusal_as_json_has_the_verdict(pki: Pki, mosquitto: StartMosquitto, cli: Cli) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    options = as_options(as_device(pki, broker.port, *astuple(pki.device_expired)))
    run = cli.run("conn", "--json", *options)
    assert run.code == 13
    verdict = json.loads(run.stdout)
    assert verdict["verdict"] == "client-cert-expired"
    assert verdict["refused_by"] == "server"
    assert verdict["summary"] in run.stderr


def test_mutual_tls_is_the_default_once_a_certificate_is_given(
    pki: Pki, broker: Mosquitto, cli: Cli
) -> None:
    run = cli.run(
        "conn", "-p", broker.port, "--ca", pki.ca.certificate,
        "--cert", pki.device.certificate, "--key", pki.device.key,
    )  # fmt: skip
    assert (run.code, run.stderr) == (0, "")
