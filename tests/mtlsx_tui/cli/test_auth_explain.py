"""``mtlsx auth explain``: the whole way from certificate to decision, for people, for programs, for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.cli import Result
from support.made_pki import make

if TYPE_CHECKING:
    from conftest import Program
    from support.redis_servers import RedisServer

NAME = "346a004d-1dab-4016-bb38-03cca7094415"
KEY = f"tls_domain:{NAME}"

Explain = Callable[..., Result]


def configuration_4(cmd: str, server: str = "embedded") -> str:
    return f"""
        dialect = "emqx4.4"
        allow_anonymous = false
        acl_nomatch = "deny"
        [mqtt]
        peer_cert_as_username = "cn"
        [auth.redis]
        server = "{server}"
        auth_cmd = "{cmd}"
        acl_cmd = "HGETALL mqtt_acl:%u"
        password_hash = "plain"
    """


@pytest.fixture
def explain(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Runs it for the device ``NAME`` with the password ``public``."""
    certificate, _ = make(NAME).save(tmp_path, "device")
    monkeypatch.setenv("MTLSX_PASSWORD", "public")

    def run(
        *arguments: str, config: str, seed: str | None = None, cert: str = certificate
    ) -> Result:
        (tmp_path / "broker.toml").write_text(config)
        given = ["--config", str(tmp_path / "broker.toml"), "--cert", cert, *arguments]
        if seed is not None:
            (tmp_path / "seed.redis").write_text(seed)
            given += ["--seed", str(tmp_path / "seed.redis")]
        done = program("auth", "explain", *given)
        return Result(done.code, done.stdout.decode(), done.stderr)

    return run


def test_the_password_that_was_stored_with_a_slip(explain: Explain) -> None:
    config = configuration_4("HMGET tls_domain:%C password")
    result = explain(config=config, seed=f"HMSET {KEY} password pubic")
    assert result.code == 14
    assert f"HMGET {KEY} password" in result.stdout
    assert "The password in CONNECT is not the stored one (plain)." in result.stdout
    assert "Another password is stored" in result.stdout
    assert "pubic" not in result.stdout + result.stderr
    assert "CONNACK Not authorized (0x87)" in result.stdout


def test_the_right_password_and_what_it_opens(explain: Explain) -> None:
    config = configuration_4("HMGET tls_domain:%C password")
    seed = f'# the device\nHMSET {KEY} password public\n\nHSET mqtt_acl:{NAME} "own/%u/#" 3\n'
    own = f"own/{NAME}/up"
    result = explain("--publish", own, "--subscribe", own, config=config, seed=seed)
    assert (result.code, result.stderr) == (0, "")
    assert f"PUBLISH {own}" in result.stdout
    denied = explain("--publish", own, "--subscribe", "#", config=config, seed=seed)
    assert denied.code == 15
    assert "SUBACK Not authorized (0x87)" in denied.stdout


def test_an_unknown_device_is_kept_out(explain: Explain, tmp_path: Path) -> None:
    stranger, _ = make("stranger").save(tmp_path, "stranger")
    config = configuration_4("HMGET tls_domain:%C password")
    result = explain(config=config, seed=f"HMSET {KEY} password public", cert=stranger)
    assert result.code == 14
    assert "HSET tls_domain:stranger password" in result.stdout


def test_an_entry_under_the_name_where_the_subject_is_asked(explain: Explain) -> None:
    config = configuration_4("HMGET tls_subject:%d password")
    result = explain(config=config, seed=f"HSET tls_subject:{NAME} password public")
    assert result.code == 14
    assert f"HMGET tls_subject:CN={NAME} password" in result.stdout
    assert f"has tls_subject:{NAME}, but EMQX asks for tls_subject:CN={NAME}" in result.stdout
    assert "store the entry under that key" in result.stdout


def test_json(explain: Explain) -> None:
    config = configuration_4("HMGET tls_domain:%C password")
    seed = f"HMSET {KEY} password public"
    result = explain("--json", "--publish", "t", "-q", "1", config=config, seed=seed)
    content: dict[str, Any] = json.loads(result.stdout)
    assert result.code == content["exit_code"] == 15
    connect, (action,) = content["connect"], content["actions"]
    assert (connect["accepted"], connect["code"]) == (True, 0)
    assert connect["client"]["username"] == NAME
    asked = [step for step in connect["trace"] if step["step"] == "asked"]
    assert asked[0]["command"] == ["HMGET", KEY, "password"]
    assert (action["action"], action["allowed"], action["packet"], action["code"]) == (
        "publish",
        False,
        "PUBACK",
        135,
    )


@pytest.mark.e2e
def test_a_real_redis_is_asked_and_not_written_to(explain: Explain, redis_db: RedisServer) -> None:
    redis_db.load([["HSET", KEY, "password", "public"]])
    config = configuration_4("HMGET tls_domain:%C password", f"127.0.0.1:{redis_db.port}")
    with redis_db.monitor() as monitor:
        assert explain(config=config).code == 0
        assert monitor.commands() == [(b"HMGET", KEY.encode(), b"password")]


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        ({"seed": "HSET 'k"}, "line 1: The quote ' is not closed.", 2),
        ({"seed": "NONSENSE k"}, "The embedded store does not take this", 2),
        ({"cert": "absent.pem"}, "File absent.pem does not exist.", 10),
        ({"config": "dialect = 3"}, "dialect must be one of", 2),
    ],
)
def test_bad_input_gets_a_sentence(
    explain: Explain, arguments: dict[str, str], said: str, code: int
) -> None:
    chosen = {"config": configuration_4("HMGET tls_domain:%C password"), **arguments}
    result = explain(**chosen)
    assert (result.code, result.stdout) == (code, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_real_redis_is_never_seeded(explain: Explain) -> None:
    config = configuration_4("HMGET tls_domain:%C password", "127.0.0.1:1")
    result = explain(config=config, seed=f"HSET {KEY} password public")
    assert result.code == 2
    assert "Only the embedded store can be filled" in result.stderr


def test_a_store_that_is_down_is_named(explain: Explain) -> None:
    config = configuration_4("HMGET tls_domain:%C password", "127.0.0.1:1")
    result = explain(config=config)
    assert result.code == 14
    assert "127.0.0.1:1" in result.stdout
    assert "no opinion in 4.x" in result.stdout
