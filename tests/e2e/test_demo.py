"""``mtlsx demo``: what a newcomer runs first, with its real broker, a real Redis and a real terminal."""

from __future__ import annotations

import json
import re
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.ports import closed_port
from support.tmux import Terminal

if TYPE_CHECKING:
    from support.cli import Cli
    from support.redis_servers import RedisServer

pytestmark = pytest.mark.e2e

DEVICE = "346a004d-1dab-4016-bb38-03cca7094415"
STEPS = ["listen", "connect", "subscribe", "publish", "receive", "refuse"]


def check(cli: Cli, *arguments: object) -> dict[str, Any]:
    """What a check that goes well says."""
    done = cli.run("demo", "--check", "--json", *arguments)
    assert done.code == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert [step["step"] for step in said["steps"]] == STEPS
    assert (said["error"], said["exit_code"]) == (None, 0)
    return said


def url(server: RedisServer) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


def left_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if path.name.startswith("mtlsx-demo")]


def contents(directory: Path) -> dict[str, bytes]:
    """All files below ``directory``."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_both_decisions_are_told_step_by_step(cli: Cli, tmp_path: Path) -> None:
    done = cli.run("demo", "--check")
    assert done.code == 0, done.stderr
    assert done.stderr == ""
    accepted, refused = done.stdout.split("\n\n")[1:]
    command = f"redis asks embedded store: HMGET tls_domain:{DEVICE} password_hash salt"
    for block, words in (
        (accepted, "✔ The password in CONNECT is the stored one"),
        (refused, "✘ The password in CONNECT is not the stored one"),
    ):
        assert f"· The username is {DEVICE}, from cn." in block
        assert command in block
        assert words in block
    assert accepted.rstrip().endswith("The client gets CONNACK Success (0x00).")
    assert refused.rstrip().endswith("The client gets CONNACK Bad User Name or Password (0x86).")
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(("dialect", "code"), [("emqx5.0", 0x86), ("emqx4.4", 5), ("emqx4.2", 5)])
def test_the_other_generations(cli: Cli, dialect: str, code: int) -> None:
    said = check(cli, "--dialect", dialect)
    assert (said["accepted"]["username"], said["accepted"]["code"]) == (DEVICE, 0)
    assert (said["refused"]["username"], said["refused"]["code"]) == (DEVICE, code)


@pytest.mark.parametrize("dialect", ["emqx6", "emqx4.4"])
def test_a_real_redis_is_asked_and_left_as_it_was(
    cli: Cli, redis_db: RedisServer, dialect: str
) -> None:
    redis_db.execute("SET", "mine", "1")
    with redis_db.monitor() as monitor:
        done = cli.run("demo", "--check", "--redis", url(redis_db), "--dialect", dialect)
        assert done.code == 0, done.stderr
        asked = monitor.commands()
    assert f"gets tls_domain:{DEVICE}, mqtt_acl:{DEVICE}." in done.stderr
    assert f"redis asks redis 127.0.0.1:{redis_db.port}: HMGET tls_domain:{DEVICE}" in done.stdout
    assert [words[1] for words in asked if words[0] == b"HMGET"] == [
        f"tls_domain:{DEVICE}".encode()
    ] * 2
    assert redis_db.execute("KEYS", "*") == [b"mine"]


def test_a_key_of_somebody_else_stays(cli: Cli, redis_db: RedisServer) -> None:
    redis_db.execute("HSET", f"mqtt_acl:{DEVICE}", "up/#", "publish")
    done = cli.run("demo", "--check", "--redis", url(redis_db))
    assert done.code == 2
    assert f"already has mqtt_acl:{DEVICE}, which is not this demo's. Delete it" in done.stderr
    assert redis_db.execute("KEYS", "*") == [f"mqtt_acl:{DEVICE}".encode()]


def test_a_redis_that_is_not_there_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    with closed_port() as port:
        done = cli.run("demo", "--check", "--redis", f"redis://127.0.0.1:{port}/0")
    assert (done.code, done.stdout) == (11, "")
    assert re.fullmatch(rf"mtlsx: Redis 127\.0\.0\.1:{port}: [^\n]+\.\n", done.stderr)
    assert left_in(tmp_path) == []


def test_files_that_are_kept_are_used_again_and_not_changed(cli: Cli, tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    check(cli, "--dir", directory, "--dialect", "emqx4.4")
    before = contents(directory)
    assert {"broker.toml", "seed.redis", "password", "README.txt"} <= {*before}
    assert stat.S_IMODE((directory / "password").stat().st_mode) == 0o600
    check(cli, "--dir", directory)
    assert contents(directory) == before
    other = cli.run("demo", "--check", "--dir", directory, "--dialect", "emqx6")
    assert other.code == 2
    assert "is of emqx4.4 with the embedded store. Leave --dialect" in other.stderr


def test_kept_files_and_a_real_redis(cli: Cli, redis_db: RedisServer, tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    check(cli, "--dir", directory, "--redis", url(redis_db))
    assert len(redis_db.execute("KEYS", "*")) == 2  # type: ignore[arg-type]
    again = cli.run("demo", "--check", "--dir", directory, "--redis", url(redis_db))
    assert (again.code, again.stderr) == (0, "")
    redis_db.flush()
    check(cli, "--dir", directory, "--redis", url(redis_db))
    redis_db.flush()
    unknown = cli.run("demo", "--check", "--dir", directory)
    assert unknown.code == 14
    assert "mtlsx: localhost:" in unknown.stderr


def test_a_revoked_device_is_refused_in_tls(cli: Cli, tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    check(cli, "--dir", directory)
    cli.run("pki", "revoke", DEVICE, "--pki", directory / "pki")
    cli.run("pki", "crl", "--pki", directory / "pki")
    done = cli.run("demo", "--check", "--json", "--dir", directory)
    assert done.code == 13
    assert json.loads(done.stdout)["exit_code"] == 13
    assert "revoked" in done.stderr


def test_a_changed_password_is_refused(cli: Cli, tmp_path: Path) -> None:
    directory = tmp_path / "kept"
    check(cli, "--dir", directory)
    (directory / "password").write_text("another\n")
    done = cli.run("demo", "--check", "--json", "--dir", directory)
    said = json.loads(done.stdout)
    assert (done.code, said["exit_code"]) == (14, 14)
    assert said["accepted"] is None
    assert [step["step"] for step in said["steps"]] == ["listen"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_nothing_stays_behind_when_it_is_ended(
    cli: Cli, redis_db: RedisServer, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with cli.started("demo", "--check", "--redis", url(redis_db)) as running:
        assert "gets tls_domain:" in running.error_line()
        running.signal(number)
        done = running.result()
    assert done.code == code
    assert left_in(tmp_path) == []
    assert redis_db.execute("KEYS", "*") == []


def test_without_a_terminal_it_says_what_does_without(cli: Cli) -> None:
    done = cli.run("demo")
    assert done.code == 2
    assert "needs a terminal" in done.stderr
    assert "mtlsx demo --check" in done.stderr
    assert cli.run("demo", "--json").code == 2


def test_in_a_terminal_it_is_connected_as_the_device(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "demo")
    try:
        terminal.wait_for(
            "● demo",
            "● connected  TLS 1.3  MQTT 5  EMQX 6 mapping",
            f"cn   {DEVICE}",
            "(from cn)",
            "client id demo-346a004d",
            "Subscribed. Nothing has come yet.",
        )
        terminal.press("C-l")
        terminal.type(f"devices/{DEVICE}/set")
        terminal.press("Tab", "Tab", "Tab", "Tab")
        terminal.type('{"on": true}')
        terminal.press("C-s")
        terminal.wait_for("MESSAGES  2", '"on": true')
        terminal.press("Escape")
        terminal.wait_for("n New")
        terminal.press("q")
        terminal.wait_for("The demo's files are gone", "ENDED 0")
    finally:
        terminal.close()
    assert left_in(tmp_path) == []
    # The profile was a guest.
    assert not (tmp_path / "config" / "profiles").exists()
