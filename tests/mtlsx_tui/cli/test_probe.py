"""``mtlsx probe``: hosts as they are typed, what is printed, exit codes, the chain file."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlsx.client.settings import ClientIdSuffix, ConnectionSettings, MqttVersion, Transport
from mtlsx.client.settings import ConnectProperties as Given
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import MQTT_31, MQTT_311, Connect
from mtlsx.packets.framing import PacketType
from mtlsx.packets.properties import ConnectProperties
from mtlsx.secret import Secret
from mtlsx_tui.cli.connection_options import ConnectionArguments
from mtlsx_tui.cli.probe_hosts import Host, parse_host
from mtlsx_tui.cli.probe_targets import harm, probed_settings, target_of
from support.ports import closed_port, silent_port
from support.scripted_broker import CONNACK_OK_5, Peer, ScriptedBroker

if TYPE_CHECKING:
    from conftest import Program

KEYS = [
    "target", "verdict", "stage", "refused_by", "summary", "fix", "candidates", "warnings", "evidence",
    "stages", "server", "client",
]  # fmt: skip
SETTINGS = ConnectionSettings(host="b", port=8883, client_id="dev", session_expiry=0)


# ---------------------------------------------------------------------- hosts


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("broker", Host("broker")),
        ("broker:8883", Host("broker", 8883)),
        ("192.0.2.7:1", Host("192.0.2.7", 1)),
        ("[::1]:8883", Host("::1", 8883)),
        ("[2001:db8::7]", Host("2001:db8::7")),
        ("::1", Host("::1")),
        ("mqtts://broker:8884", Host("broker", 8884, Transport.MQTTS)),
        ("MQTT://broker", Host("broker", None, Transport.MQTT)),
        ("wss://broker/mqtt?x=1", Host("broker", None, Transport.WSS, "/mqtt?x=1")),
        ("ws://[::1]:8083/", Host("::1", 8083, Transport.WS, "/")),
        ("mqtts://broker/", Host("broker", None, Transport.MQTTS)),
    ],
)
def test_a_host_is_read_as_it_is_written(text: str, host: Host) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "", ":8883", "broker:", "broker:mqtt", "broker:0", "broker:65536", "broker:٣", "http://broker",
        "mqtts://", "mqtts://broker/path", "mqtts://user:secret@broker", "[::1", "[broker]:1", "a:b:c",
        "[::1]8883",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused_without_its_secret(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_host(text)
    assert "secret" not in str(refused.value)


@given(st.text(max_size=40))
def test_any_text_is_a_host_or_refused(text: str) -> None:
    said = ""
    try:
        assert parse_host(text).name
    except UsageError as error:
        said = str(error)
    assert said.isprintable()


# ---------------------------------------------------------------------- targets


def targets(*hosts: str, **arguments: Any) -> list[tuple[str, int, str]]:
    parsed = [parse_host(host) for host in hosts]
    settings = probed_settings(parsed, ConnectionArguments(**arguments), {}, None)
    return [(each.host, each.port, str(each.transport)) for each in settings]


def test_tls_is_meant_unless_another_protocol_is_named() -> None:
    assert targets("a", "b:1", "mqtt://c", "wss://d") == [
        ("a", 8883, "mqtts"), ("b", 1, "mqtts"), ("c", 1883, "mqtt"), ("d", 8084, "wss"),
    ]  # fmt: skip
    assert targets("a", protocol="ws") == [("a", 8083, "ws")]
    assert targets("mqtt://a", "mqtt://b:2") == [("a", 1883, "mqtt"), ("b", 2, "mqtt")]
    assert targets("a", port=7) == [("a", 7, "mqtts")]
    assert targets(hostname="a") == [("a", 8883, "mqtts")]


def test_options_of_tls_reach_those_hosts_that_use_it() -> None:
    arguments = ConnectionArguments(ca="ca.pem")
    plain, secure = probed_settings(
        [parse_host("mqtt://a"), parse_host("mqtts://b")], arguments, {}, None
    )
    assert target_of(plain, mqtt=False, topic=None).tls is None
    tls = target_of(secure, mqtt=False, topic=None).tls
    assert tls is not None
    assert tls.ca_file == "ca.pem"


@pytest.mark.parametrize(
    ("hosts", "arguments"),
    [((), {}), (("a",), {"hostname": "b"}), (("ws://a",), {"protocol": "mqtts"})],
)
def test_contradictions_are_wrong_usage(hosts: tuple[str, ...], arguments: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        targets(*hosts, **arguments)


def test_connect_leaves_sessions_alone() -> None:
    target = target_of(SETTINGS, mqtt=True, topic=None)

    assert target.connect == Connect(
        client_id=b"dev", clean_start=False, keep_alive=60,
        properties=ConnectProperties(session_expiry_interval=86_400),
    )  # fmt: skip
    assert "continued and not wiped" in str(harm(target))


def test_connect_says_what_the_profile_says() -> None:
    properties = Given(maximum_packet_size=4096, user_properties=(("site", "lab"),))
    settings = replace(SETTINGS, properties=properties, client_id_suffix=ClientIdSuffix.RANDOM)
    connect = target_of(settings, mqtt=True, topic=None).connect

    assert connect is not None
    assert connect.client_id.startswith(b"dev_")
    assert connect.properties == ConnectProperties(
        session_expiry_interval=86_400,
        maximum_packet_size=4096,
        user_properties=((b"site", b"lab"),),
    )


def test_before_mqtt_5_a_clean_session_is_warned_of() -> None:
    target = target_of(replace(SETTINGS, version=MqttVersion.V3_1_1), mqtt=True, topic=None)
    kept = replace(SETTINGS, version=MqttVersion.V3_1_1, clean_start=False)

    assert target.connect is not None
    assert (target.connect.version, target.connect.clean_start) == (MQTT_311, True)
    assert "wipes" in str(harm(target))
    assert "wipes what" not in str(harm(target_of(kept, mqtt=True, topic=None)))


@pytest.mark.parametrize("version", [MqttVersion.V3_1_1, MqttVersion.V5])
def test_who_is_disconnected_is_told_beforehand(version: MqttVersion) -> None:
    named = replace(SETTINGS, version=version)
    unnamed = replace(named, client_id="")

    said = str(harm(target_of(named, mqtt=True, topic=None)))
    assert "from the certificate disconnects the real device" in said
    assert "whoever is connected with this one" in said
    said = str(harm(target_of(unnamed, mqtt=True, topic=None)))
    assert "from the certificate disconnects the real device" in said
    assert "whoever" not in said


def test_a_password_without_a_username_goes_with_an_empty_one() -> None:
    settings = replace(SETTINGS, password=Secret("s"), version=MqttVersion.V3_1, client_id="")
    connect = target_of(settings, mqtt=True, topic=None).connect

    assert connect is not None
    assert (connect.version, connect.username, connect.password) == (MQTT_31, b"", b"s")
    assert connect.client_id.startswith(b"mtlsx_")


def test_nothing_of_mqtt_is_sent_unasked() -> None:
    assert target_of(SETTINGS, mqtt=False, topic=None).connect is None
    assert harm(target_of(SETTINGS, mqtt=False, topic=None)) is None
    assert target_of(SETTINGS, mqtt=False, topic="a/b").connect is not None
    with pytest.raises(UsageError):
        target_of(SETTINGS, mqtt=False, topic="a/#")


# ---------------------------------------------------------------------- the command


def test_one_host_is_one_object(program: Program) -> None:
    with closed_port() as port:
        run = program("probe", f"127.0.0.1:{port}", "--json")
    report = json.loads(run.stdout)

    assert (run.code, run.stderr) == (11, "")
    assert list(report) == KEYS
    assert report["target"] == f"127.0.0.1:{port}"
    assert (report["verdict"], report["stage"], report["refused_by"]) == (
        "tcp-refused", "tcp", "network",
    )  # fmt: skip
    assert [(step["stage"], step["ok"]) for step in report["stages"]] == [
        ("material", True), ("dns", None), ("tcp", False),
    ]  # fmt: skip
    assert report["server"] == {
        "chain": [], "tls_version": None, "cipher": None, "alpn": None, "accepted_cas": None,
    }  # fmt: skip


def test_several_hosts_come_in_their_order_with_the_highest_code(program: Program) -> None:
    with ExitStack() as stack:
        closed = stack.enter_context(closed_port())
        silent = stack.enter_context(silent_port())
        hosts = [f"127.0.0.1:{silent}", f"127.0.0.1:{closed}", f"mqtt://127.0.0.1:{silent}"]
        run = program("probe", *hosts, "--json", "--connect-timeout", 0.3)
    reports = json.loads(run.stdout)

    assert run.code == 17
    assert [report["target"] for report in reports] == [
        f"127.0.0.1:{silent}", f"127.0.0.1:{closed}", f"127.0.0.1:{silent}",
    ]  # fmt: skip
    assert [report["verdict"] for report in reports] == ["tls-timeout", "tcp-refused", "ok"]


def test_people_get_a_ladder(program: Program) -> None:
    with closed_port() as port:
        run = program("probe", f"127.0.0.1:{port}")
    lines = run.stdout.decode().splitlines()

    assert run.code == 11
    assert lines[0] == f"Probe of 127.0.0.1:{port}"
    assert lines[1].startswith(" ✔ material   no client certificate")
    assert lines[1].endswith(" ms")
    assert lines[2] == " · dns        127.0.0.1 is an address"
    assert lines[3].startswith(f" ✘ tcp        127.0.0.1:{port}: connection refused")
    assert lines[4].endswith("(tcp-refused)")
    assert lines[5].startswith("   → Check the port")


def test_a_secret_that_cannot_be_read_is_a_verdict_too(program: Program) -> None:
    run = program("probe", "broker", "--cert", "dev.crt", "--passphrase-file", "/no/such", "--json")
    report = json.loads(run.stdout)

    assert run.code == 10
    assert (report["target"], report["verdict"], report["stage"]) == (
        "broker:8883", "file-missing", "material",
    )  # fmt: skip
    assert [(step["stage"], step["ok"]) for step in report["stages"]] == [("material", False)]


def test_mqtt_warns_of_the_real_device_and_asks_the_broker(program: Program) -> None:
    def script(peer: Peer) -> None:
        peer.expect(PacketType.CONNECT)
        peer.send(CONNACK_OK_5)
        peer.expect(PacketType.DISCONNECT)

    with ScriptedBroker(script) as broker:
        run = program("probe", f"mqtt://localhost:{broker.port}", "--mqtt", "-i", "dev", "--json")

    assert run.code == 0
    assert "client id dev" in run.stderr
    assert "disconnects the real device" in run.stderr
    assert json.loads(run.stdout)["stage"] == "mqtt"


def test_what_is_not_sent_is_said(program: Program) -> None:
    with silent_port() as port:
        run = program("probe", f"mqtt://localhost:{port}", "-u", "dev")

    assert run.stderr == "mtlsx: -u is not sent: without --mqtt nothing of MQTT is.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("a:b:c",), ("broker", "-t", "a/#"), ("a", "b", "--save-chain", "chain.pem"),
        ("broker", "--tls-version", "1.1"), ("mqtt://broker", "--ca", "ca.pem", "-l", "mqtts"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told_before_anything_is_sent(
    program: Program, arguments: tuple[str, ...]
) -> None:
    run = program("probe", *arguments)

    assert run.code == 2
    assert run.stdout == b""
    assert run.stderr.startswith("mtlsx: ")


def test_a_chain_file_that_is_there_is_not_overwritten(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "chain.pem"
    file.write_text("mine")
    with closed_port() as port:
        assert program("probe", f"127.0.0.1:{port}", "--save-chain", file).code == 2
        forced = program("probe", f"127.0.0.1:{port}", "--save-chain", file, "--force")

    assert forced.code == 11
    assert "was not written" in forced.stderr
    assert file.read_text() == "mine"


def test_a_profile_names_the_server_and_what_goes_with_it(
    program: Program, stored_profile: str
) -> None:
    run = program("probe", "--profile", stored_profile, "--json")
    report = json.loads(run.stdout)

    assert (run.code, report["target"]) == (10, "broker.example:8884")
    assert (report["verdict"], report["stage"]) == ("file-missing", "material")
    assert "dev.pem" in report["summary"] or "ca.pem" in report["summary"]


def test_a_profile_lends_its_files_to_other_hosts(program: Program, stored_profile: str) -> None:
    run = program("probe", "other.example", "--profile", stored_profile, "--json")
    report = json.loads(run.stdout)

    assert (run.code, report["target"]) == (10, "other.example:8884")
