"""What a person reads in a bundle: the settings, commands that are ready to run, and a small program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mtlsx.certificates.strings import printable
from mtlsx.client.settings import ConnectionSettings
from mtlsx.recipes.files import Files
from mtlsx.recipes.mosquitto import mosquitto_pub
from mtlsx.recipes.mqttx import mqttx_pub
from mtlsx.recipes.openssl import s_client
from mtlsx.recipes.own import mtlsx_pub
from mtlsx.recipes.paho import paho
from mtlsx.recipes.recipe import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the texts tell.

    ``settings``: the connection, its paths as seen from the bundle; ``chain_file``: the certificates between the
    device's and the root, where there are any. ``username`` and ``redis``: as EMQX takes and asks for them;
    ``until``: UTC.
    """

    name: str
    settings: ConnectionSettings
    chain_file: str | None
    topic: str
    username: str
    username_from: str
    cn: str
    dn: str
    md5: str
    redis: str
    until: datetime
    has_key: bool
    key_is_encrypted: bool


def readme(told: Told) -> str:
    """The README.txt."""
    return "\n".join(
        [
            f"{printable(told.name)}: a device for {told.settings.host}:{told.settings.port}",
            "",
            *_table("Settings", _settings(told)),
            *_table("As EMQX sees it", _identity(told)),
            "To try it, in this directory:",
            "",
            *("  {}\n".format(command.replace("\n", "\n  ")) for command in commands(told)),
            "Whoever has device.key is this device: keep it where nobody else reads it, and device.h too.",
            "",
        ]
    )


def commands(told: Told) -> list[str]:
    """Commands that connect with the files beside them, as a shell takes them; comments above them say what is first."""
    task = _task(told)
    made = (
        mosquitto_pub(task),
        mqttx_pub(task),
        mtlsx_pub(task),
        s_client(task, chain_file=told.chain_file),
    )
    return [*(each.text for each in made), "python3 connect.py"]


def program(told: Told) -> str:
    """A Python program that connects with paho-mqtt 2, subscribes, and publishes once."""
    about = f"Connects {_in_docstring(told.name)} with paho-mqtt (pip install paho-mqtt), publishes once and prints what comes back."
    task = _task(told)
    # Python asks for a passphrase by itself: nobody has to write it into the program.
    asking = replace(task, files=replace(task.files, key_is_encrypted=False))
    return f'"""{about}"""\n\n{paho(asking, beside=True).body}'


def _task(told: Told) -> Task:
    files = Files(
        certificates=2 if told.chain_file is not None else 1, key_is_encrypted=told.key_is_encrypted
    )
    return Task(settings=told.settings, files=files, topic=told.topic)


def _settings(told: Told) -> list[tuple[str, str]]:
    key = "device.key" if told.has_key else "on the device; put it here as device.key"
    if told.key_is_encrypted:
        key += " (encrypted: programs ask for its passphrase)"
    return [
        ("Host", told.settings.host),
        ("Port", str(told.settings.port)),
        ("Protocol", "MQTT over TLS (mqtts), with a client certificate"),
        ("CA file", "ca.crt"),
        ("Certificate", "device.crt" + (", its chain included" if told.chain_file else "")),
        ("Private key", key),
        ("Client id", told.settings.client_id),
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


def _in_docstring(text: str) -> str:
    return printable(text).replace("\\", "/").replace('"', "'")
