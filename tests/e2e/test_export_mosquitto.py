"""The files of ``mtlsx export mosquitto``: a real Mosquitto starts with them and decides as they say."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from support.openssl_pki import DEVICE
from support.ports import LOOPBACK, free_port
from support.programs import find, need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.cli import Cli, Result
    from support.openssl_pki import Pair, Pki

pytestmark = pytest.mark.e2e

CONFIGURATION = """
[listeners.ssl.default]
bind = "127.0.0.1:{ssl}"
[listeners.ssl.default.ssl_options]
cacertfile = "{ca}"
certfile = "{certificate}"
keyfile = "{key}"
crlfile = "{crl}"
verify = "verify_peer"
fail_if_no_peer_cert = true

[listeners.tcp.default]
bind = "127.0.0.1:{tcp}"

[listeners.ws.default]
bind = "127.0.0.1:{ws}"

[mqtt]
peer_cert_as_username = "cn"

[[authentication]]
mechanism = "password_based"
backend = "built_in_database"
user_id_type = "username"
users = [
    {{ user_id = "ada", password_hash = "hush" }},
    {{ user_id = "root", password_hash = "psst", is_superuser = true }},
]
password_hash_algorithm = {{ name = "plain", salt_position = "disable" }}

[authorization]
no_match = "deny"
[[authorization.sources]]
type = "file"
rules = [
    {{ permission = "deny", topics = ["${{username}}/secret"] }},
    {{ permission = "allow", topics = ["${{username}}/#"] }},
    {{ permission = "allow", action = "subscribe", username = "ada", topics = ["{device}/state"] }},
]
"""


class Exported:
    """A Mosquitto that runs with exported files."""

    def __init__(self, cli: Cli, pki: Pki, ports: dict[str, int]) -> None:
        self._cli = cli
        self._pki = pki
        self._ports = ports

    def as_device(self, command: str, *arguments: object, pair: Pair | None) -> Result:
        """Run ``mtlsx`` against its TLS listener, with a client certificate or without."""
        own = () if pair is None else ("--cert", pair.certificate, "--key", pair.key)
        return self._cli.run(
            command, "-h", "localhost", "-p", self._ports["ssl"], "--ca", self._pki.ca.certificate,
            *own, *arguments,
        )  # fmt: skip

    def as_user(
        self, name: str, password: str, command: str, *arguments: object, over: str = "mqtt"
    ) -> Result:
        """Run ``mtlsx`` against a plain listener, with a password."""
        return self._cli.run(
            command, "-h", LOOPBACK, "-p", self._ports["ws" if over == "ws" else "tcp"], "-l", over,
            "-u", name, *arguments, environment={"MTLSX_PASSWORD": password},
        )  # fmt: skip


@pytest.fixture
def exported(pki: Pki, cli: Cli, tmp_path: Path) -> Iterator[Exported]:
    need("mosquitto")
    for _ in range(5):  # somebody may take a port between choosing and opening it
        ports = {name: free_port() for name in ("ssl", "tcp", "ws")}
        conf = export(pki, cli, tmp_path, ports)
        with running(conf) as started:
            if started:
                yield Exported(cli, pki, ports)
                return
    pytest.fail("mosquitto found no ports")


def export(pki: Pki, cli: Cli, directory: Path, ports: dict[str, int]) -> Path:
    config, out = directory / "broker.toml", directory / "out"
    config.write_text(
        CONFIGURATION.format(
            ca=pki.ca.certificate, certificate=pki.server.certificate, key=pki.server.key,
            crl=pki.crl, device=DEVICE, **ports,
        )
    )  # fmt: skip
    run = cli.run("export", "mosquitto", "--config", config, "--out", out, "--force")
    assert run.code == 0, run.stderr
    conf = out / "mosquitto.conf"
    if os.geteuid() == 0:
        with conf.open("a") as file:  # else it would become a user who cannot read our key files
            file.write("user root\n")
    return conf


@contextmanager
def running(conf: Path) -> Iterator[bool]:
    """A broker with these files; False where it could not open its ports."""
    with subprocess.Popen(
        [find("mosquitto"), "-v", "-c", conf], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if "running" in line:
                    yield True
                    return
            assert "in use" in "".join(said), "".join(said)
            yield False
        finally:
            process.kill()


def test_certificates_are_asked_for_and_name_the_client(exported: Exported, pki: Pki) -> None:
    assert exported.as_device("conn", pair=pki.device).code == 0
    assert exported.as_device("conn", pair=None).code == 13
    assert exported.as_device("conn", pair=pki.device_of_another_ca).code == 13
    assert exported.as_device("conn", pair=pki.device_revoked).code == 13
    # What CONNECT says does not count: the rules are for the common name.
    publish = ("-m", "1", "-q", 1, "-u", "root")
    allowed = exported.as_device("pub", "-t", f"{DEVICE}/state", *publish, pair=pki.device)
    assert (allowed.code, allowed.stderr) == (0, "")
    for topic in (f"{DEVICE}/secret", "other/state"):
        denied = exported.as_device("pub", "-t", topic, *publish, pair=pki.device)
        assert denied.code == 15, (topic, denied.stderr)


def test_passwords_are_compared_and_rules_hold_for_usernames(exported: Exported, pki: Pki) -> None:
    assert exported.as_user("ada", "hush", "conn").code == 0
    assert exported.as_user("ada", "hush", "conn", over="ws").code == 0
    assert exported.as_user("ada", "other", "conn").code == 14
    assert exported.as_user("eve", "hush", "conn").code == 14
    publish = ("-m", "1", "-q", 1)
    assert exported.as_user("ada", "hush", "pub", "-t", "ada/x", *publish).code == 0
    assert exported.as_user("ada", "hush", "pub", "-t", f"{DEVICE}/state", *publish).code == 15
    assert exported.as_user("root", "psst", "pub", "-t", "root/secret", *publish).code == 0


def test_messages_are_received_by_whom_the_rules_let(exported: Exported, pki: Pki) -> None:
    retained = ("-t", f"{DEVICE}/state", "-m", "21.5", "-q", 1, "-r")
    assert exported.as_device("pub", *retained, pair=pki.device).code == 0
    heard = exported.as_user("ada", "hush", "sub", "-t", "#", "-C", 1, "-W", 30)
    assert (heard.code, heard.stdout) == (0, "21.5\n")
