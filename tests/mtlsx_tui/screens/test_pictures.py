"""Each screen looks as it did when somebody last looked at it and found it good.

After a change that is meant to be seen: ``pytest tests/mtlsx_tui/screens --snapshot-update``, then look at
``__snapshots__`` before committing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.widgets import Input

from mtlsx.client.events import ConnackFacts, Connected
from mtlsx.client.message import Message
from mtlsx.client.packet_log import PacketLog, connect_text
from mtlsx.client.settings import ConnectionSettings, Subscription
from mtlsx.packets.control_packets import (
    MQTT_5,
    Connack,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
)
from mtlsx.packets.control_packets import Subscription as MqttSubscription
from mtlsx.packets.encode import encode
from mtlsx.packets.framing import PacketFilter
from mtlsx.pki.certify import Kind
from mtlsx.pki.standing import Standing
from mtlsx.probe.verdicts import Stage, Verdict
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx.tls.record import Ended, HandshakeRecord, VerifyError
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.authorities import Row, Survey, View
from mtlsx_tui.screens.main_subscriptions import ProfileSubscriptions
from support.scripted_connection import AGREED, LADDER, Script, ladder_to
from support.scripted_local_broker import (
    ScriptedLocalBroker,
    connected,
    decided,
    gone,
    handshake_refused,
    refused,
)
from support.tui import DEVICE, NOW, self_signed, settle

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion
    from textual.pilot import Pilot

TEXTUAL = "8.2.8"

pytestmark = pytest.mark.skipif(
    version("textual") != TEXTUAL, reason=f"the pictures were taken with Textual {TEXTUAL}"
)

Play = Callable[["Pilot[None]"], Awaitable[None]]
Pictured = Callable[[MtlsxApp, Play], Awaitable[None]]

UNKNOWN_CA = Verdict(
    "client-cert-unknown-ca",
    "broker.example:8883 does not trust the issuer of your certificate, Demo Device CA.",
    "Use a certificate of an issuer that it trusts.",
    ("client-cert-missing-intermediate",),
)
HANDSHAKE = HandshakeRecord(
    ended=Ended.ALERT_RECEIVED,
    version="TLS 1.3",
    cipher="TLS_AES_256_GCM_SHA384",
    certificate_requested=True,
    certificate_sent=True,
    alert_received=48,
)

STEPS = ladder_to(Stage.CLIENT_CERTIFICATE, "refused by the server: unknown_ca (48)")
SELF_SIGNED = self_signed("Demo CA")


class Svg(SingleFileSnapshotExtension):
    """A file for each picture, which any browser shows."""

    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture(params=[(80, 24), (120, 36)], ids=["small", "large"])
def pictured(request: pytest.FixtureRequest, snapshot: SnapshotAssertion) -> Pictured:
    """Compares a picture in each theme of what ``play`` leads to, in a terminal of that size."""
    kept = snapshot.use_extension(Svg)

    async def compare(app: MtlsxApp, play: Play) -> None:
        async with app.run_test(size=request.param) as pilot:
            await settle(pilot)
            await play(pilot)
            for theme in ("dark", "light"):
                app.theme = f"textual-{theme}"
                await settle(pilot)
                for field in app.screen.query(Input):
                    field.cursor_blink = False
                await pilot.pause()
                assert app.export_screenshot(simplify=True) == kept(name=theme), (
                    "It looks different."
                )

    return compare


async def test_empty(app: MtlsxApp, pictured: Pictured) -> None:
    async def play(_pilot: Pilot[None]) -> None:
        pass

    await pictured(app, play)


async def test_connected(
    app: MtlsxApp,
    profile: Profile,
    script: Script,
    pictured: Pictured,
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

    await pictured(app, play)


async def test_filtered(
    app: MtlsxApp,
    profile: Profile,
    script: Script,
    pictured: Pictured,
) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settle(pilot)
        for number in range(30):
            script.connection.deliver(
                Message(
                    f"factory/{number % 3}/temperature",
                    bytes.fromhex("a16763656c73697573f94d60"),
                    qos=1,
                    retain=False,
                    dup=False,
                    outgoing=number % 4 == 0,
                    received_at=NOW.timestamp() + number,
                )
            )
        await pilot.pause(0.3)
        for _ in range(12):  # a second
            pilot.app.screen.query_one(ProfileSubscriptions).tick()
        await pilot.press("escape", "slash", *"factory/2/+", "tab", "tab", "right", "enter")
        await pilot.press("up", "w")

    await pictured(app, play)


async def test_subscriptions(
    app: MtlsxApp,
    profile: Profile,
    library: ProfileLibrary,
    script: Script,
    pictured: Pictured,
) -> None:
    subscriptions = (
        *profile.subscriptions,
        Subscription("factory/+/temperature", 2, colour="orange", alias="temperatures"),
        Subscription("alarms/#", enabled=False),
        Subscription("secret/#", 1),
    )
    library.save(replace(profile, subscriptions=subscriptions))
    script.refused_filters["secret/#"] = (0x87, "Not authorized (0x87)")

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settle(pilot)
        for number in range(12):
            script.connection.deliver(
                Message(
                    f"factory/{number}/{'set' if number % 3 else 'temperature'}", b"21.5",
                    qos=1, retain=False, dup=False, outgoing=False,
                    received_at=NOW.timestamp() + number,
                )
            )  # fmt: skip
        await pilot.pause(0.3)
        for _ in range(12):  # a second
            pilot.app.screen.query_one(ProfileSubscriptions).tick()
        await pilot.press("s")
        pilot.app.screen.query_one(ProfileSubscriptions).focus_list()
        await pilot.press("down", "e")

    await pictured(app, play)


async def test_connection(
    app: MtlsxApp,
    profile: Profile,
    script: Script,
    pictured: Pictured,
) -> None:
    facts = ConnackFacts(
        code=0, session_present=False, client_id="mtlsx_9f2c01ab", server_keepalive=30,
        receive_maximum=20, maximum_packet_size=1_048_576, topic_alias_maximum=10,
        shared_available=False,
    )  # fmt: skip
    script.on_start = lambda connection: connection.say(Connected(facts, AGREED, LADDER))

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settle(pilot)
        log = PacketLog(
            MQTT_5, connect_text(script.connection.settings, "mtlsx_9f2c01ab"), NOW.timestamp
        )
        script.connection.packets = log
        ours, theirs = (PacketFilter(frozenset(), each) for each in (log.sent, log.received))
        log.sent(0x10, 80, bytes(80), 0)
        for packets, packet in (
            (theirs, Connack(False, 0)),
            (
                ours,
                Subscribe(1, (MqttSubscription(b"factory/#", 1), MqttSubscription(b"secret/#", 1))),
            ),
            (theirs, Suback(1, (1, 0x87))),
            (theirs, Publish(b"factory/1/temperature", b"21.5", qos=1, packet_id=1, retain=True)),
            (ours, Puback(1)),
            (ours, Publish(b"factory/set", b"on" * 4000, qos=1, packet_id=2)),
            (theirs, Puback(2, 0x10)),
            (ours, Pingreq()),
            (theirs, Pingresp()),
        ):
            packets.feed(encode(packet, MQTT_5))
        await pilot.press("i")

    await pictured(app, play)


async def test_failed(
    app: MtlsxApp,
    profile: Profile,
    script: Script,
    pictured: Pictured,
) -> None:
    script.on_start = lambda each: each.fail(UNKNOWN_CA, HANDSHAKE, None, STEPS)

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("c")

    await pictured(app, play)


@pytest.mark.parametrize("state", ["explained", "asked"])
async def test_attempt(
    library: ProfileLibrary,
    script: Script,
    pictured: Pictured,
    state: str,
) -> None:
    connection = ConnectionSettings(host="broker.example", port=8883, client_id="dev-1")
    library.save(Profile(name="dev-1", connection=connection))
    app = MtlsxApp(library, connect=script.connect, now=NOW.timestamp)
    untrusted = HandshakeRecord(
        ended=Ended.REFUSED_BY_US,
        version="TLS 1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        server_chain=(SELF_SIGNED,),
        verify_errors=(VerifyError(18, "self signed certificate", 0, SELF_SIGNED),),
        alert_sent=48,
    )
    verdict = Verdict(
        "server-self-signed",
        'We refused broker.example:8883: its certificate "Demo CA" is self-signed and not in the CA file.',
        "Give this certificate as the CA file, if you know it to be the broker's.",
    )
    steps = ladder_to(Stage.SERVER_CERTIFICATE, "refused by us: self signed certificate")
    script.on_start = lambda each: each.fail(verdict, untrusted, None, steps)

    async def play(pilot: Pilot[None]) -> None:
        for key in ("c", "x", *(("t",) if state == "asked" else ())):
            await pilot.press(key)
            await settle(pilot)

    await pictured(app, play)


async def test_recipes(library: ProfileLibrary, pictured: Pictured) -> None:
    # Absolute paths, which are the same in each run; the files are not there.
    tls = TlsSettings(ca_file="/etc/mqtt/ca.pem", certificate_file="/etc/mqtt/device.p12")
    connection = ConnectionSettings(host="broker.example", port=8883, client_id="dev-1", tls=tls)
    library.save(Profile(name="dev-1", connection=connection))
    library.secrets.set("dev-1", SecretKind.PASSWORD, Secret("public"))
    app = MtlsxApp(library, now=NOW.timestamp)

    async def play(pilot: Pilot[None]) -> None:
        for key in ("a", "down", "down", "down"):
            await pilot.press(key)
            await settle(pilot)

    await pictured(app, play)


async def test_form(
    app: MtlsxApp,
    profile: Profile,
    pictured: Pictured,
) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("e")
        await settle(pilot)
        pilot.app.screen.query_one("#form-name", Input).value = ""
        pilot.app.screen.query_one("#form-verify_name").focus()
        await pilot.press("right")
        await pilot.press("ctrl+s")

    await pictured(app, play)


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
        await pilot.pause(0.3)
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


@pytest.mark.parametrize("state", ["topic", "search", "clear"])
async def test_topics(
    app: MtlsxApp,
    profile: Profile,
    script: Script,
    pictured: Pictured,
    state: str,
) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settle(pilot)
        for number in range(60):
            payloads = {
                f"factory/{number % 3}/temperature": b'{"celsius": %.1f}' % (number * 7 % 23),
                f"factory/{number % 3}/state": b"running",
                "$SYS/broker/uptime": b"%d seconds" % number,
                "alerts/door": b"\x00\xff",
            }
            for topic, payload in payloads.items():
                at = NOW.timestamp() + number * 1.3
                script.connection.deliver(
                    Message(topic, payload, number % 3, number < 3, False, False, at)
                )
        await pilot.press("t")
        await settle(pilot)
        keys = {
            "topic": ("down",) * 8,
            "search": ("slash", *"state", "down"),
            "clear": ("down",) * 5 + ("delete",),
        }
        for key in keys[state]:
            await pilot.press(key)
        await pilot.pause(0.5)

    await pictured(app, play)


async def test_export(app: MtlsxApp, profile: Profile, pictured: Pictured) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("O")
        await settle(pilot)
        app.screen.query_one("#export-file", Input).value = "devices.txt"
        await pilot.press("ctrl+s")

    await pictured(app, play)
