"""The main screen, driven as a person would, on scripted connections."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Button, Input

from mtlsx.client.events import ConnackFacts, Connected, Connecting
from mtlsx.client.message import Message
from mtlsx.client.packet_log import PacketLog
from mtlsx.client.settings import Publication, Subscription
from mtlsx.errors import UsageError
from mtlsx.packets.control_packets import MQTT_5
from mtlsx.payloads.formats import PayloadFormat
from mtlsx.probe.verdicts import Stage, Verdict
from mtlsx.profiles.library import Guest, ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx.tls.record import Ended, HandshakeRecord
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.form import ProfileForm
from mtlsx_tui.screens.help import HelpScreen
from mtlsx_tui.screens.main_subscriptions import ProfileSubscriptions
from mtlsx_tui.settings import Settings
from mtlsx_tui.widgets.failure import FailurePanel
from mtlsx_tui.widgets.messages import MessagesPane
from mtlsx_tui.widgets.profiles import ProfileList
from mtlsx_tui.widgets.stream import MessageStream
from support.scripted_connection import Script, ScriptedConnection, ladder_to
from support.tui import DEVICE, NOW, gone, paste, screen_text, settle, shown, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 36)
UNKNOWN_CA = Verdict(
    "client-cert-unknown-ca",
    'The broker does not trust "Demo Device CA", the issuer of your certificate.',
    "Use a certificate of an issuer that it trusts.",
    ("client-cert-missing-intermediate",),
)
REFUSED_BY_SERVER = HandshakeRecord(
    ended=Ended.ALERT_RECEIVED, version="TLS 1.3", alert_received=48, certificate_sent=True
)


def message(number: int) -> Message:
    return Message(
        f"factory/{number}/temperature",
        b'{"celsius": %d}' % number,
        qos=1,
        retain=False,
        dup=False,
        outgoing=False,
        received_at=NOW.timestamp() + number,
    )


async def test_without_profiles_it_says_what_to_do(app: MtlsxApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "No profiles yet" in screen_text(app)
        await pilot.press("n")
        assert isinstance(app.screen, ProfileForm)


async def test_the_card_shows_what_the_broker_will_see(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert f"cn   {DEVICE}" in text
        assert "212 days left" in text
        assert "Ed25519" in text
        assert "mtlsx_9f2c01ab  (from CONNECT)" in text
        assert "(from cn)" in text
        assert "not connected" in text
        assert "c connects to mqtts://broker.example:8883" in text


async def test_connect_subscribe_receive_publish(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert "● connected  TLS 1.3  MQTT 5" in screen_text(app)
        assert "● factory/# q1" in screen_text(app)  # remembered, so asked for at once

        await pilot.press("s", *"alerts/+", "tab", "right", "right", "shift+tab", "enter")
        await settle(pilot)
        assert "● alerts/+ q2" in screen_text(app)
        assert "⏎ add" not in screen_text(app)
        remembered = library.profiles.get(profile.name).subscriptions
        assert remembered == (Subscription("factory/#", 1), Subscription("alerts/+", 2))

        for number in range(3):
            script.connection.deliver(message(number))
        await shown(pilot, "MESSAGES  3", 'factory/2/temperature q1    {"celsius": 2}')

        await pilot.press(
            "ctrl+l", *"factory/set", "tab", "right", "tab", "space", "tab", "tab", *"{}", "enter"
        )
        await settle(pilot)
        assert script.connection.published == [
            Publication("factory/set", b"{}", qos=1, retain=True)
        ]
        await shown(pilot, "↑ factory/set")


async def test_a_failure_stays_until_the_next_attempt(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    steps = ladder_to(Stage.CLIENT_CERTIFICATE, "refused by the server: unknown_ca (48)")
    script.on_start = lambda each: each.fail(UNKNOWN_CA, REFUSED_BY_SERVER, None, steps)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        text = screen_text(app)
        assert "✘ failed" in text
        assert "✔ tcp      192.0.2.7:8883" in text
        assert "11 ms" in text
        assert "✘ client   refused by the server: unknown_ca (48)" in text
        assert "does not trust" in text
        assert "→ Use a certificate" in text
        assert "It may also be that our certificate file lacks an intermediate" in text
        assert "Not tried again" in text

        script.on_start = ScriptedConnection.accept
        await pilot.press("c")
        await settle(pilot)
        assert not app.screen.query_one(FailurePanel).display
        assert "● connected" in screen_text(app)


async def test_waiting_for_the_next_attempt_is_visible_and_can_be_given_up(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    lost = Verdict("connection-lost", "The connection to broker.example:8883 was lost.")
    script.on_start = lambda connection: connection.fail(lost, None, 30.0)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert re.search(r"waiting, retry in (30|2\d) s", screen_text(app))
        assert re.search(r"Trying again in (30|2\d) s", screen_text(app))

        script.connection.say(Connecting(2))
        await pilot.pause()
        assert "connecting, attempt 2" in screen_text(app)
        assert "was lost" in screen_text(app)  # still there to be read

        await pilot.press("c")
        await settle(pilot)
        assert script.connection.stopped
        assert "○ not connected" in screen_text(app)


async def test_events_of_an_earlier_connection_count_for_nothing(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        first = script.connection
        await pilot.press("c")
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        first.fail(UNKNOWN_CA, None, None)
        await pilot.pause()
        assert "● connected" in screen_text(app)


async def test_a_refused_subscription_says_so_in_words(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    script.refused_filters["factory/#"] = (0x87, "Not authorized (0x87)")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert "✘ factory/#" in screen_text(app)
        assert "Not authorized (0x87)" in screen_text(app)


async def test_a_refused_publication_says_so_in_words(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    script.publish_answer = (0x87, "Not authorized (0x87)")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        await pilot.press("p")
        await paste(pilot, "alerts")
        await pilot.press("tab", "tab", "tab", "tab", "x", "enter")
        await settle(pilot)
        assert "✘ not published: alerts: Not authorized (0x87)" in screen_text(app)


async def test_publishing_without_a_connection_says_so(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("p", *"t", "enter")
        await settle(pilot)
        assert "✘ not published: there is no connection" in screen_text(app)


@pytest.mark.parametrize("topic_filter", ["a/#/b", "x+"])
async def test_a_filter_that_mqtt_forbids_is_refused_beside_its_field(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, topic_filter: str
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("s")
        app.screen.query_one("#subscription-filter", Input).value = topic_filter
        await pilot.press("enter")
        await settle(pilot)
        assert app.screen.query_one("#subscription-error").display
        assert app.screen.query_one("#subscription-filter", Input).value == topic_filter
        assert library.profiles.get(profile.name) == profile


async def test_unsubscribing_forgets(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        app.screen.query_one("#subscription-list").focus()
        await pilot.press("delete")
        await settle(pilot)
        assert library.profiles.get(profile.name).subscriptions == ()
        assert "factory/#" not in screen_text(app)


async def test_a_subscription_is_paused_and_taken_up_again(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        app.screen.query_one("#subscription-list").focus()
        await pilot.press("space")
        await settle(pilot)
        assert "‖ factory/# off" in screen_text(app)
        assert script.connection.unsubscribed == ["factory/#"]
        (kept,) = library.profiles.get(profile.name).subscriptions
        assert (kept.topic_filter, kept.qos, kept.enabled) == ("factory/#", 1, False)

        await pilot.press("c")
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert script.connection.subscribed == []  # it stays off over a new connection
        await pilot.press("space")
        await settle(pilot)
        assert "● factory/# q1" in screen_text(app)
        assert [each.topic_filter for each in script.connection.subscribed] == ["factory/#"]
        assert library.profiles.get(profile.name) == profile


async def test_a_subscription_is_edited_with_all_its_options(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        app.screen.query_one("#subscription-list").focus()
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("end", *"/#", "enter")
        await settle(pilot)
        assert "# must be the whole last level" in screen_text(app)
        await pilot.press(
            "backspace", "backspace", "backspace", *"+", "tab", *"all", "tab", "right"
        )
        await pilot.press("tab", "right", "tab", "right", "tab", "right", "tab", *"7x", "ctrl+s")
        await settle(pilot)
        assert "Subscription identifier '7x' is no number." in screen_text(app)
        await pilot.press("backspace", "tab", "right", "right", "ctrl+s")
        await settle(pilot)
        wanted = Subscription(
            "factory/+", 2, no_local=True, retain_as_published=True, retain_handling=1,
            subscription_identifier=7, alias="all", colour="orange",
        )  # fmt: skip
        assert library.profiles.get(profile.name).subscriptions == (wanted,)
        assert script.connection.subscribed[-1] == wanted
        assert script.connection.unsubscribed == ["factory/#"]
        assert "● all q2" in screen_text(app)


async def test_a_subscription_tells_how_much_it_brought_and_enter_shows_that_only(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    both = (*profile.subscriptions, Subscription("factory/2/#", colour="red"))
    library.save(replace(profile, subscriptions=both))
    async with app.run_test(size=SIZE) as pilot:
        await connected_with(pilot, script, map(message, range(5)))
        panel = app.screen.query_one(ProfileSubscriptions)
        for _ in range(12):
            panel.tick()
        rows = screen_text(app).splitlines()
        (first,) = [row for row in rows if "● factory/# q1" in row]
        (second,) = [row for row in rows if "● factory/2/# q0" in row]
        assert re.search(r"q1 +5( \d+/s)? ", first)
        assert re.search(r"q0 +1( \d+/s)? ", second)
        app.screen.query_one("#subscription-list").focus()
        await pilot.press("down", "enter")
        await shown(pilot, "MESSAGES  5  1 shown")


async def test_the_connection_is_shown_from_within(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    facts = ConnackFacts(
        code=0, session_present=True, client_id="dev", server_keepalive=30, maximum_qos=1,
        shared_available=False, user_properties=(("region", "eu\x1b[2J"),),
    )  # fmt: skip
    script.on_start = lambda connection: connection.say(Connected(facts, None))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        log = script.connection.packets = PacketLog(MQTT_5, 'client id "dev"', clock=lambda: 0.0)
        log.sent(0x10, 40, bytes(40), 0)
        log.received(0x20, 3, b"\x01\x00\x00", 0)
        await pilot.press("i")
        await settle(pilot)
        text = screen_text(app)
        assert "Session       continued" in text
        assert "Keep alive    30 s, set by the server" in text
        assert "Property      region: eu\\x1b[2J" in text
        assert "Limits        QoS 1" in text
        assert "Lacks         shared subscriptions" in text
        assert "PACKETS  2" in text
        assert '↑ CONNECT          42 B  client id "dev"' in text
        assert "↓ CONNACK           5 B  Success (0x00), session continued" in text

        log.received(0xE0, 2, b"\x8e\x00", 0)
        await shown(pilot, "↓ DISCONNECT")
        await pilot.press("y")
        await pilot.pause()
        assert (
            app.clipboard.splitlines()[1]
            == "00:00:00.000 < CONNACK Success (0x00), session continued"
        )
        await pilot.press("escape")
        await settle(pilot)
        assert app.screen is app.main


async def test_holding_and_selecting(app: MtlsxApp, profile: Profile, script: Script) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected_with(pilot, script, map(message, range(40)))
        await pilot.press("space")
        assert "held" in screen_text(app)
        assert app.focused is app.screen.query_one(MessageStream)
        await pilot.press("home")
        await pilot.pause()
        assert "factory/0/temperature · QoS 1 · 14 bytes · JSON" in screen_text(app)
        assert '"celsius": 0' in screen_text(app)
        await pilot.press("v", "v", "v")
        assert "7b 22 63" in screen_text(app)
        await pilot.press("space")
        await pilot.pause()
        assert app.screen.query_one(MessageStream).following


async def connected_with(pilot: Pilot[None], script: Script, messages: Iterable[Message]) -> None:
    """Connect the profile that is shown, with these messages in its ring and in view."""
    await settle(pilot)
    await pilot.press("c")
    await settle(pilot)
    last = None
    for each in messages:
        script.connection.deliver(each)
        last = each.payload.decode()
    if last is not None:
        await shown(pilot, last)
    await pilot.press("escape")


async def test_messages_are_filtered_by_topic_text_and_direction(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected_with(pilot, script, map(message, range(30)))
        await pilot.press("slash", *"factory/1+", "enter")
        assert "# must" not in screen_text(app)
        assert "✘ In topic filter 'factory/1+', + must be a whole level." in screen_text(app)
        assert "MESSAGES  30  11 shown" in screen_text(app)  # as before the last letter

        await pilot.press("slash", "end", "backspace", "tab", *"2}", "enter")
        text = await shown(pilot, "MESSAGES  30  1 shown", "factory/12/temperature")
        assert "factory/2/temperature" not in text
        assert app.focused is app.screen.query_one(MessageStream)

        script.connection.deliver(message(112))
        script.connection.deliver(message(113))
        await shown(pilot, "MESSAGES  32  2 shown")

        await pilot.press("slash", "tab", "tab", "right", "right")
        await shown(pilot, "0 shown")
        await pilot.press("escape")
        text = await shown(pilot, "MESSAGES  32  space holds")
        assert "FILTER" not in text


async def test_a_filter_over_very_many_messages_finds_them_all_in_steps(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected_with(pilot, script, map(message, range(50_000)))
        pane = app.screen.query_one(MessagesPane)
        await pilot.press("slash", "tab", *"77}")
        while pane.searching:
            await pilot.pause()
        assert "500 shown  space" in screen_text(app)


async def test_what_falls_out_while_the_messages_are_held_is_counted(
    library: ProfileLibrary, profile: Profile, script: Script
) -> None:
    app = MtlsxApp(library, settings=Settings(max_messages=40), connect=script.connect)
    async with app.run_test(size=SIZE) as pilot:
        await connected_with(pilot, script, map(message, range(45)))
        await pilot.press("space")
        for number in range(45, 52):
            script.connection.deliver(message(number))
        await shown(pilot, "held, 7 below, 7 fell out")
        await pilot.press("space")
        await pilot.pause()
        assert "12 dropped to make room" in screen_text(app)


async def test_messages_are_forgotten_when_a_person_agrees(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected_with(pilot, script, map(message, range(3)))
        await pilot.press("delete")
        assert "Forget all 3 messages of this profile?" in screen_text(app)
        await pilot.press("n")
        assert "MESSAGES  3" in screen_text(app)
        await pilot.press("delete", "y")
        await shown(pilot, "Nothing has come yet")
        script.connection.deliver(message(7))
        await shown(pilot, "MESSAGES  1")


async def test_what_is_shown_is_written_into_a_file_and_none_is_replaced_unasked(
    app: MtlsxApp, profile: Profile, script: Script, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    async with app.run_test(size=SIZE) as pilot:
        await connected_with(pilot, script, map(message, range(12)))
        await pilot.press("slash", "tab", *"1", "enter", "w")
        await settle(pilot)
        assert "Write 3 messages" in screen_text(app)
        await pilot.press("ctrl+u")
        await paste(pilot, str(path))
        await pilot.press("enter")
        await settle(pilot)
        written = [json.loads(line)["topic"] for line in path.read_text().splitlines()]
        assert written == [f"factory/{number}/temperature" for number in (1, 10, 11)]

        await pilot.press("slash", "escape", "w")
        await settle(pilot)
        await pilot.press("ctrl+u")
        await paste(pilot, str(path))
        await pilot.press("enter")
        await settle(pilot)
        assert "is there already" in " ".join(screen_text(app).split())
        await pilot.press("tab", "right", "ctrl+s")
        await settle(pilot)
        assert len(path.read_text().splitlines()) == 12


async def test_our_own_messages_that_come_back_say_how_long_they_took(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected_with(pilot, script, ())
        await pilot.press("p", *"t", "tab", "tab", "tab", "tab", *"x", "enter")
        await settle(pilot)
        script.connection.deliver(replace(message(0), topic="t", payload=b"x"))
        await shown(pilot, "MESSAGES  2")
        await pilot.press("escape", "up")
        await pilot.pause()
        assert re.search(r"t · QoS 1 · 1 byte · text · back after \d+\.\d ms", screen_text(app))


async def test_messages_of_a_profile_that_is_not_shown_are_counted(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    library.save(replace(profile, name="other"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        await pilot.press("down")
        await settle(pilot)
        for number in range(7):
            script.connection.deliver(message(number))
        await shown(pilot, "● dev-346a004d     7", "○ not connected")
        await pilot.press("up")
        await shown(pilot, "MESSAGES  7")
        await gone(pilot, "● dev-346a004d     7")


async def test_the_secrets_go_to_the_connection_and_never_to_the_screen(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    library.secrets.set(profile.name, SecretKind.PASSWORD, Secret("hunter2hunter2"))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert script.connection.settings.password == Secret("hunter2hunter2")
        assert "hunter2" not in screen_text(app)
        await pilot.press("e")
        await settle(pilot)
        assert "hunter2" not in screen_text(app)


async def test_settings_that_cannot_be_meant_are_said_in_the_place_of_the_messages(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    def refuse(_connection: ScriptedConnection) -> None:
        raise UsageError("The path must begin with a slash.")

    script.on_start = refuse
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        assert "✘ not started" in screen_text(app)
        assert "must begin with a slash" in screen_text(app)


async def test_a_damaged_profile_is_named_and_the_rest_works(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    (library.profiles.directory / "bad.toml").write_text("not toml")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "bad.toml" in screen_text(app).replace("\n", "")
        assert "dev-346a004d" in screen_text(app)


async def test_values_are_copied(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("y", "down", "enter")
        await pilot.pause()
        assert app.clipboard == f"CN={DEVICE},O=Demo,C=DE"
        await pilot.press("escape")
        await pilot.click("#card-cn")
        await pilot.pause()
        assert app.clipboard == DEVICE


async def test_deleting_a_profile_asks_first(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("delete")
        assert "Delete profile" in screen_text(app)
        await pilot.press("n")
        await settle(pilot)
        assert len(library.profiles.list().profiles) == 1
        assert app.focused is app.screen.query_one(ProfileList)
        await pilot.press("delete", "y")
        await settle(pilot)
        assert library.profiles.list().profiles == ()
        assert "No profiles yet" in screen_text(app)


async def test_groups_fold(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("up", "enter")
        await pilot.pause()
        assert "▸ factory" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "▾ factory" in screen_text(app)


async def test_help_lists_every_key_of_the_screen(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=(120, 60)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        text = screen_text(app)
        assert "n, ^n" in text
        assert "Subscribe to a topic filter" in text
        assert (
            text.index("PROFILES", text.index("╭"))
            < text.index("PUBLISHING")
            < text.index("MOVING")
        )
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_the_palette_knows_what_the_keys_do(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"make a new", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProfileForm), "the form")


async def test_every_action_has_a_key_that_works_inside_a_field(
    app: MtlsxApp, profile: Profile
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        main = app.screen

        def offered() -> set[str]:
            actives = main.active_bindings.values()
            return {active.binding.action for active in actives if active.node is main}

        outside = offered()
        await pilot.press("p")
        everywhere = {"app.quit", "screen.copy_text"}  # ctrl+q and ctrl+c are the application's
        everywhere |= {
            "edit",
            "publish",
        }  # f2 is the editor's in the publish line, and there one is already
        assert offered() | everywhere >= outside


@pytest.mark.parametrize("keys", ["q", ""], ids=["by its key", "by itself"])
async def test_the_end_stops_the_connections(
    app: MtlsxApp, profile: Profile, script: Script, keys: str
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        await pilot.press(*keys)
    assert script.connection.stopped


async def test_a_connection_keeps_as_many_messages_as_the_settings_say(
    library: ProfileLibrary, profile: Profile, script: Script
) -> None:
    app = MtlsxApp(library, settings=Settings(max_messages=2), connect=script.connect)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("c")
        await settle(pilot)
        session = app.main.sessions.get(profile.name)
        assert session is not None
        for number in range(3):
            session.ring.append(message(number))
        await settle(pilot)
        assert len(session.ring) == 2
        assert "1 dropped to make room" in screen_text(app)


async def test_the_client_id_that_the_server_assigns_is_shown(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    library.save(replace(profile, connection=replace(profile.connection, client_id="")))
    facts = ConnackFacts(
        code=0, session_present=False, client_id="auto-4711", client_id_assigned=True
    )
    script.on_start = lambda connection: connection.say(Connected(facts, None))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "the broker assigns one" in screen_text(app)
        await pilot.press("c")
        await settle(pilot)
        assert "client id auto-4711  (from the broker)" in screen_text(app)


async def test_a_guest_is_connected_at_once_and_saved_only_on_demand(
    library: ProfileLibrary, profile: Profile, script: Script
) -> None:
    guest = Guest(replace(profile, name="demo", subscriptions=()), Secret("hush"))
    directory = library.profiles.directory
    library = ProfileLibrary(directory.parent, guests=[guest])
    app = MtlsxApp(library, connect=script.connect, now=NOW.timestamp, opened="demo")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert script.connection.settings.password == Secret("hush")
        assert "● connected" in screen_text(app)
        await pilot.press("s", *"a/b", "enter")
        await settle(pilot)
        assert [each.name for each in library.profiles.list().profiles] == [profile.name]
        await pilot.press("e")
        await pilot.press("ctrl+s")
        await settle(pilot)
    saved = ProfileLibrary(directory.parent)
    assert [each.topic_filter for each in saved.profiles.get("demo").subscriptions] == ["a/b"]
    assert saved.connection(saved.profiles.get("demo")).password == Secret("hush")


async def test_how_payloads_are_shown_and_written_is_remembered_with_the_profile(
    app: MtlsxApp, profile: Profile, library: ProfileLibrary, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, profile.name)
        await pilot.press("c")
        await shown(pilot, "● connected")
        script.connection.deliver(
            Message("t", b'{"a": 1}', 0, retain=False, dup=False, outgoing=False, received_at=0.0)
        )
        await shown(pilot, "view: auto", '"a": 1')
        await pilot.press("v", "v")
        await shown(pilot, "view: text")
        await pilot.press("t")
        await shown(pilot, "TOPICS", "view: text")
        await pilot.press("v")
        await shown(pilot, "view: hex")
        await pilot.press("escape")
        await shown(pilot, "MESSAGES", "view: hex")
        app.screen.query_one("#publish-format", Button).press()
        await shown(pilot, "json ")

        def saved() -> tuple[PayloadFormat | None, PayloadFormat]:
            one = next(each for each in library.list().profiles if each.name == profile.name)
            return one.view_format, one.publish_format

        await until(
            pilot, lambda: saved() == (PayloadFormat.HEX, PayloadFormat.JSON), "it to be saved"
        )
    app = MtlsxApp(library, connect=script.connect, now=NOW.timestamp)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, profile.name)

        def labels() -> list[str]:
            buttons = ("#publish-format", "#detail-format")
            return [str(app.screen.query_one(each, Button).label) for each in buttons]

        await until(pilot, lambda: labels() == ["json", "view: hex"], "the formats")
