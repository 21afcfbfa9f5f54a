"""The screens of the authorities and of the local broker look as they did when somebody found them good.

After a change that is meant to be seen: ``pytest tests/mtlsx_tui/screens --snapshot-update``, then look at
``__snapshots__`` before committing.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtlsx.pki.certify import Kind
from mtlsx.pki.standing import Standing
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.authorities import Row, Survey, View
from support.pictures import Pictured, same_textual
from support.scripted_local_broker import (
    ScriptedLocalBroker,
    connected,
    decided,
    gone,
    handshake_refused,
    refused,
)
from support.tui import DEVICE, NOW, settle, shown

if TYPE_CHECKING:
    from textual.pilot import Pilot

pytestmark = same_textual


def issued(number: int, standing: Standing, days: int, *, name: str | None = None) -> Row:
    """A certificate whose every value is the same in each run."""
    cn = name or f"dev-{number:05}"
    return Row(
        serial=f"{0x61B2D4F600C0FFEE << 96 | number:040X}",
        name=cn,
        cn=cn,
        dn=f"CN={cn},O=Acme,C=DE",
        kind=Kind.SERVER if name else Kind.DEVICE,
        standing=standing,
        issued=NOW - timedelta(days=365 - days),
        until=NOW + timedelta(days=days, hours=1),
        days=days,
        has_key=number % 3 != 0,
        about="revoked on 2026-09-01: keyCompromise" if standing is Standing.REVOKED else "",
    )


ROWS = (
    issued(41, Standing.REVOKED, 300),
    issued(40, Standing.ENDING, 12),
    issued(39, Standing.RENEWED, 12),
    issued(38, Standing.EXPIRED, -3),
    *(issued(number, Standing.VALID, 200 + number) for number in range(37, 0, -1)),
    issued(0, Standing.VALID, 397, name="broker.example"),
)
VIEWS = tuple(
    View(name, name, "factory", f"O=Acme, CN={name}", name == "factory", days, NOW + timedelta(days=days), name != "plant",
         "1 revoked, list good for 29 days", "/pki", rows)
    for name, days, rows in (("factory", 3649, ()), ("lab", 60, ()), ("plant", 1800, ROWS))
)  # fmt: skip


@pytest.mark.parametrize("state", ["list", "issue", "encrypted"])
async def test_pki(
    app: MtlsxApp,
    pictured: Pictured,
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mtlsx_tui.screens.pki.survey", lambda *_: Survey(VIEWS))

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("k")
        await settle(pilot)
        keys = {
            "list": ("down", "down", "tab", "down"),
            "issue": ("down", "down", "i"),
            "encrypted": ("i",),
        }
        for key in keys[state]:
            await pilot.press(key)
            await settle(pilot)

    await pictured(app, play)


CONFIGURATION = """
[listeners.tcp.default]
bind = "127.0.0.1:1883"
[mqtt]
peer_cert_as_username = "cn"
[[authentication]]
mechanism = "password_based"
backend = "redis"
server = "embedded"
cmd = "HMGET tls_domain:${cert_common_name} password_hash salt"
[[authorization.sources]]
type = "redis"
server = "embedded"
cmd = "HGETALL mqtt_acl:${username}"
"""


@pytest.mark.parametrize("state", ["empty", "refused", "certificate", "mapping", "store"])
async def test_broker(
    library: ProfileLibrary,
    pictured: Pictured,
    state: str,
    tmp_path: Path,
) -> None:
    file = tmp_path / "broker.toml"
    file.write_text(CONFIGURATION)
    given = ScriptedLocalBroker([file])
    given.answers["execute"] = ["tls_domain:dev-1", "mqtt_acl:dev-1"]
    app = MtlsxApp(
        library,
        now=NOW.timestamp,
        pki=tmp_path / "pki",
        local_broker=None if state == "empty" else given,
    )

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("b")
        await settle(pilot)
        if state == "empty":
            return
        for event in (
            *(connected(f"dev-{number}", 50000 + number) for number in range(1, 9)),
            connected(DEVICE, 50100, version=4),
            handshake_refused(50020),
            decided("dev-1", "subscribe", "dev-1/#", allowed=True),
            decided("dev-1", "publish", "other/1/temperature", allowed=False),
            gone("dev-3", 50003, by="broker"),
            refused("dev-9", 50030),
        ):
            given.says(event)
        await shown(pilot, "dev-9")
        keys = {
            "refused": (),
            "certificate": ("down",) * 4,
            "mapping": ("m",),
            "store": ("c", *"KEYS *", "enter"),
        }
        for key in keys[state]:
            await pilot.press(key)
        await settle(pilot)

    await pictured(app, play)
