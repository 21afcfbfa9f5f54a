"""Clients that nobody here wrote, with mutual TLS and a Redis that knows one device: who gets in, and what others are told.

mosquitto_pub and mosquitto_sub, paho, ``openssl s_client`` and MQTT.js; MQTT 3.1, 3.1.1 and 5.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mtlsx.auth.passwords import Simple
from mtlsx.auth.settings import (
    Authorization,
    AuthSettings,
    Identity,
    RedisAuthentication,
    RedisServer,
    RedisSource,
)
from mtlsx.broker.client_events import ClientConnected, ClientRefused, ClientSubscribed
from mtlsx.broker.events import HandshakeRefused
from mtlsx.packets.control_packets import Connect
from mtlsx.packets.encode import encode
from support.openssl_pki import DEVICE, Pair, Pki
from support.programs import find
from support.running_broker import WAIT, Running, mutual_tls, running

if TYPE_CHECKING:
    from support import redis_servers

pytestmark = pytest.mark.e2e

PASSWORD = "public"
TOPIC = f"devices/{DEVICE}/up"
VERSIONS = {"mqttv31": 3, "mqttv311": 4, "mqttv5": 5}
ALL_VERSIONS = pytest.mark.parametrize("version", [3, 4, 5])
SEED = [
    ["HSET", f"mqtt_user:{DEVICE}", "password_hash", PASSWORD],
    ["HSET", f"mqtt_acl:{DEVICE}", "devices/${username}/#", "all"],
]


def settings(redis: RedisServer) -> AuthSettings:
    """The certificate's CN is the username, with which Redis is asked for the password and the rules."""
    return AuthSettings(
        identity=Identity(peer_cert_as_username="cn"),
        authentication=(
            RedisAuthentication(
                redis, "HMGET mqtt_user:${username} password_hash", Simple("plain", "disable")
            ),
        ),
        authorization=Authorization(sources=(RedisSource(redis, "HGETALL mqtt_acl:${username}"),)),
    )


EMBEDDED = settings(RedisServer(embedded=True))


# ---------------------------------------------------------------------- the clients


@dataclass(frozen=True)
class Login:
    """What a client is started with."""

    version: int
    shown: Pair | None
    username: str = "somebody"
    password: str = PASSWORD


@dataclass(frozen=True)
class Told:
    """What a client that was refused said: the code in CONNACK, or the words about TLS; all it said."""

    code: int | None
    words: str


