"""The states of the application of which pictures are made, and how a person comes to them."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from demo import HOST, PORT, Material, publish
from textual.pilot import Pilot
from textual.widgets import Input

from mtlsx.client.settings import ConnectionSettings, Subscription
from mtlsx.profiles.model import Profile
from mtlsx.profiles.trusted import trusting
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.widgets.stream import MessageStream

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from support.scripted_local_broker import (
    ScriptedLocalBroker,
    decided,
    handshake_refused,
)
from support.scripted_local_broker import (
    connected as let_in,
)
from support.scripted_local_broker import (
    refused as turned_away,
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A state of the application: the profiles it starts with, and ``play``, which brings it there."""

    name: str
    play: Callable[[Pilot[None], Material], Awaitable[None]]
    profiles: tuple[Profile, ...] = ()
    themes: tuple[str, ...] = ("textual-dark",)
    has_broker: bool = False


async def empty(pilot: Pilot[None], _: Material) -> None:
    """Nobody has made a profile yet."""
    await shown(pilot, "No profiles yet")


async def form(pilot: Pilot[None], _: Material) -> None:
    """A new profile; its certificate's identity appears while it is typed."""
    await pilot.press("n")
    await shown(pilot, "new profile")
    for field, value in {
        "name": "dev-346a",
        "group": "factory",
        "host": "broker.example",
        "client_id": "",
        "ca_file": "~/certificates/ca.pem",
        "certificate_file": "~/certificates/device.pem",
        "key_file": "~/certificates/device.key",
    }.items():
        pilot.app.screen.query_one(f"#form-{field}", Input).value = value
    await shown(pilot, "HMGET")


async def connected(pilot: Pilot[None], material: Material) -> None:
    """A device that subscribed and received, published an answer, and looks at one message."""
    await shown(pilot, "HMGET")
    await pilot.press("c")
    await shown(pilot, TRAFFIC[0][0])  # the retained one: the subscriptions are in force
    for topic, payload in TRAFFIC[1:]:
        await asyncio.to_thread(publish, material, topic, payload)
        await shown(pilot, payload[:12])
    await pilot.press(
        "p", *"commands/2", "tab", "right", "tab", "tab", "tab", *'{"valve": "open"}', "enter"
    )
    await shown(pilot, '{"valve": "open"}')
    pilot.app.screen.query_one(MessageStream).focus()
    await pilot.press("up", "up")
    await shown(pilot, '"c":')


async def refused(pilot: Pilot[None], _: Material) -> None:
    """A device whose certificate the broker does not trust."""
    await shown(pilot, "HMGET")
    await pilot.press("c")
    await shown(pilot, "unknown_ca (48)")


async def trust(pilot: Pilot[None], _: Material) -> None:
    """A broker whose CA is another one, and the question whether to trust it."""
    await shown(pilot, "HMGET")
    await pilot.press("c")
    await shown(pilot, "refused by us")
    await pilot.press("x")
    await shown(pilot, "Trust this CA")
    await pilot.press("t")
    await shown(pilot, "told you this SHA-256")


async def recipes(pilot: Pilot[None], _: Material) -> None:
    """The connection as a command for MQTTX CLI."""
    await shown(pilot, "dev-346a")
    await pilot.press("a")
    await shown(pilot, "mosquitto_pub -h")
    await pilot.press("down", "down", "down")
    await shown(pilot, "mqttx pub -l")


async def pki(pilot: Pilot[None], _: Material) -> None:
    """An authority below another, and what it issued."""
    await pilot.press("k")
    await shown(pilot, "AUTHORITIES")
    await shown(pilot, "CN=plant,O=Acme")
    await pilot.press("shift+tab", "down")
    await shown(pilot, "dev-00024")
    await pilot.press("tab", "down", "down")


async def broker(pilot: Pilot[None], _: Material) -> None:
    """The local broker, with clients that it let in, and one that it refused."""
    await pilot.press("b")
    await shown(pilot, "DECISIONS")
    app = pilot.app
    assert isinstance(app, MtlsxApp)
    local = app.local_broker
    assert isinstance(local, ScriptedLocalBroker)
    for number, name in enumerate(("gateway-1", "sensor-17", "sensor-18"), 1):
        local.says(let_in(name, 50000 + number, version=5 if number > 1 else 4))
        local.says(decided(name, "subscribe", f"{name}/#", allowed=True))
    local.says(handshake_refused(50004))
    local.says(decided("sensor-17", "publish", "gateway-1/set", allowed=False))
    local.says(turned_away("dev-1", 50005))
    await shown(pilot, "Bad User Name or Password")


async def topics(pilot: Pilot[None], material: Material) -> None:
    """The topics that messages came on, and the temperature of one over time."""
    await shown(pilot, "HMGET")
    await pilot.press("c")
    await shown(pilot, TRAFFIC[0][0])
    for number in range(24):
        celsius = 20 + number * 7 % 11 / 2
        await asyncio.to_thread(publish, material, "factory/1/temp", f'{{"c": {celsius}}}')
    await asyncio.to_thread(publish, material, "alerts/line-3", "door open")
    await shown(pilot, "door open")
    await pilot.press("t")
    await shown(pilot, "TOPICS")
    await pilot.press("end", "up", "up")
    await shown(pilot, "24 points")


