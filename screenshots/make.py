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
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from unittest.mock import Mock, patch

from demo import Material, mosquitto, publish
from png import write_png
from rich.console import Console
from rich.text import Text
from scenes import SCENES, TRAFFIC, Scene
from textual.widgets import Input

from mtlsx.client.connection import Connection
from mtlsx.client.events import Event
from mtlsx.client.message import Message
from mtlsx.client.packet_log import PacketLog
from mtlsx.client.settings import ConnectionSettings
from mtlsx.identity.mapping import Dialect
from mtlsx.pki import authority
from mtlsx.pki.crls import Reason
from mtlsx.pki.keys import KeyKind
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.cli.auth_explain_text import REFUSED
from mtlsx_tui.cli.main import main as command_line

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from support.issued_pki import (
    issue_device,
    issue_server,
    make_intermediate,
    make_root,
)
from support.scripted_local_broker import (
    ScriptedLocalBroker,
)

HERE = Path(__file__).parent
NOON = dt.datetime(2035, 6, 2, 12, 0, 1, 204_500, tzinfo=dt.UTC).timestamp()
"""What the application takes for the present: 212 days before the certificates end."""
SIZES = ((120, 36), (80, 24))
"""Columns and lines."""


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
            settings_directory=Path("~/.config/mtlsx"),
            local_broker=local_broker(Path(configuration)) if scene.has_broker else None,
        )
        noon = Mock(now=lambda zone: dt.datetime.fromtimestamp(NOON, zone))
        packets = partial(PacketLog, clock=clock.now)
        with (
            patch("mtlsx.probe.approach.datetime", noon),
            patch("mtlsx.client.session.PacketLog", packets),
        ):
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
        dialect: Dialect | None,
    ) -> Connection:
        """A real connection, whose messages arrive by this clock."""

        def arrive(message: Message) -> None:
            message.received_at = self._seconds
            self._seconds += 0.173
            on_message(message)

        return Connection(settings, on_event=on_event, on_message=arrive, dialect=dialect)


if __name__ == "__main__":
    main(sys.argv[1:])