async def mosquitto(
    program: str, broker: Running, pki: Pki, login: Login, *options: str
) -> asyncio.subprocess.Process:
    """mosquitto_pub or mosquitto_sub, started."""
    (version,) = (name for name, level in VERSIONS.items() if level == login.version)
    shown = login.shown
    files = ("--cert", str(shown.certificate), "--key", str(shown.key)) if shown else ()
    return await asyncio.create_subprocess_exec(
        find(program), "-h", "127.0.0.1", "-p", str(broker.port), "-V", version, "-d",
        "--cafile", str(pki.ca.certificate), *files,
        "-u", login.username, "-P", login.password, "-i", program, "-t", TOPIC, *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def said_by(process: asyncio.subprocess.Process) -> str:
    said, _ = await asyncio.wait_for(process.communicate(), WAIT)
    return said.decode()


async def refused_mosquitto(broker: Running, pki: Pki, login: Login) -> Told:
    process = await mosquitto("mosquitto_pub", broker, pki, login, "-m", "x", "-q", "1")
    said = await said_by(process)
    assert process.returncode != 0, said
    received = re.search(r"received CONNACK \((\d+)\)", said)
    return Told(int(received[1]) if received else None, said)


async def refused_paho(broker: Running, pki: Pki, login: Login) -> Told:
    return await asyncio.to_thread(_refused_paho, broker.port, pki, login)


def _refused_paho(port: int, pki: Pki, login: Login) -> Told:
    client, codes, said = paho_client(pki, login), [], []
    client.on_connect = lambda *about: codes.append(about[3].value)
    client.on_log = lambda *about: said.append(about[3])
    try:
        client.connect("127.0.0.1", port)
        while not codes and client.loop(WAIT) == 0:
            pass
    except OSError as error:
        said.append(str(error))
    client.disconnect()
    return Told(_return_code(codes[0], login.version) if codes else None, "\n".join(said))


def _return_code(code: int, version: int) -> int:
    """paho tells the return codes of MQTT 3 as reason codes of MQTT 5."""
    return code if version == 5 else {0x86: 4, 0x87: 5}.get(code, code)


def paho_client(pki: Pki, login: Login) -> Any:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    client = Client(
        CallbackAPIVersion.VERSION2, "paho", protocol=MQTTProtocolVersion(login.version),
        reconnect_on_failure=False,
    )  # fmt: skip
    shown = login.shown
    client.tls_set(
        str(pki.ca.certificate),
        str(shown.certificate) if shown else None,
        str(shown.key) if shown else None,
    )
    client.username_pw_set(login.username, login.password)
    return client


REFUSED = pytest.mark.parametrize("refused", [refused_mosquitto, refused_paho])


# ---------------------------------------------------------------------- let in


async def mosquitto_round_trip(broker: Running, pki: Pki, login: Login, qos: int) -> None:
    listener = await mosquitto("mosquitto_sub", broker, pki, login, "-C", "1", "-q", str(qos))
    await broker.event(ClientSubscribed, codes=(qos,))
    publisher = await mosquitto("mosquitto_pub", broker, pki, login, "-m", "hello", "-q", str(qos))
    said = await said_by(publisher)
    assert publisher.returncode == 0, said
    heard = await said_by(listener)
    assert listener.returncode == 0, heard
    assert "hello" in heard.splitlines()


async def paho_round_trip(broker: Running, pki: Pki, login: Login, qos: int) -> None:
    came = await asyncio.to_thread(_paho_round_trip, broker.port, pki, login, qos)
    assert came == (TOPIC, b"hello", qos)


def _paho_round_trip(port: int, pki: Pki, login: Login, qos: int) -> tuple[str, bytes, int]:
    client, came = paho_client(pki, login), []
    client.on_connect = lambda *_: client.subscribe(TOPIC, qos)
    client.on_subscribe = lambda *_: client.publish(TOPIC, b"hello", qos)

    def heard(_client: object, _data: object, message: Any) -> None:
        came.append((message.topic, message.payload, message.qos))
        client.disconnect()

    client.on_message = heard
    client.connect("127.0.0.1", port)
    client.loop_forever(WAIT)
    [message] = came
    return message


@pytest.mark.parametrize("qos", [0, 1, 2])
@ALL_VERSIONS
@pytest.mark.parametrize("round_trip", [mosquitto_round_trip, paho_round_trip])
async def test_a_device_is_let_in_and_may_use_its_topics(
    pki: Pki, round_trip: Callable[..., Any], version: int, qos: int
) -> None:
    async with running(mutual_tls(pki), auth=EMBEDDED, seed=SEED) as broker:
        await round_trip(broker, pki, Login(version, pki.device), qos)
        for event in broker.seen(ClientConnected):
            assert (event.username, event.version) == (DEVICE.encode(), version)
            assert event.common_name == DEVICE.encode()


@pytest.mark.parametrize("round_trip", [mosquitto_round_trip, paho_round_trip])
async def test_with_a_real_redis(
    pki: Pki, round_trip: Callable[..., Any], redis_db: redis_servers.RedisServer
) -> None:
    for command in SEED:
        redis_db.execute(*command)
    async with running(mutual_tls(pki), auth=settings(redis_db.settings())) as broker:
        with redis_db.monitor() as monitor:
            await round_trip(broker, pki, Login(5, pki.device), 1)
            asked = {words[:2] for words in monitor.commands()}
    assert (b"HMGET", f"mqtt_user:{DEVICE}".encode()) in asked
    assert (b"HGETALL", f"mqtt_acl:{DEVICE}".encode()) in asked


@pytest.mark.parametrize("round_trip", [mosquitto_round_trip, paho_round_trip])
@ALL_VERSIONS
async def test_one_way_tls_with_name_and_password(
    pki: Pki, round_trip: Callable[..., Any], version: int
) -> None:
    """There is no certificate to take a name from: the one in CONNECT counts."""
    one_way = mutual_tls(pki, verify="verify_none", fail_if_no_peer_cert=False)
    async with running(one_way, auth=EMBEDDED, seed=SEED) as broker:
        await round_trip(broker, pki, Login(version, None, DEVICE), 1)
        assert {event.common_name for event in broker.seen(ClientConnected)} == {None}


# ---------------------------------------------------------------------- refused


@dataclass(frozen=True)
class Refusal:
    """One thing that is wrong: the alert, or the codes in CONNACK before MQTT 5 and in it."""

    name: str
    shows: Callable[[Pki], Pair | None]
    alert: int | None = None
    words: str = ""
    codes: tuple[int, int] | None = None
    login: dict[str, str] = field(default_factory=dict)
    listener: Callable[[Pki], dict[str, object]] = lambda _: {}

    def __str__(self) -> str:
        return self.name


def stranger(pki: Pki) -> Pair:
    return pki.ca.issue("stranger", "/CN=stranger", key=pki.device.key)


ONE_WAY: dict[str, object] = {"verify": "verify_none", "fail_if_no_peer_cert": False}
REFUSALS = [
    Refusal("another CA", lambda pki: pki.device_of_another_ca, 48, "unknown ca"),
    Refusal("expired", lambda pki: pki.device_expired, 45, "certificate expired"),
    Refusal("revoked", lambda pki: pki.device_revoked, 44, "certificate revoked",
            listener=lambda pki: {"crlfile": str(pki.crl)}),
    Refusal("no certificate", lambda _: None, 116, "certificate required"),
    Refusal("a CN that Redis does not know", stranger, codes=(5, 0x87)),
    Refusal("wrong password", lambda pki: pki.device, codes=(4, 0x86), login={"password": "pubic"}),
    Refusal("one-way TLS, wrong password", lambda _: None, codes=(4, 0x86),
            login={"username": DEVICE, "password": "pubic"}, listener=lambda _: ONE_WAY),
    Refusal("one-way TLS, unknown name", lambda _: None, codes=(5, 0x87), listener=lambda _: ONE_WAY),
]  # fmt: skip


@REFUSED
@ALL_VERSIONS
@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_a_refused_client_is_told_why(
    pki: Pki, refused: Callable[..., Any], version: int, refusal: Refusal
) -> None:
    listener = mutual_tls(pki, **refusal.listener(pki))
    login = Login(version, refusal.shows(pki), **refusal.login)
    async with running(listener, auth=EMBEDDED, seed=SEED) as broker:
        told = await refused(broker, pki, login)
        if refusal.codes is None:
            event = await broker.event(HandshakeRefused)
            assert event.record.alert_sent == refusal.alert
            assert told.code is None
            assert refusal.words in told.words.lower().replace("_", " ")
        else:
            assert told.code == refusal.codes[version == 5]
            client = await broker.event(ClientRefused)
            assert client.code == told.code
            assert client.trace
        assert broker.seen(ClientConnected) == []


async def test_openssl_s_client_carries_mqtt(pki: Pki) -> None:
    """A handshake by hand, and CONNECT and CONNACK through it."""
    async with running(mutual_tls(pki), auth=EMBEDDED, seed=SEED) as broker:
        process = await asyncio.create_subprocess_exec(
            find("openssl"), "s_client", "-connect", f"127.0.0.1:{broker.port}", "-quiet",
            "-CAfile", str(pki.ca.certificate), "-verify_return_error",
            "-cert", str(pki.device.certificate), "-key", str(pki.device.key),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(
            encode(Connect(4, b"by hand", username=b"", password=PASSWORD.encode()), 4)
        )
        assert await asyncio.wait_for(process.stdout.readexactly(4), WAIT) == b"\x20\x02\x00\x00"
        event = await broker.event(ClientConnected)
        assert (event.client_id, event.username) == (b"by hand", DEVICE.encode())
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


# ---------------------------------------------------------------------- MQTT.js

MQTT_JS = "mqtt@5"
MQTT_JS_PROGRAM = """\
const fs = require("fs");
const mqtt = require("mqtt");
const given = JSON.parse(process.argv[2]);
for (const name of ["ca", "cert", "key"]) if (given[name]) given[name] = fs.readFileSync(given[name]);
const client = mqtt.connect({ ...given, protocol: "mqtts", host: "127.0.0.1", reconnectPeriod: 0 });
const end = (told) => { console.log(JSON.stringify(told)); client.end(true); };
client.on("error", (error) => end({ code: error.code, words: String(error) }));
client.on("connect", () => client.subscribe(given.topic, { qos: 2 }, () => client.publish(given.topic, "hello", { qos: 2 })));
client.on("message", (topic, payload, packet) => end({ topic, payload: String(payload), qos: packet.qos }));
"""


@pytest.fixture(scope="module")
def mqtt_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that uses MQTT.js, which is fetched from the npm registry."""
    directory = tmp_path_factory.mktemp("mqtt-js")
    npm, _ = find("npm"), find("node")
    fetched = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--prefix", directory, MQTT_JS],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    if fetched.returncode:
        pytest.skip(f"{MQTT_JS} cannot be fetched: {fetched.stderr.strip()[-200:]}")
    program = directory / "program.js"
    program.write_text(MQTT_JS_PROGRAM)
    return program


async def run_mqtt_js(program: Path, broker: Running, pki: Pki, login: Login) -> dict[str, Any]:
    """What the program said: the message that came back, or why it was refused."""
    given = {
        "port": broker.port, "protocolVersion": login.version, "clientId": "js", "topic": TOPIC,
        "protocolId": "MQIsdp" if login.version == 3 else "MQTT",
        "username": login.username, "password": login.password, "ca": str(pki.ca.certificate),
    }  # fmt: skip
    if login.shown is not None:
        given |= {"cert": str(login.shown.certificate), "key": str(login.shown.key)}
    process = await asyncio.create_subprocess_exec(
        find("node"), str(program), json.dumps(given),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = await said_by(process)
    told = json.loads(said.splitlines()[0])
    assert isinstance(told, dict)
    return told


@pytest.mark.slow  # CI does without Node.js, and without the npm registry
@ALL_VERSIONS
async def test_mqtt_js(pki: Pki, mqtt_js: Path, version: int) -> None:
    async with running(mutual_tls(pki), auth=EMBEDDED, seed=SEED) as broker:
        told = await run_mqtt_js(mqtt_js, broker, pki, Login(version, pki.device))
        assert told == {"topic": TOPIC, "payload": "hello", "qos": 2}
        [event] = broker.seen(ClientConnected)
        assert (event.username, event.version) == (DEVICE.encode(), version)


@pytest.mark.slow
@ALL_VERSIONS
@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_mqtt_js_is_told_why(pki: Pki, mqtt_js: Path, version: int, refusal: Refusal) -> None:
    login = Login(version, refusal.shows(pki), **refusal.login)
    async with running(
        mutual_tls(pki, **refusal.listener(pki)), auth=EMBEDDED, seed=SEED
    ) as broker:
        told = await run_mqtt_js(mqtt_js, broker, pki, login)
        if refusal.codes is None:
            assert (await broker.event(HandshakeRefused)).record.alert_sent == refusal.alert
            assert refusal.words in told["words"].lower()
        else:
            assert told["code"] == refusal.codes[version == 5]
