"""What a person reads in a bundle: the settings, commands that are ready to run, and a small program."""

from __future__ import annotations

import ipaddress
import shlex
from dataclasses import dataclass
from datetime import datetime

from mtlsx.certificates.strings import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the texts tell. ``username`` and ``redis``: as EMQX takes and asks for them; ``until``: UTC."""

    name: str
    host: str
    port: int
    topic: str
    client_id: str
    username: str
    username_from: str
    cn: str
    dn: str
    md5: str
    redis: str
    until: datetime
    has_chain: bool
    has_key: bool
    key_is_encrypted: bool


def readme(told: Told) -> str:
    """The README.txt."""
    return "\n".join(
        [
            f"{printable(told.name)}: a device for {told.host}:{told.port}",
            "",
            *_table("Settings", _settings(told)),
            *_table("As EMQX sees it", _identity(told)),
            "To try it, in this directory:",
            "",
            *(f"  {command}\n" for command in commands(told)),
            "Whoever has device.key is this device: keep it where nobody else reads it, and device.h too.",
            "",
        ]
    )


def commands(told: Told) -> list[str]:
    """Commands that connect with the files beside them, each on one line, as a shell takes them."""
    q = shlex.quote
    files = "--cert device.crt --key device.key"
    target = f"-h {q(told.host)} -p {told.port}"
    sent = f"-i {q(told.client_id)} -t {q(told.topic)} -q 1 -m hello"
    ready = [
        f"mosquitto_pub {target} --cafile ca.crt {files} {sent}",
        f"mqttx pub -l mqtts {target} --ca ca.crt {files} {sent}",
        f"mtlsx pub {target} --ca ca.crt {files} {sent}",
    ]
    name = "" if _is_address(told.host) else f" -servername {q(told.host)}"
    chain = " -cert_chain chain.crt" if told.has_chain else ""
    connect = q(f"[{told.host}]:{told.port}" if ":" in told.host else f"{told.host}:{told.port}")
    ready.append(
        f"openssl s_client -connect {connect}{name} -CAfile ca.crt -verify_return_error {files.replace('--', '-')}{chain} -brief"
    )
    return [*ready, "python3 connect.py"]


def program(told: Told) -> str:
    """A Python program that connects with paho-mqtt 2, subscribes, and publishes once."""
    return f'''"""Connects {_in_docstring(told.name)} with paho-mqtt (pip install paho-mqtt), publishes once and prints what comes back."""

import ssl
from pathlib import Path

import paho.mqtt.client as mqtt

HOST, PORT, TOPIC = {told.host!r}, {told.port}, {told.topic!r}
HERE = Path(__file__).parent


def connected(client, userdata, flags, reason_code, properties):
    print("connected:", reason_code)
    if reason_code.is_failure:
        client.disconnect()
    else:
        client.subscribe(TOPIC, qos=1)


def subscribed(client, userdata, mid, reason_codes, properties):
    print("subscribed:", *reason_codes)
    client.publish(TOPIC, "hello", qos=1)


def received(client, userdata, message):
    print("received:", message.topic, message.payload)
    client.disconnect()


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id={told.client_id!r}, protocol=mqtt.MQTTv5)
context = ssl.create_default_context(cafile=HERE / "ca.crt")
context.load_cert_chain(HERE / "device.crt", HERE / "device.key")
client.tls_set_context(context)
client.on_connect, client.on_subscribe, client.on_message = connected, subscribed, received
client.connect(HOST, PORT)
client.loop_forever()
'''


def _settings(told: Told) -> list[tuple[str, str]]:
    key = "device.key" if told.has_key else "on the device; put it here as device.key"
    if told.key_is_encrypted:
        key += " (encrypted: programs ask for its passphrase)"
    return [
        ("Host", told.host),
        ("Port", str(told.port)),
        ("Protocol", "MQTT over TLS (mqtts), with a client certificate"),
        ("CA file", "ca.crt"),
        ("Certificate", "device.crt" + (", its chain included" if told.has_chain else "")),
        ("Private key", key),
        ("Client id", told.client_id),
        ("Profile", f"{told.name}.toml, for the profiles of mtlsx, these files beside it"),
        ("Valid until", f"{told.until:%Y-%m-%d %H:%M} UTC"),
    ]


def _identity(told: Told) -> list[tuple[str, str]]:
    return [
        ("CN", printable(told.cn)),
        ("DN", told.dn),
        ("md5", told.md5),
        ("Username", f"{printable(told.username)} (from {told.username_from})"),
        ("Redis", told.redis),
    ]


def _table(title: str, rows: list[tuple[str, str]]) -> list[str]:
    return [title, "", *(f"  {label:<12} {value}" for label, value in rows), ""]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _in_docstring(text: str) -> str:
    return printable(text).replace("\\", "/").replace('"', "'")
