"""The broker screen: what it shows, and what it asks the broker to do. The broker is scripted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, Static

from mtlsx.configuration.load import load
from mtlsx.errors import UsageError
from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.local_broker import LocalBroker
from mtlsx_tui.screens.broker import BrokerScreen
from mtlsx_tui.screens.main import MainScreen
from mtlsx_tui.screens.pki import PkiScreen
from mtlsx_tui.widgets.asking import AskPanel
from mtlsx_tui.widgets.broker_clients import ClientTable
from mtlsx_tui.widgets.broker_decisions import DecisionTable
from mtlsx_tui.widgets.store_line import reply_lines
from support.scripted_local_broker import (
    ScriptedLocalBroker,
    connected,
    decided,
    gone,
    handshake_refused,
    refused,
)
from support.tui import paste, screen_text, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 36)
CONFIGURATION = """\
[listeners.tcp.default]
bind = "127.0.0.1:1883"
[mqtt]
peer_cert_as_username = "cn"
[[authentication]]
mechanism = "password_based"
backend = "redis"
server = "embedded"
cmd = "HMGET tls_domain:${cert_common_name} password_hash salt"
"""


class Makes:
    """Makes scripted brokers, and keeps them. ``prepare`` is called with each."""

    def __init__(self) -> None:
        self.brokers: list[ScriptedLocalBroker] = []
        self.prepare: Callable[[ScriptedLocalBroker], None] = lambda _: None

    def __call__(
        self, files: Sequence[Path], *, seed: Path | None,
        on_event: Callable[[dict[str, Any]], None], on_end: Callable[[str], None],
    ) -> LocalBroker:  # fmt: skip
        broker = ScriptedLocalBroker(files, seed=seed, on_event=on_event, on_end=on_end)
        self.prepare(broker)
        self.brokers.append(broker)
        return broker


@pytest.fixture
def makes() -> Makes:
    return Makes()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "broker.toml"
    path.write_text(CONFIGURATION)
    return path


@pytest.fixture
def given(file: Path) -> ScriptedLocalBroker:
    return ScriptedLocalBroker([file])


async def opened(pilot: Pilot[None]) -> BrokerScreen:
    await settle(pilot)
    await pilot.press("b")
    await settle(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, BrokerScreen)
    return screen


async def told(pilot: Pilot[None]) -> None:
    """Let the screen look at what the broker told."""
    screen = pilot.app.screen
    assert isinstance(screen, BrokerScreen)
    screen._tick()
    await settle(pilot)


async def answer(pilot: Pilot[None], pressed: str, /, **values: str) -> None:
    """Press a key, write ``values`` into the panel that opens, and have it done."""
    await pilot.press(pressed)
    await settle(pilot)
    panel = pilot.app.screen.query_one(AskPanel)
    assert panel.is_open
    for name, value in values.items():
        control = next(each for each in panel.query("*") if (each.id or "").endswith(f"-{name}"))
        control.value = value  # type: ignore[attr-defined]  # fields and choices have one
    await pilot.press("ctrl+s")
    await settle(pilot)


def note(app: MtlsxApp) -> str:
    return str(app.screen.query_one("#broker-note", Static).content)


def error(app: MtlsxApp) -> str:
    return str(app.screen.query_one("#ask-error", Static).content)


async def test_from_nothing_to_a_running_broker_and_back(
    library: ProfileLibrary, makes: Makes, file: Path, tmp_path: Path
) -> None:
    app = MtlsxApp(library, make_broker=makes)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert app.local_broker is None
        assert "mtlsx demo makes a whole set-up" in screen_text(app)
        await answer(pilot, "s", file=str(tmp_path / "missing.toml"))
        assert "missing.toml does not exist" in error(app)
        await pilot.press("escape")
        await answer(pilot, "f", file=str(file), seed=str(tmp_path / "seed.redis"))
        assert note(app).startswith("✔ Chosen: ")
        assert "username from the certificate's cn" in screen_text(app)
        assert makes.brokers == []

        makes.prepare = lambda broker: setattr(broker, "refusal", "Port 1883 is taken.")
        await pilot.press("s")
        await settle(pilot)
        await told(pilot)
        assert note(app) == "✘ Port 1883 is taken."
        makes.brokers[0].refusal = None
        await pilot.press("s")
        await settle(pilot)
        await told(pilot)
        (broker,) = makes.brokers
        assert app.local_broker is broker
        assert (broker.files, broker.seed) == ((file,), tmp_path / "seed.redis")
        assert "● running" in screen_text(app)
        assert "ssl:default 127.0.0.1:8883" in screen_text(app)

        # It goes on while another screen is shown, and can be stopped later.
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
        assert broker.is_running
        await pilot.press("f7")
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        await told(pilot)
        assert "○ stopped" in screen_text(app)
        assert not broker.is_running


async def test_one_that_is_given_is_started_and_stopped_with_the_application(
    library: ProfileLibrary, given: ScriptedLocalBroker
) -> None:
    given.answers["clients"] = [{**connected("early", 9), "connected_for": 60.0}]
    app = MtlsxApp(library, local_broker=given)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert given.starts == 1
        assert app.local_broker is given
        assert "early" in screen_text(app)
    assert not given.is_running


async def test_one_that_runs_already_is_taken_as_it_is(
    library: ProfileLibrary, given: ScriptedLocalBroker
) -> None:
    await given.start()
    app = MtlsxApp(library, local_broker=given)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert given.starts == 1
        assert "● running" in screen_text(app)
        assert "HMGET tls_domain" in screen_text(app)


async def test_clients_decisions_and_ladders_are_live(
    library: ProfileLibrary, given: ScriptedLocalBroker
) -> None:
    app = MtlsxApp(library, local_broker=given)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot)
        for event in (
            connected("dev-1", 50001),
            connected("dev-2", 50002),
            refused("dev-3", 50003),
            handshake_refused(50004),
            decided("dev-1", "publish", "other/1", allowed=False),
        ):
            given.says(event)
        await told(pilot)
        text = screen_text(app)
        assert "CLIENTS  2" in text
        assert "DECISIONS  5" in text
        # The newest is chosen; then the one below it.
        assert "no_match is deny" in text
        await pilot.press("down")
        await settle(pilot)
        assert "unable to get local issuer" in screen_text(app)
        await pilot.press("down")
        await settle(pilot)
        assert "✘ The password does not match the stored hash" in screen_text(app)
        # What comes moves the chosen one down, and it stays chosen.
        given.says(gone("dev-2", 50002))
        given.says(connected("dev-4", 50005))
        await told(pilot)
        row = screen.query_one(DecisionTable).row
        assert row is not None
        assert row.client_id == "dev-3"
        assert [each.client_id for each in screen.query_one(ClientTable)._rows] == [
            "dev-1",
            "dev-4",
        ]
        await pilot.press("home")
        given.says(refused("dev-9", 50009))
        await told(pilot)
        row = screen.query_one(DecisionTable).row
        assert row is not None
        assert row.client_id == "dev-9"


async def test_a_burst_is_bounded(library: ProfileLibrary, given: ScriptedLocalBroker) -> None:
    app = MtlsxApp(library, local_broker=given)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot)
        for number in range(5000):
            given.says(refused(f"dev-{number}", number))
            given.says(decided("dev-1", "publish", "a/b", allowed=True))
        await told(pilot)
        assert "DECISIONS  1,000" in screen_text(app)
        assert "dev-4999" in screen_text(app)
        await pilot.press("end")
        await settle(pilot)
        row = screen.query_one(DecisionTable).row
        assert row is not None
        assert row.client_id == "dev-4000"


async def test_a_client_is_kicked_banned_and_let_in_again(
    library: ProfileLibrary, given: ScriptedLocalBroker
) -> None:
    app = MtlsxApp(library, local_broker=given)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        given.says(connected("dev-1", 50001, username="name-1"))
        given.says(connected("dev-2", 50002))
        await told(pilot)
        await pilot.press("shift+tab", "k")
        await settle(pilot)
        assert given.asked[-1] == {"do": "kick", "client_id": "dev-1"}
        assert note(app) == "✔ Kicked dev-1."
        await answer(pilot, "b", by="username", seconds="soon")
        assert "number of seconds" in error(app)
        await pilot.press("escape")
        await pilot.press("home")
        await answer(pilot, "b", by="peerhost", who="192.0.2.7", seconds="60")
        assert given.asked[-1] == {
            "do": "ban", "by": "peerhost", "who": "192.0.2.7", "seconds": 60,
        }  # fmt: skip
        await answer(pilot, "b", by="clientid")
        assert given.asked[-1] == {"do": "ban", "by": "clientid", "who": "dev-2", "seconds": None}
        assert note(app) == "✔ Banned: clientid dev-2."
        given.answers["unban"] = False
        await answer(pilot, "u", by="clientid", who="dev-7")
        assert note(app) == "✔ There is no ban of clientid dev-7."


async def test_the_mapping_is_changed_in_a_copy(
    library: ProfileLibrary, given: ScriptedLocalBroker, file: Path
) -> None:
    app = MtlsxApp(library, local_broker=given)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await answer(pilot, "m", authentication_cmd="DEL all")
        assert "broker.toml: authentication" in error(app)
        await pilot.press("escape")
        command = "HMGET dev:${clientid} password_hash"
        await answer(pilot, "m", peer_cert_as_username="dn", authentication_cmd=command)
        copy = file.with_name("broker.adjusted.toml")
        assert given.asked[-1] == {"do": "reload", "files": [str(copy)]}
        assert "username from the certificate's dn" in screen_text(app)
        assert load([copy]).auth.identity.peer_cert_as_username == "dn"
        assert load([file]).auth.identity.peer_cert_as_username == "cn"
        # What the broker says no to is not in force.
        given.answers["reload"] = UsageError("Nothing is loaded anew.")
        await answer(pilot, "m", peer_cert_as_username="md5")
        assert error(app) == "✘ Nothing is loaded anew."
        await pilot.press("escape")
        assert "username from the certificate's dn" in screen_text(app)
        await pilot.press("r")
        await settle(pilot)
        assert note(app) == "✘ Nothing is loaded anew."
        del given.answers["reload"]
        await pilot.press("r")
        await settle(pilot)
        assert note(app).startswith("✔ Read anew.")
        assert load([copy]).auth.identity.peer_cert_as_username == "dn"


async def test_commands_go_to_the_store(
    library: ProfileLibrary, given: ScriptedLocalBroker
) -> None:
    app = MtlsxApp(library, local_broker=given)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        given.answers["execute"] = 2
        await pilot.press("c")
        await paste(pilot, 'HSET d:1 password "a b"')
        await pilot.press("enter")
        await settle(pilot)
        assert given.asked[-1] == {
            "do": "execute", "command": ["HSET", "d:1", "password", "a b"],
        }  # fmt: skip
        assert "(integer) 2" in screen_text(app)
        await pilot.press(*'GET "x', "enter")
        await settle(pilot)
        assert "✘ This is no command" in screen_text(app)
        app.screen.query_one("#store-command", Input).value = ""
        given.answers["execute"] = UsageError("The embedded store does not take this: ERR")
        await pilot.press(*"NOPE", "enter")
        await settle(pilot)
        assert "does not take this: ERR" in screen_text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, BrokerScreen)


async def test_a_broker_that_ends_by_itself_says_why(
    library: ProfileLibrary, given: ScriptedLocalBroker
) -> None:
    app = MtlsxApp(library, local_broker=given)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        given.says(connected("dev-1", 50001))
        given.ends("The broker ended (-9).")
        await told(pilot)
        assert note(app) == "✘ The broker ended (-9)."
        assert "○ stopped" in screen_text(app)
        assert "CLIENTS  0" in screen_text(app)


async def test_keys_are_listed_and_lead_to_the_authorities(
    library: ProfileLibrary, given: ScriptedLocalBroker, tmp_path: Path
) -> None:
    app = MtlsxApp(library, local_broker=given, pki=tmp_path / "pki")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert "Execute a command in the embedded store" in titles
        await pilot.press("question_mark")
        await settle(pilot)
        assert "Ban a client id, a username or an address" in screen_text(app)
        await pilot.press("escape", "x")
        await settle(pilot)
        assert isinstance(app.screen, PkiScreen)


@pytest.mark.parametrize(
    ("reply", "lines"),
    [
        (None, ["(nil)"]),
        (3, ["(integer) 3"]),
        ("a\nb", ['"a\\nb"']),
        ({"hex": "ff"}, ["0xff"]),
        ([], ["(empty)"]),
        (["a", ["b", None]], ['1) "a"', '2) 1) "b"', "   2) (nil)"]),
    ],
)
def test_replies_look_as_in_redis_cli(reply: Any, lines: list[str]) -> None:
    assert reply_lines(reply) == lines
