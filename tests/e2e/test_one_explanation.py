"""A refusal is explained in the words of the broker that the profile names, the same words wherever it is met."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backends.fail
import pytest
import pytest_asyncio

from mtlsx.client.settings import ConnectionSettings, MqttVersion, Reconnect, Transport
from mtlsx.identity.mapping import Mapping
from mtlsx.packets.control_packets import Connack
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile, without_secrets
from mtlsx.profiles.secrets import SecretKind
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.cli.main import main
from support.faults.mqtt_script import Script, answering, scripted_port
from support.open_app import OpenApp, open_app
from support.websocket_bridge import WebsocketBridge, server_context

if TYPE_CHECKING:
    from support.openssl_pki import Pki

pytestmark = pytest.mark.e2e

SAME = ("verdict", "summary", "fix")
REFUSED_5 = Connack(False, 0x87)
WRONG_5 = Connack(False, 0x86)


@dataclass(frozen=True)
class Refusal:
    """What a server does, to whom, and the words that only the right broker is explained with."""

    script: Script
    mapping: Mapping
    words: str
    version: MqttVersion = MqttVersion.V5
    password: str | None = "hush"


REFUSALS = {
    "EMQX 4, MQTT 3.1.1": Refusal(
        answering(b"\x20\x02\x00\x05"), Mapping(dialect="emqx4.4"), "EMQX 4 says so",
        version=MqttVersion.V3_1_1,
    ),
    "EMQX 5.0": Refusal(answering(WRONG_5), Mapping(dialect="emqx5.0"), "in EMQX 5.0 the password"),
    "EMQX 6 without a password": Refusal(
        answering(REFUSED_5), Mapping("dn"), "no password was sent", password=None
    ),
    "EMQX 6 with a password": Refusal(
        answering(REFUSED_5), Mapping("dn"), "in EMQX no authenticator accepted the client"
    ),
    "EMQX that hangs up": Refusal(
        answering(), Mapping(dialect="emqx5.0"), "EMQX does this for a certificate"
    ),
}  # fmt: skip
each_refusal = pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenApp]:
    async with open_app(tmp_path_factory.mktemp("profiles")) as app:
        yield app


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    for name in ("MTLSX_PASSWORD", "MTLSX_PASSPHRASE", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MTLSX_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MTLSX_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "config"


class Commands:
    """The commands on the profile ``device``."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def json(self, *arguments: str) -> Any:
        """What a command prints with ``--json``."""
        return json.loads(self._run(*arguments, "--json")[0])

    def error(self, *arguments: str) -> str:
        """The line that a command ends with."""
        return self._run(*arguments)[1].removeprefix("mtlsx: ").strip()

    def _run(self, command: str, *arguments: str) -> tuple[str, str]:
        with pytest.raises(SystemExit):
            main([*command.split(), "--profile", "device", *arguments])
        return tuple(self._capsys.readouterr())  # type: ignore[return-value]  # two texts


def saved(home: Path, settings: ConnectionSettings, mapping: Mapping) -> None:
    library = ProfileLibrary(home)
    library.save(Profile(name="device", connection=without_secrets(settings), mapping=mapping))
    if settings.password is not None:
        library.secrets.set("device", SecretKind.PASSWORD, settings.password)


def told_by_commands(
    settings: ConnectionSettings, mapping: Mapping, home: Path, commands: Commands
) -> str:
    """Meet the refusal by each command; the sentences, which are the same."""
    saved(home, settings, mapping)
    probed = commands.json("probe", "--mqtt")
    met = commands.json("conn")
    assert {key: met[key] for key in SAME} == {key: probed[key] for key in SAME}
    sentence = f"{probed['summary']} {probed['fix']}"
    assert commands.error("conn") == sentence
    assert commands.error("pub", "-t", "a", "-m", "b") == sentence
    assert commands.error("sub", "-t", "a") == sentence
    if not settings.transport.uses_websocket:
        benched = commands.json("bench conn", "-c", "1")["failures"]
        assert benched[probed["verdict"]]["summary"] == sentence
    return sentence


async def check_screen(
    settings: ConnectionSettings, mapping: Mapping, home: Path, commands: Commands, app: OpenApp
) -> None:
    """Meet the refusal on the screen, which says what ``conn`` says."""
    saved(home, settings, mapping)
    async with app.connected(settings, mapping=mapping) as session:
        await app.failed(session)
        assert str(session.verdict) == commands.error("conn")
        summary, fix = app.text("#failure-summary"), app.text("#failure-fix")
        assert f"{summary} {fix.removeprefix('→ ')}" == str(session.verdict)


@each_refusal
def test_the_profiles_broker_explains_it_in_all_commands(
    refusal: Refusal, pki: Pki, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(refusal, pki) as settings:
        said = told_by_commands(settings, refusal.mapping, home, Commands(capsys))
        assert refusal.words in said
        # As it is in every new profile: nobody has said which broker it is.
        assert "EMQX" not in told_by_commands(settings, Mapping(), home, Commands(capsys))


@each_refusal
@pytest.mark.asyncio(loop_scope="module")
async def test_the_profiles_broker_explains_it_on_the_screen(
    refusal: Refusal, pki: Pki, home: Path, capsys: pytest.CaptureFixture[str], app: OpenApp
) -> None:
    with served(refusal, pki) as settings:
        await check_screen(settings, refusal.mapping, home, Commands(capsys), app)


def test_what_a_websocket_calls_itself_explains_it_in_all_commands(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That goes before what the profile says, which may be wrong."""
    with rabbitmq() as settings:
        said = told_by_commands(settings, Mapping(dialect="emqx5.0"), home, Commands(capsys))
    assert "RabbitMQ says so for a wrong password" in said


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_websocket_calls_itself_explains_it_on_the_screen(
    home: Path, capsys: pytest.CaptureFixture[str], app: OpenApp
) -> None:
    with rabbitmq() as settings:
        await check_screen(settings, Mapping(dialect="emqx5.0"), home, Commands(capsys), app)


@contextmanager
def served(refusal: Refusal, pki: Pki) -> Iterator[ConnectionSettings]:
    """A server that refuses so, behind mutual TLS: what to connect with."""
    tls = TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(pki.device.certificate),
        key_file=str(pki.device.key),
    )
    context = server_context(pki.server, client_ca=pki.ca.certificate)
    with scripted_port(refusal.script, context) as port:
        yield ConnectionSettings(
            host="localhost", port=port, version=refusal.version, client_id="laboratory", tls=tls,
            reconnect=Reconnect(enabled=False),
            password=None if refusal.password is None else Secret(refusal.password),
        )  # fmt: skip


@contextmanager
def rabbitmq() -> Iterator[ConnectionSettings]:
    """A server that refuses the password over a websocket, and calls itself RabbitMQ there."""
    with (
        scripted_port(answering(WRONG_5)) as port,
        WebsocketBridge(port, server_header="RabbitMQ") as bridge,
    ):
        yield ConnectionSettings(
            host="localhost", port=bridge.port, transport=Transport.WS, client_id="laboratory",
            password=Secret("hush"), reconnect=Reconnect(enabled=False),
        )  # fmt: skip
