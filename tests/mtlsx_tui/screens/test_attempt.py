"""What the last attempt showed, as it is read and as it is acted on, on scripted connections and real certificates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.widgets import OptionList

from mtlsx.certificates.load import load_file
from mtlsx.probe.verdicts import Stage, Verdict
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.tls.record import Ended, HandshakeRecord, VerifyError
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.screens.attempt import AttemptScreen
from mtlsx_tui.screens.main import MainScreen
from mtlsx_tui.screens.recipes import RecipesScreen
from support.openssl_pki import Pki
from support.scripted_connection import Script, ScriptedConnection, ladder_to
from support.tui import DEVICE, screen_text, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 70)
UNTRUSTED = Verdict(
    "server-unknown-ca",
    "We refused broker.example:8883: its certificate was issued by an unknown CA.",
    "Give the CA certificate that issued the broker's certificate.",
)


def certificate(path: Path) -> bytes:
    return load_file(str(path)).certificates[0]


def untrusted(*chain: Path) -> HandshakeRecord:
    encoded = tuple(certificate(each) for each in chain)
    error = VerifyError(19, "self signed cert in chain", len(encoded) - 1, encoded[-1])
    return HandshakeRecord(
        ended=Ended.REFUSED_BY_US, version="TLS 1.3", cipher="TLS_AES_256_GCM_SHA384",
        server_chain=encoded, verify_errors=(error,), alert_sent=48,
    )  # fmt: skip


def refusing(script: Script, record: HandshakeRecord, verdict: Verdict = UNTRUSTED) -> None:
    steps = ladder_to(verdict.stage, "refused by us: self signed cert in chain")
    script.on_start = lambda connection: connection.fail(verdict, record, None, steps)


async def explained(pilot: Pilot[None]) -> str:
    """Connect, and ask why not."""
    await settle(pilot)
    await pilot.press("c")
    await settle(pilot)
    await pilot.press("x")
    await settle(pilot)
    assert isinstance(pilot.app.screen, AttemptScreen)
    return " ".join(screen_text(pilot.app).split())


async def test_the_evidence_is_all_there(
    app: MtlsxApp, profile: Profile, script: Script, pki: Pki
) -> None:
    refusing(script, untrusted(pki.server.certificate, pki.ca.certificate))
    async with app.run_test(size=SIZE) as pilot:
        text = await explained(pilot)
    for line in (
        "✘ server refused by us: self signed cert in chain",
        "server-unknown-ca",
        "✘ alert unknown_ca (48), sent by us",
        "subject CN=localhost",
        "names dns:localhost, ip:127.0.0.1",
        "✘ objection self signed cert in chain",
        "issuer itself: self-signed",
        f"CN={DEVICE}",
        "212 days left",
        "device.pem",
        "2026-09-21 14:13:20 UTC",
    ):
        assert line in text, line


async def test_what_the_server_asked_for(
    app: MtlsxApp, profile: Profile, script: Script, pki: Pki
) -> None:
    name = bytes.fromhex("3012311030 0e06035504030c0744656d6f204341".replace(" ", ""))
    record = replace(
        untrusted(pki.server.certificate),
        certificate_requested=True,
        certificate_sent=False,
        accepted_cas=(name, b"\xff"),
        alert_sent=None,
        alert_received=116,
    )
    verdict = Verdict("client-cert-required", "It asked for a certificate.", None)
    refusing(script, record, verdict)
    async with app.run_test(size=SIZE) as pilot:
        text = await explained(pilot)
        assert not app.screen.check_action("trust", ())
    assert "issued by CN=Demo CA" in text
    assert "(unreadable)" in text
    assert "✘ we sent none" in text


async def test_another_ca_is_trusted_after_a_question_and_never_without(
    app: MtlsxApp, profile: Profile, script: Script, library: ProfileLibrary, pki: Pki
) -> None:
    refusing(script, untrusted(pki.server.certificate, pki.ca.certificate))
    async with app.run_test(size=SIZE) as pilot:
        text = await explained(pilot)
        assert "proves nothing" in text
        assert "openssl x509" in text
        await pilot.press("t")
        await settle(pilot)
        assert 'Trust "Demo Device CA"' in screen_text(app)
        await pilot.press("n")
        await settle(pilot)
        (unchanged,) = library.list().profiles
        assert unchanged == profile

        script.on_start = ScriptedConnection.accept
        await pilot.press("t", "y")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
        assert "● connected" in screen_text(app)
    (changed,) = library.list().profiles
    assert changed.connection.tls.certificate_file == profile.connection.tls.certificate_file
    ca_file = library.connection(changed).tls.ca_file
    assert ca_file is not None
    assert certificate(Path(ca_file)) == certificate(pki.ca.certificate)
    assert script.connection.settings.tls.ca_file == ca_file


async def test_a_self_signed_server_can_be_trusted(
    app: MtlsxApp, profile: Profile, script: Script, library: ProfileLibrary, pki: Pki
) -> None:
    record = untrusted(pki.server_self_signed.certificate)
    refusing(script, record, Verdict("server-self-signed", "It is self-signed.", None))
    async with app.run_test(size=SIZE) as pilot:
        assert "this certificate" in await explained(pilot)
        await pilot.press("t", "y")
        await settle(pilot)
    (changed,) = library.list().profiles
    assert changed.connection.tls.ca_file is not None


async def test_without_its_root_it_says_what_to_do_instead(
    app: MtlsxApp, profile: Profile, script: Script, pki: Pki
) -> None:
    refusing(script, untrusted(pki.server.certificate))
    async with app.run_test(size=SIZE) as pilot:
        text = await explained(pilot)
        assert 'The server does not send "Demo Device CA"' in text
        assert "Ask the owner of the broker" in text
        await pilot.press("t")
        await settle(pilot)
        assert "Only if its owner" not in screen_text(app)


async def test_a_file_that_is_in_the_way_is_a_sentence(
    app: MtlsxApp, profile: Profile, script: Script, library: ProfileLibrary, pki: Pki
) -> None:
    (library.profiles.directory.parent / "cas").write_bytes(b"")
    refusing(script, untrusted(pki.server.certificate, pki.ca.certificate))
    async with app.run_test(size=SIZE) as pilot:
        await explained(pilot)
        await pilot.press("t", "y")
        await settle(pilot)
        assert isinstance(app.screen, AttemptScreen)
        assert "cannot be written" in " ".join(screen_text(app).split())
    (unchanged,) = library.list().profiles
    assert unchanged == profile


async def test_after_success_the_ladder_is_one_key_away(
    app: MtlsxApp, profile: Profile, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        text = await explained(pilot)
        assert "✔ mqtt MQTT 5 accepted" in text
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)


async def test_files_that_are_gone_are_part_of_the_evidence(
    app: MtlsxApp, profile: Profile, script: Script, library: ProfileLibrary
) -> None:
    (library.profiles.directory / "device.key").unlink()
    verdict = Verdict("file-missing", "The key is not there.", None)
    steps = ladder_to(Stage.MATERIAL, "The key is not there.")
    script.on_start = lambda connection: connection.fail(verdict, None, None, steps)
    async with app.run_test(size=SIZE) as pilot:
        text = await explained(pilot)
    assert "✘ objection File " in text
    assert f"CN={DEVICE}" in text


async def test_the_connection_is_copied_as_a_command(app: MtlsxApp, profile: Profile) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, RecipesScreen)
        assert screen.query_one(OptionList).option_count == 9
        assert "mosquitto_pub -h broker.example" in screen_text(app)
        await pilot.press("down", "down", "up", "enter")
        await settle(pilot)
        assert "mosquitto_sub -h broker.example" in screen_text(app)
        assert app.clipboard.startswith("mosquitto_sub")
        assert "'factory/#' -q 1" in app.clipboard
        assert screen.get_selected_text() == app.clipboard
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)


async def test_after_a_failure_too(
    app: MtlsxApp, profile: Profile, script: Script, pki: Pki
) -> None:
    refusing(script, untrusted(pki.server.certificate, pki.ca.certificate))
    async with app.run_test(size=SIZE) as pilot:
        await explained(pilot)
        await pilot.press("a")
        await settle(pilot)
        assert isinstance(app.screen, RecipesScreen)
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
