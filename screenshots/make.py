"""Make every picture of this directory anew, SVG and PNG, from the running application.

    python screenshots/make.py [part of a name …]

Real screens, a real Mosquitto on port 8883 and real certificates (``demo.py``); only the clock stands still, and the
local broker's clients are laid down, so that a picture changes when the application does. Needs mosquitto, rsvg-convert and the font Fira Code.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import itertools
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from unittest.mock import Mock, patch

from demo import HOST, PORT, Material, mosquitto, publish
from png import write_png
from rich.console import Console
from rich.text import Text
from textual.pilot import Pilot
from textual.widgets import Input

from mtlsx.client.connection import Connection
from mtlsx.client.events import Event
from mtlsx.client.message import Message
from mtlsx.client.settings import ConnectionSettings, Subscription
from mtlsx.pki import authority
from mtlsx.pki.crls import Reason
from mtlsx.pki.keys import KeyKind
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.trusted import trusting
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.cli.auth_explain_text import REFUSED
from mtlsx_tui.cli.main import main as command_line
from mtlsx_tui.widgets.stream import MessageStream

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from support.issued_pki import (
    issue_device,
    issue_server,
    make_intermediate,
    make_root,
)
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

HERE = Path(__file__).parent
NOON = dt.datetime(2035, 6, 2, 12, 0, 1, 204_500, tzinfo=dt.UTC).timestamp()
"""What the application takes for the present: 212 days before the certificates end."""
SIZES = ((120, 36), (80, 24))
"""Columns and lines."""


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
COMMANDS = {
    "cert-show": ("cert", "show", "device.pem"),
    "cert-identity": ("cert", "identity", "device.pem"),
    "auth-explain": (
        *("auth", "explain", "--config", "broker.toml", "--seed", "seed.redis"),
        *("--cert", "device.pem", "--client-id", "c1"),
    ),
}
LISTENER = """
[listeners.tcp.default]
bind = "127.0.0.1:1883"
"""
CONFIGURATION = """
[mqtt]
peer_cert_as_username = "cn"
[[authentication]]
mechanism = "password_based"
backend = "redis"
server = "embedded"
cmd = "HMGET tls_subject:${cert_subject} password_hash salt"
"""
"""What the explained broker is told: to look devices up by their subject."""
SEED = "HSET tls_subject:346a004d-1dab-4016-bb38-03cca7094415 password_hash 4c50 salt 5f1e"
"""What somebody stored: under the common name."""
SCENES = (
    Scene("pki", pki),
    Scene("broker", broker, themes=("textual-dark", "textual-light"), has_broker=True),
    Scene("empty", empty),
    Scene("form", form),
    Scene("connected", connected, FACTORY, themes=("textual-dark", "textual-light")),
    Scene("refused", refused, FACTORY[2:]),
    Scene("trust", trust, (trusting(FACTORY[0], "~/certificates/other-ca.pem"),)),
    Scene("recipes", recipes, (ELSEWHERE,)),
)


def main(wanted: Sequence[str]) -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home  # so that the pictures show ~/certificates
        material = Material.write(Path(home, "certificates"))
        with mosquitto(material, Path(home)):
            publish(material, *TRAFFIC[0], "-r")
            for scene in SCENES:
                for theme, size in itertools.product(scene.themes, SIZES):
                    name = f"{scene.name}-{theme.removeprefix('textual-')}-{size[0]}x{size[1]}"
                    if not wanted or any(part in name for part in wanted):
                        asyncio.run(shoot(scene, material, theme, size, HERE / f"{name}.svg"))
        os.chdir(material.ca.parent)
        Path("broker.toml").write_text(CONFIGURATION)
        Path("seed.redis").write_text(SEED)
        os.environ["MTLSX_PASSWORD"] = "public"  # noqa: S105  (of the demo)
        for name, arguments in COMMANDS.items():
            if not wanted or any(part in name for part in wanted):
                shoot_command(arguments, HERE / f"{name}.svg")


async def shoot(
    scene: Scene, material: Material, theme: str, size: tuple[int, int], svg: Path
) -> None:
    """Play ``scene`` in a terminal of ``size`` (columns, lines) and write what it shows."""
    with tempfile.TemporaryDirectory() as configuration:
        library = ProfileLibrary(Path(configuration))
        for each in scene.profiles:
            library.save(each)
        clock = Clock()
        app = MtlsxApp(
            library,
            connect=clock.connect,
            now=clock.now,
            pki=authorities(Path(configuration)),
            local_broker=local_broker(Path(configuration)) if scene.has_broker else None,
        )
        noon = Mock(now=lambda zone: dt.datetime.fromtimestamp(NOON, zone))
        with patch("mtlsx.probe.approach.datetime", noon):
            await take(app, scene, material, theme, size, svg)
    print(write_png(svg).relative_to(HERE.parent))


async def take(
    app: MtlsxApp, scene: Scene, material: Material, theme: str, size: tuple[int, int], svg: Path
) -> None:
    """Run ``app`` through ``scene``, and write what is on its screen then."""
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        await scene.play(pilot, material)
        for field in app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()
        app.save_screenshot(str(svg))
        await app.action_quit()


def local_broker(directory: Path) -> ScriptedLocalBroker:
    """One that a configuration file is there for."""
    file = directory / "broker.toml"
    file.write_text(LISTENER + CONFIGURATION)
    return ScriptedLocalBroker([file])


def authorities(directory: Path) -> Path:
    """Two authorities, the second with devices; made at noon."""
    noon = dt.datetime.fromtimestamp(NOON, dt.UTC)
    clock = Mock(now=lambda _: noon)
    serials = itertools.count(0x61B2D4F600C0FFEE << 96)
    with (
        patch.object(authority, "datetime", clock),
        patch("mtlsx.pki.workbench.datetime", clock),
        patch("mtlsx.pki.certify.new_serial", lambda: next(serials)),
    ):
        root = make_root(directory / "pki", "acme")
        plant = make_intermediate(directory / "pki", root)
        issue_server(plant, cn="broker.example", names=("broker.example", "192.0.2.7"))
        for number in range(1, 25):
            issue_device(plant, f"dev-{number:05}", subject="/C=DE/O=Acme")
        plant.renew(plant.open(None), plant.find("dev-00023"), KeyKind.P256, days=20)
        plant.revoke([plant.find("dev-00021").serial], Reason.KEY_COMPROMISE)
        plant.write_crl(plant.open(None), days=30)
    return directory / "pki"


def shoot_command(arguments: Sequence[str], svg: Path) -> None:
    """Write what ``mtlsx`` with ``arguments`` prints at noon in a terminal of 100 columns."""
    terminal = io.StringIO()
    noon = Mock(now=lambda zone: dt.datetime.fromtimestamp(NOON, zone))
    with (
        patch.dict(os.environ, COLUMNS="100"),
        patch.object(terminal, "isatty", lambda: True),
        patch("mtlsx_tui.cli.cert_show.datetime", noon),
        redirect_stdout(terminal),
    ):
        try:
            command_line(arguments)
        except SystemExit as end:
            if end.code not in (0, REFUSED):
                raise
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(Text.from_ansi(terminal.getvalue()))
    console.save_svg(str(svg), title=f"mtlsx {' '.join(arguments)}")
    print(write_png(svg).relative_to(HERE.parent))


class Clock:
    """A clock that stands at noon, and moves by 173 ms when a message arrives."""

    def __init__(self) -> None:
        self._seconds = NOON

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._seconds

    def connect(
        self,
        settings: ConnectionSettings,
        *,
        on_event: Callable[[Event], None],
        on_message: Callable[[Message], object],
    ) -> Connection:
        """A real connection, whose messages arrive by this clock."""

        def arrive(message: Message) -> None:
            message.received_at = self._seconds
            self._seconds += 0.173
            on_message(message)

        return Connection(settings, on_event=on_event, on_message=arrive)


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


if __name__ == "__main__":
    main(sys.argv[1:])
