"""Each screen looks as it did when somebody last looked at it and found it good.

After a change that is meant to be seen: ``pytest tests/mtlsx_tui/screens --snapshot-update``, then look at
``__snapshots__`` before committing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from mtlsx.client.message import Message
from mtlsx.probe.verdicts import Verdict
from mtlsx.profiles.model import Profile
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx_tui.app import MtlsxApp
from support.scripted_connection import Script
from support.tui import NOW, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot

TEXTUAL = "8.2.8"

pytestmark = [
    pytest.mark.skipif(
        version("textual") != TEXTUAL, reason=f"the pictures were taken with Textual {TEXTUAL}"
    ),
    pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["small", "large"]),
    pytest.mark.parametrize("theme", ["textual-dark", "textual-light"], ids=["dark", "light"]),
]

Compare = Callable[..., bool]

UNKNOWN_CA = Verdict(
    "client-cert-unknown-ca",
    "broker.example:8883 does not trust the issuer of your certificate, Demo Device CA.",
    "Use a certificate of an issuer that it trusts.",
)
HANDSHAKE = HandshakeRecord(
    ended=Ended.ALERT_RECEIVED,
    version="TLS 1.3",
    cipher="TLS_AES_256_GCM_SHA384",
    certificate_requested=True,
    certificate_sent=True,
    alert_received=48,
)


def playing(
    theme: str, play: Callable[[Pilot[None]], Awaitable[None]]
) -> Callable[[Pilot[None]], Awaitable[None]]:
    """``play`` in that theme, and then nothing that moves."""

    async def run(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        await settle(pilot)
        await play(pilot)
        await settle(pilot)
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    return run


def test_empty(app: MtlsxApp, snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    async def play(_pilot: Pilot[None]) -> None:
        pass

    assert snap_compare(app, terminal_size=size, run_before=playing(theme, play))


def test_connected(
    app: MtlsxApp,
    profile: Profile,
    script: Script,
    snap_compare: Compare,
    size: tuple[int, int],
    theme: str,
) -> None:
    script.refused_filters["factory/#"] = (0x87, "Not authorized (0x87)")

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settle(pilot)
        for number in range(30):
            payload = (
                b'{"celsius": 2%d.5, "ok": true}' % (number % 10) if number % 7 else b"\x00\xff"
            )
            script.connection.deliver(
                Message(
                    f"factory/{number % 3}/temperature",
                    payload,
                    qos=number % 3,
                    retain=number % 5 == 0,
                    dup=number % 11 == 0,
                    outgoing=number % 13 == 0,
                    received_at=NOW.timestamp() + number * 0.173,
                )
            )
        await pilot.pause(0.3)
        await pilot.press("escape", "up", "up")

    assert snap_compare(app, terminal_size=size, run_before=playing(theme, play))


def test_failed(
    app: MtlsxApp,
    profile: Profile,
    script: Script,
    snap_compare: Compare,
    size: tuple[int, int],
    theme: str,
) -> None:
    script.on_start = lambda connection: connection.fail(UNKNOWN_CA, HANDSHAKE, None)

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("c")

    assert snap_compare(app, terminal_size=size, run_before=playing(theme, play))


def test_form(
    app: MtlsxApp,
    profile: Profile,
    snap_compare: Compare,
    size: tuple[int, int],
    theme: str,
) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("e")
        await settle(pilot)
        pilot.app.screen.query_one("#form-name", Input).value = ""
        pilot.app.screen.query_one("#form-verify_name").focus()
        await pilot.press("right")
        await pilot.press("ctrl+s")

    assert snap_compare(app, terminal_size=size, run_before=playing(theme, play))