async def publishing(pilot: Pilot[None], _: Material) -> None:
    """A message with properties, before it is sent."""
    await shown(pilot, "HMGET")
    await pilot.press("c")
    await shown(pilot, TRAFFIC[0][0])
    await pilot.press("p")
    pilot.app.screen.query_one("#publish-topic", Input).value = "commands/2"
    pilot.app.screen.query_one("#publish-payload", Input).value = '{"valve": "open"}'
    await pilot.press("ctrl+g")
    await shown(pilot, "content type")


async def settings(pilot: Pilot[None], _: Material) -> None:
    """What can be set for all profiles."""
    await shown(pilot, "HMGET")
    await pilot.press("comma")
    await shown(pilot, "disk space")


async def export(pilot: Pilot[None], _: Material) -> None:
    """The profiles of a group, on their way into a file."""
    await shown(pilot, "HMGET")
    await pilot.press("O")
    await shown(pilot, "once more")
    await pilot.press("right")
    pilot.app.screen.query_one("#export-file", Input).value = "~/factory.zip"
    await pilot.press("tab")


async def importing(pilot: Pilot[None], material: Material) -> None:
    """What would come of a file with options for mosquitto_pub."""
    options = material.ca.parent / "mosquitto_pub.conf"
    options.write_text(OPTIONS)
    await shown(pilot, "HMGET")
    await pilot.press("o")
    pilot.app.screen.query_one("#import-file", Input).value = "~/certificates/mosquitto_pub.conf"
    await pilot.press("enter")
    await shown(pilot, "^s imports")


async def inside(pilot: Pilot[None], _: Material) -> None:
    """What the broker granted, TLS, and the packets."""
    await shown(pilot, "HMGET")
    await pilot.press("c")
    await shown(pilot, TRAFFIC[0][0])
    await pilot.press("i")
    await shown(pilot, "PACKETS")


async def keys(pilot: Pilot[None], _: Material) -> None:
    """All keys of the main screen."""
    await shown(pilot, "HMGET")
    await pilot.press("f1")
    await shown(pilot, "Make a new profile")


def profile(name: str, group: str, certificate: str, *subscriptions: Subscription) -> Profile:
    """A profile of the device whose files are called ``certificate``."""
    return Profile(
        name=name,
        group=group,
        connection=ConnectionSettings(
            host=HOST,
            port=PORT,
            client_id="mtlsx_9f2c01ab",
            tls=TlsSettings(
                ca_file="~/certificates/ca.pem",
                certificate_file=f"~/certificates/{certificate}.pem",
                key_file=f"~/certificates/{certificate}.key",
            ),
        ),
        subscriptions=subscriptions,
    )


FACTORY = (
    profile(
        "dev-346a", "factory", "device", Subscription("factory/#", 1), Subscription("alerts/+", 2)
    ),
    profile("dev-77c1", "factory", "neighbour"),
    profile("old-ca", "lab", "stranger"),
)
ELSEWHERE = Profile(
    name="dev-346a",
    group="factory",
    connection=ConnectionSettings(
        host="broker.example",
        port=8883,
        client_id="mtlsx_9f2c01ab",
        tls=TlsSettings(
            ca_file="/etc/mqtt/ca.pem",
            certificate_file="/etc/mqtt/dev-346a.pem",
            key_file="/etc/mqtt/dev-346a.key",
            sni="mqtt.broker.example",
        ),
    ),
)
"""A profile whose files are in one place on every machine, and not on this one."""
TRAFFIC = (
    ("factory/2/state", "running"),
    ("factory/1/temp", '{"c": 21.4}'),
    ("factory/2/temp", '{"c": 20.9, "ok": true}'),
    ("alerts/line-3", "door open"),
    ("factory/1/temp", '{"c": 21.5}'),
    ("factory/2/temp", '{"c": 21.0, "ok": true}'),
)
"""Topics and payloads; the first is retained."""
OPTIONS = """\
-h broker.example
-p 8883
-i dev-0815
-t factory/3/state
-q 1
--cafile ca.pem
--cert device.pem
--key missing.key
-u dev-0815
"""
"""Options as mosquitto_pub reads them, with the path of a file that is not there."""
SCENES = (
    Scene("pki", pki),
    Scene("broker", broker, themes=("textual-dark", "textual-light"), has_broker=True),
    Scene("empty", empty),
    Scene("form", form),
    Scene("connected", connected, FACTORY, themes=("textual-dark", "textual-light")),
    Scene("refused", refused, FACTORY[2:]),
    Scene("trust", trust, (trusting(FACTORY[0], "~/certificates/other-ca.pem"),)),
    Scene("topics", topics, FACTORY),
    Scene("publishing", publishing, FACTORY),
    Scene("settings", settings, FACTORY),
    Scene("export", export, FACTORY),
    Scene("recipes", recipes, (ELSEWHERE,)),
    Scene("import", importing, FACTORY),
    Scene("inside", inside, FACTORY),
    Scene("help", keys, FACTORY),
)


async def shown(pilot: Pilot[None], text: str) -> None:
    """Wait until ``text`` stands on the screen."""
    deadline = time.monotonic() + 60
    while text not in (seen := visible(pilot.app.export_screenshot())):
        if time.monotonic() > deadline:
            raise SystemExit(f"{text!r} never came; there is\n{seen}")
        await pilot.pause(0.05)


def visible(svg: str) -> str:
    """The text of a screenshot."""
    return unescape("\n".join(re.findall(r"<text [^>]*>([^<]*)</text>", svg))).replace("\xa0", " ")
