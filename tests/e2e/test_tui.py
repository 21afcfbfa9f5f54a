"""The terminal UI's main job against a real Mosquitto: profile, identity, connect, subscribe, publish, see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from textual.widgets import Input

from mtlsx.client.settings import ConnectionSettings
from mtlsx.profiles.library import ProfileLibrary
from mtlsx.profiles.model import Profile
from mtlsx.tls.settings import TlsSettings
from mtlsx_tui.app import MtlsxApp
from support.mosquitto import Mosquitto
from support.openssl_pki import DEVICE, Pair, Pki
from support.tui import shown

pytestmark = pytest.mark.e2e

SIZE = (120, 36)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)


async def test_the_main_job(pki: Pki, mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    library = ProfileLibrary(tmp_path)
    app = MtlsxApp(library)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "No profiles yet")
        await pilot.press("n")
        for key, value in {
            "name": "device",
            "host": "localhost",
            "port": str(broker.port),
            "ca_file": str(pki.ca.certificate),
            "certificate_file": str(pki.device.certificate),
            "key_file": str(pki.device.key),
        }.items():
            app.screen.query_one(f"#form-{key}", Input).value = value
        await shown(pilot, f"cn        {DEVICE}", "days left", "EC P-256")

        await pilot.press("ctrl+o")
        await shown(pilot, "● connected", "TLS 1.3")
        broker.wait_for_log(f"u'{DEVICE}'")  # the username that Mosquitto took from the certificate

        await pilot.press("s", *"factory/#", "enter")
        await shown(pilot, "● factory/# q0")
        await pilot.press(
            "escape",
            "p",
            *"factory/1/set",
            "tab",
            "right",
            "tab",
            "tab",
            "tab",
            *'{"on":1}',
            "enter",
        )
        await shown(pilot, "↑ factory/1/set", "  factory/1/set", '"on": 1')

        broker.publish("factory/2/temperature", '{"celsius": 21.4}', retain=True)
        await shown(pilot, "factory/2/temperature", '{"celsius": 21.4}')
        await pilot.press("escape", "c")
        await shown(pilot, "○ not connected")
        await pilot.press("q")

    # What was made is there the next time, with the subscription, and connects by one key.
    app = MtlsxApp(library)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "○ factory/# q0", DEVICE)
        await pilot.press("c")
        await shown(pilot, "● connected", "● factory/# q0", '{"celsius": 21.4}')


async def test_the_failure_says_who_refused_what(
    pki: Pki, mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    stranger = pki.device_of_another_ca
    tls = TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(stranger.certificate),
        key_file=str(stranger.key),
    )
    settings = ConnectionSettings(host="localhost", port=broker.port, tls=tls)
    library = ProfileLibrary(tmp_path)
    library.save(Profile(name="stranger", connection=settings))
    app = MtlsxApp(library)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "○ not connected")
        await pilot.press("c")
        await shown(
            pilot,
            "✘ failed",
            "✔ server   CN=localhost",
            "✘ client   refused by the server: unknown_ca (48)",
            "Other CA",
        )


async def test_a_lost_connection_comes_back_with_its_subscriptions(
    pki: Pki, mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = mosquitto(server=pki.server, client_ca=pki.ca.certificate)
    tls = TlsSettings(
        ca_file=str(pki.ca.certificate),
        certificate_file=str(pki.device.certificate),
        key_file=str(pki.device.key),
    )
    library = ProfileLibrary(tmp_path)
    settings = ConnectionSettings(host="localhost", port=broker.port, tls=tls)
    library.save(Profile(name="device", connection=settings))
    app = MtlsxApp(library)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "○ not connected")
        await pilot.press("c")
        await shown(pilot, "● connected")
        await pilot.press("s", *"t", "enter", "escape")
        await shown(pilot, "● t q0")
        broker.kill()
        await shown(pilot, "waiting, retry in", "Trying again in")
        broker.restart()
        await shown(pilot, "● connected")
        broker.wait_for_log("SUBSCRIBE from")
        broker.publish("t", "back again")
        await shown(pilot, "back again")


async def test_a_ca_that_a_person_trusts_lets_the_device_connect(
    pki: Pki, mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    chain = tmp_path / "server.crt"
    chain.write_bytes(pki.server.certificate.read_bytes() + pki.ca.certificate.read_bytes())
    broker = mosquitto(server=Pair(chain, pki.server.key), client_ca=pki.ca.certificate)
    tls = TlsSettings(
        ca_file=str(pki.other_ca.certificate),
        certificate_file=str(pki.device.certificate),
        key_file=str(pki.device.key),
    )
    library = ProfileLibrary(tmp_path / "config")
    settings = ConnectionSettings(host="localhost", port=broker.port, tls=tls)
    library.save(Profile(name="device", connection=settings))
    app = MtlsxApp(library)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "○ not connected")
        await pilot.press("c")
        await shown(pilot, "✘ server   refused by us", "x Why")
        await pilot.press("x")
        await shown(pilot, "Trust this CA")
        await pilot.press("t")
        await shown(pilot, 'Trust "Demo Device CA"', "y yes")
        await pilot.press("y")
        await shown(pilot, "● connected")
    (trusted,) = library.list().profiles
    assert (trusted.connection.tls.ca_file or "").startswith("../cas/Demo-Device-CA-")
