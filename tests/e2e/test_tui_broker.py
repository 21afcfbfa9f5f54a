"""The broker screen over a real broker in a child process, with a real client that is refused and one that is let in."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest

from mtlsx.profiles.library import ProfileLibrary
from mtlsx_tui.app import MtlsxApp
from mtlsx_tui.local_broker import LocalBroker
from support.openssl_pki import DEVICE, Pki
from support.programs import find
from support.tui import paste, shown

pytestmark = pytest.mark.e2e

SIZE = (160, 50)
PATIENCE = 30.0  # seconds; for what a healthy machine does in a few milliseconds


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)


@pytest.fixture
def files(pki: Pki, tmp_path: Path) -> tuple[Path, Path]:
    """A configuration with mutual TLS and the embedded store, and what fills that."""
    configuration, seed = tmp_path / "broker.toml", tmp_path / "seed.redis"
    configuration.write_text(
        f"""
[listeners.ssl.default]
bind = "127.0.0.1:0"
[listeners.ssl.default.ssl_options]
cacertfile = "{pki.ca.certificate}"
certfile = "{pki.server.certificate}"
keyfile = "{pki.server.key}"
verify = "verify_peer"
fail_if_no_peer_cert = true
[mqtt]
peer_cert_as_username = "cn"
[[authentication]]
mechanism = "password_based"
backend = "redis"
server = "embedded"
cmd = "HMGET tls_domain:${{cert_common_name}} password_hash salt"
password_hash_algorithm = {{ name = "plain" }}
[authorization]
no_match = "deny"
sources = [{{ type = "redis", server = "embedded", cmd = "HGETALL mqtt_acl:${{username}}" }}]
"""
    )
    seed.write_text(
        f"HSET tls_domain:{DEVICE} password_hash public\nHSET mqtt_acl:{DEVICE} {DEVICE}/# all\n"
    )
    return configuration, seed


async def publish(pki: Pki, broker: LocalBroker, password: str, topic: str) -> int | None:
    """The exit code of mosquitto_pub as the device."""
    host, port = broker.addresses["ssl:default"]
    process = await asyncio.create_subprocess_exec(
        find("mosquitto_pub"), "-h", host, "-p", str(port), "--cafile", pki.ca.certificate,
        "--cert", pki.device.certificate, "--key", pki.device.key, "--insecure", "-V", "5",
        "-i", "c-1", "-u", "me", "-P", password, "-q", "1", "-t", topic, "-m", "21.4",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await asyncio.wait_for(process.wait(), PATIENCE)


async def test_refused_then_let_in_and_each_time_it_says_why(
    pki: Pki, files: tuple[Path, Path], tmp_path: Path
) -> None:
    find("mosquitto_pub")
    configuration, seed = files
    app = MtlsxApp(ProfileLibrary(tmp_path / "profiles"))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "No profiles yet")
        await pilot.press("b", "f")
        await paste(pilot, str(configuration))
        await pilot.press("tab")
        await paste(pilot, str(seed))
        await pilot.press("enter")
        await shown(pilot, "Chosen: ", "username from the certificate's cn")
        await pilot.press("s")
        await shown(pilot, "● running", "ssl:default 127.0.0.1:")
        broker = app.local_broker
        assert broker is not None

        assert await publish(pki, broker, "wrong", f"{DEVICE}/t") != 0
        await shown(pilot, "✘ CONNECT refused  c-1", f"The username is {DEVICE}", "✘ The password")

        assert await publish(pki, broker, "public", f"{DEVICE}/t") == 0
        await shown(pilot, "✔ CONNECT let in  c-1", "✔ The password")

        await publish(pki, broker, "public", "other/t")
        await shown(pilot, "✘ PUBLISH denied", "no_match")

        # The password is changed in the store, and what was right is wrong.
        await pilot.press("c")
        await paste(pilot, f"HSET tls_domain:{DEVICE} password_hash new")
        await pilot.press("enter")
        await shown(pilot, "(integer) 0")
        await pilot.press("escape", "home")
        assert await publish(pki, broker, "public", f"{DEVICE}/t") != 0
        await shown(pilot, "✘ CONNECT refused  c-1")
        assert await publish(pki, broker, "new", f"{DEVICE}/t") == 0
        await shown(pilot, "✔ CONNECT let in  c-1")

        # Another mapping, in a copy: the next client is asked for under it.
        await pilot.press("m", "right", "ctrl+s")
        await shown(pilot, "In force for clients", "username from the certificate's dn")
        await publish(pki, broker, "new", f"{DEVICE}/t")
        await shown(pilot, f"as CN={DEVICE}", f"mqtt_acl:CN={DEVICE}")

        child = broker._process
        assert child is not None
        await pilot.press("escape")
        await shown(pilot, "No profiles yet")
    # It ends with the application.
    assert child.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
