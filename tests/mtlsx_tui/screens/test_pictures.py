"""Each screen looks as it did when somebody last looked at it and found it good.

After a change that is meant to be seen: ``pytest tests/mtlsx_tui/screens --snapshot-update``, then look at
``__snapshots__`` before committing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
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
from mtlsx.probe.verdicts import Stage, Verdict
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx.tls.record import Ended, HandshakeRecord, VerifyError
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.main_subscriptions import ProfileSubscriptions
from support.pictures import Pictured, same_textual
from support.scripted_connection import AGREED, LADDER, Script, ladder_to
from support.tui import NOW, self_signed, settle, shown

if TYPE_CHECKING:
    from textual.pilot import Pilot

pytestmark = same_textual

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
        await shown(pilot, "MESSAGES  30")
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
        await shown(pilot, "MESSAGES  30")
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
        await shown(pilot, "MESSAGES  12")
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
        await shown(pilot, {"topic": "PLOT", "search": "found", "clear": "Clear the"}[state])

    await pictured(app, play)


async def test_export(app: MtlsxApp, profile: Profile, pictured: Pictured) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("O")
        await settle(pilot)
        app.screen.query_one("#export-file", Input).value = "devices.txt"
        await pilot.press("ctrl+s")

    await pictured(app, play)


async def test_help(app: MtlsxApp, profile: Profile, pictured: Pictured) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")

    await pictured(app, play)


async def test_import(app: MtlsxApp, pictured: Pictured) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("o")
        await settle(pilot)
        app.screen.query_one("#import-file", Input).value = "/no/such.json"
        await pilot.press("enter")

    await pictured(app, play)


async def test_settings(library: ProfileLibrary, pictured: Pictured) -> None:
    # A path that is the same in each run; nothing is there.
    app = MtlsxApp(library, now=NOW.timestamp, settings_directory=Path("/etc/mtlsx-of-nobody"))

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("comma")
        await settle(pilot)
        app.screen.query_one("#set-max_messages", Input).value = "many"
        await pilot.press("ctrl+s")

    await pictured(app, play)


@pytest.mark.parametrize("state", ["properties", "editor", "sent", "copied"])
async def test_publishing(app: MtlsxApp, profile: Profile, pictured: Pictured, state: str) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settle(pilot)
        await pilot.press("p")
        app.screen.query_one("#publish-topic", Input).value = "factory/1/set"
        app.screen.query_one("#publish-payload", Input).value = '{"valve": "open"}'
        keys = {
            "properties": ("ctrl+g",),
            "editor": ("f2",),
            "sent": ("ctrl+s", "f5"),
            "copied": ("escape", "y", "down", "enter"),
        }
        for key in keys[state]:
            await pilot.press(key)
            await settle(pilot)

    await pictured(app, play)
